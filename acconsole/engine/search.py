"""Finding users: as an admin types, and by the exact name that a command was given."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from acconsole.engine.finder import Finder
from acconsole.engine.model import User
from acconsole.errors import AmbiguousHandle, UnknownHandle

GUEST_NAMES = ("art", "@art")


def names(user: User) -> tuple[str, ...]:
    """Everything that a user goes by."""
    handle = "art" if user.is_guest else user.handle
    return tuple(name for name in (handle, user.pds_handle, user.code, user.did, user.id) if name)


def search(users: Sequence[User], query: str, limit: int | None = None) -> list[User]:
    """The users whose names hold the query, best first, as `Finder` has it; then in the order they come in.

    An empty query gives all as they are.
    """
    return [users[at] for at in Finder(users).find(query)[:limit]]


def resolve(users: Sequence[User], handle: str) -> User:
    """The one user that a command means. Raises `UnknownHandle` or `AmbiguousHandle`, with near matches.

    An exact match goes before one that differs by case, and `art` means the guest account.
    """
    wanted = handle.strip()
    if wanted in GUEST_NAMES and (guest := next((user for user in users if user.is_guest), None)):
        return guest
    bare = wanted.removeprefix("@")
    exact: Callable[[str], bool] = bare.__eq__
    for fits in (exact, lambda name: name.casefold() == bare.casefold()):
        found = [user for user in users if any(fits(name) for name in names(user))]
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(f"{user.name} ({user.id})" for user in found[:6])
            raise AmbiguousHandle(f"{handle} could be {listed}.", "Say the id, which is in brackets.")
    raise UnknownHandle(f"There is no user {handle}.", _near(users, bare))


def _near(users: Sequence[User], wanted: str) -> str:
    by_name = {name.casefold(): user for user in reversed(users) for name in names(user)}
    close = difflib.get_close_matches(wanted.casefold(), by_name, 5, 0.6)
    found = list(dict.fromkeys([by_name[name].name for name in close]))
    found = found or [user.name for user in search(users, wanted, 5)]
    return f"Near matches: {', '.join(found)}." if found else "Look for it with `acconsole users`."
