"""The set-up of the reference PDS: made once, whole or not at all, and free of registry addresses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.reference import install

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The commands that a set-up in an empty cache would run; none is run."""
    run: list[list[str]] = []
    monkeypatch.setattr(install, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(install, "_run", lambda cwd, command: run.append(list(command)))
    return run


def test_it_is_set_up_once(commands: list[list[str]]) -> None:
    first = install.folder()
    assert (first / "package-lock.json").is_file()
    count = len(commands)
    assert count == 3
    assert install.folder() == first
    assert len(commands) == count


def test_what_a_killed_set_up_left_is_thrown_away(commands: list[list[str]]) -> None:
    partial = install.CACHE / f"{install._lock_hash()}.partial"
    (partial / "node_modules").mkdir(parents=True)
    whole = install.folder()
    assert commands
    assert not (whole / "node_modules").exists()
    assert not partial.exists()


def test_a_set_up_that_fails_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(install, "CACHE", tmp_path / "cache")

    def fail(cwd: Path, *arguments: str) -> None:
        install._run(cwd, [sys.executable, "-c", "import sys; sys.exit('no network')"])

    monkeypatch.setattr(install, "_npm", fail)
    with pytest.raises(install.ReferenceMissing, match="no network") as caught:
        install.folder()
    assert "--no-reference" in str(caught.value)
    assert not (install.CACHE / install._lock_hash()).exists()


def test_sessions_side_by_side_set_it_up_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import threading

    monkeypatch.setattr(install, "CACHE", tmp_path / "cache")
    begun, go_on = threading.Event(), threading.Event()
    made: list[Sequence[str]] = []

    def run(cwd: Path, command: Sequence[str]) -> None:
        made.append(command)
        begun.set()
        assert go_on.wait(timeout=10)

    monkeypatch.setattr(install, "_run", run)
    sessions = [threading.Thread(target=install.folder) for _ in range(2)]
    for session in sessions:
        session.start()
    assert begun.wait(timeout=10)
    go_on.set()
    for session in sessions:
        session.join(timeout=10)
    assert len(made) == 3


def test_the_lock_file_names_versions_and_no_addresses() -> None:
    packages = json.loads((install.HERE / "package-lock.json").read_text())["packages"]
    wanted = json.loads((install.HERE / "package.json").read_text())["dependencies"]
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all(package.get("integrity") for name, package in packages.items() if name)


def test_no_reference_leaves_its_tests_out_and_counts_them() -> None:
    command = [sys.executable, "-m", "pytest", "--no-reference", "--collect-only", "-q", "tests/contract"]
    told = subprocess.run(
        command, cwd=REPOSITORY, env={"PATH": os.environ["PATH"]}, text=True, capture_output=True, check=True
    ).stdout
    assert "[sandbox]" in told
    assert "[reference" not in told
    assert "tests on the reference PDS were left out" in told
