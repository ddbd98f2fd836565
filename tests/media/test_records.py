"""From a doc to its record: each media type, each owner, early and odd docs, and what is never published."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acconsole.media import lexicon
from acconsole.media.base import (
    GUEST,
    Blocked,
    Built,
    MediaType,
    is_dead,
    iso,
    owner_of,
    parse_when,
    ref_of,
    rkey_of,
)
from acconsole.media.record import build
from tests.media.docs import KIDLISP, MOODS, PAINTINGS, PIECES, SOTCE, SUB, TAPES, doc, odd_docs, subs

OWNERS: dict[str, dict[str, Any]] = {"missing": {"user": ...}, "null": {"user": None}, "sub": {"user": SUB}}
REF = "65942a1c9b1e8a0012345678"
ISO = "2024-01-02T03:04:05.678Z"
SITE = "https://aesthetic.computer"


def built(kind: MediaType, **changed: Any) -> Built:
    """What a doc becomes that must become something."""
    made = build(kind, doc(kind, **changed))
    assert isinstance(made, Built), made
    return made


def blocked(kind: MediaType, **changed: Any) -> Blocked:
    made = build(kind, doc(kind, **changed))
    assert isinstance(made, Blocked), made
    return made


def test_a_painting() -> None:
    assert built(PAINTINGS).record == {
        "$type": "computer.aesthetic.painting",
        "slug": "2024.1.2.3.4.5.678",
        "code": "aB3",
        "imageUrl": f"{SITE}/media/paintings/aB3",
        "acUrl": f"{SITE}/#aB3",
        "when": ISO,
        "ref": REF,
    }


def test_a_mood() -> None:
    expected = {"$type": "computer.aesthetic.mood", "text": "in the mood", "when": ISO, "ref": REF}
    assert built(MOODS).record == expected


def test_a_piece() -> None:
    expected = {"$type": "computer.aesthetic.piece", "slug": "prompt", "when": ISO, "ref": REF}
    assert built(PIECES).record == expected


def test_a_kidlisp() -> None:
    assert built(KIDLISP).record == {
        "$type": "computer.aesthetic.kidlisp",
        "code": "roz",
        "source": "(wipe blue)",
        "acUrl": f"{SITE}/$roz",
        "when": ISO,
        "ref": REF,
    }


def test_a_tape() -> None:
    assert built(TAPES).record == {
        "$type": "computer.aesthetic.tape",
        "slug": "2024.1.2.3.4.5.678",
        "code": "t4P",
        "acUrl": f"{SITE}/!t4P",
        "when": ISO,
        "ref": REF,
    }


def test_the_blobs_that_records_want() -> None:
    wanted = {
        kind: [(blob.field, blob.mime, blob.max_size) for blob in built(kind).blobs] for kind in MediaType
    }
    assert wanted == {
        PAINTINGS: [("thumbnail", "image/png", 1_048_576)],
        MOODS: [],
        PIECES: [],
        KIDLISP: [],
        TAPES: [("video", "video/mp4", 52_428_800), ("thumbnail", "image/jpeg", 1_048_576)],
    }
    for kind in MediaType:
        for blob in built(kind).blobs:
            schema = lexicon.fields(kind)[blob.field]
            assert (schema["accept"], schema["maxSize"]) == ([blob.mime], blob.max_size)


def test_what_is_looked_up_when_it_is_written() -> None:
    assert {kind: set(built(kind).undecided) for kind in MediaType} == {
        PAINTINGS: {"recordingUrl"},
        MOODS: set(),
        PIECES: set(),
        KIDLISP: set(),
        TAPES: {"zipUrl"},
    }


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("kind", MediaType)
def test_every_owner(kind: MediaType, owner: str) -> None:
    made = build(kind, doc(kind, **OWNERS[owner]))
    if kind is MOODS and owner != "sub":
        assert made == Blocked("user", "guests have no moods")
    else:
        assert isinstance(made, Built)
        assert lexicon.problem(kind, made.record) is None
    assert owner_of(doc(kind, **OWNERS[owner])) == (SUB if owner == "sub" else GUEST)


def test_the_guest_account_by_its_id() -> None:
    assert owner_of(doc(MOODS, user=GUEST)) == GUEST
    assert blocked(MOODS, user=GUEST).field == "user"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"mood": "new"}, "new"),
        ({"mood": ..., "text": "old"}, "old"),
        ({"mood": None, "text": "old"}, "old"),
        ({"mood": "new", "text": "old"}, "new"),
    ],
)
def test_both_mood_fields(fields: dict[str, Any], text: str) -> None:
    assert built(MOODS, **fields).record["text"] == text


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"mood": ""}, "no text"),
        ({"mood": "", "text": "old"}, "no text"),
        ({"mood": ...}, "no text"),
        ({"mood": None, "text": None}, "no text"),
        ({"mood": 7}, "is int, not text"),
        ({"mood": ["a"], "text": "old"}, "is list, not text"),
        ({"mood": "\ud800"}, "holds characters that are not valid Unicode"),
    ],
)
def test_moods_without_text(fields: dict[str, Any], reason: str) -> None:
    assert blocked(MOODS, **fields) == Blocked("mood", reason)


@given(st.text(min_size=1, max_size=500))
def test_text_is_published_byte_for_byte(text: str) -> None:
    assert built(MOODS, mood=text).record["text"].encode() == text.encode()
    assert built(KIDLISP, source=text).record["source"].encode() == text.encode()


def test_a_literal_backslash_n_stays_one() -> None:
    assert built(MOODS, mood=r"one\ntwo").record["text"] == "one\\ntwo"


@pytest.mark.parametrize(
    ("kind", "field", "limit"), [(MOODS, "mood", 5_000), (KIDLISP, "source", 50_000), (PIECES, "slug", 512)]
)
def test_lengths_are_bytes_of_utf8(kind: MediaType, field: str, limit: int) -> None:
    for character in ("a", "é", "€", "😀"):
        width = len(character.encode())
        fits = character * (limit // width)
        assert build(kind, doc(kind, **{field: fits})).__class__ is Built
        more = blocked(kind, **{field: fits + character})
        shown = "text" if kind is MOODS else field
        assert more == Blocked(shown, f"too long ({len(fits.encode()) + width:,} of {limit:,} bytes)")


@pytest.mark.parametrize("kind", [PAINTINGS, KIDLISP, TAPES])
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (..., "no code"),
        (None, "no code"),
        ("", "no code"),
        (12, "is int, not text"),
        ("a b", "cannot stand in an address"),
        ("a/b", "cannot stand in an address"),
        ("a?b", "cannot stand in an address"),
        ("a#b", "cannot stand in an address"),
        ("a%b", "cannot stand in an address"),
        ("a\n", "cannot stand in an address"),
        ("a\x1b[0m", "cannot stand in an address"),
        ("x" * 65, "too long (65 of 64 bytes)"),
    ],
)
def test_codes(kind: MediaType, code: object, reason: str) -> None:
    """Early docs have none; and none may change where an address leads."""
    assert blocked(kind, code=code) == Blocked("code", reason)


def test_codes_are_case_sensitive() -> None:
    assert built(PAINTINGS, code="aBc").record["imageUrl"].endswith("/aBc")


WRONG = [None, True, 7, 1.5, b"x", [], ["a"], {"a": "b"}]


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize(
    ("kind", "field"),
    [(PAINTINGS, "slug"), (PAINTINGS, "code"), (PIECES, "slug"), (KIDLISP, "source"), (TAPES, "slug")],
)
def test_wrong_types(kind: MediaType, field: str, value: object) -> None:
    reason = f"no {field}" if value is None else f"is {type(value).__name__}, not text"
    assert blocked(kind, **{field: value}) == Blocked(field, reason)


@pytest.mark.parametrize("kind", MediaType)
def test_an_id_that_is_too_long(kind: MediaType) -> None:
    assert build(kind, doc(kind, ref="x" * 128)).__class__ is Built
    assert blocked(kind, ref="x" * 129) == Blocked("ref", "too long (129 of 128 bytes)")


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (datetime(2024, 1, 2, 3, 4, 5, 678999, tzinfo=UTC), ISO),
        (datetime(2024, 1, 2, 3, 4, 5, 678000), ISO),
        (datetime(2024, 1, 2, 5, 4, 5, 678000, tzinfo=timezone(timedelta(hours=2))), ISO),
        (ISO, ISO),
        ("2024-01-02T05:04:05.678+02:00", ISO),
        (" 2024-01-02T03:04:05.678Z\n", ISO),
        ("2024-01-02T03:04:05", "2024-01-02T03:04:05.000Z"),
        ("2024-01-02", "2024-01-02T00:00:00.000Z"),
        (datetime(1970, 1, 1, tzinfo=UTC), "1970-01-01T00:00:00.000Z"),
        (datetime(2254, 12, 31, 23, 59, 59, tzinfo=UTC), "2254-12-31T23:59:59.000Z"),
    ],
)
def test_when(when: object, text: str) -> None:
    for kind in MediaType:
        assert built(kind, when=when).record["when"] == text


@pytest.mark.parametrize(
    ("when", "reason"),
    [
        (..., "no date"),
        (None, "no date"),
        ("the day before yesterday", "not a date"),
        ("", "not a date"),
        ("2024-13-02", "not a date"),
        (1704164645678, "not a date"),
        ({"$date": ISO}, "not a date"),
        (datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), "the year 1969 has no record key"),
        (datetime(2255, 1, 1, tzinfo=UTC), "the year 2255 has no record key"),
        ("0001-01-01T00:00:00+14:00", "not a date"),
        ("9999-12-31T23:59:59-14:00", "not a date"),
    ],
)
def test_when_not(when: object, reason: str) -> None:
    for kind in MediaType:
        assert blocked(kind, when=when) == Blocked("when", reason)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2254, 12, 31), timezones=st.timezones()))
def test_a_date_is_the_same_moment_in_the_record(when: datetime) -> None:
    text = built(MOODS, when=when).record["when"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    back = parse_when(text)
    assert back is not None
    assert timedelta(0) <= when - back < timedelta(milliseconds=1)
    assert iso(back) == text


@pytest.mark.parametrize("prefix", ["", "/painting", "/piece", "/video", "/tape"])
@pytest.mark.parametrize("owner", [SUB, SOTCE, GUEST])
@pytest.mark.parametrize("kind", [PAINTINGS, PIECES, TAPES])
def test_the_owners_id_is_stripped_from_slugs(kind: MediaType, owner: str, prefix: str) -> None:
    assert built(kind, slug=f"{owner}{prefix}/a-slug").record["slug"] == "a-slug"


def test_what_cannot_be_stripped_is_blocked() -> None:
    assert blocked(PIECES, slug=f"{SUB}/").reason == "nothing is left of it without the owner's id"
    for slug in (SUB, f"a:{SUB}/painting/b", f"{SUB}/{SOTCE}/b"):
        assert blocked(PIECES, slug=slug) == Blocked("slug", "holds a user's id")


def test_a_guests_painting_keeps_both_slugs() -> None:
    record = built(PAINTINGS, user=None, slug=f"{SUB}/painting/image:recording").record
    assert record["slug"] == "image:recording"


@given(
    st.sampled_from([PAINTINGS, PIECES, TAPES]),
    subs,
    st.lists(st.one_of(subs, st.text(max_size=5)), max_size=4),
    st.data(),
)
def test_no_record_holds_a_users_id(
    kind: MediaType, user: str, parts: list[str], data: st.DataObject
) -> None:
    between = data.draw(st.sampled_from(["/", "/painting/", ":", "", "."]))
    owner = data.draw(st.sampled_from([user, None]))
    made = build(kind, doc(kind, user=owner, slug=between.join([user, *parts])))
    if isinstance(made, Built):
        assert "auth0" not in json.dumps(made.record).replace("%7C", "|")


@given(st.data())
def test_whatever_a_doc_holds_it_becomes_a_valid_record_or_says_why_not(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(MediaType))
    found = data.draw(odd_docs(kind))
    made = build(kind, found)
    if isinstance(made, Blocked):
        assert made.field
        assert made.reason
        return
    assert lexicon.problem(kind, made.record) is None
    assert made.record["ref"] == ref_of(found) == str(found["_id"])
    json.dumps(made.record, allow_nan=False).encode()


@given(st.data())
def test_a_record_depends_on_its_doc_alone(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(MediaType))
    found = data.draw(odd_docs(kind))
    backwards = dict(reversed(found.items()))
    assert build(kind, found) == build(kind, backwards)


@pytest.mark.parametrize(
    ("fields", "rkey"),
    [
        ({}, None),
        ({"atproto": {"rkey": "a"}}, "a"),
        ({"at": {"rkey": "b", "uri": "at://x", "cid": "c"}}, "b"),
        ({"atproto": {"rkey": "a"}, "at": {"rkey": "b"}}, "a"),
        ({"atproto": {"uri": "at://x"}, "at": {"rkey": "b"}}, "b"),
        ({"atproto": {"rkey": ""}}, None),
        ({"atproto": {"rkey": 7}}, None),
        ({"atproto": "a"}, None),
        ({"atproto": None, "at": None}, None),
    ],
)
def test_both_rkey_fields(fields: dict[str, Any], rkey: str | None) -> None:
    assert rkey_of(doc(TAPES, **fields)) == rkey


@pytest.mark.parametrize(
    ("fields", "dead"),
    [
        ({}, False),
        ({"nuked": True}, True),
        ({"deleted": True}, True),
        ({"nuked": False, "deleted": False}, False),
        ({"nuked": None}, False),
    ],
)
def test_deleted_and_nuked(fields: dict[str, Any], dead: bool) -> None:
    assert is_dead(doc(MOODS, **fields)) is dead


def test_the_names_of_the_collections() -> None:
    assert [kind.nsid for kind in MediaType] == [
        f"computer.aesthetic.{name}" for name in ("painting", "mood", "piece", "kidlisp", "tape")
    ]
