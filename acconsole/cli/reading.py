"""The commands that only read: users, status."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass
from typing import Any

from acconsole import settings
from acconsole.cli import show
from acconsole.cli.counting import Counting
from acconsole.engine import search
from acconsole.engine.model import User
from acconsole.engine.status import Standing
from acconsole.engine.sync import Engine
from acconsole.errors import AcError, Exit
from acconsole.inert import drawn
from acconsole.media.base import MediaType
from acconsole.stores.connect import connect
from acconsole.stores.spool import Sorted

AT_ONCE = 8
"""Users who are named and read at the same time."""


async def users(query: str, account: str | None, limit: int | None, as_json: bool) -> Exit:
    """Search users, and say whether each has a working account."""
    async with connect(settings.load(os.environ)) as engine:
        everybody = await engine.users()
        accounts = await engine.accounts(everybody)
    found = [user for user in search.search(everybody, query) if account in (None, accounts[user.id])]
    found.sort(key=lambda user: user.sort_key)
    listed = [
        {
            "id": user.id,
            "handle": "art" if user.is_guest else user.handle,
            "pds_handle": user.pds_handle,
            "did": user.did,
            "code": user.code,
            "account": accounts[user.id],
        }
        for user in found[:limit]
    ]
    print(json.dumps(listed, ensure_ascii=True) if as_json else show.users(listed))
    return Exit.OK


async def status(
    handles: Sequence[str],
    everybody: bool,
    kinds: tuple[MediaType, ...],
    as_json: bool,
    quiet: bool,
    wait: bool,
) -> Exit:
    """Read users and show their verdict counts."""
    async with connect(settings.load(os.environ)) as engine:
        if everybody:
            return await _everybody(engine, kinds, as_json, quiet, wait)
        users = chosen(await engine.users(), handles)
        states = await _states(engine, users, kinds)
        tell_trouble(engine)
    print(json.dumps(states[0] if len(handles) == 1 else states) if as_json else show.statuses(states))
    if any("error" in state for state in states):
        return Exit.ITEMS_FAILED
    return Exit.OK if all(state["in_sync"] for state in states) else Exit.DIFFERENT


def chosen(known: Sequence[User], handles: Sequence[str]) -> list[User]:
    """The users that a command names, each once, by handle. Raises `UnknownHandle`, `AmbiguousHandle`."""
    named = {user.id: user for user in (search.resolve(known, handle) for handle in handles)}
    return sorted(named.values(), key=lambda user: user.sort_key)


def tell_trouble(engine: Engine) -> None:
    """Say what is wrong with what this machine remembers, if anything is."""
    if engine.trouble:
        print(drawn(engine.trouble), file=sys.stderr)


async def _states(
    engine: Engine, users: Sequence[User], kinds: tuple[MediaType, ...]
) -> list[dict[str, Any]]:
    limit = asyncio.Semaphore(AT_ONCE)

    async def read(user: User) -> dict[str, Any]:
        async with limit:
            return (await engine.status(user, kinds)).as_json()

    return await asyncio.gather(*map(read, users))


@dataclass(slots=True)
class _Tally:
    """Users by how they stand, as they are read."""

    in_sync: int = 0
    different: int = 0
    unread: int = 0

    def add(self, standing: Standing) -> None:
        if standing.error:
            self.unread += 1
        elif standing.in_sync:
            self.in_sync += 1
        else:
            self.different += 1

    @property
    def users(self) -> int:
        return self.in_sync + self.different + self.unread


async def _everybody(
    engine: Engine, kinds: tuple[MediaType, ...], as_json: bool, quiet: bool, wait: bool
) -> Exit:
    """Read everybody, and then print them in order: a list that is not whole is not printed at all."""
    tally = _Tally()
    with closing(Sorted()) as lines:
        with closing(Counting(quiet=quiet)) as counting:
            try:
                async with aclosing(engine.scan(kinds, counting.waits(always=wait))) as standings:
                    async for standing in standings:
                        lines.add(standing.user.sort_key, json.dumps(standing.as_json()))
                        tally.add(standing)
                        counting.show(f"{tally.users:,} users read")
            except AcError as error:
                if tally.users and not engine.trouble:
                    error.hint += f" What was read of {tally.users:,} users is kept for the next time."
                raise
        tell_trouble(engine)
        if as_json:
            show.json_list(lines, sys.stdout)
        else:
            _print_everybody(lines, tally)
    return Exit.DIFFERENT if tally.different else Exit.OK


def _print_everybody(lines: Sorted, tally: _Tally) -> None:
    for line in lines:
        print(show.statuses([json.loads(line)]), end="\n\n")
    print(
        f"{tally.users:,} users: {tally.in_sync:,} in sync, {tally.different:,} not,"
        f" {tally.unread:,} without a repo that can be read."
    )
