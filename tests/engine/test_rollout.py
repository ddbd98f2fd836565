"""Rollouts over several users, on both PDSs: what is done, in which order, what fails and is tried again."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from acconsole.engine import events
from acconsole.engine.events import Event
from acconsole.engine.history import Ending
from acconsole.engine.model import User
from acconsole.engine.rollout import told
from acconsole.engine.rollout.account import RolloutResult, UserEnd
from acconsole.engine.rollout.survey import Scope
from acconsole.engine.sync import Engine
from acconsole.media.base import MediaType
from tests.faults.checks import assert_whole
from tests.faults.proxy import http_proxy
from tests.world import World

RECORDS = (MediaType.MOODS, MediaType.PIECES, MediaType.KIDLISP)


async def rolled_out(
    engine: Engine, scope: Scope = Scope(), seen: Callable[[Event], None] = lambda _: None, **how: Any
) -> RolloutResult:
    """Survey and roll out, live; `seen` gets each event."""
    surveyed = await engine.survey(scope)
    result = None
    async for event in engine.rollout(surveyed, **{"live": True, **how}):
        seen(event)
        if isinstance(event, told.RolloutFinished):
            result = event.result
    assert result is not None
    return result


async def people(world: World, number: int) -> list[User]:
    """So many users with a few docs each."""
    made = [(await world.person())[0] for _ in range(number)]
    for index, user in enumerate(made):
        world.give(user, MediaType.MOODS, 2 + index)
        world.give(user, MediaType.KIDLISP, 3)
    return made


def ended(result: RolloutResult) -> dict[UserEnd, int]:
    return {end: count for end, count in result.ends if count}


async def test_everybody_is_done_once(world: World, tmp_path: Path) -> None:
    users = await people(world, 5)
    seen: list[Event] = []
    async with world.engine(state=tmp_path) as engine:
        dry = await rolled_out(engine, live=False)
        assert (dry.done.items, dry.planned.create, dry.report) == (0, 35, None)
        result = await rolled_out(engine, Scope(), seen.append)
        again = await rolled_out(engine)
        record = await engine.run_record(result.run)
        summaries = await engine.history()
    assert (result.done.create, result.failed, result.wrong, result.checked) == (35, (), 0, 35)
    assert ended(result) == {UserEnd.DONE: 5}
    assert (again.looked, again.in_sync, again.done.items, again.pds_requests) == (5, 5, 0, 0)
    assert sum(isinstance(event, told.UserEnded) for event in seen) == 5
    assert {each.id for each in users} == set(record.summary.users)
    assert [each.ending for each in record.parts] == [Ending.FINISHED] * 5
    assert [(each.action, each.ending) for each in summaries] == [("rollout", Ending.FINISHED)] * 3
    assert record.summary.done == result.done
    for user in users:
        await assert_whole(world, user)
    folder = Path(str(result.report))
    rows = list(csv.DictReader((folder / "report.csv").read_text().splitlines()))
    assert [(row["handle"], row["end"], row["done_create"]) for row in rows] == [
        (user.handle, "done", str(5 + index)) for index, user in enumerate(users)
    ]
    assert json.loads((folder / "report.json").read_text())["users"]["done"] == 5
    assert "5 done" in (folder / "report.txt").read_text()


async def test_nobody_is_logged_in_where_all_is_in_sync(world: World, tmp_path: Path) -> None:
    await people(world, 3)
    async with http_proxy(world.pds.url) as proxy:
        async with world.engine(state=tmp_path, pds_url=proxy.url) as engine:
            await rolled_out(engine)
            await engine.survey(Scope())
        proxy.paths.clear()
        async with world.engine(state=tmp_path, pds_url=proxy.url) as engine:
            result = await rolled_out(engine)
    assert (result.looked, result.in_sync) == (3, 3)
    assert {path.partition("?")[0] for path in proxy.paths} == {"/xrpc/com.atproto.sync.listRepos"}
