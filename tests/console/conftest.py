"""Sandboxes for the console: processes of their own, so that they take no time from the screen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from acconsole.console import figures, looking

USERS = 20


@contextmanager
def sandbox_process(users: int = USERS) -> Iterator[dict[str, str]]:
    """A sandbox, filled; gives the environment that points at it."""
    command = [sys.executable, "-m", "acconsole.sandbox", "--users", str(users), "--until-stdin-closes"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin
    assert process.stdout
    try:
        environment = {}
        for line in process.stdout:
            if line.strip() == "ready":
                break
            name, _, value = line.strip().partition("=")
            environment[name] = value
        assert "PDS_URL" in environment, "the sandbox did not start"
        yield environment
    finally:
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[dict[str, str]]:
    """A sandbox that tests only read."""
    with sandbox_process() as environment:
        yield environment


@pytest.fixture(scope="module")
def own_sandbox() -> Iterator[dict[str, str]]:
    """A sandbox that this module's tests write to, each to a repo or a media type of its own."""
    with sandbox_process() as environment:
        yield environment


@pytest.fixture
def quiet_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is read for the list of users: for tests that are about one user only."""
    monkeypatch.setattr(looking, "READERS", 0)
    monkeypatch.setattr(looking, "BY_ITSELF", False)


@pytest.fixture
def no_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only those in view are read for the list of users."""
    monkeypatch.setattr(looking, "BY_ITSELF", False)


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What moves on the screen stands: a pilot waits after each key until nothing is painted any more."""
    monkeypatch.setattr(figures, "ticks", lambda: 1000.0)
