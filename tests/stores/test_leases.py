"""Holds on users in Mongo: one at a time, by the server's clock, and clear where they may not be written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from pymongo.errors import OperationFailure

from acconsole.engine.journal import Holder
from acconsole.errors import SettingsError
from acconsole.stores.leases import COLLECTION, holder_of
from acconsole.stores.mongo import MongoDocs

USER = "auth0|1"


def holder(run: str) -> Holder:
    # A date of another machine, whose clock is wrong: nothing depends on it.
    return Holder(run, "$ada", "host", 7, since=1.0, until=1.0)


@pytest.fixture
async def docs(mongo_uri: str, mongo_db: str) -> AsyncIterator[MongoDocs]:
    made = MongoDocs(mongo_uri, mongo_db)
    yield made
    await made.close()


async def test_one_run_holds_until_it_lets_go(docs: MongoDocs) -> None:
    assert await docs.take_lease(USER, holder("a"), 60) is None
    assert await docs.take_lease(USER, holder("a"), 60) is None, "an answer may be lost"
    held = await docs.take_lease(USER, holder("b"), 60)
    assert held
    assert (held.run, held.user, held.host, held.pid) == ("a", "$ada", "host", 7)
    assert abs(held.since - time.time()) < 30
    assert time.time() + 50 < held.until < time.time() + 61
    assert await docs.take_lease("somebody else", holder("b"), 60) is None
    assert await docs.renew_lease(USER, "a", 60)
    assert not await docs.renew_lease(USER, "b", 60)
    await docs.end_lease(USER, "b")
    assert await docs.take_lease(USER, holder("b"), 60)
    await docs.end_lease(USER, "a")
    assert not await docs.renew_lease(USER, "a", 60)
    assert await docs.take_lease(USER, holder("b"), 60) is None


async def test_what_is_over_is_taken_over(docs: MongoDocs) -> None:
    assert await docs.take_lease(USER, holder("a"), 0) is None
    assert await docs.take_lease(USER, holder("b"), 60) is None
    assert not await docs.renew_lease(USER, "a", 60)
    assert await docs.take_lease(USER, holder("c"), 60, instead_of="a")
    assert await docs.take_lease(USER, holder("c"), 60, instead_of="b") is None


async def test_a_worker_of_the_same_run_is_another_holder(docs: MongoDocs) -> None:
    first, second = (replace(holder("a"), part=f"tcp://worker:{number} 1") for number in (1, 2))
    assert await docs.take_lease(USER, first, 60) is None
    assert await docs.take_lease(USER, first, 60) is None, "an answer may be lost"
    held = await docs.take_lease(USER, second, 60)
    assert held
    assert (held.run, held.part) == ("a", first.part)
    assert await docs.renew_lease(USER, "a", 60, first.part)
    assert not await docs.renew_lease(USER, "a", 60, second.part)
    assert not await docs.renew_lease(USER, "a", 60)
    await docs.end_lease(USER, "a", second.part)
    assert await docs.take_lease(USER, second, 60), "only the holder ends it"
    assert await docs.renew_lease(USER, "a", 0, first.part)
    assert await docs.take_lease(USER, second, 60) is None


@pytest.mark.parametrize(
    "before", [None, {"holder": {"run": "old"}, "until": datetime(2020, 1, 1)}, {"until": "x"}]
)
async def test_of_many_at_once_one_gets_it(docs: MongoDocs, before: dict[str, Any] | None) -> None:
    if before:
        await docs._database[COLLECTION].insert_one({"_id": USER, **before})
    runs = [f"run {number}" for number in range(12)]
    found = await asyncio.gather(*(docs.take_lease(USER, holder(run), 60) for run in runs))
    (winner,) = [run for run, held in zip(runs, found, strict=True) if held is None]
    assert {held.run for held in found if held} == {winner}


@pytest.mark.parametrize("doc", [{}, {"holder": 7, "until": "soon"}, {"holder": {"run": ["x"], "pid": "y"}}])
def test_a_doc_of_any_shape_is_read(doc: dict[str, Any]) -> None:
    assert holder_of(doc).until <= time.time()


async def test_without_the_right_to_write_it_says_so(
    docs: MongoDocs, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise OperationFailure("not authorized on db: secret", 13)

    class ReadOnly:
        def __getitem__(self, name: str) -> ReadOnly:
            return self

        find_one_and_update = staticmethod(refuse)

    monkeypatch.setattr(docs, "_database", ReadOnly())
    for asked in (docs.take_lease(USER, holder("a"), 60), docs.renew_lease(USER, "a", 60)):
        with pytest.raises(SettingsError, match=COLLECTION) as refused:
            await asked
        assert "readWrite" in refused.value.hint
        assert "secret" not in str(refused.value)
