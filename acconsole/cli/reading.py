"""The commands that only read: users, status."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from acconsole import settings
from acconsole.cli import show
from acconsole.engine import search
from acconsole.engine.model import User
from acconsole.engine.sync import Engine
from acconsole.errors import Exit
from acconsole.inert import drawn
from acconsole.media.base import MediaType
from acconsole.stores.connect import connect

AT_ONCE = 8
"""Users read at the same time by `status --all`."""


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
    handles: Sequence[str], everybody: bool, kinds: tuple[MediaType, ...], as_json: bool, quiet: bool
) -> Exit:
    """Read users and show their verdict counts."""
    async with connect(settings.load(os.environ)) as engine:
        known = await engine.users()
        chosen = known if everybody else _chosen(known, handles)
        states = await _states(engine, chosen, kinds, tell=everybody and not quiet and sys.stderr.isatty())
        if engine.trouble:
            print(drawn(engine.trouble), file=sys.stderr)
    single = len(handles) == 1
    print(json.dumps(states[0] if single else states) if as_json else show.statuses(states))
    if not everybody and any("error" in state for state in states):
        return Exit.ITEMS_FAILED
    return Exit.OK if all(state["in_sync"] for state in states if "error" not in state) else Exit.DIFFERENT


def _chosen(known: Sequence[User], handles: Sequence[str]) -> list[User]:
    named = {user.id: user for user in (search.resolve(known, handle) for handle in handles)}
    return sorted(named.values(), key=lambda user: user.sort_key)


async def _states(
    engine: Engine, users: Sequence[User], kinds: tuple[MediaType, ...], tell: bool
) -> list[dict[str, Any]]:
    limit = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def read(user: User) -> dict[str, Any]:
        nonlocal done
        async with limit:
            state = (await engine.status(user, kinds)).as_json()
        done += 1
        if tell:
            print(f"\r{done:,} of {len(users):,} users", end="", file=sys.stderr, flush=True)
        return state

    states = await asyncio.gather(*map(read, users))
    if tell:
        print(file=sys.stderr)
    return states
