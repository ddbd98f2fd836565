"""What must hold after every fault: each ref once, each doc linked, nothing lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx

from acconsole.engine.events import Event, Finished, RunResult
from acconsole.engine.model import User
from acconsole.engine.plan import Plan
from acconsole.engine.status import UserState
from acconsole.engine.sync import Engine
from acconsole.media.base import MediaType, is_dead
from tests.servers import Account
from tests.world import World

Seen = Callable[[Event], None]


def _unseen(event: Event) -> None:
    pass


async def run(engine: Engine, plan: Plan, seen: Seen = _unseen, **how: Any) -> RunResult:
    """Run a plan to its end, live; `seen` gets each event."""
    return await result_of(engine.run(plan, live=True, **how), seen)


async def result_of(events: AsyncIterator[Event], seen: Seen = _unseen) -> RunResult:
    """The result that a run ends with."""
    result = None
    async for event in events:
        seen(event)
        if isinstance(event, Finished):
            result = event.result
    assert result is not None
    return result


async def restore(engine: Engine, user: User, seen: Seen = _unseen) -> RunResult:
    """Plan and run a restore."""
    return await run(engine, await engine.plan_restore(user), seen)


async def assert_whole(world: World, user: User) -> UserState:
    """Every ref has one record, every live doc is linked, and a plan made now is empty."""
    async with world.engine() as engine:
        state = await engine.status(user)
        plan = await engine.plan_restore(user)
    assert state.in_sync, {kind: matched.counts for kind, matched in state.types.items()}
    assert plan.is_empty
    assert state.snapshot
    for kind, found in state.snapshot.records.items():
        refs = Counter(each.value.get("ref") for each in found)
        assert not [ref for ref, count in refs.items() if count > 1], kind
        rkeys = {each.value.get("ref"): each.rkey for each in found}
        for doc in (doc for doc in world.docs(user, kind) if not is_dead(doc)):
            assert doc.get("atproto", {}).get("rkey") == rkeys.get(str(doc["_id"])), doc
    return state


class Writer:
    """Another client that writes to the same repo, with a session of its own."""

    def __init__(self, url: str, account: Account) -> None:
        self._client = httpx.AsyncClient(base_url=f"{url}/xrpc/", timeout=60)
        self._account = account
        self._headers: dict[str, str] = {}

    async def __aenter__(self) -> Writer:
        body = {"identifier": self._account.did, "password": self._account.password}
        answer = await self._client.post("com.atproto.server.createSession", json=body)
        answer.raise_for_status()
        self._headers = {"Authorization": f"Bearer {answer.json()['accessJwt']}"}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def create(self, kind: MediaType, record: dict[str, Any]) -> str:
        """Publish a record under an rkey of the PDS's choice; gives its rkey."""
        body = {"repo": self._account.did, "collection": kind.nsid, "record": {"$type": kind.nsid, **record}}
        answer = await self._client.post("com.atproto.repo.createRecord", json=body, headers=self._headers)
        answer.raise_for_status()
        return str(answer.json()["uri"]).rsplit("/", 1)[-1]

    async def put(self, kind: MediaType, rkey: str, record: dict[str, Any]) -> None:
        """Write a record over the one at an rkey."""
        place = {"repo": self._account.did, "collection": kind.nsid, "rkey": rkey}
        body = {**place, "record": {"$type": kind.nsid, **record}}
        answer = await self._client.post("com.atproto.repo.putRecord", json=body, headers=self._headers)
        answer.raise_for_status()
