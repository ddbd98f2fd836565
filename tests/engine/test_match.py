"""Matching: every verdict, every way to find a record's doc, every keeper rule, by example."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from acconsole.engine.model import SourceDoc, Verdict
from acconsole.media.base import MediaType
from acconsole.media.record import build
from acconsole.media.tapes import NO_SOURCE
from tests.engine.cases import (
    CID,
    OTHER_CID,
    moved,
    only,
    paired,
    rkey,
    source,
    standing,
    value_of,
)
from tests.media.docs import KIDLISP, MOODS, PAINTINGS, PIECES, TAPES, WHEN


def linked(kind: MediaType, ref: str = "a", number: int = 1, **changed: Any) -> SourceDoc:
    """A doc that stores the rkey of record 1."""
    return source(kind, ref, atproto={"rkey": rkey(number)}, **changed)


def verdict(doc: SourceDoc, blobs: frozenset[str] | None = None, /, **changed: Any) -> Verdict:
    """The verdict on a doc that stores the rkey of its one record, which differs by `changed`."""
    plain = SourceDoc.of(doc.kind, {**doc.doc, "atproto": {"rkey": rkey(1)}})
    records = [standing(doc.kind, rkey(1), value_of(plain, **changed))]
    return only(paired([plain], records, frozenset({CID}) if blobs is None else blobs)).verdict


@pytest.mark.parametrize("kind", MediaType)
def test_synced(kind: MediaType) -> None:
    pair = only(paired([linked(kind)], [standing(kind, rkey(1), value_of(source(kind)))]))
    assert (pair.verdict, pair.fields, pair.relinks) == (Verdict.SYNCED, (), False)


@pytest.mark.parametrize("kind", MediaType)
def test_missing(kind: MediaType) -> None:
    for doc in (source(kind), linked(kind)):
        pair = only(paired([doc], []))
        assert (pair.verdict, pair.record) == (Verdict.MISSING, None)
        assert pair.built is not None


@pytest.mark.parametrize(
    "link", [{}, {"atproto": {"rkey": rkey(9)}}, {"at": {"rkey": rkey(9)}}, {"atproto": {}}]
)
@pytest.mark.parametrize("kind", MediaType)
def test_unlinked(kind: MediaType, link: dict[str, Any]) -> None:
    pair = only(paired([source(kind, **link)], [standing(kind, rkey(1), value_of(source(kind)))]))
    assert (pair.verdict, pair.relinks) == (Verdict.UNLINKED, True)


def test_a_tape_may_be_linked_by_either_field() -> None:
    records = [standing(TAPES, rkey(1), value_of(source(TAPES)))]
    for doc in (source(TAPES, atproto={"rkey": rkey(1)}), source(TAPES, at={"rkey": rkey(1)})):
        assert only(paired([doc], records)).verdict is Verdict.SYNCED


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (kind, field)
        for kind in MediaType
        for field in value_of(source(kind))
        if field not in ("ref", "$type")
    ],
)
def test_stale_field_by_field(kind: MediaType, field: str) -> None:
    """Each field that a doc gives is compared; a record without it is stale as well."""
    for value in ("another", ...):
        records = [standing(kind, rkey(1), value_of(source(kind), **{field: value}))]
        pair = only(paired([linked(kind)], records))
        assert (pair.verdict, pair.fields) == (Verdict.STALE, (field,))


def test_every_field_that_differs_is_named() -> None:
    records = [
        standing(
            PAINTINGS, rkey(1), value_of(source(PAINTINGS), slug="x", acUrl="https://x.y", thumbnail=...)
        )
    ]
    assert only(paired([source(PAINTINGS)], records)).fields == ("slug", "acUrl", "thumbnail")


def test_a_record_of_another_type_is_stale() -> None:
    assert verdict(source(PIECES), **{"$type": "computer.aesthetic.mood"}) is Verdict.STALE


def test_stale_goes_before_unlinked_and_links_too() -> None:
    pair = only(paired([source(MOODS)], [standing(MOODS, rkey(1), value_of(source(MOODS), text="old"))]))
    assert (pair.verdict, pair.relinks) == (Verdict.STALE, True)


@pytest.mark.parametrize("seconds", [0, 0.001, -4.999, 5, -5])
def test_dates_agree_within_five_seconds(seconds: float) -> None:
    value = value_of(source(MOODS))
    assert verdict(source(MOODS), when=moved(value["when"], seconds=seconds)) is Verdict.SYNCED


@pytest.mark.parametrize("seconds", [5.001, -5.001, 3600])
def test_dates_further_apart_do_not(seconds: float) -> None:
    value = value_of(source(MOODS))
    assert verdict(source(MOODS), when=moved(value["when"], seconds=seconds)) is Verdict.STALE


@pytest.mark.parametrize("when", ["2024-01-02T05:04:05.678+02:00", "2024-01-02T03:04:05.678000Z"])
def test_the_same_date_in_another_form_agrees(when: str) -> None:
    assert verdict(source(MOODS), when=when) is Verdict.SYNCED


@pytest.mark.parametrize(
    "when", ["2024-01-02 03:04:05.678Z", "2024-01-02T03:04:05.678", "yesterday", None, 7]
)
def test_a_date_that_the_lexicon_refuses_is_stale(when: object) -> None:
    assert verdict(source(MOODS), when=when) is Verdict.STALE


def test_only_the_date_has_a_tolerance() -> None:
    assert verdict(source(PIECES, slug="2024-01-02T03:04:05Z"), slug="2024-01-02T03:04:06Z") is Verdict.STALE


def test_further_fields_do_no_harm() -> None:
    assert verdict(source(KIDLISP), more={"a": [1, None]}) is Verdict.SYNCED
    assert verdict(source(PAINTINGS), recordingUrl="https://a.example/r.zip") is Verdict.SYNCED
    assert verdict(source(TAPES), zipUrl="https://a.example/t.zip") is Verdict.SYNCED


def test_legacy_fields_beside_right_ones_make_nothing_stale() -> None:
    assert verdict(source(KIDLISP), mongoId="a") is Verdict.SYNCED
    assert verdict(source(MOODS), mood="in the mood") is Verdict.SYNCED


def test_legacy_fields_instead_of_right_ones_are_stale() -> None:
    assert verdict(source(MOODS), text=..., mood="in the mood") is Verdict.STALE
    assert verdict(source(KIDLISP), ref=..., mongoId="a") is Verdict.STALE
    assert (
        verdict(source(PAINTINGS), imageUrl="https://aesthetic.computer/media/paintings/aB3.png")
        is Verdict.STALE
    )


def test_an_optional_field_that_breaks_the_lexicon_is_stale() -> None:
    assert verdict(source(PAINTINGS), recordingUrl="nowhere") is Verdict.STALE
    assert verdict(source(TAPES), zipUrl=7) is Verdict.STALE


@pytest.mark.parametrize(
    "thumbnail",
    [
        ...,
        None,
        "x",
        {"$type": "blob", "ref": {"$link": CID}, "mimeType": "image/jpeg", "size": 9},
        {"$type": "blob", "ref": {"$link": CID}, "mimeType": "image/png", "size": 2_000_000},
        {"$type": "blob", "ref": {"$link": CID}, "mimeType": "image/png"},
        {"$type": "blob", "ref": {"$link": OTHER_CID}, "mimeType": "image/png", "size": 9},
        {"cid": CID, "mimeType": "image/png"},
    ],
)
def test_blobs_that_do_not_agree(thumbnail: object) -> None:
    assert verdict(source(PAINTINGS), thumbnail=thumbnail) is Verdict.STALE


def test_a_blob_that_the_repo_has_lost_does_not_agree() -> None:
    assert verdict(source(PAINTINGS), frozenset()) is Verdict.STALE
    assert verdict(source(PAINTINGS), frozenset({OTHER_CID})) is Verdict.STALE


def test_a_tape_without_its_video_is_stale() -> None:
    assert verdict(source(TAPES), video=...) is Verdict.STALE


@pytest.mark.parametrize("death", [{"nuked": True}, {"deleted": True}])
def test_each_record_of_a_dead_doc_is_a_tombstone(death: dict[str, Any]) -> None:
    records = [standing(MOODS, rkey(n), value_of(source(MOODS))) for n in (1, 2)]
    matched = paired([linked(MOODS, **death)], records)
    assert [pair.verdict for pair in matched.pairs] == [Verdict.TOMBSTONE, Verdict.TOMBSTONE]
    assert (matched.counts.docs, matched.counts.records, matched.counts.tombstone) == (0, 2, 2)


def test_a_dead_doc_without_a_record_is_nothing() -> None:
    matched = paired([source(MOODS, deleted=True)], [])
    assert (matched.pairs, matched.counts.docs) == ((), 0)


def test_a_record_of_nobodys_is_an_orphan() -> None:
    pair = only(paired([], [standing(MOODS, rkey(1), value_of(source(MOODS)))]))
    assert (pair.verdict, pair.doc) == (Verdict.ORPHAN, None)


def test_blocked() -> None:
    pair = only(paired([source(MOODS, mood="")], []))
    assert (pair.verdict, pair.built) == (Verdict.BLOCKED, None)
    assert pair.blocked is not None
    assert (pair.blocked.field, pair.blocked.reason) == ("mood", "no text")


def test_a_blocked_docs_record_is_left_alone_and_its_others_are_duplicates() -> None:
    records = [standing(MOODS, rkey(n), value_of(source(MOODS))) for n in (1, 2)]
    matched = paired([linked(MOODS, number=2, mood="")], records)
    kept, other = matched.pairs
    assert (kept.verdict, kept.record) == (Verdict.BLOCKED, records[1])
    assert (other.verdict, other.record) == (Verdict.DUPLICATE, records[0])


def _owner_of(value: dict[str, Any], docs: list[SourceDoc], number: int = 1) -> str | None:
    """Whose a record is found to be."""
    pairs = paired(docs, [standing(KIDLISP, rkey(number), value)]).pairs
    (found,) = (pair for pair in pairs if pair.record)
    return found.doc.ref if found.doc else None


def test_the_ways_to_find_a_records_doc_go_in_order() -> None:
    docs = [
        source(KIDLISP, "by-ref", code="c1"),
        source(KIDLISP, "by-mongo-id", code="c2"),
        linked(KIDLISP, "by-rkey", code="c3"),
        source(KIDLISP, "by-code", code="c4"),
    ]
    value = {**value_of(docs[0]), "ref": "by-ref", "mongoId": "by-mongo-id", "code": "c4"}
    assert _owner_of(value, docs) == "by-ref"
    del value["ref"]
    assert _owner_of(value, docs) == "by-mongo-id"
    value["mongoId"] = "nobody"
    assert _owner_of(value, docs) == "by-rkey"
    del value["mongoId"]
    assert _owner_of(value, docs) == "by-rkey"
    assert _owner_of(value, docs, number=2) == "by-code"
    del value["code"]
    assert _owner_of(value, docs, number=2) is None


def test_matching_stops_at_a_ref() -> None:
    """A ref that names no doc of this owner makes an orphan, whatever else would fit."""
    docs = [linked(KIDLISP)]
    value = {**value_of(docs[0]), "ref": "somebody-elses", "mongoId": "a"}
    matched = paired(docs, [standing(KIDLISP, rkey(1), value)])
    assert {pair.verdict for pair in matched.pairs} == {Verdict.MISSING, Verdict.ORPHAN}


@pytest.mark.parametrize("ref", ["", None, 7, ["a"], {"$oid": "a"}])
def test_a_ref_that_is_none_is_passed_over(ref: object) -> None:
    docs = [source(KIDLISP)]
    assert _owner_of({**value_of(docs[0]), "ref": ref, "mongoId": "a"}, docs) == "a"


def test_a_code_of_two_docs_means_the_live_one_then_the_first() -> None:
    docs = [source(KIDLISP, "a", nuked=True), source(KIDLISP, "c"), source(KIDLISP, "b")]
    value = {**value_of(docs[1])}
    del value["ref"]
    assert _owner_of(value, docs) == "b"
    assert _owner_of(value, docs[::-1]) == "b"


def test_codes_are_matched_by_case() -> None:
    value = value_of(source(KIDLISP, code="RoZ"))
    del value["ref"]
    assert _owner_of(value, [source(KIDLISP, code="roz")]) is None


def _kept(doc: SourceDoc, values: dict[int, dict[str, Any]], blobs: frozenset[str] = frozenset({CID})) -> int:
    """The number of the record that stays; every other must be a duplicate."""
    records = [standing(doc.kind, rkey(number), value) for number, value in values.items()]
    keepers = set()
    for order in (records, records[::-1]):
        pairs = paired([doc], order, blobs).pairs
        others = [pair for pair in pairs if pair.verdict is Verdict.DUPLICATE]
        (kept,) = (pair for pair in pairs if pair not in others)
        assert len(others) == len(records) - 1
        assert kept.record is not None
        keepers.add(kept.record.rkey)
    (keeper,) = keepers
    return next(number for number in values if rkey(number) == keeper)


def test_the_keeper_is_the_one_that_the_doc_names() -> None:
    right = value_of(source(PAINTINGS))
    assert _kept(linked(PAINTINGS, number=2), {1: right, 2: {**right, "slug": "x"}, 3: right}) == 2
    bare = value_of(source(PAINTINGS), thumbnail=...)
    assert _kept(linked(PAINTINGS, number=3), {1: right, 3: bare}) == 3


def test_else_the_one_that_has_its_blobs() -> None:
    right, bare = value_of(source(PAINTINGS)), value_of(source(PAINTINGS), thumbnail=...)
    for doc in (source(PAINTINGS), linked(PAINTINGS, number=9)):
        assert _kept(doc, {1: bare, 2: right, 3: right}) == 2
    tape = source(TAPES)
    assert _kept(tape, {1: value_of(tape, video=...), 2: value_of(tape)}) == 2


def test_a_blob_that_the_repo_has_lost_is_not_had() -> None:
    right = value_of(source(PAINTINGS))
    held = {**right, "thumbnail": {**right["thumbnail"], "ref": {"$link": OTHER_CID}}}
    assert _kept(source(PAINTINGS), {1: right, 2: held}, frozenset({OTHER_CID})) == 2


def test_a_tape_without_a_source_is_blocked_unless_its_record_has_the_video() -> None:
    doc = replace(linked(TAPES, number=1), hindrance=NO_SOURCE)
    right = value_of(doc)
    bare = {name: value for name, value in right.items() if name != "video"}
    for records, expected in (
        ([], Verdict.BLOCKED),
        ([standing(TAPES, rkey(1), bare)], Verdict.BLOCKED),
        ([standing(TAPES, rkey(1), right)], Verdict.SYNCED),
        ([standing(TAPES, rkey(1), {**right, "slug": "x"})], Verdict.STALE),
        ([standing(TAPES, rkey(2), right)], Verdict.UNLINKED),
    ):
        pair = only(paired([doc], records))
        assert pair.verdict is expected
        assert pair.blocked == (NO_SOURCE if expected is Verdict.BLOCKED else None)


def test_before_all_the_one_that_has_what_cannot_be_had_again() -> None:
    doc = replace(linked(TAPES, number=1), hindrance=NO_SOURCE)
    assert _kept(doc, {1: value_of(doc, video=...), 2: value_of(doc), 3: value_of(doc)}) == 2
    assert _kept(replace(doc, hindrance=None), {1: value_of(doc, video=...), 2: value_of(doc)}) == 1


def test_else_the_oldest_rkey() -> None:
    right = value_of(source(MOODS))
    assert _kept(source(MOODS), {3: right, 2: right, 5: right}) == 2
    assert _kept(source(MOODS), {3: right, 2: {**right, "text": "x"}}) == 2


def test_a_stale_keeper_beside_a_right_duplicate() -> None:
    right = value_of(source(MOODS))
    records = [standing(MOODS, rkey(1), {**right, "text": "x"}), standing(MOODS, rkey(2), right)]
    counts = paired([source(MOODS)], records).counts
    assert (counts.stale, counts.duplicate, counts.docs, counts.records) == (1, 1, 1, 2)


def test_what_a_string_date_gives_is_what_a_date_gives() -> None:
    text = build(MOODS, {**source(MOODS).doc, "when": "2024-01-02T03:04:05.678Z"})
    assert text == build(MOODS, {**source(MOODS).doc, "when": WHEN})
