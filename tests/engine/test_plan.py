"""Plans: what a restore and a wipe hold, what an update keeps, and what a saved plan says."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acconsole.engine.model import RepoRecord, SourceDoc, Verdict
from acconsole.engine.plan import Action, BlockedItem, Operation, Plan, Tally
from acconsole.engine.planning import claimed_ref, restore, rkeys_for, wipe
from acconsole.media import lexicon, tid
from acconsole.media.base import GUEST, MediaType, Record
from acconsole.media.tapes import NO_SOURCE, THUMBNAIL
from tests.engine.cases import (
    HELD,
    USER,
    Repo,
    blob,
    paired,
    repos,
    restoring,
    rkey,
    source,
    standing,
    value_of,
)
from tests.media.docs import KIDLISP, MOODS, PAINTINGS, PIECES, TAPES, WHEN


def one(docs: list[SourceDoc], records: list[RepoRecord], **options: Any) -> Operation:
    """The one operation of a restore."""
    ((operation,), blocked) = restoring(docs, records, **options)
    assert blocked == []
    return operation


def planned(operations: list[Operation], **changed: Any) -> Plan:
    plan = Plan("restore", USER, "pds.test", "rev", "commit", tuple(MediaType), tuple(operations))
    return dataclasses.replace(plan, **changed)


@pytest.mark.parametrize("kind", [MOODS, PIECES, KIDLISP, PAINTINGS])
def test_a_missing_record_is_created_at_the_docs_own_key(kind: MediaType) -> None:
    doc = source(kind)
    operation = one([doc], [])
    assert operation == Operation(
        Action.CREATE,
        kind,
        Verdict.MISSING,
        "a",
        tid.tid_for("a", WHEN),
        record={name: value for name, value in value_of(doc).items() if name != "thumbnail"},
        blobs=("thumbnail",) if kind is PAINTINGS else (),
        link=True,
    )


def test_an_unlinked_record_is_relinked_and_not_written() -> None:
    found = standing(MOODS, rkey(1), value_of(source(MOODS)))
    assert one([source(MOODS)], [found]) == Operation(
        Action.RELINK, MOODS, Verdict.UNLINKED, "a", rkey(1), found.cid, link=True
    )


def test_a_stale_record_is_updated_in_its_place() -> None:
    found = standing(MOODS, rkey(1), value_of(source(MOODS), text="old"))
    operation = one([source(MOODS)], [found])
    assert operation.action is Action.UPDATE
    assert (operation.rkey, operation.cid, operation.fields) == (rkey(1), found.cid, ("text",))
    assert operation.record == value_of(source(MOODS))
    assert operation.link
    assert not one([source(MOODS, atproto={"rkey": rkey(1)})], [found]).link


def test_an_update_keeps_further_fields_and_drops_legacy_ones() -> None:
    doc = source(MOODS)
    further = {"more": {"a": [1, None]}, "lang": "en"}
    found = standing(MOODS, rkey(1), value_of(doc, text="old", mood="old", mongoId="a", **further))
    assert one([doc], [found]).record == {**value_of(doc), **further}


def test_only_a_mood_may_not_have_a_mood() -> None:
    found = standing(PIECES, rkey(1), value_of(source(PIECES), slug="old", mood="happy", mongoId="a"))
    assert one([source(PIECES)], [found]).record == {**value_of(source(PIECES)), "mood": "happy"}


def test_an_update_drops_a_further_field_that_breaks_the_lexicon() -> None:
    found = standing(PAINTINGS, rkey(1), value_of(source(PAINTINGS), recordingUrl="nowhere"))
    operation = one([source(PAINTINGS)], [found])
    assert operation.fields == ("recordingUrl",)
    assert operation.record == value_of(source(PAINTINGS))


def test_an_update_keeps_a_blob_that_is_right_and_makes_one_that_is_not() -> None:
    doc = source(PAINTINGS)
    right = standing(PAINTINGS, rkey(1), value_of(doc, slug="old"))
    kept = one([doc], [right])
    assert kept.blobs == ()
    assert kept.record == value_of(doc)
    wanted = value_of(doc)["thumbnail"]
    for wrong in (..., {**wanted, "mimeType": "image/jpeg"}, {**wanted, "size": 9_999_999}, "x"):
        made = one([doc], [standing(PAINTINGS, rkey(1), value_of(doc, thumbnail=wrong))])
        assert made.blobs == made.fields == ("thumbnail",)
        assert made.record == value_of(doc, thumbnail=...)


def test_duplicates_go_without_being_asked_for() -> None:
    records = [standing(MOODS, rkey(n), value_of(source(MOODS))) for n in (1, 2)]
    operation = one([source(MOODS, atproto={"rkey": rkey(2)})], records)
    assert operation == Operation(Action.DELETE, MOODS, Verdict.DUPLICATE, "a", rkey(1), records[0].cid)


def test_tombstones_and_orphans_go_only_when_pruned() -> None:
    dead = source(MOODS, nuked=True)
    records = [
        standing(MOODS, rkey(1), value_of(source(MOODS))),
        standing(MOODS, rkey(2), value_of(source(MOODS, "nobody"))),
    ]
    assert restoring([dead], records) == ([], [])
    operations, _ = restoring([dead], records, prune=True)
    assert [(op.action, op.verdict, op.ref) for op in operations] == [
        (Action.DELETE, Verdict.TOMBSTONE, "a"),
        (Action.DELETE, Verdict.ORPHAN, "nobody"),
    ]


def test_a_blocked_doc_is_told_and_its_record_left() -> None:
    doc = source(MOODS, mood=7)
    found = standing(MOODS, rkey(1), value_of(source(MOODS)))
    for records in ([], [found]):
        operations, blocked = restoring([doc], records, prune=True)
        assert operations == []
        assert blocked == [BlockedItem(MOODS, "a", "mood", "is int, not text")]


def test_a_tape_wants_the_blobs_that_it_lacks() -> None:
    doc = source(TAPES)
    assert one([doc], []).blobs == ("video", "thumbnail")
    assert one([doc], [standing(TAPES, rkey(1), value_of(doc, video=...))]).blobs == ("video",)
    wrong = value_of(doc, thumbnail=blob(THUMBNAIL, mimeType="image/png"))
    mended = one([doc], [standing(TAPES, rkey(1), wrong)])
    assert (mended.action, mended.blobs) == (Action.UPDATE, ("thumbnail",))
    assert mended.record
    assert "video" in mended.record
    assert "thumbnail" not in mended.record


def test_a_tape_without_a_source_is_left_out_and_so_is_its_record() -> None:
    told = [BlockedItem(TAPES, "a", "video", "no source")]
    doc = dataclasses.replace(source(TAPES), hindrance=NO_SOURCE)
    assert restoring([doc], []) == ([], told)
    assert restoring([doc], [standing(TAPES, rkey(1), value_of(doc, video=..., slug="old"))]) == ([], told)
    whole = one([doc], [standing(TAPES, rkey(1), value_of(doc, thumbnail=...))])
    assert whole.blobs == ("thumbnail",)


def test_refs_narrow_a_restore() -> None:
    docs = [source(KIDLISP, ref, code=ref * 3) for ref in "abc"]
    orphan = standing(KIDLISP, rkey(1), value_of(source(KIDLISP, "z")))
    operations, _ = restoring(docs, [orphan], refs=["b", "z"], prune=True)
    assert [(op.action, op.ref) for op in operations] == [(Action.CREATE, "b"), (Action.DELETE, "z")]
    assert restoring(docs, [orphan], refs=["b"], codes=["ccc"]) == ([], [])


def test_a_tape_that_has_its_video_needs_none() -> None:
    doc = source(TAPES)
    assert one([doc], [standing(TAPES, rkey(1), value_of(doc))]).action is Action.RELINK
    stale = one([doc], [standing(TAPES, rkey(1), value_of(doc, slug="old"))])
    assert (stale.action, stale.blobs) == (Action.UPDATE, ())


def test_a_blocked_tapes_duplicates_go() -> None:
    doc = source(TAPES, code=None)
    records = [standing(TAPES, rkey(n), value_of(source(TAPES))) for n in (1, 2)]
    operations, blocked = restoring([doc], records)
    assert [op.rkey for op in operations] == [rkey(2)]
    assert [item.field for item in blocked] == ["code"]


def test_codes_narrow_a_restore_and_a_wipe() -> None:
    docs = [source(KIDLISP, ref, code=code) for ref, code in (("a", "one"), ("b", "two"), ("c", None))]
    nobodys = standing(KIDLISP, rkey(5), value_of(source(KIDLISP, "z", code="two")))
    operations, blocked = restoring(docs, [nobodys], codes=["two"], prune=True)
    assert [(op.action, op.ref) for op in operations] == [(Action.CREATE, "b"), (Action.DELETE, "z")]
    assert blocked == []
    assert restoring(docs, [nobodys], codes=["TWO"]) == ([], [])
    records = [standing(KIDLISP, rkey(1), value_of(docs[0])), nobodys]
    linked = [SourceDoc.of(KIDLISP, {**doc.doc, "at": {"rkey": "x"}}) for doc in docs]
    deletes, unlink = wipe(paired(linked, records), linked, codes=["one"])
    assert ([op.rkey for op in deletes], unlink) == ([rkey(1)], [(KIDLISP, "a")])


def test_a_wipe_takes_orphans_and_clears_dead_docs() -> None:
    docs = [
        source(TAPES, "a", at={"rkey": rkey(1)}),
        source(TAPES, "b", nuked=True, atproto={"uri": "at://x"}),
        source(TAPES, "c"),
        source(TAPES, "d", at=None),
    ]
    records = [standing(TAPES, rkey(1), value_of(docs[0])), standing(TAPES, rkey(2), {"ref": "nobody"})]
    operations, unlink = wipe(paired(docs, records), docs)
    assert [(op.action, op.rkey, op.cid) for op in operations] == [
        (Action.DELETE, found.rkey, found.cid) for found in records
    ]
    assert unlink == [(TAPES, "a"), (TAPES, "b")]


@pytest.mark.parametrize(
    ("value", "ref"),
    [({"ref": "a", "mongoId": "b"}, "a"), ({"mongoId": "b"}, "b"), ({"ref": 7, "mongoId": ""}, None)],
)
def test_what_an_orphan_claims(value: Record, ref: str | None) -> None:
    assert claimed_ref(value) == ref


def _twins() -> tuple[str, str]:
    """Two refs whose docs, made in the same millisecond, fall on the same TID."""
    seen: dict[str, str] = {}
    for number in range(100_000):
        ref = f"{number:x}"
        key = tid.tid_for(ref, WHEN)
        if key in seen:
            return seen[key], ref
        seen[key] = ref
    raise AssertionError("a million keys, and no two alike among so many")


def test_two_docs_on_one_tid_are_told_apart_the_same_way_in_any_order() -> None:
    twins = _twins()
    first, second = sorted(twins)
    docs = [source(MOODS, ref) for ref in twins]
    expected = {first: tid.tid_for(first, WHEN), second: tid.tid_for(second, WHEN, 1)}
    assert rkeys_for(docs, []) == rkeys_for(docs[::-1], []) == expected
    assert len(set(expected.values())) == 2
    for doc in docs:
        there = standing(MOODS, expected[doc.ref], value_of(doc))
        other = next(each for each in docs if each is not doc)
        operation = next(op for op in restoring(docs, [there])[0] if op.action is Action.CREATE)
        assert (operation.ref, operation.rkey) == (other.ref, expected[other.ref]), "published in two runs"


def test_a_key_at_which_a_record_stands_is_left_to_it() -> None:
    taken = standing(MOODS, tid.tid_for("a", WHEN), value_of(source(MOODS, "nobody")))
    assert one([source(MOODS)], [taken]).rkey == tid.tid_for("a", WHEN, 1)


def test_docs_without_a_date_have_no_key() -> None:
    docs = [source(MOODS, "a", when="junk"), source(MOODS, "b", when=datetime(2300, 1, 1, tzinfo=UTC))]
    assert rkeys_for(docs, []) == {}


@given(repos())
def test_every_record_that_is_written_is_valid(repo: Repo) -> None:
    operations, _ = restore(repo.matched(), repo.docs, repo.records, HELD, prune=True)
    for op in operations:
        if op.record is not None:
            assert lexicon.problem(op.kind, op.record) is None
            assert "mongoId" not in op.record
            assert not set(op.blobs) & set(op.record)


def test_a_tally_and_its_points() -> None:
    docs = [source(PAINTINGS, ref) for ref in "abc"]
    records = [
        standing(PAINTINGS, rkey(1), value_of(docs[0])),
        standing(PAINTINGS, rkey(2), value_of(docs[1], slug="old")),
        standing(PAINTINGS, rkey(3), value_of(docs[1])),
        standing(PAINTINGS, rkey(4), value_of(source(PAINTINGS, "nobody"))),
    ]
    operations, _ = restoring(docs, records, prune=True)
    plan = planned(operations)
    assert plan.tally() == plan.tally(PAINTINGS) == Tally(create=1, update=1, delete=2, relink=1, blobs=1)
    assert plan.tally(MOODS) == Tally()
    assert plan.points == 3 + 2 + 1 + 1
    assert plan.deletes_capped == 1, "a duplicate's delete counts against no limit"
    assert plan.tally().items == 5
    assert plan.destroys
    assert not plan.is_empty
    assert Tally(1, 2, 3, 4, 5) + Tally(1, 1, 1, 1, 1) == Tally(2, 3, 4, 5, 6)


def test_what_destroys_nothing_needs_no_backup() -> None:
    assert not planned([one([source(MOODS)], [])]).destroys
    assert planned([]).is_empty
    clearing = planned([], action="wipe", unlink=((MOODS, "a"), (TAPES, "b")))
    assert clearing.destroys
    assert not clearing.is_empty
    assert clearing.tally() == Tally(relink=2)
    assert clearing.tally(MOODS) == Tally(relink=1)


texts = st.text(max_size=8)
records_of_any = st.dictionaries(
    texts,
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), texts), lambda each: st.lists(each, max_size=2)
    ),
    max_size=3,
)
any_operation = st.builds(
    Operation,
    action=st.sampled_from(Action),
    kind=st.sampled_from(MediaType),
    verdict=st.sampled_from(Verdict),
    ref=st.none() | texts,
    rkey=texts,
    cid=st.none() | texts,
    record=st.none() | records_of_any,
    blobs=st.lists(texts, max_size=2).map(tuple),
    fields=st.lists(texts, max_size=2).map(tuple),
    link=st.booleans(),
)
any_plan = st.builds(
    Plan,
    action=st.sampled_from(["restore", "wipe"]),
    user=st.just(USER),
    host=texts,
    rev=st.none() | texts,
    commit=st.none() | texts,
    kinds=st.lists(st.sampled_from(MediaType)).map(tuple),
    operations=st.lists(any_operation, max_size=4).map(tuple),
    blocked=st.lists(st.builds(BlockedItem, st.sampled_from(MediaType), texts, texts, texts), max_size=2).map(
        tuple
    ),
    unlink=st.lists(st.tuples(st.sampled_from(MediaType), texts), max_size=2).map(tuple),
    records=st.integers(0, 10_000),
    prune=st.booleans(),
    problem=st.none() | texts,
)


@given(any_plan)
def test_a_plan_is_the_same_after_json(plan: Plan) -> None:
    assert Plan.from_json(json.loads(json.dumps(plan.as_json()))) == plan


def test_no_password_is_in_a_plan() -> None:
    assert USER.password == "hunter-2"
    plan = planned([one([source(MOODS)], [])])
    assert "hunter" not in json.dumps(plan.as_json())
    assert "hunter" not in repr(plan)
    assert Plan.from_json(plan.as_json()).user.password is None


@pytest.mark.parametrize("data", [{}, {"user": {}}, {"more": 1}])
def test_what_is_no_plan_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Plan.from_json(data)
    whole = planned([one([source(MOODS)], [])]).as_json()
    with pytest.raises((KeyError, TypeError, ValueError)):
        Plan.from_json({**whole, "kinds": ["films"]})
    with pytest.raises((KeyError, TypeError, ValueError)):
        Plan.from_json({**whole, "further": 1})


def test_a_plan_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        planned([]).action = "wipe"  # type: ignore[misc]  # that is what is tested


def test_the_guests_account_is_named_art() -> None:
    guest = dataclasses.replace(USER, id=GUEST, handle=None)
    assert (guest.name, guest.sort_key[1]) == ("art", "art")
