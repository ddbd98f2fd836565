"""A user whom another run holds: refused, with its name, its host, its beginning and its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from tests.cli.conftest import Run


@pytest.fixture
def leases(sandbox: dict[str, str]) -> Iterator[Any]:
    """The collection of the holds."""
    with MongoClient[dict[str, Any]](sandbox["MONGODB_CONNECTION_STRING"]) as client:
        found = client[sandbox["MONGODB_NAME"]]["acconsole_leases"]
        yield found
        found.delete_many({})


def test_a_user_whom_another_machine_holds(run: Run, leases: Any) -> None:
    """Rook's password is refused: nothing of his is written in any case."""
    (user,) = run("users", "rook", "--json").json
    since = datetime.now(UTC) - timedelta(minutes=3)
    holder = {"run": "aa0000000001", "user": "ada\x1b[31m", "host": "far-away", "pid": 7, "since": since}
    leases.insert_one({"_id": user["id"], "holder": holder, "until": since + timedelta(hours=1)})
    refused = run("restore", "rook", "--live", "--json")
    assert refused.status == 5
    error = refused.json["error"]
    assert error["title"] == "Another run holds the user"
    assert all(part in error["message"] for part in ("@rook", "aa0000000001", "ada", "far-away"))
    assert since.astimezone().strftime("%Y-%m-%d %H:%M:%S") in error["message"]
    assert "free at" in error["hint"]
    for_people = run("restore", "rook", "--live")
    assert for_people.status == 5
    assert error["hint"].split(" is free")[0] in for_people.err
    assert "\x1b" not in for_people.err
    assert run("restore", "rook", "--json").status == 0, "a dry run holds nobody"
    assert [each["how"] for each in run("history", "--json").json] == ["finished", "failed", "failed"]
    assert leases.count_documents({"holder.run": "aa0000000001"}) == 1
    leases.update_one({"_id": user["id"]}, {"$set": {"until": since}})
    assert run("restore", "rook", "--live").status == 4, "its time was over, and so the password is tried"
    assert leases.count_documents({}) == 0
