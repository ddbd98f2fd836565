"""`rollout`: a restore over everybody."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from acconsole import settings
from acconsole.cli import reading, rolling
from acconsole.cli.counting import Counting
from acconsole.cli.rolling import How
from acconsole.engine import search
from acconsole.engine.guard import refused_as_read_only
from acconsole.engine.model import User
from acconsole.engine.rollout.survey import Scope, Survey
from acconsole.engine.sync import Engine
from acconsole.errors import Exit, UsageError
from acconsole.media.base import MediaType
from acconsole.stores.connect import connect


@dataclass(frozen=True)
class Options:
    """What the command line said; None where it was silent, so that a resumed rollout's own holds."""

    kinds: tuple[MediaType, ...]
    users_from: Path | None = None
    query: str | None = None
    limit: int | None = None
    concurrency: int | None = None
    resume: str | None = None
    dask: str | None = None
    prune: bool = False
    retry_blocked: bool = False
    max_deletes: int | None = None
    max_failures: int | None = None
    live: bool = False
    yes: bool = False
    wait: bool = False
    as_json: bool = False
    quiet: bool = False


async def rollout(options: Options) -> Exit:
    """Survey everybody, show what there is to do, and do it."""
    async with connect(settings.load(os.environ)) as engine:
        if options.live and engine.read_only:
            raise refused_as_read_only()
        options, scope = await _resumed(engine, options)
        surveyed = await _survey(engine, scope, options)
        how = How.of(
            options,
            max_failures=options.max_failures,
            concurrency=options.concurrency,
            resumes=options.resume,
            dask=options.dask,
        )
        return await rolling.carry_out(engine, surveyed, how)


async def _resumed(engine: Engine, options: Options) -> tuple[Options, Scope]:
    """What the rollout is about; one that goes on from another has what that one had."""
    if options.resume is None:
        return options, Scope(
            options.kinds, await _users(engine, options), options.limit, options.prune, options.retry_blocked
        )
    run, scope, before = await engine.resumed(options.resume)
    await _refuse_another_scope(engine, options, scope)
    kept: dict[str, Any] = {
        name: before.get(name)
        for name in ("concurrency", "max_deletes", "max_failures")
        if getattr(options, name) is None
    }
    return replace(options, resume=run, **kept), scope


async def _refuse_another_scope(engine: Engine, options: Options, scope: Scope) -> None:
    """What is said beside --resume must be what the rollout had. Raises `UsageError` and its kin."""
    users = await _users(engine, options)
    others = {
        "--types": set(options.kinds) not in (set(MediaType), set(scope.kinds)),
        "--limit": options.limit not in (None, scope.limit),
        "the users": users not in (None, scope.users),
        "--prune": options.prune and not scope.prune,
        "--retry-blocked": options.retry_blocked and not scope.retry_blocked,
    }
    if wrong := next((name for name, other in others.items() if other), None):
        raise UsageError(
            f"--resume goes on with what the rollout was about, and {wrong} would change that.",
            "Leave it out, or begin a new rollout.",
        )


async def _users(engine: Engine, options: Options) -> tuple[str, ...] | None:
    """The ids of those who were chosen; None for everybody. Raises `UsageError` and its kin."""
    if options.users_from is None and options.query is None:
        return None
    known = await engine.users()
    chosen: Sequence[User] = known if options.query is None else search.search(known, options.query)
    if options.users_from is not None:
        named = {user.id for user in reading.chosen(known, _names(options.users_from))}
        chosen = [user for user in chosen if user.id in named]
    return tuple(sorted(user.id for user in chosen))


def _names(file: Path) -> list[str]:
    """A name a line; empty lines and those that begin with # are passed over. `-` is stdin."""
    try:
        text = sys.stdin.read() if file == Path("-") else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"{file} cannot be read: {why}.", "It holds a handle, DID, code or id a line."
        ) from None
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


async def _survey(engine: Engine, scope: Scope, options: Options) -> Survey:
    with closing(Counting(quiet=options.quiet)) as counting:

        def show_count(surveyed: Survey) -> None:
            to_do = len(surveyed.shares)
            counting.show(f"{surveyed.looked:,} users looked at, {to_do:,} with something to do")

        return await engine.survey(scope, show_count, counting.waits(always=options.wait))
