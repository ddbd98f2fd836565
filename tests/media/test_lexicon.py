"""Each record against our validator and the reference one: they agree unless ours is stricter by design."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acconsole import paths
from acconsole.media import lexicon
from acconsole.media.base import Blocked, MediaType, Record
from acconsole.media.record import build
from tests.media.docs import KIDLISP, MOODS, PAINTINGS, PIECES, TAPES, doc, junk

CID = "bafkreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454"
VALIDATOR = Path(__file__).parents[1] / "reference" / "lexicon.mjs"


def blob(mime: str = "image/png", size: object = 1_000, **changed: Any) -> Record:
    whole = {"$type": "blob", "ref": {"$link": CID}, "mimeType": mime, "size": size, **changed}
    return {name: value for name, value in whole.items() if value is not ...}


def record(kind: MediaType, **changed: Any) -> Record:
    """A record as it stands in a repo, blobs and all; `changed` fields are put in, `...` takes one out."""
    made = build(kind, doc(kind))
    assert not isinstance(made, Blocked)
    blobs = {wanted.field: blob(wanted.mime) for wanted in made.blobs}
    whole = {**made.record, **blobs, **changed}
    return {name: value for name, value in whole.items() if value is not ...}


VALID: list[tuple[str, MediaType, dict[str, Any]]] = [
    *((f"{kind}", kind, {}) for kind in MediaType),
    *(
        (f"{kind} with further fields", kind, {"more": {"a": [1, None]}, "mongoId": "x"})
        for kind in MediaType
    ),
    ("a picture that is not there yet", PAINTINGS, {"thumbnail": ...}),
    ("a recording", PAINTINGS, {"recordingUrl": "https://aesthetic.computer/media/paintings/aB3.zip"}),
    ("a zip", TAPES, {"zipUrl": "https://a.example/t.zip"}),
    ("a tape without its blobs", TAPES, {"video": ..., "thumbnail": ...}),
    ("a mood of 5,000 bytes", MOODS, {"text": "é" * 2_500}),
    ("a source of 50,000 bytes", KIDLISP, {"source": "(é) " * 10_000}),
    ("another time zone", MOODS, {"when": "2024-01-02T03:04:05+01:00"}),
    ("no fraction of a second", MOODS, {"when": "2024-01-02T03:04:05Z"}),
    ("an address with odd letters", PAINTINGS, {"acUrl": "https://aesthetic.computer/#ü"}),
    ("a ref of 128 bytes", PIECES, {"ref": "x" * 128}),
]
FIELDS = [(kind, name) for kind in MediaType for name in lexicon.fields(kind)]
ADDRESSES = [(kind, name) for kind, name in FIELDS if lexicon.fields(kind)[name].get("format") == "uri"]
BLOBS = [(PAINTINGS, "thumbnail"), (TAPES, "video"), (TAPES, "thumbnail")]
NO_ADDRESSES = ("", "aesthetic.computer/x", "https://a b", "https://", "://x", "https://x\n")
NO_DATES = (
    "",
    "yesterday",
    "2024-01-02",
    "2024-01-02 03:04:05Z",
    "2024-01-02T03:04Z",
    "2024-13-02T03:04:05Z",
    "2024-01-02t03:04:05z",
    "2024-01-02T03:04:05-00:00",
    "2024-01-02T03:04:05+25:00",
    "2024-01-02T25:04:05Z",
    "2024-01-02T03:04:05Z\n",
    "12024-01-02T03:04:05Z",
)
NO_BLOBS: dict[str, object] = {
    "text": CID,
    "a link": {"$link": CID},
    "no ref": blob(ref=...),
    "ref as text": blob(ref=CID),
    "no CID": blob(ref={"$link": "bafkrei"}),
    "no sound CID": blob(ref={"$link": "b" + "a" * 58}),
    "no type": blob(mimeType=...),
    "a type that is a number": blob(mimeType=7),
    "size as text": blob(size="1"),
    "no size": blob(size=...),
    "no $type": {name: value for name, value in blob().items() if name != "$type"},
    "more fields": blob(more=1),
    "a list": [blob()],
}
INVALID: list[tuple[str, MediaType, dict[str, Any]]] = [
    *((f"{kind} without {name}", kind, {name: ...}) for kind in MediaType for name in lexicon.required(kind)),
    *((f"{kind} with {name} a number", kind, {name: 7}) for kind, name in FIELDS),
    *((f"{kind} with {name} null", kind, {name: None}) for kind, name in FIELDS),
    *((f"{kind} of another type", kind, {"$type": "computer.aesthetic.other"}) for kind in MediaType),
    *((f"{kind} without a type", kind, {"$type": ...}) for kind in MediaType),
    *((f"{kind} with an empty ref", kind, {"ref": ""}) for kind in MediaType),
    *((f"{kind} of a ref of 129 bytes", kind, {"ref": "x" * 129}) for kind in MediaType),
    *((f"{kind} of the date {when!r}", kind, {"when": when}) for kind in MediaType for when in NO_DATES),
    *((f"{kind} with {name} {uri!r}", kind, {name: uri}) for kind, name in ADDRESSES for uri in NO_ADDRESSES),
    *(
        (f"{kind} with {name}: {what}", kind, {name: NO_BLOBS[what]})
        for kind, name in BLOBS
        for what in NO_BLOBS
    ),
    ("an address of 1,025 bytes", PAINTINGS, {"acUrl": "https://a.b/" + "c" * 1_013}),
    ("a mood of 5,002 bytes and 2,501 characters", MOODS, {"text": "é" * 2_501}),
    ("an empty mood", MOODS, {"text": ""}),
    ("a source of 50,001 bytes", KIDLISP, {"source": "x" * 50_001}),
    ("a source of 50,004 bytes", KIDLISP, {"source": "😀" * 12_501}),
    ("a code of 66 bytes and 33 characters", PAINTINGS, {"code": "ü" * 33}),
    ("a slug of 514 bytes", PIECES, {"slug": "é" * 257}),
]

STRICTER: list[tuple[str, MediaType, dict[str, Any]]] = [
    # The reference leaves a blob's declared type and size to the PDS, which looks at the blob itself.
    ("a picture declared as JPEG", PAINTINGS, {"thumbnail": blob("image/jpeg")}),
    ("a picture over its limit", PAINTINGS, {"thumbnail": blob(size=1_048_577)}),
    ("a video over its limit", TAPES, {"video": blob("video/mp4", 52_428_801)}),
    ("a size of 0", PAINTINGS, {"thumbnail": blob(size=0)}),
    ("a size below 0", PAINTINGS, {"thumbnail": blob(size=-1)}),
    # It takes the blobs of before the specification, which new records may not hold.
    ("a blob of the oldest form", PAINTINGS, {"thumbnail": {"cid": CID, "mimeType": "image/png"}}),
    # It takes what JavaScript's Date takes; the specification's datetime is narrower, and so is a calendar.
    ("a date without a time zone", MOODS, {"when": "2024-01-02T03:04:05"}),
    ("a time zone without a colon", MOODS, {"when": "2024-01-02T03:04:05+0100"}),
    ("the 30th of February", MOODS, {"when": "2024-02-30T03:04:05Z"}),
    ("a 61st second", MOODS, {"when": "2024-01-02T03:04:60Z"}),
    ("the year 0", MOODS, {"when": "0000-01-01T00:00:00Z"}),
    # RFC 3986: a scheme begins with a letter.
    ("a scheme that begins with a digit", PAINTINGS, {"acUrl": "1a:b"}),
]


@pytest.fixture(scope="module")
def reference() -> dict[str, str | None]:
    """What the reference validator says of each case, by its name; asked once."""
    from tests.reference import install

    cases = VALID + INVALID + STRICTER
    asked = [{"id": kind.nsid, "record": record(kind, **changed)} for _, kind, changed in cases]
    try:
        said = install.run_script(
            VALIDATOR, {"lexicons": [lexicon.lexicon(kind) for kind in MediaType], "cases": asked}
        )
    except install.ReferenceMissing as missing:
        pytest.fail(f"The reference validator cannot be had: {missing}", pytrace=False)
    assert isinstance(said, list)
    return dict(zip((name for name, _, _ in cases), said, strict=True))


def _cases(cases: list[tuple[str, MediaType, dict[str, Any]]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "kind", "changed"), cases, ids=[name for name, _, _ in cases])


def test_every_case_has_a_name_of_its_own() -> None:
    names = [name for name, _, _ in VALID + INVALID + STRICTER]
    assert len(names) == len(set(names))


@pytest.mark.reference
@_cases(VALID)
def test_both_accept(
    name: str, kind: MediaType, changed: dict[str, Any], reference: dict[str, str | None]
) -> None:
    assert lexicon.problem(kind, record(kind, **changed)) is None
    assert reference[name] is None


@pytest.mark.reference
@_cases(INVALID)
def test_both_refuse(
    name: str, kind: MediaType, changed: dict[str, Any], reference: dict[str, str | None]
) -> None:
    problem = lexicon.problem(kind, record(kind, **changed))
    assert problem is not None
    assert problem.field == next(iter(changed))
    assert problem.reason
    assert reference[name]


@pytest.mark.reference
@_cases(STRICTER)
def test_ours_is_stricter(
    name: str, kind: MediaType, changed: dict[str, Any], reference: dict[str, str | None]
) -> None:
    problem = lexicon.problem(kind, record(kind, **changed))
    assert problem is not None
    assert problem.field == next(iter(changed))
    assert reference[name] is None, "the reference has become as strict: move it among the invalid ones"


@pytest.mark.parametrize(
    ("kind", "changed", "reason"),
    [
        (MOODS, {"text": ...}, "is missing"),
        (MOODS, {"text": 7}, "is int, not text"),
        (MOODS, {"text": ""}, "is empty"),
        (MOODS, {"text": "é" * 2_501}, "too long (5,002 of 5,000 bytes)"),
        (MOODS, {"text": "a\ud800"}, "is not valid"),
        (MOODS, {"when": "yesterday"}, "is not a datetime"),
        (PAINTINGS, {"acUrl": "nowhere"}, "is not a uri"),
        (PAINTINGS, {"thumbnail": "x"}, "is not a blob"),
        (PAINTINGS, {"thumbnail": blob("image/jpeg")}, "is declared as image/jpeg, not image/png"),
        (PAINTINGS, {"thumbnail": blob(size=2_000_000)}, "is 2,000,000 bytes of 1,048,576"),
        (PAINTINGS, {"thumbnail": blob(size=True)}, "has no size"),
    ],
)
def test_the_reason_is_told_in_a_few_words(kind: MediaType, changed: dict[str, Any], reason: str) -> None:
    field = next(iter(changed))
    assert lexicon.problem(kind, record(kind, **changed)) == Blocked(field, reason)


@given(st.sampled_from(MediaType), st.data())
def test_no_record_however_odd_raises(kind: MediaType, data: st.DataObject) -> None:
    """Anybody may write to a repo: what stands there is judged, whatever it is."""
    names = st.sampled_from([*lexicon.fields(kind), "$type", "more"])
    found = record(kind, **data.draw(st.dictionaries(names, st.one_of(junk, st.just(blob())), max_size=4)))
    problem = lexicon.problem(kind, found)
    assert problem is None or (problem.field and problem.reason)


def test_the_lexicon_files_are_where_their_ids_say() -> None:
    folder = paths.data("lexicons") / "computer" / "aesthetic"
    assert {file.stem for file in folder.iterdir()} == {kind.nsid.rpartition(".")[2] for kind in MediaType}
    for kind in MediaType:
        main = lexicon.lexicon(kind)["defs"]["main"]
        assert lexicon.lexicon(kind)["id"] == kind.nsid
        assert (main["type"], main["key"]) == ("record", "tid")
        assert set(lexicon.required(kind)) <= set(lexicon.fields(kind))
