"""Searching as one types: scattered letters, a letter too many, words that must not fit, sort keys."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acconsole.engine.finder import Finder
from acconsole.engine.model import User
from acconsole.media.base import GUEST

HOST = "at.aesthetic.computer"


def user(name: str | None, number: int, label: str | None = None) -> User:
    pds = f"{label or name}.{HOST}" if label or name else None
    return User(f"auth0|{number:024x}", name, pds, f"did:plc:{number:024d}", f"ac25{number:05d}")


NAMES = ("a.b", "bit", "jef.art", "jefferson", "jeffrey", "mothra", "old_moth", "rook")
USERS = [
    *(user(name, number) for number, name in enumerate(NAMES)),
    user("nimbus", 40, "other-label"),
    User(GUEST, None, f"art.{HOST}", "did:plc:art", "ac22guest"),
    user(None, 50),
]


@pytest.fixture
def finder() -> Finder:
    return Finder(USERS)


def names(finder: Finder, query: str, *, fuzzy: bool = True) -> list[str]:
    return [USERS[at].name for at in finder.find(query, fuzzy=fuzzy)]


def test_an_empty_query_gives_everybody_as_they_are(finder: Finder) -> None:
    for query in ("", "  ", "@", "!", "! @"):
        assert list(finder.find(query)) == list(range(len(USERS)))


def test_the_beginning_of_a_name_goes_before_a_word_in_it_and_that_before_the_inside(finder: Finder) -> None:
    assert names(finder, "moth") == ["@mothra", "@old_moth"]
    assert names(finder, "art") == ["art", "@jef.art"]
    assert names(finder, "ff") == ["@jefferson", "@jeffrey"]


def test_scattered_letters_come_after_the_rest_the_closest_together_first(finder: Finder) -> None:
    assert names(finder, "jfr") == ["@jeffrey", "@jef.art", "@jefferson"]
    assert names(finder, "jef") == ["@jef.art", "@jefferson", "@jeffrey"]
    assert names(finder, "jfr", fuzzy=False) == []


@pytest.mark.parametrize("typed", ["jefferey", "jeffray", "jefrfey", "jeffrfy"])
def test_a_mistyped_name_is_found_when_nobody_else_fits(finder: Finder, typed: str) -> None:
    assert names(finder, typed)[0] == "@jeffrey"
    assert names(finder, typed, fuzzy=False) == []


def test_words_after_a_mark_must_not_fit(finder: Finder) -> None:
    assert names(finder, "!moth !jef !art") == ["@a.b", "@bit", "@rook", "@nimbus", "ac2500050"]
    assert names(finder, "jef !@jef.art") == ["@jefferson", "@jeffrey"]
    assert names(finder, "!ac25") == ["art"]


def test_all_words_must_fit_and_the_first_decides_the_order(finder: Finder) -> None:
    assert names(finder, "moth old") == ["@old_moth"]
    assert names(finder, "ff jef") == ["@jefferson", "@jeffrey"]


def test_the_host_fits_nobody_until_a_dot_is_typed(finder: Finder) -> None:
    assert names(finder, "aes") == []
    assert len(names(finder, f".{HOST}")) == len(USERS) - 1
    assert names(finder, f"jeffrey.{HOST}") == ["@jeffrey"]
    assert names(finder, "other-la") == ["@nimbus"]


def test_codes_dids_and_ids_want_a_few_letters(finder: Finder) -> None:
    rook = USERS[7]
    for name in (rook.code, rook.did, rook.id):
        assert name
        assert names(finder, name) == ["@rook"]
    assert names(finder, "ac") == []
    assert len(names(finder, "ac2")) == len(USERS)


@given(st.lists(st.text(alphabet="jefr.! @a", max_size=9), max_size=5))
def test_what_was_typed_before_changes_nothing(queries: list[str]) -> None:
    used = Finder(USERS)
    for query in queries:
        for end in range(len(query) + 1):
            assert list(used.find(query[:end], fuzzy=True)) == list(
                Finder(USERS).find(query[:end], fuzzy=True)
            )


@given(st.text())
def test_any_text_is_only_text(query: str) -> None:
    finder = Finder([*USERS, User("x", query, query, query, query)])
    find = partial(finder.find, query)
    assert set(find()) <= set(find(fuzzy=True))
    assert len(set(find(fuzzy=True))) == len(find(fuzzy=True))


def test_a_name_of_one_letter_repeated_holds_nobody_up() -> None:
    finder = Finder([user("a" * 5000, 1), user("a" * 4999 + "b", 2)])
    assert list(finder.find("aaaaaaaaaaaaaaab", fuzzy=True)) == [1]
    assert list(finder.find("a" * 20 + "c", fuzzy=True)) == []
