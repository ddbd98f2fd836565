"""A logged-in client of a new account on each PDS in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.contract.client import Client
from tests.servers import PdsServer


@asynccontextmanager
async def _logged_in(pds: PdsServer) -> AsyncIterator[Client]:
    # There is no TLS here; `verify=False` saves reading the machine's certificates for each test.
    async with httpx.AsyncClient(base_url=pds.url, timeout=60, verify=False) as http:
        account = await pds.create_account()
        yield Client(pds, account, http, account.access, account.refresh)


@pytest.fixture
async def client(pds: PdsServer) -> AsyncIterator[Client]:
    async with _logged_in(pds) as client:
        yield client


@pytest.fixture
async def other(pds: PdsServer) -> AsyncIterator[Client]:
    """A second account on the same PDS."""
    async with _logged_in(pds) as client:
        yield client


@pytest.fixture
async def limited(limited_pds: PdsServer) -> AsyncIterator[Client]:
    """A client of the PDS that has rate limits."""
    async with _logged_in(limited_pds) as client:
        yield client
