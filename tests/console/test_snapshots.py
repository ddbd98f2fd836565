"""How the screens look, at three sizes, with a fixed clock, theme and address.

`pytest --snapshot-update` accepts what has changed; look at the report first.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from acconsole.console import figures
from acconsole.console.app import ConsoleApp
from acconsole.console.messages import RunMoved, ScanMoved, TapesKnown
from acconsole.console.progress import Progress
from acconsole.console.scan import Scan
from acconsole.console.screens.rollout import RolloutScreen
from acconsole.console.screens.run import RunScreen
from acconsole.console.screens.verify import VerifyScreen
from acconsole.console.session import Label, Run
from acconsole.console.shelf import Converting, Lot, Outcome, Shelf
from acconsole.console.widgets.preview import Preview
from acconsole.console.widgets.verdicts import VerdictTable
from acconsole.engine import events
from acconsole.engine.events import Failure, RunResult, Stop
from acconsole.engine.history import RunRecord, RunSummary
from acconsole.engine.model import User, Verdict
from acconsole.engine.plan import Action, Operation, Plan, SkippedItem, Tally, Undone
from acconsole.engine.sync import Engine
from acconsole.engine.windows import Scope
from acconsole.errors import Unreachable
from acconsole.media.base import MediaType
from acconsole.media.conversion import Stage
from tests.console import pasts
from tests.console.driver import Driver, over
from tests.console.rollouts import a_rollout
from tests.console.test_trouble import Wrapped

NOW = 1_761_000_000.0
SIZES = [(80, 24), (120, 40), (200, 60)]
HOST = "at.aesthetic.computer"

Steps = Callable[[Driver], Awaitable[None]]
Snap = Callable[..., bool]


class Fixed(Wrapped):
    """The engine, with an address, a rev and a clock that are the same at every run."""

    host = HOST

    async def status(self, *given: Any) -> Any:
        state = await self._engine.status(*given)
        snapshot = state.snapshot and replace(state.snapshot, rev="3m3zfixedrev2")
        return replace(state, snapshot=snapshot, read_at=NOW)

    async def plan_restore(self, *given: Any, **more: Any) -> Plan:
        return replace(await self._engine.plan_restore(*given, **more), host=HOST)

    async def survey(self, *given: Any) -> Any:
        return replace(await self._engine.survey(*given), host=HOST)

    async def history(self, limit: int | None = None) -> list[RunSummary]:
        return list(pasts.RUNS)

    async def run_record(self, run: str) -> RunRecord:
        return pasts.RECORDS[run]

    async def plan_undo(self, run: str, user_id: str | None = None) -> Plan:
        user = next(user for user in await self._engine.users() if user.id == user_id)
        plan = await self.plan_restore(user)
        skipped = SkippedItem(MediaType.MOODS, "65f0aa11", "3c", "it was changed since")
        return replace(plan, action="undo", undoes=Undone(run), skipped=(skipped,))

    async def plan_wipe(self, *given: Any, **more: Any) -> Plan:
        return replace(await self._engine.plan_wipe(*given, **more), host=HOST)


@pytest.fixture(autouse=True)
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One moment, in UTC."""
    monkeypatch.setattr(figures, "now", lambda: NOW)
    monkeypatch.setattr(figures, "ticks", lambda: 1000.0)
    monkeypatch.setitem(os.environ, "TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    chosen: tuple[int, int] = request.param
    return chosen


def snapped(snap: Snap, environment: dict[str, str], size: tuple[int, int], steps: Steps) -> bool:
    """Whether the screen that the steps lead to looks as it did."""

    async def before(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, ConsoleApp)
        driver = Driver(app, pilot)
        await driver.see("21 users")
        await driver.see("mongo ●  pds ●")
        await steps(driver)
        for field in app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause()

    connecting = over(environment, lambda engine: fixed(engine))
    app = ConsoleApp(Label("sandbox", "green"), connecting)
    return snap(app, terminal_size=size, run_before=before)


def fixed(engine: Engine) -> Any:
    return Fixed(engine)


async def all_looked_at(driver: Driver) -> None:
    await driver.until(lambda: driver.session.scan and driver.session.scan.ended_at, "the scan to end")
    await driver.until(lambda: len(driver.session.glances) == 21 and not driver.session.reading, "all looks")


async def jeffrey(driver: Driver) -> None:
    await driver.open_user("jeffrey")
    await previewed(driver)


def test_users(snap_compare: Snap, sandbox: dict[str, str], size: tuple[int, int]) -> None:
    assert snapped(snap_compare, sandbox, size, all_looked_at)


def test_users_filtered_sorted_and_marked(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        await all_looked_at(driver)
        await driver.press("escape", "space", "1", "s", "space", "down", "space", "slash")
        await driver.write("j")

    assert snapped(snap_compare, sandbox, (80, 24), steps)


@pytest.mark.parametrize("stopped", [False, True], ids=["going", "stopped"])
def test_users_being_scanned(snap_compare: Snap, sandbox: dict[str, str], stopped: bool) -> None:
    async def steps(driver: Driver) -> None:
        await all_looked_at(driver)
        scan = driver.session.scan = Scan(4201, 2918)
        if stopped:
            scan.trouble = Unreachable("The PDS at 127.0.0.1 does not answer.", "Wait.")
            scan.ended_at, scan.again_at = NOW, NOW + 14
        driver.app.post_message(ScanMoved())
        await driver.see("scan stopped at" if stopped else "2,918/4,201")

    assert snapped(snap_compare, sandbox, (100, 30), steps)


@pytest.mark.usefixtures("quiet_list")
def test_export(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        driver.session.exports = Path("/state/acconsole/exports")
        await driver.press("escape", "e")
        await driver.see("Export 21 rows")

    assert snapped(snap_compare, sandbox, (80, 24), steps)


@pytest.mark.usefixtures("quiet_list")
def test_verified(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        await driver.press("escape", "a", "v")
        await driver.see("21/21")
        await driver.until(lambda: driver.at(VerifyScreen).verifying.is_over, "the end")

    assert snapped(snap_compare, sandbox, (100, 30), steps)


@pytest.mark.usefixtures("quiet_list")
def test_user(snap_compare: Snap, sandbox: dict[str, str], size: tuple[int, int]) -> None:
    async def steps(driver: Driver) -> None:
        await jeffrey(driver)
        driver.one(VerdictTable).pick(MediaType.PAINTINGS, Verdict.STALE)
        await driver.see("stale  7")
        await previewed(driver)

    assert snapped(snap_compare, sandbox, size, steps)


@pytest.mark.usefixtures("quiet_list")
def test_history(snap_compare: Snap, sandbox: dict[str, str], size: tuple[int, int]) -> None:
    async def steps(driver: Driver) -> None:
        await driver.press("escape", "h", "down")
        await driver.see("6 runs")

    assert snapped(snap_compare, sandbox, size, steps)


@pytest.mark.usefixtures("quiet_list")
def test_past_run(snap_compare: Snap, sandbox: dict[str, str], size: tuple[int, int]) -> None:
    async def steps(driver: Driver) -> None:
        await driver.press("escape", "h", "down", "enter")
        await driver.see("Began ")
        await driver.press("f", "f", "f")
        await driver.see("batch 1")

    assert snapped(snap_compare, sandbox, size, steps)


@pytest.mark.usefixtures("quiet_list")
def test_undo_plan(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        await driver.press("escape", "h", "end", "up", "up", "u")
        await driver.see("1 item changed since")

    assert snapped(snap_compare, sandbox, (80, 24), steps)


async def previewed(driver: Driver) -> None:
    """Wait until the pane shows all that it has to show, should there be room for it."""
    await driver.pilot.pause()
    await driver.until(lambda: driver.one(Preview).is_settled, "the preview")


@pytest.mark.usefixtures("quiet_list")
def test_tapes(snap_compare: Snap, sandbox: dict[str, str], size: tuple[int, int]) -> None:
    async def steps(driver: Driver) -> None:
        await driver.press("escape", "t")
        await driver.see(r"\d tapes  ")
        await driver.until(lambda: " … " not in driver.text, "the facts of all in view")
        await driver.press("space", "down", "space")
        await previewed(driver)

    assert snapped(snap_compare, sandbox, size, steps)


@pytest.mark.usefixtures("quiet_list")
def test_tapes_being_converted(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        await driver.press("escape", "t")
        await driver.see(r"\d tapes  ")
        await driver.until(lambda: " … " not in driver.text, "the facts of all in view")
        await driver.see("from the ZIP")
        a_few_conversions(driver.session.shelf)
        driver.app.post_message(TapesKnown())
        await driver.see("MP4 64 KB")

    assert snapped(snap_compare, sandbox, (120, 40), steps)


def a_few_conversions(shelf: Shelf) -> None:
    """One is made, one failed, two are on their way, one waits."""
    made, failed, fetched, encoded, waits = (Converting(row) for row in shelf.rows[:5])
    shelf.conversions = {one.row.doc.ref: one for one in (made, failed, fetched, encoded, waits)}
    made.outcome = Outcome(64_000, 48, 31, 1.6, True, False, ("1 frame of 48 is broken",))
    made.zip_size = 210_000
    made.end(Lot.DONE)
    failed.end(Lot.FAILED, "no frames in the ZIP")
    fetched.lot = encoded.lot = Lot.GOES
    fetched.take(Stage.DOWNLOAD, 60, 100)
    encoded.take(Stage.ENCODE, 25, 40)


@pytest.mark.usefixtures("quiet_list")
def test_run_of_tapes(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        run = a_run_of_tapes()
        driver.session.run = run
        driver.app.post_message(RunMoved(run))
        await driver.press("escape", "g")
        driver.at(RunScreen)

    assert snapped(snap_compare, sandbox, (100, 30), steps)


def a_run_of_tapes() -> Run:
    """A live run in which one video is made and three tapes are on their way."""
    operations = tuple(
        Operation(
            Action.CREATE,
            MediaType.TAPES,
            Verdict.MISSING,
            code,
            code,
            record={"code": code},
            blobs=("video", "thumbnail"),
        )
        for code in ("9Yo", "Eue", "tCz", "67m", "tSh")
    )
    plan = Plan(
        "restore", User("art-guest", None, f"art.{HOST}"), HOST, "r", "c", (MediaType.TAPES,), operations
    )
    progress = Progress(plan, True, NOW - 8)
    told: tuple[events.Event, ...] = (
        events.Started("0192f3a4b5c6", plan, True),
        events.TapeMade("9Yo", 210_000, 64_000, 48, 1.6, False, ("1 frame of 48 is broken",)),
        events.BlobStored(MediaType.TAPES, "9Yo", 64_000, True),
        events.TapeMoved("Eue", Stage.UPLOAD, 50, 100),
        events.TapeMoved("tCz", Stage.ENCODE, 25, 40),
        events.TapeMoved("67m", Stage.DOWNLOAD, 60, 100),
    )
    for event in told:
        progress.take(event, NOW - 4)
    return Run(plan, True, progress, Stop())


@pytest.mark.usefixtures("quiet_list")
def test_plan(snap_compare: Snap, sandbox: dict[str, str], size: tuple[int, int]) -> None:
    async def steps(driver: Driver) -> None:
        await jeffrey(driver)
        await driver.plan("r")
        await driver.see("points of")

    assert snapped(snap_compare, sandbox, size, steps)


@pytest.mark.usefixtures("quiet_list")
def test_run(snap_compare: Snap, sandbox: dict[str, str], size: tuple[int, int]) -> None:
    async def steps(driver: Driver) -> None:
        run = a_run()
        driver.session.run = run
        driver.app.post_message(RunMoved(run))
        await driver.press("escape", "g")
        driver.at(RunScreen)

    assert snapped(snap_compare, sandbox, size, steps)


@pytest.mark.usefixtures("quiet_list")
def test_run_over(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        run = a_run(over=True)
        driver.session.run = run
        driver.app.post_message(RunMoved(run))
        await driver.press("escape", "g")
        await driver.see("failure")

    assert snapped(snap_compare, sandbox, (100, 30), steps)


@pytest.mark.usefixtures("quiet_list")
def test_details_on_a_narrow_screen(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        await jeffrey(driver)
        driver.one(VerdictTable).pick(MediaType.PAINTINGS, Verdict.STALE)
        await driver.see("stale  7")
        await driver.press("d")
        await driver.see("differs: ")
        await previewed(driver)

    assert snapped(snap_compare, sandbox, (80, 24), steps)


@pytest.mark.usefixtures("quiet_list")
def test_wipe_confirmation(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        await jeffrey(driver)
        await driver.plan("w")
        await driver.press("L")
        await driver.see("to run it live")
        await driver.write("@jeff")

    assert snapped(snap_compare, sandbox, (80, 24), steps)


@pytest.mark.usefixtures("quiet_list")
def test_an_account_that_cannot_be_used(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        await driver.open_user("wisp")
        await driver.see("has no account")
        await previewed(driver)

    assert snapped(snap_compare, sandbox, (100, 30), steps)


@pytest.mark.usefixtures("quiet_list")
def test_help(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        await jeffrey(driver)
        await driver.press("question_mark")
        await driver.see("What the signs mean")

    assert snapped(snap_compare, sandbox, (120, 40), steps)


@pytest.mark.usefixtures("quiet_list")
def test_light_theme(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        await jeffrey(driver)
        driver.one(VerdictTable).pick(MediaType.PAINTINGS, Verdict.STALE)
        await driver.see("≠ to be built")
        await driver.press("T")

    assert snapped(snap_compare, sandbox, (120, 40), steps)


@pytest.mark.usefixtures("quiet_list")
def test_rollout(snap_compare: Snap, sandbox: dict[str, str], size: tuple[int, int]) -> None:
    async def steps(driver: Driver) -> None:
        driver.session.run = run = a_rollout(NOW)
        driver.app.post_message(RunMoved(run))
        await driver.press("escape", "g")
        driver.at(RolloutScreen)

    assert snapped(snap_compare, sandbox, size, steps)


@pytest.mark.usefixtures("quiet_list")
def test_rollout_over(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        driver.session.run = run = a_rollout(NOW, over=True)
        driver.app.post_message(RunMoved(run))
        await driver.press("escape", "g")
        await driver.see("Verified")

    assert snapped(snap_compare, sandbox, (100, 30), steps)


@pytest.mark.usefixtures("quiet_list")
def test_rollout_plan(snap_compare: Snap, sandbox: dict[str, str], size: tuple[int, int]) -> None:
    async def steps(driver: Driver) -> None:
        await driver.press("escape", "o", "s")
        await driver.see("looked at: ")

    assert snapped(snap_compare, sandbox, size, steps)


@pytest.mark.usefixtures("quiet_list")
def test_rollout_confirmation(snap_compare: Snap, sandbox: dict[str, str]) -> None:
    async def steps(driver: Driver) -> None:
        await driver.press("escape", "o", "s")
        await driver.see("looked at: ")
        await driver.press("L", "1")

    assert snapped(snap_compare, sandbox, (80, 24), steps)


def a_run(*, over: bool = False) -> Run:
    """A live run in the middle, or at its end, with a failure and a wait behind it."""
    counts = {MediaType.KIDLISP: 2051, MediaType.PAINTINGS: 19, MediaType.MOODS: 4}
    operations = tuple(
        Operation(
            Action.CREATE,
            kind,
            Verdict.MISSING,
            f"{kind}{n}",
            f"{kind}{n}",
            blobs=("thumbnail",) if kind is MediaType.PAINTINGS else (),
        )
        for kind, count in counts.items()
        for n in range(count)
    )
    user = User("auth0|1", "jeffrey", f"jeffrey.{HOST}", "did:plc:jeffrey", "ac23vowan")
    plan = Plan("restore", user, HOST, "r", "c", tuple(MediaType), operations)
    start = NOW - 8
    progress = Progress(plan, True, start)
    told: list[tuple[float, events.Event]] = [
        (0, events.Started("0192f3a4b5c6", plan, True)),
        (1, commit(MediaType.MOODS, 1, 4)),
        *((2 + n, commit(MediaType.KIDLISP, 2 + n, 200)) for n in range(5)),
        (
            7,
            events.ItemFailed(
                Failure("@jeffrey", MediaType.KIDLISP, "65f0", None, "source too long (50,001 of 50,000)")
            ),
        ),
        (7, events.Reread("another writer moved the repo", 1080)),
        (7, events.Budget(Scope.POINTS, 5000, 1974, 3600, NOW + 1800)),
        (8, events.BatchStarted(MediaType.KIDLISP, 8, 200)),
    ]
    for after, event in told:
        progress.take(event, start + after)
    if over:
        tally = Tally(create=1004)
        failure = Failure("@jeffrey", MediaType.KIDLISP, "65f0", None, "source too long (50,001 of 50,000)")
        result = RunResult(
            "0192f3a4b5c6",
            "restore",
            True,
            plan.tally(),
            tally,
            (failure,),
            seconds=8,
            backup="/state/runs/1",
        )
        progress.take(events.Finished(result), NOW)
    return Run(plan, True, progress, Stop(), over=over)


def commit(kind: MediaType, number: int, count: int) -> events.Committed:
    return events.Committed(kind, number, Tally(create=count), "bafyreibcdefghijklmnop2u", "3k", 0.14)
