"""Past runs as lines. Pure: what was read in, content out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from textual.content import Content

from acconsole.console import figures
from acconsole.console.inert import inert
from acconsole.console.past.book import Past
from acconsole.console.past.reading import MOST
from acconsole.console.widgets.line import cell, ends
from acconsole.engine.history import Ending, RunSummary
from acconsole.engine.model import User

_ENDINGS = {
    Ending.RUNNING: ("»", "going on", "$work"),
    Ending.FINISHED: ("✓", "finished", "$good"),
    Ending.STOPPED: ("–", "stopped", "$todo"),
    Ending.FAILED: ("✗", "failed", "$bad"),
    Ending.DIED: ("†", "died", "$bad"),
}
_ENDING = 11


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which runs are shown: those that write alone, those that were about one user."""

    live: bool = False
    user: User | None = None

    def of(self, runs: Sequence[RunSummary]) -> list[RunSummary]:
        """Those of the runs."""
        id = self.user.id if self.user else None
        return [run for run in runs if (run.live or not self.live) and (id is None or id in run.users)]


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 leaves a column out."""

    when: int
    who: int
    mode: int
    done: int
    failed: int
    took: int
    backup: int
    run: int
    pds: int

    @classmethod
    @cache
    def fitting(cls, width: int) -> Columns:
        """The columns for a line of `width` cells, the gutter left out."""
        wide = width >= 90
        when = 18 if wide else 17 if width >= 70 else 12
        mode, done, failed = (6, 9, 8) if wide else (5, 8, 7)
        backup = 8 if wide else 7 if width >= 70 else 0
        took, run = (9, 14) if width >= 104 else (0, 0)
        pds = 30 if width >= 150 else 0
        who = width - _ENDING - when - 9 - mode - done - failed - took - backup - run - pds
        return cls(when, max(6, min(who, 40)), mode, done, failed, took, backup, run, pds)


def heading(width: int) -> Content:
    """The line above the list, `width` without the gutter."""
    columns = Columns.fitting(width)
    return Content.assemble(
        "  ",
        cell("ended", _ENDING, right=False),
        cell("when", columns.when, right=False),
        cell("action", 9, right=False),
        cell("who", columns.who, right=False),
        cell("mode", columns.mode, right=False),
        cell("done", columns.done),
        cell("failed", columns.failed),
        cell("took" if columns.took else "", columns.took),
        cell("backup" if columns.backup else "", columns.backup),
        cell("  run" if columns.run else "", columns.run, right=False),
        cell("  PDS" if columns.pds else "", columns.pds, right=False),
    )


def line(run: RunSummary, now: float, width: int) -> Content:
    """One run: how it ended, when it began, what it did to whom."""
    columns = Columns.fitting(width)
    return Content.assemble(
        cell(ended(run), _ENDING, right=False),
        cell(_when(run.began, columns.when), columns.when, "$mute", right=False),
        cell(inert(run.action, 8), 9, right=False),
        cell(who(run, columns.who - 1), columns.who, "bold", right=False),
        cell("live" if run.live else "dry", columns.mode, "bold $pick" if run.live else "$mute", right=False),
        cell(figures.number(run.done.items), columns.done, "" if run.done.items else "$faint"),
        cell(figures.number(run.failed), columns.failed, "bold $bad" if run.failed else "$faint"),
        cell(took(run, now) if columns.took else "", columns.took, "$mute"),
        cell(("yes" if run.backup else figures.NONE) if columns.backup else "", columns.backup, "$mute"),
        cell(f"  {run.run}" if columns.run else "", columns.run, "$mute", right=False),
        _pds(run, columns.pds),
    )


def _pds(run: RunSummary, width: int) -> Content:
    return cell(Content.assemble("  ", inert(run.pds, width - 2)), width, "$faint", right=False)


def ended(run: RunSummary) -> Content:
    """How a run ended, as a sign and a word; a finished one of which something failed has another sign."""
    sign, word, colour = _ENDINGS[run.ending]
    if run.ending is Ending.FINISHED and run.failed:
        sign, colour = "!", "$bad"
    return Content.assemble((sign, f"bold {colour}"), (f" {word}", colour))


def who(run: RunSummary, width: int) -> Content:
    """The user's name, or how many they were; a dry run over many keeps no names."""
    if run.names:
        return inert(run.who, width)
    over_nobody = run.live and run.ending is not Ending.RUNNING
    return Content.styled("nobody" if over_nobody else "many users", "$mute")


def took(run: RunSummary, now: float) -> str:
    """How long it took; of one that goes on, how long it has been at it."""
    if run.ended is None and run.ending is not Ending.RUNNING:
        return figures.NONE
    return figures.span((run.ended or now) - run.began)


def _when(moment: float, width: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M" if width >= 17 else "%m-%d %H:%M", time.localtime(moment))


def tally(past: Past, chosen: Chosen, shown: int, now: float, width: int) -> Content:
    """How many runs there are, which of them are shown, and how old that knowledge is."""
    if past.read_at is None:
        return Content.styled(" … reading the journal", "$work")
    count = figures.plural(shown, "run")
    parts: list[Content | tuple[str, str]] = [(f" {count}", "bold")]
    if chosen.user:
        parts += [(" of ", "$mute"), inert(chosen.user.name, 32, "bold $pick")]
    if chosen.live:
        parts.append(("  live only", "$pick"))
    if chosen.user or chosen.live:
        parts.append((f"  of {len(past.runs):,} in all", "$mute"))
    if len(past.runs) >= MOST:
        parts.append((f"  the newest {MOST:,}", "$todo"))
    age = now - past.read_at
    read = "read now" if age < 5 else f"read {figures.age(age)} ago"
    return ends(Content.assemble(*parts), Content.styled(f"{read} ", "$mute"), width)
