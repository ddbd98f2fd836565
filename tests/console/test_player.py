"""Where a tape is when, and what a bounded cache holds."""

from __future__ import annotations

from acconsole.console.bounded import Bounded
from acconsole.console.player import Player


def test_a_tape_is_played_over_and_over() -> None:
    player = Player.started(2.0, 100.0)
    assert [player.position(now) for now in (100.0, 101.5, 102.0, 105.0)] == [0.0, 1.5, 0.0, 1.0]


def test_it_stands_where_it_was_and_goes_on_from_there() -> None:
    player = Player.started(2.0, 100.0)
    player.toggle(101.5)
    assert not player.playing
    assert [player.position(now) for now in (101.5, 500.0)] == [1.5, 1.5]
    player.toggle(500.0)
    assert player.position(500.75) == 0.25


def test_a_tape_of_no_length_stands() -> None:
    assert Player.started(0.0, 1.0).position(9.0) == 0.0


def test_what_was_not_used_for_longest_is_forgotten() -> None:
    cache: Bounded[str] = Bounded(10)
    cache.put("a", "A", 4)
    cache.put("b", "B", 4)
    assert cache.get("a") == "A"
    cache.put("c", "C", 4)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A", None, "C")
    assert cache.held == 8


def test_what_is_larger_than_all_is_not_kept_and_a_new_value_takes_the_old_ones_place() -> None:
    cache: Bounded[str] = Bounded(10)
    cache.put("a", "A", 11)
    assert (cache.get("a"), cache.held) == (None, 0)
    cache.put("a", "A", 9)
    cache.put("a", "B", 10)
    assert (cache.get("a"), cache.held) == ("B", 10)
    cache.clear()
    assert (cache.get("a"), cache.held) == (None, 0)
