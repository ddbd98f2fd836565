"""Whatever users wrote is inert wherever it is shown: no markup, no control sequence, no layout break."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len

from acconsole.console.detail import detail
from acconsole.console.items import line
from acconsole.console.messages import RunMoved
from acconsole.console.plansummary import item_line, items
from acconsole.console.progress import Progress
from acconsole.console.screens.run import RunScreen
from acconsole.console.session import Label, Run
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.verdicts import VerdictTable
from acconsole.engine import events
from acconsole.engine.events import Failure, Stop
from acconsole.engine.match import match
from acconsole.engine.model import RepoRecord, SourceDoc, User
from acconsole.engine.plan import BlockedItem, Plan
from acconsole.errors import Failed
from acconsole.media.base import MediaType
from acconsole.media.conversion import Stage
from tests.console.driver import Driver, console, over
from tests.console.test_trouble import Wrapped

TEXTS = (
    "[/x][bold red]loud[/]",
    "[@click=app.exit]press[/] $error",
    "\x1b[2J\x1b]0;title\x07\x9b31m",
    "gnp\u202e.exe\u2066 \u200b\ufeff\u061c",
    "two\nlines\r\n\tand\x0b more \u2028 end",
    "中文字符👨\u200d👩\u200d👧🏽a\u0301\u0302\u0303\u0304\u0305",
    "lone \ud800 surrogate, private \ue000",
)
ALL = " ".join(TEXTS)


def assert_calm(driver: Driver) -> None:
    """The screen holds text only, in as many lines and columns as it has."""
    width, height = driver.app.size
    lines = driver.text.split("\n")
    assert len(lines) == height
    for each in lines:
        assert each.isprintable(), ascii(each)
        assert cell_len(each) == width, ascii(each)


class Renamed(Wrapped):
    """An engine whose first user goes by hostile names."""

    async def users(self) -> list[User]:
        first, *others = await self._engine.users()
        self.real = first
        hostile = replace(first, handle=ALL, pds_handle=ALL, code=ALL, did=first.did)
        return [hostile, *others]

    async def status(self, user: User, *rest: Any) -> Any:
        state = await self._engine.status(self.real if user.id == self.real.id else user, *rest)
        return replace(state, error=f"because {ALL}", user=user) if user.id == self.real.id else state

    async def plan_restore(self, user: User, *rest: Any, **more: Any) -> Plan:
        plan: Plan = await self._engine.plan_restore(self.real, *rest, **more)
        gus = next(each for each in await self._engine.users() if each.handle == "gus")
        full = await self._engine.plan_restore(gus)
        blocked = (BlockedItem(MediaType.MOODS, ALL, ALL, ALL),)
        return replace(plan, user=user, operations=full.operations, blocked=blocked, host=ALL)

    async def run(self, plan: Plan, **more: Any) -> Any:
        yield events.Started("r1", plan, False)
        yield events.ItemFailed(Failure(ALL, MediaType.MOODS, ALL, ALL, ALL))
        yield events.Reread(ALL, 1)
        raise Failed(ALL, ALL)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_names_errors_and_reasons_on_every_screen(
    sandbox: dict[str, str], size: tuple[int, int]
) -> None:
    label = Label(ALL, "pink")
    async with console(over(sandbox, Renamed), size=size, label=label) as driver:
        await driver.see("21 users")
        await driver.until(lambda: len(driver.session.glances) > 5, "some to be read")
        assert_calm(driver)
        await driver.press("enter")
        await driver.see("because ")
        assert_calm(driver)
        await driver.plan("r")
        await driver.see("points of")
        assert_calm(driver)
        await driver.press("i")
        await driver.see("left out")
        assert_calm(driver)
        await driver.press("D")
        await driver.see("failures 1")
        await driver.until(lambda: driver.session.run and driver.session.run.over, "the run to end")
        await driver.see("Failed")
        assert_calm(driver)
        await driver.press("question_mark")
        assert_calm(driver)


async def test_toasts_and_the_header(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox, Renamed), size=(100, 30)) as driver:
        await driver.see("21 users")
        plan = replace(await driver.app.runner.engine.plan_restore(driver.session.users[0]), host=ALL)
        driver.app.runner.run(plan, live=False)
        await driver.see("ended with trouble")
        assert_calm(driver)


async def test_what_people_really_wrote(sandbox: dict[str, str]) -> None:
    async with console(over(sandbox), size=(120, 40)) as driver:
        await driver.open_user("jeffrey")
        driver.one(VerdictTable).pick(MediaType.MOODS, None)
        await driver.see("moods  every verdict")
        await driver.press("tab")
        rows = driver.one(Rows)
        hostile = 0
        while rows.cursor < rows.count - 1:
            await driver.press("pagedown")
            assert_calm(driver)
            hostile += "␛" in driver.text
        assert hostile, "the sandbox is to hold moods with escape sequences"


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", list(MediaType))
@pytest.mark.parametrize("width", [40, 50, 90])
def test_every_field_of_a_doc_and_of_a_record(text: str, kind: MediaType, width: int) -> None:
    fields = ("slug", "code", "text", "mood", "source", "when", "bucket", text)
    docs = [
        SourceDoc.of(kind, {"_id": "d1", **dict.fromkeys(fields, text), "atproto": {"rkey": text}}),
        SourceDoc.of(kind, {"_id": "d2", "when": "2024-01-01", **dict.fromkeys(fields[:5], text)}),
    ]
    records = [
        RepoRecord(kind, text, "bafy", {"ref": ref, text: [text, {"a": text}], **dict.fromkeys(fields, text)})
        for ref in ("d1", "d2", "nobody", text)
    ]
    pairs = match(kind, docs, records, frozenset()).pairs
    assert pairs
    for pair in pairs:
        assert_inert(line(pair, width), width)
        assert_inert(detail(pair, width), width)


@pytest.mark.parametrize("text", TEXTS)
def test_every_item_of_a_plan(text: str) -> None:
    user = User("auth0|1", text)
    plan = Plan(
        "wipe",
        user,
        text,
        None,
        None,
        (MediaType.MOODS,),
        (),
        (BlockedItem(MediaType.MOODS, text, text, text),),
        ((MediaType.MOODS, text),),
    )
    for item in items(plan):
        assert_inert(item_line(item, 60), 60)


async def test_a_run_of_hostile_news(sandbox: dict[str, str]) -> None:
    plan = Plan("restore", User("auth0|1", ALL), ALL, None, None, tuple(MediaType), ())
    progress = Progress(plan, False, 0.0)
    for text in TEXTS:
        progress.take(events.ItemFailed(Failure(text, None, None, None, text)), 1.0)
        progress.take(events.BackupWritten(text), 1.0)
        progress.take(events.Dropped(MediaType.MOODS, 1, text), 1.0)
        progress.take(events.TapeMoved(text, Stage.ENCODE, 1, 2), 1.0)
        progress.take(events.TapeMade(text, 1, 1, 1, 1.0, False, (text,)), 1.0)
    async with console(over(sandbox), size=(80, 24)) as driver:
        run = Run(plan, False, progress, Stop())
        driver.app.push_screen(RunScreen(run))
        driver.app.post_message(RunMoved(run))
        await driver.see("failures 7")
        assert_calm(driver)


def assert_inert(content: Any, width: int) -> None:
    """No line of it is wider than asked for, and none holds anything but text."""
    for each in content.plain.split("\n"):
        assert each.isprintable(), ascii(each)
        assert cell_len(each) <= width, ascii(each)
