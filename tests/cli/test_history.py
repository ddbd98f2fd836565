"""`history`: runs in a table and in full, by shortened ids, as JSON, and what is told of runs that died."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.cli.conftest import Run

KEYS = {"run", "began", "ended", "action", "mode", "handles", "done", "failed", "how", "backup", "pds"}
NO_SETTINGS = {
    "MONGODB_CONNECTION_STRING": None,
    "MONGODB_NAME": None,
    "PDS_URL": None,
    "ACCONSOLE_PROFILE": None,
}


@pytest.fixture
def work(run: Run, sandbox: dict[str, str]) -> None:
    """Jefferson, who was in sync: one of his moods has changed, and Mongo has lost two rkeys."""
    (user,) = run("users", "jefferson", "--json").json
    with MongoClient[dict[str, Any]](sandbox["MONGODB_CONNECTION_STRING"]) as client:
        moods = client[sandbox["MONGODB_NAME"]]["moods"]
        changed, *unlinked = moods.find({"user": user["id"]})
        moods.update_one({"_id": changed["_id"]}, {"$set": {"mood": f"now {time.time()}"}})
        for each in unlinked:
            moods.update_one({"_id": each["_id"]}, {"$unset": {"atproto": ""}})


def test_a_machine_without_runs(run: Run, tmp_path: Path) -> None:
    result = run("history", **NO_SETTINGS)
    assert (result.status, result.out, result.err) == (0, "There are no runs yet.\n", "")
    assert run("history", "--json").json == []
    assert run("history", "abc", "--json").json["error"]["title"] == "There is no such run"
    assert run("history", "abc").status == 2
    assert run("history", "--limit", "0").status == 2
    assert not (tmp_path / "state").exists()


@pytest.mark.usefixtures("work")
def test_runs_in_a_table_and_in_full(run: Run) -> None:
    """Needs no server once the runs are over, and so no settings for one."""
    run("restore", "abby")
    live = run("restore", "jefferson", "--live", "--json").json
    listed = run("history", "--json", **NO_SETTINGS)
    assert (listed.status, listed.err) == (0, "")
    newest, oldest = listed.json
    assert set(newest) == KEYS
    assert (newest["run"], newest["mode"], newest["how"]) == (live["run"], "live", "finished")
    assert (newest["done"], newest["handles"], newest["backup"]) == (
        live["done"],
        ["jefferson"],
        live["backup"],
    )
    assert (oldest["mode"], oldest["handles"], oldest["done"]["create"]) == ("dry-run", ["abby"], 0)
    assert len(run("history", "--limit", "1", "--json", **NO_SETTINGS).json) == 1
    head, first, second = run("history", **NO_SETTINGS).out.splitlines()
    assert head.split()[:4] == ["run", "when", "action", "who"]
    assert first.startswith(live["run"])
    assert ("@jefferson" in first, "finished" in first, "dry-run" in second) == (True, True, True)
    told = run("history", live["run"][:11], **NO_SETTINGS)
    assert (told.status, told.err) == (0, "")
    assert told.out.startswith(f"Run {live['run']}   restore of @jefferson   live   finished\n")
    assert f"Backup: {live['backup']}" in told.out
    full = run("history", live["run"].upper(), "--json", **NO_SETTINGS).json
    done = live["done"]
    assert full["result"]["done"] == done
    assert (done["update"], done["relink"]) == (1, 2)
    operations = [each for batch in full["batches"] for each in batch["operations"]]
    assert sorted(each["action"] for each in operations) == ["relink", "relink", "update"]
    assert {each["outcome"] for each in operations} == {"confirmed"}
    assert full["batches"][-1]["commit"] in told.out


def test_unknown_and_ambiguous_runs(run: Run) -> None:
    run("restore", "abby")
    known = run("restore", "abby", "--json").json["run"]
    wrong = known[:-1] + ("0" if known[-1] != "0" else "1")
    unknown = run("history", wrong, "--json")
    assert unknown.status == 2
    assert known in unknown.json["error"]["hint"]
    several = run("history", known[:4])
    assert several.status == 2
    assert f"Several runs begin with {known[:4]}" in several.err
    hostile = run("history", "\x1b[31mred\u202e")
    assert hostile.status == 2
    assert not set("\x1b\u202e") & set(hostile.err)


@pytest.mark.usefixtures("work")
def test_a_run_that_died_is_told_of_until_another_has_finished(run: Run, tmp_path: Path) -> None:
    live = run("restore", "jefferson", "--live", "--json").json
    _died(tmp_path / "state" / "journal.sqlite", like=live["run"])
    assert run("history", "--json").json[0]["how"] == "died"
    assert run("restore", "jefferson").err == "", "a dry run goes on from nothing"
    assert run("restore", "abby", "--live").err == ""
    told = run("restore", "jefferson", "--live", "--json", "--max-deletes", "0")
    assert told.status == 0
    assert "Run ffffffffffff (restore of @jefferson, " in told.err
    assert "This run goes on from what Mongo and the PDS hold." in told.err
    assert told.err.count("\n") == 1
    assert run("restore", "jefferson", "--live").err == ""


def test_quiet_tells_of_no_run_that_died(run: Run, tmp_path: Path) -> None:
    live = run("restore", "jefferson", "--live", "--json").json
    _died(tmp_path / "state" / "journal.sqlite", like=live["run"])
    assert run("restore", "jefferson", "--live", "--quiet").err == ""


def _died(journal: Path, like: str) -> None:
    """Put a run beside another one, as a process leaves it that was killed."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    changed = {"run": "ffffffffffff", "began": time.time(), "pid": ended.pid}
    with closing(sqlite3.connect(journal)) as db, db:
        for table in ("runs", "users"):
            cursor = db.execute(f"SELECT * FROM {table} WHERE run = ?", (like,))
            row = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
            row |= {name: value for name, value in changed.items() if name in row}
            db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
