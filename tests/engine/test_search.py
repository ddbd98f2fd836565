"""Finding users: every form of a handle, the unknown, the ambiguous, near matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acconsole.engine.model import User
from acconsole.engine.search import resolve, search
from acconsole.errors import AmbiguousHandle, Exit, UnknownHandle
from acconsole.media.base import GUEST


def user(name: str | None, number: int, **changed: str | None) -> User:
    fields: dict[str, str | None] = {
        "pds_handle": f"{name}.at.aesthetic.computer" if name else None,
        "did": f"did:plc:{number:024d}",
        "code": f"ac25abc{chr(97 + number % 26)}{chr(97 + number // 26)}",
        **changed,
    }
    return User(f"auth0|{number:024x}", name, **fields)


JEFFREY = user("jeffrey", 1, code="ac23vowan")
JEF_ART = user("jef.art", 3, pds_handle="jef-art.at.aesthetic.computer", code="ac25nocoj")
ART = User(GUEST, None, "art.at.aesthetic.computer", "did:plc:art", "ac22guest")
NAMELESS = user(None, 9)
USERS = sorted(
    [
        JEFFREY,
        user("jefferson", 2),
        JEF_ART,
        ART,
        NAMELESS,
        user("moth", 4),
        user("Moth", 5),
        user("ac25nocoj", 6),
        user("bit", 7, did=None, pds_handle=None),
        user("artsy", 8),
    ],
    key=lambda each: each.sort_key,
)


@pytest.mark.parametrize(
    "handle",
    [
        "@jeffrey",
        "jeffrey",
        " jeffrey ",
        "JEFFREY",
        "@Jeffrey",
        "jeffrey.at.aesthetic.computer",
        "@jeffrey.at.aesthetic.computer",
        "Jeffrey.AT.aesthetic.computer",
        JEFFREY.did,
        "ac23vowan",
        "AC23VOWAN",
        JEFFREY.id,
    ],
)
def test_every_form_of_a_handle(handle: str) -> None:
    assert resolve(USERS, handle) is JEFFREY


@pytest.mark.parametrize(
    "handle", ["art", "@art", "art-guest", "art.at.aesthetic.computer", "ac22guest", "did:plc:art"]
)
def test_the_guest_account(handle: str) -> None:
    assert resolve(USERS, handle) is ART


def test_art_is_the_guest_account_even_beside_a_user_of_that_name() -> None:
    namesake = user("art", 20)
    assert resolve([*USERS, namesake], "art") is ART
    assert resolve([*USERS, namesake], namesake.id) is namesake
    assert resolve([namesake], "art") is namesake


def test_who_has_no_handle_is_found_by_code_and_id() -> None:
    assert NAMELESS.code is not None
    assert resolve(USERS, NAMELESS.code) is NAMELESS
    assert resolve(USERS, NAMELESS.id) is NAMELESS


def test_an_exact_match_goes_before_one_that_differs_by_case() -> None:
    assert resolve(USERS, "moth").id != resolve(USERS, "Moth").id
    assert resolve(USERS, "Moth").handle == "Moth"


def test_several_that_fit_are_listed_with_their_ids() -> None:
    with pytest.raises(AmbiguousHandle) as caught:
        resolve(USERS, "MOTH")
    assert all(each.id in caught.value.message for each in USERS if each.handle in ("moth", "Moth"))
    with pytest.raises(AmbiguousHandle) as caught:
        resolve(USERS, "ac25nocoj")
    assert JEF_ART.id in caught.value.message
    assert caught.value.exit_status is Exit.USAGE


@pytest.mark.parametrize(
    ("handle", "near"),
    [
        ("jefrey", "@jeffrey"),
        ("jeffry", "@jeffrey"),
        ("jef", "@jef.art"),
        ("jef-art", "@jef.art"),
        ("@jefferso", "@jefferson"),
        ("ac23vowam", "@jeffrey"),
        ("atr", "art"),
    ],
)
def test_the_unknown_are_told_near_matches(handle: str, near: str) -> None:
    with pytest.raises(UnknownHandle) as caught:
        resolve(USERS, handle)
    assert handle in caught.value.message
    assert near in caught.value.hint.removeprefix("Near matches: ").rstrip(".").split(", ")
    assert caught.value.exit_status is Exit.USAGE


@pytest.mark.parametrize(
    "handle", ["", "@", " ", "@@jeffrey", "zzzzzzzzzzzz", "did:plc:", "jeffrey@", "\x1b[31m"]
)
def test_nothing_near(handle: str) -> None:
    with pytest.raises(UnknownHandle) as caught:
        resolve(USERS, handle)
    assert caught.value.hint


@given(st.text())
def test_no_text_means_a_user_who_does_not_go_by_it(text: str) -> None:
    try:
        found = resolve(USERS, text)
    except (UnknownHandle, AmbiguousHandle):
        return
    names = (found.handle, found.pds_handle, found.code, found.did, found.id, "art")
    assert text.strip().removeprefix("@").casefold() in {name.casefold() for name in names if name}


def handles(query: str, limit: int | None = None) -> list[str]:
    return [found.name for found in search(USERS, query, limit)]


def test_an_empty_query_gives_everybody_in_order() -> None:
    assert search(USERS, "") == search(USERS, " @ ") == USERS
    assert search(USERS, "", 2) == USERS[:2]


def test_the_best_come_first() -> None:
    assert handles("jef") == ["@jef.art", "@jefferson", "@jeffrey"]
    assert handles("art") == ["art", "@artsy", "@jef.art"]
    assert handles("@JEFFREY") == ["@jeffrey"]
    assert handles("jef", 2) == ["@jef.art", "@jefferson"]
    assert handles("no such person") == []


def test_it_looks_through_every_name() -> None:
    assert JEFFREY.did is not None
    for query in ("ac23vo", JEFFREY.did[-5:], JEFFREY.id, "jeffrey.at"):
        assert "@jeffrey" in handles(query)
    assert "aesthetic.computer" in (ART.pds_handle or "")
    assert NAMELESS in search(USERS, NAMELESS.id)
