"""The whole fleet: what is read again and what is not, whom an error stops, and how much is held at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from acconsole.engine import fleet
from acconsole.engine.fleet import GROUP, scan
from acconsole.engine.model import RepoHead
from acconsole.engine.status import Standing
from acconsole.engine.sync import Engine
from acconsole.errors import AccountError, AcError, BudgetSpent, Failed, Unreachable
from acconsole.media.base import GUEST, MediaType
from tests.contract.client import ok
from tests.engine.fleets import Fleet, client_of, did_of, id_of, publish
from tests.engine.test_repo_reading import PIXEL
from tests.faults.checks import Writer, restore
from tests.faults.proxy import HttpProxy, http_proxy
from tests.media.docs import MOODS, PAINTINGS, TAPES
from tests.world import START, World

KINDS = tuple(MediaType)


async def looked_at(engine: Engine, kinds: Sequence[MediaType] = KINDS) -> dict[str, Standing]:
    """How everybody stands, by id."""
    async with aclosing(engine.scan(kinds)) as found:
        return {each.user.id: each async for each in found}


def reads(proxy: HttpProxy) -> list[str]:
    """The methods asked of the PDS but for `listRepos`, whose pages depend on what other tests have made."""
    names = [path.partition("?")[0].rpartition(".")[2] for path in proxy.paths]
    return [name for name in names if name != "listRepos"]


async def test_everybody_stands_as_a_look_at_each_says(world: World, tmp_path: Path) -> None:
    people = [await world.person() for _ in range(5)]
    users = [user for user, _ in people]
    async with world.engine() as engine:
        for user in users:
            world.give(user, MOODS, 3)
            world.give(user, MediaType.KIDLISP, 2)
        await restore(engine, users[0])
        await restore(engine, users[1])
    async with Writer(world.pds.url, people[1][1]) as writer:
        await writer.create(MOODS, {"text": "nobody's", "when": "2024-01-01T00:00:00.000Z", "ref": "x"})
    world.give(users[1], MOODS, 2)
    for (_, account), change in zip(people[2:4], ("deactivated", "takedown"), strict=True):
        async with client_of(world, account) as client:
            await client.set_status(change)
    unknown = {"did": "did:plc:" + "a" * 24, "handle": "x.test", "password": "x"}
    world.database["users"].insert_many([{"_id": "auth0|nobody"}, {"_id": "auth0|gone", "atproto": unknown}])
    guest, _ = await world.person()
    stored = world.database["users"].find_one_and_delete({"_id": guest.id})
    world.database["users"].insert_one({**(stored or {}), "_id": GUEST})
    orphans = [
        {"_id": ObjectId(), "slug": f"p{n}", "when": START, **who}
        for n, who in enumerate(({}, {"user": None}))
    ]
    world.database["pieces"].insert_many(
        [*orphans, {"slug": "of nobody here", "user": "auth0|5", "when": START}]
    )

    async with (
        http_proxy(world.pds.url) as proxy,
        world.engine(pds_url=proxy.url, state=tmp_path) as engine,
    ):
        found = await looked_at(engine)
        assert sorted(reads(proxy)) == ["getRepo"] * 4, "one a repo that can be read"
        everybody = await engine.users()
        one_by_one = {user.id: await engine.status(user) for user in everybody}
    assert set(found) == {user.id for user in everybody}
    for id, state in one_by_one.items():
        assert found[id].as_json() == state.as_json()
        assert (found[id].account, found[id].commit) == (state.account, state.commit)
    assert [found[user.id].account for user in users] == ["ok", "ok", "inactive", "inactive", "ok"]
    assert found[users[0].id].in_sync
    assert found[users[1].id].to_do == 2
    assert found[GUEST].counts[MediaType.PIECES].docs == 2
    assert found["auth0|nobody"].account == found["auth0|gone"].account == "none"


async def test_only_what_has_moved_is_read_again(world: World, tmp_path: Path) -> None:
    people = [await world.person() for _ in range(3)]
    users = [user for user, _ in people]
    for user in users:
        world.give(user, MOODS, 2)
    async with http_proxy(world.pds.url) as proxy:

        async def scan_again() -> tuple[dict[str, Standing], list[str]]:
            proxy.paths.clear()
            async with world.engine(pds_url=proxy.url, state=tmp_path) as engine:
                return await looked_at(engine), reads(proxy)

        first, asked = await scan_again()
        assert asked == ["getRepo"] * 3
        second, asked = await scan_again()
        assert asked == []
        assert {each.as_json()["rev"] for each in second.values()} == {each.rev for each in first.values()}

        world.give(users[0], MOODS, 1)
        world.database["moods"].update_one({"user": users[1].id}, {"$set": {"deleted": True}})
        third, asked = await scan_again()
        assert asked == [], "Mongo has changed, and no repo"
        assert [third[user.id].counts[MOODS].docs for user in users] == [3, 1, 2]

        async with Writer(world.pds.url, people[2][1]) as writer:
            await writer.create(MOODS, {"text": "new", "when": "2024-01-01T00:00:00.000Z", "ref": "x"})
        fourth, asked = await scan_again()
        assert asked == ["getRepo"]
        assert [fourth[user.id].counts[MOODS].records for user in users] == [0, 0, 1]
        assert fourth[users[2].id].rev != third[users[2].id].rev
        assert (await scan_again())[1] == []

        (tmp_path / "snapshots.sqlite").write_bytes(b"this is no database" * 100)
        again, asked = await scan_again()
        assert asked == ["getRepo"] * 3
        assert {id: each.as_json() for id, each in again.items()} == {
            id: each.as_json() for id, each in fourth.items()
        }


async def test_the_blobs_of_a_repo_are_kept_with_it(world: World, tmp_path: Path) -> None:
    user, account = await world.person()
    (doc,) = world.give(user, PAINTINGS, 1)
    async with client_of(world, account) as client, http_proxy(world.pds.url) as proxy:
        blob = ok(await client.upload(PIXEL, "image/png"))["blob"]
        placed = await publish(client, PAINTINGS, doc, thumbnail=blob)
        world.database["paintings"].update_one({"_id": doc["_id"]}, {"$set": {"atproto": {"rkey": placed}}})
        for expected in (["getRepo", "listBlobs"], []):
            proxy.paths.clear()
            async with world.engine(pds_url=proxy.url, state=tmp_path) as engine:
                found = await looked_at(engine)
            assert sorted(set(reads(proxy))) == expected
            assert found[user.id].counts[PAINTINGS].synced == 1


async def test_a_state_dir_that_cannot_be_written_is_told_of_and_no_more(
    sandbox_world: World, tmp_path: Path
) -> None:
    user, _ = await sandbox_world.person()
    sandbox_world.give(user, MOODS, 2)
    (tmp_path / "state").write_text("a file where the folder should be")
    async with sandbox_world.engine(state=tmp_path / "state") as engine:
        for _ in range(2):
            found = await looked_at(engine, (MOODS,))
            assert found[user.id].counts[MOODS].missing == 2
        assert "snapshots.sqlite cannot be used now" in str(engine.trouble)


# -- at the ports ------------------------------------------------------------------------------------


async def scanned(made: Fleet, **how: Any) -> list[Standing]:
    return [each async for each in scan(made.ports(), (MOODS, TAPES), **how)]


async def test_no_more_than_a_few_groups_are_held() -> None:
    made = Fleet(10 * GROUP, cache=False)
    taken = 0
    async with aclosing(scan(made.ports(), (MOODS,))) as found:
        async for each in found:
            assert each.counts[MOODS].unlinked == 1
            taken += 1
            # What is given out, one group that is read ahead, and one user to fill the next.
            assert made.users_given <= taken + 3 * GROUP
            assert len(made.asked) <= taken + 3 * GROUP
    assert taken == made.size
    assert sorted(made.asked) == [did_of(number) for number in range(made.size)]
    assert 1 < made.most <= 12


async def test_leaving_early_ends_all_that_is_on_its_way() -> None:
    made = Fleet(4 * GROUP)
    async with aclosing(scan(made.ports(), (MOODS,))) as found:
        async for _ in found:
            break
    assert made.reading == 0
    assert made.users_given < made.size
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not others
    assert len(made.kept) >= GROUP, "what was read is kept"


@pytest.mark.parametrize(
    ("trouble", "account"),
    [
        (AccountError("The account is deactivated.", state="inactive"), "inactive"),
        (AccountError("There is no such repo.", state="none"), "none"),
        (Failed("The repo cannot be read.", retryable=True), "unreadable"),
        (Unreachable("It did not answer."), "unreadable"),
    ],
)
async def test_the_error_of_one_is_told_of_that_one(trouble: AcError, account: str) -> None:
    made = Fleet(30, troubles={did_of(7): [trouble, trouble]})
    found = await scanned(made)
    assert len(found) == 30
    (bad,) = [each for each in found if each.error]
    assert (bad.user.id, bad.account, bad.in_sync) == (id_of(7), account, False)
    assert did_of(7) not in made.kept
    assert all(each.counts[MOODS].unlinked == 1 for each in found if each is not bad)
    made.troubles.clear()
    assert not [each for each in await scanned(made) if each.error]
    assert made.asked.count(did_of(8)) == 1


async def test_one_answer_that_was_lost_is_asked_for_again() -> None:
    made = Fleet(30, troubles={did_of(7): [Unreachable("It did not answer.")]})
    assert not [each for each in await scanned(made) if each.error]
    assert made.asked.count(did_of(7)) == 2


async def test_a_pds_that_goes_away_ends_it_and_what_was_read_is_kept() -> None:
    made = Fleet(3 * GROUP)
    taken = 0

    async def take() -> None:
        nonlocal taken
        async for _ in scan(made.ports(), (MOODS,)):
            taken += 1
            made.gone = True

    with pytest.raises(Unreachable):
        await take()
    assert 0 < taken < made.size
    assert len(made.kept) >= taken
    before = len(made.kept)
    made.gone = False
    made.asked.clear()
    assert len(await scanned(made)) == made.size
    assert len(made.asked) == made.size - before


async def test_a_spent_budget_ends_it_or_is_waited_for() -> None:
    spent = BudgetSpent("The PDS takes no more.", resume_at=time.time() + 0.2)
    made = Fleet(30, troubles={did_of(7): [spent], did_of(8): [spent]})
    with pytest.raises(BudgetSpent):
        await scanned(made)
    told: list[BudgetSpent] = []
    made.troubles = {did_of(7): [spent], did_of(8): [spent]}
    assert len(await scanned(made, waits=told.append)) == 30
    assert len(told) == 1, "said once, however many are waiting"
    assert time.time() >= spent.resume_at


async def test_a_clock_that_is_behind_does_not_make_it_ask_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    sleep: Callable[[float], Any] = asyncio.sleep

    async def pause(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)
        if seconds:
            now[0] += seconds

    now = [1_000.0]
    monkeypatch.setattr("acconsole.engine.asking.asyncio.sleep", pause)
    monkeypatch.setattr("acconsole.engine.asking.time.time", lambda: now[0])
    spent = BudgetSpent("The PDS takes no more.", resume_at=900.0)
    made = Fleet(1, troubles={did_of(0): [spent] * 3})
    assert len(await scanned(made, waits=lambda _: None)) == 1
    assert [seconds for seconds in slept if seconds] == [1.0, 1.0, 1.0]


async def test_what_the_pages_tell_is_not_asked_for() -> None:
    made = Fleet(4)
    told = ("deactivated", "takendown", "something new")
    made.listed = [RepoHead(did_of(n), "rev", "commit", False, status) for n, status in enumerate(told)]
    found = {each.user.id: each for each in await scanned(made)}
    assert made.asked == []
    assert [found[id_of(number)].account for number in range(4)] == [*["inactive"] * 3, "none"]
    errors = [found[id_of(number)].error or "" for number in range(4)]
    assert [error.rpartition(did_of(number))[2] for number, error in enumerate(errors)] == [
        " is deactivated.",
        " is taken down.",
        " is not active.",
        ".",
    ]


async def test_heads_give_back_what_they_took() -> None:
    heads = fleet.Heads()
    given = [
        RepoHead("did:plc:a", "3jzfcijpj2z2a", "bafya"),
        RepoHead("did:web:b.example", "r", "c", False, "takendown"),
        RepoHead("did:plc:c", "r", "c", False),
    ]
    for each in given:
        heads.add(each)
    assert [heads.get(each.did) for each in given] == given
    assert heads.get("did:plc:d") is None
    heads.add(replace(given[0], rev="later"))
    assert heads.get("did:plc:a") == replace(given[0], rev="later")
