"""One world a test, on each PDS in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import PdsServer
from tests.world import World


@pytest.fixture
def world(pds: PdsServer, mongo_uri: str, mongo_db: str) -> Iterator[World]:
    """A world of the test's own, on the sandbox PDS and on the reference PDS."""
    made = World(pds, mongo_uri, mongo_db)
    yield made
    made.close()


@pytest.fixture
def sandbox_world(sandbox_pds: PdsServer, mongo_uri: str, mongo_db: str) -> Iterator[World]:
    """A world of the test's own, on the sandbox PDS alone: for faults that only its insides can show."""
    made = World(sandbox_pds, mongo_uri, mongo_db)
    yield made
    made.close()
