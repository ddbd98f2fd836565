"""Plans made from a user's state: all media types in one, and what there is to know beside."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from acconsole.engine import planning, status
from acconsole.engine.model import User
from acconsole.engine.plan import BlockedItem, Operation, Plan
from acconsole.engine.ports import World
from acconsole.engine.status import UserState
from acconsole.media.base import MediaType


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a user a restore is about: media types, and single docs by `codes` or `refs`, if any.

    `prune`: tombstones and orphans too. `retry_blocked`: docs found without a source are tried again.
    """

    kinds: tuple[MediaType, ...] = tuple(MediaType)
    codes: Collection[str] = ()
    refs: Collection[str] = ()
    prune: bool = False
    retry_blocked: bool = False


async def restore(world: World, user: User, chosen: Choice) -> tuple[Plan, UserState]:
    """The plan of a restore as things are now, and the state it was made from. Raises `Unreachable`."""
    state = await status.read(world, user, chosen.kinds, retry_blocked=chosen.retry_blocked)
    plan = await asyncio.to_thread(restore_plan, state, world.repos.host, chosen)
    if plan.videos:
        plan = replace(plan, blob_limit=await world.repos.blob_limit())
    return plan, state


def restore_plan(state: UserState, host: str, chosen: Choice) -> Plan:
    """The plan of a restore from a user's state."""
    operations: list[Operation] = []
    blocked: list[BlockedItem] = []
    for kind, matched in state.types.items():
        records = state.snapshot.records.get(kind, ()) if state.snapshot else ()
        blobs = state.snapshot.blobs if state.snapshot else frozenset()
        found, left = planning.restore(
            matched,
            state.docs[kind],
            records,
            blobs,
            codes=chosen.codes,
            refs=chosen.refs,
            prune=chosen.prune,
        )
        operations += found
        blocked += left
    return _plan(
        "restore",
        state,
        host,
        chosen.kinds,
        operations,
        blocked=tuple(blocked),
        prune=chosen.prune,
        retry_blocked=chosen.retry_blocked,
    )


def wipe_plan(
    state: UserState, host: str, kinds: Sequence[MediaType], *, codes: Collection[str] = ()
) -> Plan:
    """The plan of a wipe from a user's state."""
    operations: list[Operation] = []
    unlink: list[tuple[MediaType, str]] = []
    for kind, matched in state.types.items():
        found, linked = planning.wipe(matched, state.docs[kind], codes=codes)
        operations += found
        unlink += linked
    return _plan("wipe", state, host, kinds, operations, unlink=tuple(unlink))


def _plan(
    action: str,
    state: UserState,
    host: str,
    kinds: Sequence[MediaType],
    operations: Sequence[Operation],
    *,
    blocked: tuple[BlockedItem, ...] = (),
    unlink: tuple[tuple[MediaType, str], ...] = (),
    prune: bool = False,
    retry_blocked: bool = False,
) -> Plan:
    records = sum(len(found) for found in state.snapshot.records.values()) if state.snapshot else 0
    usable = state.account == "ok"
    return Plan(
        action=action,
        user=state.user,
        host=host,
        rev=state.rev,
        commit=state.commit,
        kinds=tuple(kinds),
        operations=tuple(operations) if usable else (),
        blocked=blocked if usable else (),
        unlink=unlink if usable else (),
        records=records,
        prune=prune,
        problem=None if usable else state.error,
        retry_blocked=retry_blocked,
    )
