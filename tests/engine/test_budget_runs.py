"""Runs against PDSs that hold to their limits, by a clock that is moved: hours pass while nobody waits."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from acconsole.engine import events
from acconsole.engine.outlook import Limits as Known
from acconsole.engine.windows import DAY, HOUR, Scope
from acconsole.media.base import MediaType
from acconsole.stores.limits import Limits
from tests.clocks import MovedClock
from tests.contract.client import Client, create, ok, rkeys
from tests.engine.fleets import client_of
from tests.faults.checks import assert_whole, run
from tests.servers import PdsServer, serve_app
from tests.world import JEFFREY, World

Asked = Counter[tuple[str, int]]
Worlds = Callable[[PdsServer], World]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """How often our engines asked the PDS for what, by method and status of the answer."""
    count: Asked = Counter()
    hear = Limits.hear

    async def counting(self: Limits, response: httpx.Response) -> None:
        count[response.request.url.path.rsplit(".", 1)[-1], response.status_code] += 1
        await hear(self, response)

    monkeypatch.setattr(Limits, "hear", counting)
    return count


@pytest.fixture
def worlds(mongo_uri: str, mongo_db: str) -> Iterator[Worlds]:
    """Makes a world on a PDS, and drops it at the end."""
    with ExitStack() as stack:

        def made(pds: PdsServer) -> World:
            world = World(pds, mongo_uri, mongo_db)
            stack.callback(world.close)
            return world

        yield made


def refusals(asked: Asked) -> int:
    return sum(number for (_, status), number in asked.items() if status == 429)


def clock_of(world: World) -> MovedClock:
    assert world.pds.clock
    return world.pds.clock


async def spend_points(client: Client, points: int) -> None:
    """Another client writes to the repo, until so many points are spent."""
    keys = rkeys(points // 3)
    for start in range(0, len(keys), 200):
        ok(await client.apply([create(rkey) for rkey in keys[start : start + 200]]))


async def test_jeffreys_restore_crosses_an_hour_and_ends_when_predicted(
    reference_pds_clocked: PdsServer, worlds: Worlds, asked: Asked
) -> None:
    """His paintings are left out: what crosses the hour are records."""
    world = worlds(reference_pds_clocked)
    clock = clock_of(world)
    user, _ = await world.person()
    kinds = (MediaType.MOODS, MediaType.PIECES, MediaType.KIDLISP)
    for kind in kinds:
        world.give(user, kind, JEFFREY[kind])
    seen: list[events.Event] = []
    async with world.engine() as engine:
        plan = await engine.plan_restore(user)
        expected = engine.outlook(plan)
        began = clock.now()
        result = await run(engine, plan, seen.append)
        took = clock.now() - began
    assert (result.done.create, result.failed) == (sum(JEFFREY[kind] for kind in kinds), ())
    assert result.points == plan.points == 3 * result.done.create
    assert refusals(asked) == 0
    assert (expected.limits, expected.pauses.times) == (Known.ON, 1)
    assert expected.words(str).startswith("7,416 points of 5,000 an hour: pauses once, done about ")
    assert took == pytest.approx(expected.ends - began, rel=0.1)
    assert len([each for each in seen if isinstance(each, events.Waiting)]) == 1
    gauges = [each for each in seen if isinstance(each, events.Budget)]
    assert {(each.scope, each.seconds) for each in gauges} == {(Scope.POINTS, HOUR), (Scope.POINTS, DAY)}
    assert [each.used for each in gauges if each.seconds == DAY][-1] == result.points
    await assert_whole(world, user)


async def test_the_next_run_knows_what_was_spent(clocked_world: World, asked: Asked, tmp_path: Path) -> None:
    world = clocked_world
    user, account = await world.person()
    world.give(user, MediaType.KIDLISP, 120)
    async with client_of(world, account) as client:
        await spend_points(client, 4_700)
    async with world.engine(state=tmp_path) as engine:
        first = await run(engine, await engine.plan_restore(user), wait=False)
    assert 0 < first.done.create < 120
    assert first.resume_at
    before = asked.copy()
    async with world.engine(state=tmp_path) as engine:
        plan = await engine.plan_restore(user)
        expected = engine.outlook(plan)
        second = await run(engine, plan, wait=False)
    assert second.done.create == 0
    assert second.resume_at == pytest.approx(first.resume_at, abs=2)
    assert expected.waits
    assert expected.ends == pytest.approx(first.resume_at, rel=0.1)
    assert (asked - before)["applyWrites", 200] == refusals(asked) == 0


async def test_what_others_spend_is_found_out_once(clocked_world: World, asked: Asked) -> None:
    world = clocked_world
    user, account = await world.person()
    world.give(user, MediaType.KIDLISP, 40)
    async with client_of(world, account) as client, world.engine() as engine:
        plan = await engine.plan_restore(user)
        await spend_points(client, 4_980)
        first = await run(engine, plan, wait=False)
        again = await run(engine, plan, wait=False)
        assert [each.done.create for each in (first, again)] == [0, 0]
        assert first.resume_at
        assert again.resume_at == pytest.approx(first.resume_at, abs=1)
        assert first.points == 0
        assert asked["applyWrites", 429] == refusals(asked) == 1
        # Whoever waits goes on, and nothing more is refused.
        waited = await run(engine, plan, wait=True)
    assert (waited.done.create, waited.failed) == (40, ())
    assert refusals(asked) == 1


@contextmanager
def pictures() -> Iterator[str]:
    """A site and storage that have a small picture under any address, each another."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        number = sum(Request(scope, receive).url.path.encode())
        out = io.BytesIO()
        Image.new("RGB", (2, 2), (number % 256, number // 256 % 256, 7)).save(out, "PNG")
        await Response(out.getvalue(), media_type="image/png")(scope, receive, send)

    with serve_app(app) as url:
        yield url


async def spend_uploads(client: Client, left: int) -> None:
    """Others of our address upload until so many are left of the day."""
    answer = await client.upload(b"first", "text/plain")
    remaining = (
        answer.headers["ratelimit-policy"].startswith("1000;") and answer.headers["ratelimit-remaining"]
    )
    for _ in range(int(remaining or 999) - left):
        ok(await client.upload(b"more", "text/plain"))


async def test_uploads_stop_at_their_limit_and_go_on_the_next_day(
    sandbox_pds_clocked: PdsServer, worlds: Worlds, asked: Asked
) -> None:
    world = worlds(sandbox_pds_clocked)
    clock = clock_of(world)
    user, account = await world.person()
    world.give(user, MediaType.PAINTINGS, 12)
    await clock.move(DAY + 5)
    with pictures() as site:
        world.more |= {"ACCONSOLE_SITE_URL": site, "ACCONSOLE_STORAGE_URL": f"{site}/{{bucket}}"}
        async with client_of(world, account) as client, world.engine() as engine:
            plan = await engine.plan_restore(user)
            await spend_uploads(client, 5)
            seen: list[events.Event] = []
            first = await run(engine, plan, seen.append, wait=False)
            # Five pictures went up, and the records that they are for are there.
            assert (first.done.blobs, first.done.create) == (5, 5)
            assert first.resume_at
            assert "uploads" in first.failed[-1].reason
            told = [each for each in seen if isinstance(each, events.Budget) and each.scope is Scope.UPLOADS]
            assert told[-1].remaining == 0
            plan = await engine.plan_restore(user)
            expected = engine.outlook(plan)
            assert expected.words(str).startswith("21 points, 7 uploads of 1,000 a day: pauses once, done ")
            second = await run(engine, plan, seen.append, wait=True)
        assert (second.done.create, second.failed) == (7, ())
        assert expected.ends == pytest.approx(first.resume_at, abs=30)
        assert first.resume_at <= clock.now() < first.resume_at + DAY / 10
        waits = [each.until for each in seen if isinstance(each, events.Waiting)]
        assert waits == [pytest.approx(first.resume_at, abs=1)]
        assert refusals(asked) == 0
        await assert_whole(world, user)


async def test_a_login_waits_for_its_budget_or_ends_the_user(clocked_world: World, asked: Asked) -> None:
    world = clocked_world
    user, account = await world.person()
    world.give(user, MediaType.MOODS, 2)
    body = {"identifier": account.did, "password": account.password}
    async with client_of(world, account) as client:
        logins = [client.post("com.atproto.server.createSession", body, token=None) for _ in range(30)]
        assert [answer.status_code for answer in await asyncio.gather(*logins)] == [200] * 30
    seen: list[events.Event] = []
    async with world.engine() as engine:
        plan = await engine.plan_restore(user)
        first = await run(engine, plan, wait=False)
        assert (first.done.create, len(first.failed)) == (0, 1)
        assert first.resume_at
        second = await run(engine, plan, seen.append, wait=True)
    assert (second.done.create, second.failed) == (2, ())
    assert [type(each) for each in seen].index(events.Waiting) > 0
    assert refusals(asked) == asked["createSession", 429] == 1


async def test_stopping_a_run_that_waits_is_no_failure(
    sandbox_pds_limited: PdsServer, worlds: Worlds
) -> None:
    world = worlds(sandbox_pds_limited)
    user, account = await world.person()
    world.give(user, MediaType.MOODS, 30)
    stop = events.Stop()

    def seen(event: events.Event) -> None:
        if isinstance(event, events.Waiting):
            stop.request()

    async with client_of(world, account) as client, world.engine() as engine:
        plan = await engine.plan_restore(user)
        await spend_points(client, 4_980)
        async with asyncio.timeout(30):
            result = await run(engine, plan, seen, wait=True, stop=stop)
    assert (result.stopped, result.failed, result.done.create) == (True, (), 0)


async def test_the_bypass_key_is_told_and_nothing_holds(
    sandbox_pds_limited: PdsServer, worlds: Worlds
) -> None:
    world = worlds(sandbox_pds_limited)
    user, account = await world.person()
    world.give(user, MediaType.MOODS, 30)
    async with client_of(world, account) as client:
        await spend_points(client, 4_980)
    for key, bypassed in ((world.pds.bypass_key, True), ("a wrong key", False)):
        world.more["PDS_RATE_LIMIT_BYPASS_KEY"] = key or ""
        seen: list[events.Event] = []
        async with world.engine() as engine:
            plan = await engine.plan_restore(user)
            expected = engine.outlook(plan)
            result = await run(engine, replace(plan), seen.append, wait=False)
        assert (expected.limits is Known.BYPASSED) is bypassed
        assert ("bypassed" in expected.words(str)) is bypassed
        assert any(isinstance(each, events.Bypassed) for each in seen) is bypassed
        assert result.failed == ()
