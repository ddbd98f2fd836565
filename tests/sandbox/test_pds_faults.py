"""The faults that tests can ask of the sandbox PDS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from acconsole.sandbox.pds.faults import Faults
from tests.contract.client import Client, create, ok, refused
from tests.servers import PdsServer, sandbox_server


@pytest.fixture
def own_pds() -> Iterator[PdsServer]:
    """A PDS of the test's own, so that its faults strike nobody else."""
    with sandbox_server() as pds:
        yield pds


@pytest.fixture
async def client(own_pds: PdsServer) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=own_pds.url, timeout=30, verify=False) as http:
        account = await own_pds.create_account()
        yield Client(own_pds, account, http, account.access, account.refresh)


def _faults(client: Client) -> Faults:
    assert client.pds.store is not None
    return client.pds.store.faults


async def test_a_lost_answer_comes_after_its_commit(client: Client) -> None:
    _faults(client).lost_answers = 1
    with pytest.raises(httpx.RemoteProtocolError):
        await client.apply([create("3jzfcijpj2z2a")])
    assert set(await client.listed()) == {"3jzfcijpj2z2a"}
    ok(await client.apply([create("3jzfcijpj2z2c")]))


async def test_an_error_does_nothing_and_wears_off(client: Client) -> None:
    _faults(client).errors = 2
    for _ in range(2):
        refused(await client.apply([create("3jzfcijpj2z2a")]), 500, "InternalServerError")
    assert await client.listed() == {}
    ok(await client.apply([create("3jzfcijpj2z2a")]))


async def test_a_delay_holds_up_writes_and_no_reads(client: Client) -> None:
    _faults(client).delay = 3600
    write = asyncio.create_task(client.apply([create("3jzfcijpj2z2a")]))
    assert await client.listed() == {}
    assert not write.done()
    write.cancel()
    with pytest.raises(asyncio.CancelledError):
        await write


async def test_the_admin_sets_faults_from_outside(client: Client) -> None:
    admin = ("admin", client.pds.admin_password)
    told = ok(await client.http.post("/sandbox/faults", json={"errors": 3}, auth=admin))
    assert told == {"lost_answers": 0, "errors": 3, "delay": 0.0}
    assert _faults(client).errors == 3
    refused(await client.http.post("/sandbox/faults", json={"fire": 1}, auth=admin), 400, "InvalidRequest")


async def test_nobody_else_sets_faults(client: Client) -> None:
    guess = await client.http.post("/sandbox/faults", json={"errors": 3}, auth=("admin", "guess"))
    refused(guess, 401, "AuthenticationRequired")
    stranger = await client.http.post("/sandbox/faults", json={"errors": 3})
    refused(stranger, 401, "AuthenticationRequired")
    assert _faults(client) == Faults()


async def test_no_fault_is_on_by_default(client: Client) -> None:
    assert _faults(client) == Faults(lost_answers=0, errors=0, delay=0.0)
