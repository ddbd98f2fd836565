"""`verify`, and what `restore --live` says of what it wrote."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from acconsole import settings
from acconsole.cli import reading, show
from acconsole.cli.counting import Counting
from acconsole.engine.events import RunResult, Stop
from acconsole.engine.plan import Plan
from acconsole.engine.sync import Engine
from acconsole.engine.tasks import unless
from acconsole.engine.verify import Item, Report
from acconsole.engine.written import Verified
from acconsole.errors import AcError, Exit, Failed, UsageError
from acconsole.inert import drawn
from acconsole.media.base import MediaType
from acconsole.stores.connect import connect
from acconsole.stores.spool import Sorted


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    everybody: bool
    blobs: bool
    combined: Path | None
    wait: bool
    kinds: tuple[MediaType, ...]
    codes: tuple[str, ...]
    as_json: bool
    quiet: bool


@dataclass(slots=True)
class Totals:
    """What all reports come to."""

    users: int = 0
    unread: int = 0
    checked: int = 0
    blobs: int = 0
    unchecked: int = 0
    different: bool = False

    def add(self, report: Report) -> None:
        """Take one user's in."""
        self.users += 1
        self.unread += report.error is not None
        self.checked += report.checked
        self.unchecked += report.unchecked
        self.different |= not report.in_sync and report.error is None


async def verify(handles: Sequence[str], options: Options) -> Exit:
    """Check users, and say what is wrong."""
    if options.combined:
        _refuse_early(options.combined)
    totals = Totals()
    async with connect(settings.load(os.environ)) as engine:
        with closing(Sorted()) as problems, closing(Sorted()) as items:
            await _check(engine, handles, options, totals, problems, items)
            reading.tell_trouble(engine)
            if options.combined:
                _write(options.combined, items)
            in_sync = not totals.different and (options.everybody or not totals.unread)
            _print(totals, in_sync, problems, options)
    if totals.unchecked or (totals.unread and not options.everybody):
        return Exit.ITEMS_FAILED
    return Exit.OK if in_sync else Exit.DIFFERENT


async def _check(
    engine: Engine,
    handles: Sequence[str],
    options: Options,
    totals: Totals,
    problems: Sorted,
    items: Sorted,
) -> None:
    users = None if options.everybody else reading.chosen(await engine.users(), handles)
    with closing(Counting(quiet=options.quiet)) as counting:

        def show_totals(blobs: int = 0) -> None:
            totals.blobs += blobs
            counted = f"{totals.checked:,} docs and records of {totals.users:,} users"
            counting.show(f"{counted}, {totals.blobs:,} blobs" if options.blobs else counted)

        reports = engine.verify(
            users,
            options.kinds,
            codes=options.codes,
            blobs=options.blobs,
            told=show_totals,
            waits=counting.waits(always=options.wait),
        )
        async with aclosing(reports):
            async for report in reports:
                totals.add(report)
                show_totals()
                for problem in report.problems:
                    problems.add(report.user.sort_key, json.dumps(problem.as_json()))
                if options.combined:
                    for item in report.items:
                        items.add(report.user.sort_key, _line(report, item))


def _line(report: Report, item: Item) -> str:
    user = report.user.plain_handle or report.user.id
    return " ".join(map(_cell, (item.sign, user, item.kind.value, item.ref, item.rkey)))


def _cell(text: str | None) -> str:
    """Text that is one word, whoever wrote it; `-` for none."""
    return drawn(text).replace(" ", "␠") if text else "-"


def _print(totals: Totals, in_sync: bool, problems: Sorted, options: Options) -> None:
    if options.as_json:
        sys.stdout.write(f'{{"checked": {totals.checked}, "in_sync": {json.dumps(in_sync)}, "problems": ')
        show.json_list(problems, sys.stdout, end="}\n")
        return
    first = [json.loads(text) for text in islice(problems, show.SHOWN)]
    print(show.verified(totals.checked, totals.users, totals.blobs if options.blobs else None))
    for line in show.problems(first, len(problems)):
        print(line)
    print("In sync." if in_sync else "Not in sync.")


def _refuse_early(file: Path) -> None:
    """Refuse before hours of work what could not be written after them."""
    if file.is_dir() or not file.parent.is_dir() or not os.access(file.parent, os.W_OK):
        raise UsageError(f"{file} cannot be written.", "Name a file in a folder that is there.")


def _write(file: Path, lines: Sorted) -> None:
    """Write the lines, all of them or nothing. Raises `Failed`."""
    try:
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with open(descriptor, "w", encoding="utf-8") as out:
                out.writelines(f"{line}\n" for line in lines)
            os.replace(name, file)
        except OSError:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise Failed(f"{file} could not be written: {error.strerror}.", "Is the disk full?") from None


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What a live restore's own verification came to; `trouble` says why it came to nothing."""

    verified: Verified | None = None
    trouble: AcError | None = None

    def as_json(self) -> dict[str, Any]:
        """What is added to the account of the run."""
        if self.trouble:
            return {"verified": {"checked": 0, "problems": [], "error": self.trouble.message}}
        return {"verified": self.verified.as_json() if self.verified else None}

    def told(self) -> str:
        """For people; nothing for a run that was not verified."""
        if self.trouble:
            return drawn(f"Not verified: {self.trouble.message}")
        return show.written(self.verified) if self.verified else ""

    def exit(self, status: Exit) -> Exit:
        """The run's exit status, unless what it wrote is not there."""
        if status is not Exit.OK:
            return status
        if self.trouble:
            return self.trouble.exit_status
        return Exit.ITEMS_FAILED if self.verified and self.verified.wrong else status


async def after(engine: Engine, plan: Plan, result: RunResult | None, stop: Stop) -> Afterwards:
    """Look whether what a live restore did is there, unless it was cut short or is to stop now."""
    if result is None:
        return Afterwards()
    try:
        return Afterwards(await unless(stop.wait, engine.verify_written(plan, result)))
    except AcError as error:
        return Afterwards(trouble=error)
