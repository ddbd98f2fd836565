"""Cutting batches: whatever the operations are, each batch fits, and none makes the PDS lose a record."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from acconsole.engine.batches import MAX_BYTES, MAX_WRITES, Ready, cut
from acconsole.engine.cid import record_cid
from acconsole.engine.model import Verdict
from acconsole.engine.plan import Action, Operation
from acconsole.media.base import MediaType, Record
from tests.engine.cases import rkey

KIDLISP = MediaType.KIDLISP
NSID = KIDLISP.nsid


def value(text: str) -> Record:
    return {"$type": NSID, "source": text}


def ready(action: Action, number: int, text: str | None = None, stood: str | None = None) -> Ready:
    """An operation that puts `text` where `stood` was."""
    cid = record_cid(value(stood)) if stood is not None else None
    operation = Operation(action, KIDLISP, Verdict.STALE, str(number), rkey(number), cid)
    return Ready.of(operation, value(text) if text is not None else None)


def batches(whole: Sequence[Ready], points: int | None = None) -> list[list[Ready]]:
    """All of it, batch after batch, each with the same room of points."""
    found, left = [], list(whole)
    while left:
        count = cut(left, points=points)
        assert count > 0
        found.append(left[:count])
        left = left[count:]
    return found


texts = st.sampled_from(["one", "two", "three", "four"])
operations = st.lists(
    st.one_of(
        st.tuples(st.just(Action.CREATE), texts, st.none()),
        st.tuples(st.just(Action.UPDATE), texts, texts),
        st.tuples(st.just(Action.DELETE), st.none(), texts),
    ),
    max_size=40,
).map(lambda chosen: [ready(action, number, *more) for number, (action, *more) in enumerate(chosen)])


@given(operations, st.one_of(st.none(), st.integers(3, 20)))
def test_every_batch_fits_and_nothing_is_lost_or_reordered(whole: list[Ready], points: int | None) -> None:
    cut_up = batches(whole, points)
    assert [each for batch in cut_up for each in batch] == whole
    for batch in cut_up:
        assert len(batch) <= MAX_WRITES
        assert sum(each.operation.action.points for each in batch) <= (points or 3 * MAX_WRITES)
        assert len(body(batch)) <= MAX_BYTES
        # A value put again where it stands is harmless.
        others = [(one, two) for one in batch for two in batch if one is not two]
        assert not [pair for pair in others if pair[0].adds and pair[0].adds == pair[1].removes]


@given(operations)
def test_a_batch_is_as_large_as_it_may_be(whole: list[Ready]) -> None:
    for batch, following in zip(batches(whole), batches(whole)[1:], strict=False):
        adds = {each.adds for each in batch if each.adds}
        removes = {each.removes for each in batch if each.removes}
        assert following[0].adds in removes or following[0].removes in adds


def body(batch: Sequence[Ready]) -> bytes:
    """The JSON that the PDS gets of a batch."""
    writes = [
        {
            "$type": f"com.atproto.repo.applyWrites#{write.action}",
            "collection": write.collection,
            "rkey": write.rkey,
            **({} if write.record is None else {"value": write.record}),
        }
        for write in (each.write() for each in batch)
    ]
    whole = {"repo": "did:plc:abcdefghijklmnopqrstuvwx", "swapCommit": "bafyrei" + "a" * 52, "writes": writes}
    return json.dumps(whole).encode()


@given(
    st.lists(
        st.tuples(st.integers(0, 50_000), st.sampled_from(["x", "é", "😀", '"', "\0"])),
        min_size=1,
        max_size=60,
    )
)
def test_large_records_are_cut_by_their_bytes_of_json(sizes: list[tuple[int, str]]) -> None:
    whole = [
        ready(Action.CREATE, number, f"{number} {character * (size // len(character.encode()))}")
        for number, (size, character) in enumerate(sizes)
    ]
    for batch in batches(whole):
        assert len(body(batch)) <= 1_000_000
        assert len(batch) == 1 or sum(each.size for each in batch) <= MAX_BYTES


def test_nine_hundred_thousand_bytes_a_batch() -> None:
    whole = [ready(Action.CREATE, number, f"{number:02}" + "x" * 49_000) for number in range(40)]
    assert list(map(len, batches(whole))) == [18, 18, 4]
    escaped = [ready(Action.CREATE, number, f"{number:02}" + "é" * 24_500) for number in range(10)]
    assert list(map(len, batches(escaped))) == [6, 4], "as JSON, each of these letters is six bytes"


def test_two_hundred_writes_a_batch() -> None:
    whole = [ready(Action.CREATE, number, f"text {number}") for number in range(450)]
    assert list(map(len, batches(whole))) == [200, 200, 50]
    assert cut(whole, max_writes=1) == 1


def test_points() -> None:
    whole = [ready(Action.CREATE, number, f"text {number}") for number in range(5)]
    assert [cut(whole, points=points) for points in (0, 2, 3, 8, 9, 100)] == [0, 0, 1, 2, 3, 5]
    deletes = [ready(Action.DELETE, number, stood="x") for number in range(5)]
    assert cut(deletes, points=4) == 4
    assert cut([], points=0) == 0


def test_a_value_is_not_taken_away_and_put_elsewhere_in_one_batch() -> None:
    """The three ways in which the reference PDS loses a record."""
    moved = [ready(Action.UPDATE, 1, "b", "a"), ready(Action.DELETE, 2, stood="b")]
    swapped = [ready(Action.UPDATE, 1, "b", "a"), ready(Action.UPDATE, 2, "a", "b")]
    made_again = [ready(Action.DELETE, 1, stood="a"), ready(Action.CREATE, 2, "a")]
    for whole in (moved, swapped, made_again, moved[::-1], made_again[::-1]):
        assert list(map(len, batches(whole))) == [1, 1]


def test_equal_values_in_one_batch_are_harmless() -> None:
    assert cut([ready(Action.CREATE, number, "same") for number in range(3)]) == 3
    assert cut([ready(Action.DELETE, number, stood="same") for number in range(3)]) == 3


def test_a_relink_neither_adds_nor_removes() -> None:
    operation = Operation(Action.RELINK, KIDLISP, Verdict.UNLINKED, "a", rkey(1), record_cid(value("x")))
    linked = Ready.of(operation, None)
    assert (linked.adds, linked.removes) == (None, None)
