"""What every test gets: a clean environment, and servers on demand.

Nothing is started or imported before a test asks for it: the start of pytest stays quick.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests import servers
from tests.reference import install
from tests.reference.install import ReferenceMissing
from tests.servers import PdsServer

if TYPE_CHECKING:
    from tests.world import World

_OURS = ("ACCONSOLE_", "MONGODB_", "PDS_", "XDG_")
_REFERENCE_FIXTURES = {"reference_pds", "reference_pds_limited", "reference_pds_clocked"}
_BYPASS_KEY = "a-bypass-key"
_database_numbers = count(1)
_LEFT_OUT = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-reference",
        action="store_true",
        help="leave out the tests that need the reference PDS (node packages, a C++ compiler)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "reference: needs the reference PDS or its packages")
    # How long an example takes says nothing here: other tests run beside it.
    settings.register_profile("suite", deadline=None)
    settings.load_profile("suite")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Before tests run in several processes, the reference PDS is set up once, outside of any test's time."""
    config = session.config
    several = config.getoption("numprocesses", None) and not hasattr(config, "workerinput")
    if several and not config.getoption("--no-reference"):
        with contextlib.suppress(ReferenceMissing):  # each test that needs it will say so
            install.folder()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--no-reference"):
        return
    left_out = [item for item in items if _needs_reference(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not _needs_reference(item)]
    config.stash[_LEFT_OUT] = len(left_out)
    if hasattr(config, "workeroutput"):
        config.workeroutput["left_out"] = len(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A process of several is done: each has left out the same tests."""
    node.config.stash[_LEFT_OUT] = node.workeroutput.get("left_out", 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash.get(_LEFT_OUT, 0)
    if left_out:
        terminalreporter.write_line(f"--no-reference: {left_out} tests on the reference PDS were left out.")


def _needs_reference(item: pytest.Item) -> bool:
    if item.get_closest_marker("reference"):
        return True
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    if any(str(value).startswith("reference_pds") for value in parameters.values()):
        return True
    return bool(_REFERENCE_FIXTURES & set(getattr(item, "fixturenames", ())))


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty home and none of our settings; gives the home."""
    for name in list(os.environ):
        if name.startswith(_OURS):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name, below in (
        ("CONFIG", ".config"),
        ("STATE", ".local/state"),
        ("CACHE", ".cache"),
        ("DATA", ".local/share"),
    ):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / below))
    return home


def _reference(*, rate_limits: bool, clocked: bool = False) -> Iterator[PdsServer]:
    try:
        with servers.reference_server(
            rate_limits=rate_limits, bypass_key=_BYPASS_KEY if rate_limits else None, clocked=clocked
        ) as pds:
            yield pds
    except ReferenceMissing as missing:
        pytest.fail(f"The reference PDS cannot be had: {missing}", pytrace=False)


@pytest.fixture(scope="session")
def reference_pds() -> Iterator[PdsServer]:
    """The reference PDS, without rate limits. Shared: make an account of your own."""
    yield from _reference(rate_limits=False)


@pytest.fixture(scope="session")
def reference_pds_limited() -> Iterator[PdsServer]:
    """The reference PDS with its rate limits; accounts are made by its bypass key."""
    yield from _reference(rate_limits=True)


@pytest.fixture(scope="session")
def sandbox_pds() -> Iterator[PdsServer]:
    """The sandbox PDS, without rate limits. Shared: make an account of your own."""
    with servers.sandbox_server() as pds:
        yield pds


@pytest.fixture(scope="session")
def sandbox_pds_limited() -> Iterator[PdsServer]:
    """The sandbox PDS with its rate limits; accounts are made by its bypass key."""
    with servers.sandbox_server(rate_limits=True, bypass_key=_BYPASS_KEY) as pds:
        yield pds


@pytest.fixture(scope="session")
def reference_pds_clocked() -> Iterator[PdsServer]:
    """As `reference_pds_limited`, with a clock that is moved."""
    yield from _reference(rate_limits=True, clocked=True)


@pytest.fixture(scope="session")
def sandbox_pds_clocked() -> Iterator[PdsServer]:
    """As `sandbox_pds_limited`, with a clock that is moved."""
    with servers.sandbox_server(rate_limits=True, bypass_key=_BYPASS_KEY, clocked=True) as pds:
        yield pds


@pytest.fixture(params=["sandbox_pds", "reference_pds"], ids=["sandbox", "reference"])
def pds(request: pytest.FixtureRequest) -> PdsServer:
    """Each PDS in turn: the test runs on both."""
    server: PdsServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture(params=["sandbox_pds_limited", "reference_pds_limited"], ids=["sandbox", "reference"])
def limited_pds(request: pytest.FixtureRequest) -> PdsServer:
    """Each PDS in turn, with rate limits."""
    server: PdsServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture(scope="session")
def mongo_uri() -> Iterator[str]:
    """The connection string of a Mongo server in memory. Shared: take a database name of your own."""
    with servers.mongo_server() as uri:
        yield uri


@pytest.fixture
def mongo_db() -> str:
    """The name of a database that nobody else uses."""
    return f"test-{next(_database_numbers)}"


def _world(pds: PdsServer, mongo_uri: str, mongo_db: str) -> Iterator[World]:
    from tests.world import World

    made = World(pds, mongo_uri, mongo_db)
    yield made
    made.close()


@pytest.fixture
def world(pds: PdsServer, mongo_uri: str, mongo_db: str) -> Iterator[World]:
    """A world of the test's own, on the sandbox PDS and on the reference PDS."""
    yield from _world(pds, mongo_uri, mongo_db)


@pytest.fixture
def limited_world(limited_pds: PdsServer, mongo_uri: str, mongo_db: str) -> Iterator[World]:
    """As `world`, on PDSs with rate limits."""
    yield from _world(limited_pds, mongo_uri, mongo_db)


@pytest.fixture(params=["sandbox_pds_clocked", "reference_pds_clocked"], ids=["sandbox", "reference"])
def clocked_world(request: pytest.FixtureRequest, mongo_uri: str, mongo_db: str) -> Iterator[World]:
    """As `limited_world`, with a clock that is moved: the PDS's, and that of the world's engines."""
    yield from _world(request.getfixturevalue(request.param), mongo_uri, mongo_db)


@pytest.fixture
def reference_world(reference_pds: PdsServer, mongo_uri: str, mongo_db: str) -> Iterator[World]:
    """A world of the test's own, on the reference PDS alone."""
    yield from _world(reference_pds, mongo_uri, mongo_db)


@pytest.fixture
def sandbox_world(sandbox_pds: PdsServer, mongo_uri: str, mongo_db: str) -> Iterator[World]:
    """A world of the test's own, on the sandbox PDS alone."""
    yield from _world(sandbox_pds, mongo_uri, mongo_db)
