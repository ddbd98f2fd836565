"""`undo` on the command line: dry by default, live, its account as JSON, and what it refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection

from tests.cli.conftest import Run
from tests.cli.test_running import NOTHING, refused, told

Moods = Collection[dict[str, Any]]


@pytest.fixture
def moods(sandbox: dict[str, str]) -> Iterator[Moods]:
    with MongoClient[dict[str, Any]](sandbox["MONGODB_CONNECTION_STRING"]) as client:
        yield client[sandbox["MONGODB_NAME"]]["moods"]


@pytest.fixture
def restored(run: Run, moods: Moods) -> dict[str, Any]:
    """A live restore of Jefferson, one of whose moods had changed and one lost its rkey."""
    (user,) = run("users", "jefferson", "--json").json
    changed, unlinked, *_ = moods.find({"user": user["id"]})
    moods.update_one({"_id": changed["_id"]}, {"$set": {"mood": f"now {time.time()}"}})
    moods.update_one({"_id": unlinked["_id"]}, {"$unset": {"atproto": ""}})
    made = told(run("restore", "jefferson", "--live", "--json"))
    assert made["done"] == {**NOTHING, "update": 1, "relink": 1}
    return made


def test_a_run_is_undone_and_that_again(run: Run, restored: dict[str, Any]) -> None:
    dry = told(run("undo", restored["run"], "--json"))
    assert (dry["action"], dry["mode"], dry["done"], dry["skipped"]) == ("undo", "dry-run", NOTHING, [])
    assert (dry["planned"], dry["points"]) == ({**NOTHING, "update": 1, "relink": 1}, 2)
    live = told(run("undo", restored["run"][:11], "--live", "--json"))
    assert (live["done"], live["verified"]) == (dry["planned"], {"checked": 2, "problems": []})
    assert live["backup"]
    assert run("status", "jefferson").status == 1
    again = told(run("undo", restored["run"], "--live", "--json"))
    assert (again["planned"], again["done"]) == (NOTHING, NOTHING)
    assert told(run("undo", live["run"], "--live", "--json"))["done"] == dry["planned"]
    assert run("status", "jefferson").status == 0


def test_what_is_skipped_is_told(run: Run, restored: dict[str, Any], moods: Moods) -> None:
    (user,) = run("users", "jefferson", "--json").json
    dead = moods.find({"user": user["id"]})[0]
    moods.update_one({"_id": dead["_id"]}, {"$set": {"deleted": True}})
    try:
        for_people = run("undo", restored["run"], "--live")
        assert for_people.status == 0
        assert for_people.out.startswith(f"Run {restored['run']}, restore of @jefferson\nUndo @jefferson ")
        reason = "its doc was deleted, and is not published again"
        assert f"1 skipped:\n  moods {dead['_id']}: {reason}" in for_people.out
        assert "Done: + create 0   * update 0   ~ relink 1" in for_people.out
        assert "1 skipped: they were left as they are." in for_people.out
        assert "Verified: 1 of 1 records are as planned." in for_people.out
        (left,) = told(run("undo", restored["run"], "--json"))["skipped"]
        assert left["rkey"] == dead["atproto"]["rkey"]
        assert (left["handle"], left["type"], left["id"]) == ("jefferson", "moods", str(dead["_id"]))
    finally:
        moods.update_one({"_id": dead["_id"]}, {"$unset": {"deleted": ""}})
        run("restore", "jefferson", "--live")


def test_history_says_how_a_run_is_taken_back(run: Run, restored: dict[str, Any]) -> None:
    assert run("history", restored["run"]).out.endswith(
        f"To take it back: acconsole undo {restored['run']}\n"
    )
    dry = told(run("restore", "abby", "--json"))["run"]
    assert "To take it back" not in run("history", dry).out
    undone = run("undo", dry)
    assert (undone.status, undone.err) == (0, "")
    assert "was a dry run, which writes nothing." in undone.out
    assert "Nothing to do." in undone.out


def test_what_an_undo_refuses(run: Run, restored: dict[str, Any]) -> None:
    unknown = run("undo", "ffff", "--json")
    assert (unknown.status, unknown.json["error"]["title"]) == (2, "There is no such run")
    read_only = run("undo", restored["run"], "--live", "--json", ACCONSOLE_READ_ONLY="1")
    refused(read_only, "Read-only")
    assert run("undo").status == 2
    assert "acconsole undo 6b05 --live" in run("undo", "--help").out
