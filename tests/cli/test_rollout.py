"""`rollout` on the command line, on a sandbox of its own: it writes to everybody."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from acconsole.errors import Exit
from tests.cli.conftest import Run, environment_of


@pytest.fixture(scope="module")
def sandbox() -> Iterator[dict[str, str]]:
    """In place of the shared sandbox."""
    with environment_of("--users", "20") as environment:
        yield environment


RECORDS = ("--types", "moods,pieces,kidlisp")


def test_a_dry_run_writes_nothing_and_lists_who_is_left_out(run: Run) -> None:
    told = run("rollout", *RECORDS)
    assert "dry run" in told.out
    assert "users have something to do" in told.out
    assert "Nothing was written" in told.out
    dry = run("rollout", *RECORDS, "--json")
    assert dry.status == Exit.ITEMS_FAILED, "users without an account that works are listed"
    assert (dry.json["action"], dry.json["mode"], dry.json["report"]) == ("rollout", "dry-run", None)
    assert dry.json["planned"]["create"] > 0
    assert sum(dry.json["done"].values()) == 0
    assert run("rollout", *RECORDS, "--json").json["planned"] == dry.json["planned"]
    assert dry.json["users"]["left_out"] == len([each for each in dry.json["failed"] if not each["type"]])


def test_a_canary_then_everybody_then_nothing(run: Run, tmp_path: Path) -> None:
    canary = run("rollout", *RECORDS, "--limit", "3", "--live", "--json").json
    assert canary["users"]["looked"] == 3
    live = run("rollout", *RECORDS, "--live", "--concurrency", "4", "--json")
    assert live.json["done"]["create"] > 0
    assert live.json["verified"]["wrong"] == 0
    assert live.json["verified"]["checked"] > 0
    rows = list(csv.DictReader(Path(live.json["report"], "report.csv").read_text().splitlines()))
    assert {row["end"] for row in rows} >= {"done", "left-out"}
    assert json.loads(Path(live.json["report"], "report.json").read_text())["run"] == live.json["run"]
    again = run("rollout", *RECORDS, "--live", "--json")
    assert sum(again.json["done"].values()) == 0
    resumed = run("rollout", "--resume", live.json["run"][:9], "--live", "--json")
    assert resumed.json["users"]["looked"] == live.json["users"]["looked"]
    for more in ("--types tapes", "--limit 1", "--query jeffrey", "--prune", "--retry-blocked"):
        other = run("rollout", "--resume", live.json["run"], *more.split(), "--live")
        assert (other.status, "would change that" in other.err) == (Exit.USAGE, True)
    listed = run("history", "--json").json
    assert [each["action"] for each in listed] == ["rollout"] * 4


def test_a_rollout_is_undone_for_everybody(run: Run) -> None:
    # Whatever the tests before have left to do.
    run("wipe", "jeffrey", "--pieces-only", "--live", "--confirm", "jeffrey", "--json")
    live = run("rollout", "--pieces-only", "--live", "--json").json
    dry = run("undo", live["run"][:9])
    assert live["run"] in dry.out
    assert "Nothing was written" in dry.out
    undone = run("undo", live["run"], "--live", "--json").json
    assert (undone["action"], undone["done"]["delete"]) == ("undo", live["done"]["create"])
    assert run("undo", undone["run"], "--live", "--json").json["done"]["create"] == live["done"]["create"]
    assert run("status", "jeffrey", "--pieces-only", "--json").json["in_sync"]


def test_users_from_a_file_or_a_search(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "users.txt"
    file.write_text("# the first\n@jeffrey\n\nart\n")
    assert run("rollout", "--users-from", str(file), "--json").json["users"]["looked"] == 2
    assert run("rollout", "--query", "jeffrey", "--json").json["users"]["looked"] >= 1
    file.write_text("nobody-at-all\n")
    unknown = run("rollout", "--users-from", str(file))
    assert (unknown.status, "nobody-at-all" in unknown.err) == (Exit.USAGE, True)
    missing = run("rollout", "--users-from", str(tmp_path / "none"))
    assert (missing.status, "cannot be read" in missing.err) == (Exit.USAGE, True)


def test_what_is_refused(run: Run) -> None:
    refused = run("rollout", "--live", ACCONSOLE_READ_ONLY="1")
    assert (refused.status, "READ_ONLY" in refused.err) == (Exit.REFUSED, True)
    unknown = run("rollout", "--resume", "ffff")
    assert (unknown.status, "No run goes by ffff" in unknown.err) == (Exit.USAGE, True)
    assert run("rollout", "--concurrency", "0").status == Exit.USAGE


def test_ctrl_c_stops_it_and_resume_goes_on(sandbox: dict[str, str], run: Run, tmp_path: Path) -> None:
    """On a terminal's Ctrl-C, which comes as a signal."""
    moods = ("--moods-only",)
    settings = {**sandbox, "ACCONSOLE_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
    run("wipe", "jeffrey", *moods, "--live", "--confirm", "jeffrey", "--json")
    command = [
        sys.executable,
        "-m",
        "acconsole",
        "rollout",
        *moods,
        "--live",
        "--json",
        "--concurrency",
        "1",
        "--verbose",
    ]
    with subprocess.Popen(
        command,
        env={"PATH": "/usr/bin:/bin", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if "applyWrites" in line:
                process.send_signal(2)
                break
        out, _ = process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPTED
    stopped = json.loads(out)
    assert stopped["stopped"]
    assert stopped["users"]["not_begun"] > 0
    resumed = run("rollout", "--resume", stopped["run"], "--live", "--json").json
    assert resumed["users"]["not_begun"] == 0
    assert stopped["done"]["create"] > 0, "the batch on its way was finished"
    assert stopped["done"]["create"] + resumed["planned"]["create"] == stopped["planned"]["create"]
