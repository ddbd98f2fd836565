"""A small sandbox in a process of its own, and the command line run against it in this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from acconsole.cli import main


@dataclass(frozen=True)
class Result:
    """What one command left: its exit status, its stdout and its stderr."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document that stdout is."""
        return json.loads(self.out)


Run = Callable[..., Result]


@contextmanager
def environment_of(*arguments: str) -> Iterator[dict[str, str]]:
    """The environment of a sandbox in a process of its own."""
    command = [sys.executable, "-m", "acconsole.sandbox", *arguments, "--until-stdin-closes"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        environment = {}
        for line in process.stdout:
            if line == "ready\n":
                break
            name, _, value = line.rstrip("\n").partition("=")
            environment[name] = value
        assert "PDS_URL" in environment, "the sandbox ended before it was ready"
        yield environment
        process.stdin.close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[dict[str, str]]:
    """The environment of a sandbox with 20 people. A test writes to people whom no other looks at."""
    with environment_of("--users", "20") as environment:
        yield environment


@pytest.fixture
def run(
    sandbox: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Run:
    """Runs `acconsole` with arguments; further settings as keywords, None for one that is not set."""

    def command(*arguments: str, **settings: str | None) -> Result:
        for name, value in {**sandbox, "ACCONSOLE_STATE_DIR": str(tmp_path / "state"), **settings}.items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["acconsole", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        for name in settings:
            monkeypatch.delenv(name, raising=False)
        return Result(int(ended.value.code or 0), said.out, said.err)

    return command


@pytest.fixture
def process(sandbox: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `acconsole` as a process of its own."""

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        settings = {**sandbox, "ACCONSOLE_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
        return subprocess.run(
            [sys.executable, "-m", "acconsole", *arguments],
            env={"PATH": os.environ["PATH"], **settings},
            stdin=subprocess.DEVNULL,
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )

    return command
