"""TIDs: the specification's syntax, the way there and back, and a doc's own key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acconsole.media import tid
from tests.media.docs import any_text

# The examples of the AT Protocol's interoperability tests: syntax/tid_syntax_{valid,invalid}.txt.
VALID = ("3jzfcijpj2z2a", "7777777777777", "3zzzzzzzzzzzz", "2222222222222")
INVALID = (
    "3jzfcijpj2z21",
    "0000000000000",
    "3JZFCIJPJ2Z2A",
    "3jzfcijpj2z2aa",
    "3jzfcijpj2z2",
    "222",
    "3jzf-cij-pj2z-2a",
    "zzzzzzzzzzzzz",
    "kjzfcijpj2z2a",
)
MALFORMED = ("", "3jzfcijpj2z2a\n", " 3jzfcijpj2z2a", "３jzfcijpj2z2a", "3jzfcijpj2z2ä")

microseconds = st.integers(0, 2**53 - 1)
clock_ids = st.integers(0, 1023)
whens = st.datetimes(datetime(1970, 1, 1), datetime(2254, 12, 31), timezones=st.just(UTC))


@pytest.mark.parametrize("text", VALID)
def test_valid_examples(text: str) -> None:
    assert tid.is_tid(text)
    assert tid.encode(*tid.decode(text)) == text


@pytest.mark.parametrize("text", INVALID + MALFORMED)
def test_invalid_examples(text: str) -> None:
    assert not tid.is_tid(text)
    with pytest.raises(ValueError, match="not a TID"):
        tid.decode(text)


def test_a_known_time() -> None:
    """Worked out by hand: the clock id is the last ten bits, so the last two letters, `2` for zero."""
    assert tid.encode(0, 0) == "2222222222222"
    assert tid.encode(0, 1) == "2222222222223"
    assert tid.encode(1, 0) == "2222222222322"
    assert tid.encode(2**53 - 1, 1023) == "bzzzzzzzzzzzz"


@given(microseconds, clock_ids)
def test_there_and_back(time: int, clock_id: int) -> None:
    text = tid.encode(time, clock_id)
    assert tid.is_tid(text)
    assert tid.decode(text) == (time, clock_id)


@given(st.lists(st.tuples(microseconds, clock_ids), min_size=2, max_size=5))
def test_the_order_of_tids_is_the_order_of_times(moments: list[tuple[int, int]]) -> None:
    assert sorted(tid.encode(*moment) for moment in moments) == [
        tid.encode(*moment) for moment in sorted(moments)
    ]


@pytest.mark.parametrize(("time", "clock_id"), [(-1, 0), (2**53, 0), (0, -1), (0, 1024)])
def test_out_of_range(time: int, clock_id: int) -> None:
    with pytest.raises(ValueError, match="range"):
        tid.encode(time, clock_id)


@given(any_text, whens, st.integers(0, 3))
def test_a_docs_key_keeps_its_millisecond(ref: str, when: datetime, attempt: int) -> None:
    rkey = tid.tid_for(ref, when, attempt)
    time, _ = tid.decode(rkey)
    assert time // 1000 == (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert rkey == tid.tid_for(ref, when, attempt)


@given(whens, st.integers(-12, 12))
def test_a_docs_key_does_not_know_time_zones(when: datetime, hours: int) -> None:
    elsewhere = when.astimezone(timezone(timedelta(hours=hours)))
    assert tid.tid_for("a", elsewhere) == tid.tid_for("a", when)


def test_a_docs_key_is_the_same_on_every_machine() -> None:
    """The rule is for ever: another one would publish every doc a second time."""
    when = datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    assert tid.tid_for("65942a1c9b1e8a0012345678", when) == "3khxr27kezo2w"
    assert tid.tid_for("65942a1c9b1e8a0012345678", when, 1) == "3khxr27kfmqom"


def test_docs_of_one_millisecond_have_different_keys() -> None:
    when = datetime(2024, 1, 2, tzinfo=UTC)
    keys = {tid.tid_for(f"{number:024x}", when) for number in range(200)}
    assert len(keys) > 195
    assert len({tid.tid_for("a", when, attempt) for attempt in range(50)}) > 48
