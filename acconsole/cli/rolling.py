"""Carrying out what was surveyed over many users: a rollout, or the undo of one."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

import click

from acconsole.cli import reading, show
from acconsole.cli.counting import Counting
from acconsole.cli.interrupt import interruptible
from acconsole.cli.progress import bar
from acconsole.engine import events
from acconsole.engine.events import Event
from acconsole.engine.model import User
from acconsole.engine.outlook import Outlook
from acconsole.engine.rollout import report, told
from acconsole.engine.rollout.account import RolloutResult
from acconsole.engine.rollout.crew import USUAL, Control
from acconsole.engine.rollout.survey import Survey
from acconsole.engine.sync import Engine
from acconsole.errors import AcError, Exit, Unconfirmed
from acconsole.inert import drawn


class Said(Protocol):
    """What every command that may write was told."""

    @property
    def live(self) -> bool: ...
    @property
    def yes(self) -> bool: ...
    @property
    def wait(self) -> bool: ...
    @property
    def as_json(self) -> bool: ...
    @property
    def quiet(self) -> bool: ...
    @property
    def max_deletes(self) -> int | None: ...


@dataclass(frozen=True)
class How:
    """How it is to be carried out; None where the usual holds."""

    live: bool
    yes: bool
    wait: bool
    as_json: bool
    quiet: bool
    max_deletes: int | None = None
    max_failures: int | None = None
    concurrency: int | None = None
    resumes: str | None = None
    dask: str | None = None

    @classmethod
    def of(cls, said: Said, **more: Any) -> How:
        """As a command was told; `more` is what only some commands know of."""
        return cls(said.live, said.yes, said.wait, said.as_json, said.quiet, said.max_deletes, **more)


async def carry_out(engine: Engine, surveyed: Survey, how: How) -> Exit:
    """Show what there is to do, ask, do it, and say what came of it."""
    on_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if not how.as_json:
        outlook = engine.outlook(surveyed.costs())
        print(show_survey(surveyed, how.live, outlook), flush=True)
    if how.live and surveyed.shares and on_terminal and not how.yes:
        _ask(surveyed)
    result, trouble = await _carried_out(engine, surveyed, how, wait=how.wait or on_terminal)
    reading.tell_trouble(engine)
    if result is None:
        raise trouble or AssertionError("it ends with its result or an error")
    print(json.dumps(result.as_json()) if how.as_json else _show(result))
    return trouble.exit_status if trouble else _exit(result)


def show_survey(surveyed: Survey, live: bool, outlook: Outlook) -> str:
    """What there is to do, in numbers."""
    what = f"Undo of run {surveyed.undoes}" if surveyed.undoes else "Rollout"
    head = f"{what} over {surveyed.looked:,} users on {surveyed.host}   {'LIVE' if live else 'dry run'}"
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
        lines.append(outlook.words(lambda seconds: f"about {show.duration(seconds)}"))
    lines += show.items([f"{user.name}: {why}" for user, why in surveyed.left_out], "left out")
    blocked = [
        f"{name} {item.kind} {item.ref}: {item.field} {item.reason}" for name, item in surveyed.blocked
    ]
    lines += show.items(blocked, "blocked")
    skipped = [
        f"{name} {each.kind} {each.ref or each.rkey}: {each.reason}" for name, each in surveyed.skipped
    ]
    lines += show.items(skipped, "skipped")
    return "\n".join(map(drawn, lines))


def _ask(surveyed: Survey) -> None:
    changes, users = surveyed.tally().items, len(surveyed.shares)
    question = f"Write these {changes:,} changes of {users:,} users at {surveyed.host}?"
    if not click.confirm(question, default=False, err=True):
        raise Unconfirmed("The question was answered with no.", "Nothing was written.")


async def _carried_out(
    engine: Engine, surveyed: Survey, how: How, *, wait: bool
) -> tuple[RolloutResult | None, AcError | None]:
    control = Control(how.concurrency or USUAL)
    result: RolloutResult | None = None
    with closing(Line(surveyed, quiet=how.quiet)) as line, interruptible(control):
        try:
            async for event in engine.rollout(
                surveyed,
                live=how.live,
                control=control,
                max_deletes=how.max_deletes,
                max_failures=how.max_failures,
                wait=wait,
                resumes=how.resumes,
                dask=how.dask,
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
