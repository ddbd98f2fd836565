"""What is printed for people: nothing of it steers a terminal, whoever wrote it."""

from __future__ import annotations

import io

import pytest

from acconsole.cli import show
from acconsole.cli.progress import Progress
from acconsole.engine import events
from acconsole.engine.budgets import Budgets
from acconsole.engine.events import Failure, RunResult
from acconsole.engine.model import User, Verdict
from acconsole.engine.outlook import Cost, outlook
from acconsole.engine.plan import Action, BlockedItem, Operation, Plan, Tally
from acconsole.media.base import MediaType

HOSTILE = "\x1b[31m\x9b5m\u202e[bold]\r\n\u2028"
MOODS = MediaType.MOODS
USER = User(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
PLAN = Plan(
    "restore",
    USER,
    HOSTILE,
    None,
    None,
    (MOODS,),
    (Operation(Action.CREATE, MOODS, Verdict.MISSING, HOSTILE, HOSTILE),),
    (BlockedItem(MOODS, HOSTILE, HOSTILE, HOSTILE),),
)
OUTLOOK = outlook([Cost.of(PLAN)], Budgets(), 0)
FAILURE = Failure(HOSTILE, MOODS, HOSTILE, HOSTILE, HOSTILE)


def inert(text: str) -> None:
    assert "[31m" in text, "it is shown"
    assert not set("\x1b\x9b\u202e\r\u2028") & set(text)


def test_plans() -> None:
    for live in (True, False):
        inert(show.plan(PLAN, live, OUTLOOK))
        assert len(show.plan(PLAN, live, OUTLOOK).splitlines()) == 5
    inert(show.plan(Plan("wipe", USER, HOSTILE, None, None, (MOODS,), (), problem=HOSTILE), False, OUTLOOK))


def test_results() -> None:
    whole = Failure(HOSTILE, None, None, None, HOSTILE)
    made = RunResult("r", "restore", True, Tally(), Tally(), (FAILURE, whole), backup=HOSTILE)
    inert(show.result(made))


def test_lists_of_users_and_their_status() -> None:
    names = {"handle": HOSTILE, "id": HOSTILE, "code": HOSTILE, "pds_handle": HOSTILE, "did": HOSTILE}
    inert(show.users([{**names, "account": "ok"}]))
    inert(show.statuses([{**names, "rev": HOSTILE, "error": HOSTILE, "types": {}}]))


@pytest.mark.parametrize(
    "event",
    [
        events.ItemFailed(FAILURE),
        events.Reread(HOSTILE, 3),
        events.Waiting(0.0, HOSTILE),
        events.BackupWritten(HOSTILE),
        events.Dropped(MOODS, 2, HOSTILE),
    ],
)
def test_progress(event: events.Event) -> None:
    out = io.StringIO()
    progress = Progress(PLAN, out, quiet=False)
    progress.take(event)
    progress.close()
    inert(out.getvalue())
    assert out.getvalue().count("\n") == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (60, "1 min"), (3_540, "59 min"), (3_660, "1 h 1 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert show.duration(seconds) == text


def test_numbers() -> None:
    assert [show.number(count) for count in (0, 7, 1_234_567)] == ["·", "7", "1,234,567"]


def test_long_lists_are_cut_and_counted() -> None:
    lines = show.items([f"item {number}" for number in range(25)], "failed")
    assert len(lines) == 22
    assert (lines[0], lines[-1]) == ("25 failed:", "  … and 5 more: see --json")
