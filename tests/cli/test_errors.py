"""What goes wrong before a run: usage, settings, names, servers; told once, with its exit status."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.cli.conftest import Result, Run

Process = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address at which nothing listens: a port that is taken and refuses."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def error_of(result: Result) -> dict[str, str]:
    """The one JSON document that an error is."""
    assert result.err == ""
    assert set(result.json) == {"error"}
    assert set(result.json["error"]) == {"title", "message", "hint"}
    assert "Traceback" not in result.out
    found: dict[str, str] = result.json["error"]
    return found


USAGE = [
    ["status"],
    ["status", "--all", "abby"],
    ["status", "abby", "--types", "films"],
    ["status", "abby", "--types", ""],
    ["status", "abby", "--no-such-option"],
    ["no-such-command"],
    ["users", "--limit", "0"],
    ["users", "--limit", "many"],
    ["users", "--filter", "gone"],
    ["users", "one", "two"],
    ["restore"],
    ["restore", "abby", "--max-deletes", "-1"],
    ["restore", "abby", "--confirm", "abby"],
    ["wipe"],
    ["sandbox", "--users", "0"],
]


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_usage(run: Run, arguments: list[str]) -> None:
    for_people = run(*arguments)
    assert (for_people.status, for_people.out) == (2, "")
    assert "--help" in for_people.err
    for_scripts = run(*arguments, "--json")
    assert for_scripts.status == 2
    assert error_of(for_scripts)["message"]


@pytest.mark.parametrize(
    "command", [["status"], ["restore"], ["restore", "--live"], ["wipe", "--live", "--confirm", "jefrey"]]
)
def test_an_unknown_handle_lists_near_matches(run: Run, command: list[str]) -> None:
    result = run(*command, "jefrey", "--json")
    assert result.status == 2
    assert "@jeffrey" in error_of(result)["hint"]
    for_people = run(*command, "jefrey")
    assert (for_people.status, for_people.out) == (2, "")
    assert "jefrey" in for_people.err
    assert "@jeffrey" in for_people.err


def test_one_unknown_handle_among_known_ones(run: Run) -> None:
    assert run("status", "abby", "nobody-at-all", "--json").status == 2


HOSTILE = ["\x1b[31mred", "[bold]x[/x]", "a\nb", "\u202etxt", "\ud800", "%s{0}", "x" * 5_000, "--", "\x9b5m"]


@pytest.mark.parametrize("handle", HOSTILE, ids=ascii)
def test_hostile_handles_are_inert(run: Run, handle: str) -> None:
    result = run("status", "abby", handle) if handle == "--" else run("status", "--", handle)
    if handle != "--":
        assert (result.status, result.out) == (2, "")
    assert not set("\x1b\x9b\u202e\ud800") & set(result.out + result.err)
    assert len(result.err.splitlines()) <= 3
    told = run("status", "--json", "--", handle)
    assert told.status == 2
    json.loads(told.out.encode())


@pytest.mark.parametrize(
    "arguments", [["users"], ["status", "abby"], ["restore", "abby", "--live"], ["wipe", "abby"]]
)
def test_a_pds_that_does_not_answer(run: Run, nowhere: str, arguments: list[str]) -> None:
    result = run(*arguments, "--json", PDS_URL=f"http://{nowhere}")
    assert result.status == 3
    assert nowhere in error_of(result)["message"]
    for_people = run(*arguments, PDS_URL=f"http://{nowhere}")
    assert (for_people.status, for_people.out) == (3, "")
    assert nowhere in for_people.err


def test_a_mongo_that_does_not_answer(run: Run, nowhere: str) -> None:
    uri = f"mongodb://admin:s3cr3t@{nowhere}"
    result = run("status", "abby", "--json", MONGODB_CONNECTION_STRING=uri)
    assert result.status == 3
    assert nowhere in error_of(result)["message"]
    assert "s3cr3t" not in result.out + result.err


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"MONGODB_CONNECTION_STRING": None}, "MONGODB_CONNECTION_STRING"),
        ({"MONGODB_NAME": None}, "MONGODB_NAME"),
        ({"MONGODB_CONNECTION_STRING": "s3cr3t"}, "MONGODB_CONNECTION_STRING"),
        ({"MONGODB_CONNECTION_STRING": "mongodb://u:s3cr3t@"}, "MONGODB_CONNECTION_STRING"),
        ({"PDS_URL": "localhost"}, "PDS_URL"),
        ({"ACCONSOLE_READ_ONLY": "s3cr3t"}, "ACCONSOLE_READ_ONLY"),
        ({"ACCONSOLE_REDA_ONLY": "1"}, "ACCONSOLE_REDA_ONLY"),
        ({"ACCONSOLE_CONFIG": "/no/such/file"}, "/no/such/file"),
    ],
)
def test_settings(run: Run, settings: dict[str, str | None], named: str) -> None:
    for arguments in (["users"], ["status", "abby"], ["restore", "abby"], ["wipe", "abby"]):
        result = run(*arguments, "--json", **settings)
        assert result.status == 2
        assert named in error_of(result)["message"]
        assert "s3cr3t" not in result.out + result.err


def test_the_console_without_settings_says_so_before_it_opens(run: Run) -> None:
    result = run(MONGODB_CONNECTION_STRING=None)
    assert (result.status, result.out) == (2, "")
    assert "MONGODB_CONNECTION_STRING" in result.err
    assert "acconsole demo" in result.err


def test_help_and_version(run: Run) -> None:
    for arguments in (["--help"], ["-h"], ["status", "--help"], ["restore", "-h"]):
        result = run(*arguments)
        assert (result.status, result.err) == (0, "")
        assert result.out.startswith("Usage: acconsole")
    assert run("--version").out.startswith("acconsole, version ")


def test_a_process_of_its_own_says_the_same(process: Process) -> None:
    done = process("status", "jefrey", "--json")
    assert done.returncode == 2
    assert "@jeffrey" in json.loads(done.stdout)["error"]["hint"]
    assert done.stderr == ""
    done = process("status", "abby", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["handle"] == "abby"


def test_a_reader_that_leaves_early_is_no_error(process: Process, sandbox: dict[str, str]) -> None:
    script = f"{sys.executable} -m acconsole users | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        env={**sandbox, "PATH": "/usr/bin:/bin"},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("handle")
    assert done.stderr == ""
