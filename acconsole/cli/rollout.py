"""`rollout`: a restore over everybody."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from acconsole import settings
from acconsole.cli import reading, show
from acconsole.cli.counting import Counting
from acconsole.cli.interrupt import interruptible
from acconsole.cli.progress import bar
from acconsole.engine import events, search
from acconsole.engine.events import Event
from acconsole.engine.guard import refused_as_read_only
from acconsole.engine.model import User
from acconsole.engine.rollout import report, told
from acconsole.engine.rollout.account import RolloutResult
from acconsole.engine.rollout.crew import USUAL, Control
from acconsole.engine.rollout.survey import Scope, Survey
from acconsole.engine.sync import Engine
from acconsole.errors import AcError, Exit, Unconfirmed, UsageError
from acconsole.inert import drawn
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
    on_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    async with connect(settings.load(os.environ)) as engine:
        if options.live and engine.read_only:
            raise refused_as_read_only()
        options, scope = await _resumed(engine, options)
        surveyed = await _survey(engine, scope, options)
        if not options.as_json:
            print(show_survey(surveyed, options.live), flush=True)
        if options.live and surveyed.shares and on_terminal and not options.yes:
            _ask(surveyed)
        result, trouble = await _carried_out(engine, surveyed, options, wait=options.wait or on_terminal)
        reading.tell_trouble(engine)
    if result is None:
        raise trouble or AssertionError("a rollout ends with its result or an error")
    print(json.dumps(result.as_json()) if options.as_json else _show(result))
    return trouble.exit_status if trouble else _exit(result)


async def _resumed(engine: Engine, options: Options) -> tuple[Options, Scope]:
    """What the rollout is about; one that goes on from another has what that one had."""
    if options.resume is None:
        return options, Scope(
            options.kinds, await _users(engine, options), options.limit, options.prune, options.retry_blocked
        )
    run, scope, before = await engine.resumed(options.resume)
    kept: dict[str, Any] = {
        name: before.get(name)
        for name in ("concurrency", "max_deletes", "max_failures")
        if getattr(options, name) is None
    }
    return replace(options, resume=run, **kept), scope


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


def show_survey(surveyed: Survey, live: bool) -> str:
    """What there is to do, in numbers."""
    head = f"Rollout over {surveyed.looked:,} users on {surveyed.host}   {'LIVE' if live else 'dry run'}"
    users = f"{len(surveyed.shares):,} users have something to do, {surveyed.in_sync:,} are in sync"
    if surveyed.left_out:
        users += f", {len(surveyed.left_out):,} left out"
    lines = [head, users]
    kinds = [kind for kind in surveyed.scope.kinds if surveyed.tally(kind).items]
    if kinds:
        rows = [
            (name, surveyed.tally(kind)) for kind, name in [(None, "all"), *((k, k.value) for k in kinds)]
        ]
        counted = [(name, *map(show.number, tally.as_json().values())) for name, tally in rows]
        table = show.table(("type", "create", "update", "delete", "relink", "blobs"), counted, range(1, 6))
        lines += table.splitlines()
        lines.append(f"{surveyed.points:,} points for writes, of each user's own budget")
    lines += show.items([f"{user.name}: {why}" for user, why in surveyed.left_out], "left out")
    blocked = [
        f"{name} {item.kind} {item.ref}: {item.field} {item.reason}" for name, item in surveyed.blocked
    ]
    lines += show.items(blocked, "blocked")
    return "\n".join(map(drawn, lines))


def _ask(surveyed: Survey) -> None:
    changes, users = surveyed.tally().items, len(surveyed.shares)
    question = f"Write these {changes:,} changes of {users:,} users at {surveyed.host}?"
    if not click.confirm(question, default=False, err=True):
        raise Unconfirmed("The question was answered with no.", "Nothing was written.")


async def _carried_out(
    engine: Engine, surveyed: Survey, options: Options, *, wait: bool
) -> tuple[RolloutResult | None, AcError | None]:
    control = Control(options.concurrency or USUAL)
    result: RolloutResult | None = None
    with closing(Line(surveyed, quiet=options.quiet)) as line, interruptible(control):
        try:
            async for event in engine.rollout(
                surveyed,
                live=options.live,
                control=control,
                max_deletes=options.max_deletes,
                max_failures=options.max_failures,
                wait=wait,
                resumes=options.resume,
            ):
                line.take(event)
                if isinstance(event, told.RolloutFinished):
                    result = event.result
        except AcError as error:
            return result, error
    return result, None


class Line:
    """What is told on stderr while it runs: a line that moves on a terminal, and what fails."""

    def __init__(self, surveyed: Survey, *, quiet: bool) -> None:
        self._counting = Counting(quiet=quiet)
        self._items = surveyed.tally().items
        self._done = self._failed = 0
        self._working: set[str] = set()
        self._users: set[str] = set()

    def take(self, event: Event) -> None:
        """One event."""
        match event:
            case told.UserBegan(user=user):
                self._working.add(user.id)
            case told.UserMoved(event=within, user=user):
                self._within(user, within)
            case told.UserEnded(user=user, reason=reason, again=again):
                self._working.discard(user.id)
                self._users.add(user.id)
                if reason:
                    self._failed += again is None
                    then = "" if again is None else "; it is tried again"
                    self._counting.say(f"failed: {user.name}: {reason}{then}")
            case told.CrewChanged(limit=limit, reason=reason):
                self._counting.say(f"{limit:,} users at once: {reason}")
            case _:
                pass
        self._move()

    def _within(self, user: User, event: Event) -> None:
        match event:
            case events.Committed(done=done) | events.Found(done=done) | events.Withheld(held=done):
                self._done += done.items
            case events.Linked(relinked=relinked):
                self._done += relinked
            case events.Dropped(count=count):
                self._done += count
            case events.ItemFailed(failure=failure) if failure.kind:
                self._counting.say(f"failed: {user.name} {failure.kind} {failure.ref}: {failure.reason}")
            case _:
                pass

    def _move(self) -> None:
        share = min(1.0, self._done / self._items) if self._items else 1.0
        self._counting.show(
            f"{bar(share)} {self._done:,}/{self._items:,}  {len(self._users):,} users,"
            f" {len(self._working):,} in work, {self._failed:,} failed"
        )

    def close(self) -> None:
        """End the moving line."""
        self._counting.close()


def _show(result: RolloutResult) -> str:
    """What the rollout did, once it is over."""
    text = [report.summary(result)]
    if result.live:
        text.append(
            f"Verified: {result.checked - result.wrong:,} of {result.checked:,} records are as planned."
        )
        text += show.problems([each.as_json() for each in result.problems], len(result.problems))
    text.append(show.result(result))
    if result.report:
        text.append(f"Report: {drawn(result.report)}/report.txt, .json and .csv")
    return "\n".join(filter(None, text))


def _exit(result: RolloutResult) -> Exit:
    if result.why:
        return Exit.ITEMS_FAILED
    if result.stopped:
        return Exit.INTERRUPTED
    return Exit.ITEMS_FAILED if result.failed or result.wrong else Exit.OK
