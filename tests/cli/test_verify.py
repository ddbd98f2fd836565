"""`verify`, the whole fleet's `status`, and what a live restore says of its own work."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from acconsole.cli.counting import Counting
from acconsole.engine.verify import Problem
from acconsole.engine.written import Verified
from acconsole.errors import BudgetSpent, Unreachable
from acconsole.media.base import MediaType
from acconsole.stores.pds import PdsRepos
from tests.cli.conftest import Result, Run
from tests.cli.test_reading import CAST

KEYS = {"handle", "type", "id", "rkey", "verdict", "field", "detail"}
NOWHERE = "http://127.0.0.1:9"


def verified(result: Result, status: int) -> dict[str, Any]:
    """What a verification came to, with nothing on stderr."""
    assert (result.status, result.err) == (status, ""), result.out[:2_000]
    found: dict[str, Any] = result.json
    assert set(found) >= {"checked", "in_sync", "problems"}
    assert all(set(problem) >= KEYS for problem in found["problems"])
    return found


def counts(run: Run, handle: str) -> dict[str, dict[str, int]]:
    types: dict[str, dict[str, int]] = run("status", handle, "--json").json["types"]
    return types


def total(types: dict[str, dict[str, int]], *names: str) -> int:
    return sum(each[name] for each in types.values() for name in names)


def test_verify_and_status_agree(run: Run, tmp_path: Path) -> None:
    types = counts(run, "jeffrey")
    file = tmp_path / "jeffrey.txt"
    file.write_text("from before")
    found = verified(run("verify", "jeffrey", "--json", "--combined", str(file)), 1)
    assert found["checked"] == total(types, "docs", "orphan")
    assert found["in_sync"] is False
    assert {problem["handle"] for problem in found["problems"]} == {"jeffrey"}
    of_items = {(each["type"], each["id"], each["rkey"], each["verdict"]) for each in found["problems"]}
    spread = Counter((kind, verdict) for kind, _, _, verdict in of_items)
    bad = ("missing", "unlinked", "stale", "duplicate", "tombstone", "orphan", "blocked")
    assert spread == {(kind, name): each[name] for kind, each in types.items() for name in bad if each[name]}

    lines = [line.split(" ") for line in file.read_text().splitlines()]
    assert all(len(line) == 5 and line[1] == "jeffrey" for line in lines)
    assert Counter(line[0] for line in lines) == {
        "=": total(types, "synced"),
        "+": total(types, "missing"),
        "-": total(types, "duplicate", "tombstone", "orphan"),
        "*": total(types, "unlinked", "stale"),
        "!": total(types, "blocked"),
    }
    order = [kind.value for kind in MediaType]
    assert lines == sorted(lines, key=lambda line: (order.index(line[2]), line[3], line[4].lstrip("-")))
    assert {line[4] for line in lines if line[0] == "+"} == {"-"}
    assert [each.name for each in tmp_path.iterdir() if "jeffrey" in each.name] == ["jeffrey.txt"]


def test_who_is_in_sync(run: Run) -> None:
    found = verified(run("verify", "abby", "--blobs", "--json"), 0)
    assert (found["checked"], found["in_sync"], found["problems"]) == (26, True, [])
    for_people = run("verify", "abby", "--blobs")
    assert for_people.status == 0
    first, last = for_people.out.splitlines()
    assert first.startswith("Checked 26 docs and orphaned records of 1 user; ")
    assert first.endswith(" blobs were fetched.")
    assert last == "In sync."


def test_what_only_the_bytes_of_blobs_tell(run: Run) -> None:
    def blobs(*arguments: str) -> dict[str, str]:
        found = verified(run("verify", "jeffrey", "--paintings-only", "--json", *arguments), 1)
        return {
            each["detail"]: each["verdict"]
            for each in found["problems"]
            if each["field"] == "thumbnail" and "declared as image" not in each["detail"]
        }

    assert set(blobs()) == {"is missing"}
    with_blobs = blobs("--blobs")
    assert with_blobs["the PDS does not have the blob"] == "stale"
    assert with_blobs['is image/jpeg by its bytes, declared as "image/png"'] == "stale"


def test_single_docs(run: Run) -> None:
    found = verified(run("verify", "jeffrey", "--code", "roz", "--code", "q2x", "--json"), 1)
    assert found["checked"] == 2
    assert {(each["verdict"], each["field"]) for each in found["problems"]} == {
        ("missing", None),
        ("stale", "source"),
    }
    assert verified(run("verify", "jeffrey", "--code", "roz", "--moods-only", "--json"), 0)["checked"] == 0


def test_for_people(run: Run) -> None:
    result = run("verify", "jeffrey", "--code", "q2x")
    assert (result.status, result.err) == (1, "")
    first, heading, problem, last = result.out.splitlines()
    assert first == "Checked 1 docs and orphaned records of 1 user."
    assert heading == "1 problem:"
    assert problem.startswith("  jeffrey kidlisp ")
    assert ' stale source: the doc gives "' in problem
    assert last == "Not in sync."
    long = run("verify", "jeffrey", "--kidlisp-only").out.splitlines()
    assert len(long) == 24
    assert long[-2].endswith(" more: see --json")


def test_whose_repo_cannot_be_read(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.txt"
    result = run("verify", "lull", "abby", "--json", "--combined", str(file))
    found = verified(result, 4)
    assert (found["checked"], found["in_sync"]) == (26, False)
    (problem,) = found["problems"]
    assert (problem["handle"], problem["type"], problem["verdict"]) == ("lull", None, None)
    assert "deactivated" in problem["detail"]
    lines = file.read_text().splitlines()
    assert [line for line in lines if line[2:7] == "abby "] == lines[:26], "sorted by handle"
    assert {line[0] for line in lines[26:]} == {"!"}
    assert run("verify", "wisp").status == 4


def test_everybody(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.txt"
    everybody = run("status", "--all", "--moods-only", "--json").json
    found = verified(run("verify", "--all", "--moods-only", "--json", "--combined", str(file)), 1)
    readable = [each for each in everybody if "error" not in each]
    assert found["checked"] == sum(total(each["types"], "docs", "orphan") for each in readable)
    handles = [each["handle"] for each in found["problems"]]
    assert handles == sorted(handles, key=lambda handle: (handle is None, handle or ""))
    unread = {each["handle"] for each in found["problems"] if each["type"] is None}
    assert unread == {each["handle"] for each in everybody if "error" in each}
    named = [line.split(" ")[1] for line in file.read_text().splitlines()]
    assert list(dict.fromkeys(name for name in named if "|" not in name)) == [
        handle for handle in CAST if handle in named
    ]


@pytest.mark.parametrize("arguments", [[], ["--all", "abby"], ["jefrey"], ["abby", "--types", "poems"]])
def test_what_makes_no_sense(run: Run, arguments: list[str]) -> None:
    result = run("verify", *arguments, "--json")
    assert result.status == 2
    assert set(result.json) == {"error"}


@pytest.mark.parametrize("name", ["", "no/such/folder"])
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_read(
    run: Run, tmp_path: Path, name: str
) -> None:
    result = run("verify", "abby", "--combined", str(tmp_path / name), "--json", PDS_URL=NOWHERE)
    assert result.status == 2
    assert "cannot be written" in result.json["error"]["message"]


def test_nothing_is_left_of_a_file_that_could_not_be_finished(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "out.txt"
    file.write_text("from before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("acconsole.cli.verify.os.replace", full)
    result = run("verify", "abby", "--combined", str(file), "--json")
    assert result.status == 4
    assert "No space left" in result.json["error"]["message"]
    assert file.read_text() == "from before"
    assert [each.name for each in tmp_path.iterdir() if "out" in each.name] == ["out.txt"]


def test_out_of_reach(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.txt"
    for command in (["verify", "abby", "--combined", str(file)], ["verify", "--all"], ["status", "--all"]):
        result = run(*command, "--json", PDS_URL=NOWHERE)
        assert result.status == 3, command
        assert set(result.json) == {"error"}
    assert not file.exists()


def test_a_pds_that_goes_away_in_the_middle(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is not whole is not printed; what was read is not read again."""
    users = sorted(run("users", "--json").json, key=lambda user: str(user["id"]))
    first = {user["did"] for user in users[:5] if user["account"] == "ok"}
    asked: set[str] = set()
    there: list[bool] = []
    snapshot = PdsRepos.snapshot

    async def read(self: PdsRepos, did: str) -> Any:
        asked.add(did)
        if not there and did not in first:
            raise Unreachable("The PDS is gone.")
        return await snapshot(self, did)

    async def ping(self: PdsRepos) -> None:
        raise Unreachable("The PDS is gone.")

    monkeypatch.setattr(PdsRepos, "snapshot", read)
    monkeypatch.setattr(PdsRepos, "ping", ping)
    monkeypatch.setattr("acconsole.engine.fleet.GROUP", 5)
    result = run("status", "--all", "--json")
    assert (result.status, set(result.json)) == (3, {"error"})
    error = result.json["error"]
    assert error["message"] == "The PDS is gone."
    assert error["hint"].endswith("What was read of 5 users is kept for the next time.")
    there.append(True)
    asked.clear()
    whole = run("status", "--all", "--json")
    assert len(whole.json) == 21
    assert len(first) > 2
    assert asked == {user["did"] for user in users if user["account"] == "ok"} - first
    asked.clear()
    assert run("status", "--all", "--json").json == whole.json
    assert asked == set()


def test_a_spent_budget_says_when_it_opens(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    resume_at = time.time() + 100

    async def spent(self: PdsRepos, did: str) -> Any:
        raise BudgetSpent("The PDS takes no more requests.", resume_at=resume_at)

    monkeypatch.setattr(PdsRepos, "snapshot", spent)
    for command in (["verify", "abby"], ["status", "--all"]):
        result = run(*command, "--json")
        assert result.status == 4
        assert result.json["resume_at"] == resume_at
        assert set(result.json) == {"error", "resume_at"}


def test_all_users_for_people(run: Run) -> None:
    result = run("status", "--all", "--pieces-only")
    assert (result.status, result.err) == (1, "")
    tables = result.out.rstrip("\n").split("\n\n")
    assert [table.split()[0] for table in tables[: len(CAST)]] == CAST
    assert tables[-1].startswith("21 users: ")
    assert tables[-1].endswith(" without a repo that can be read.")


def test_a_cache_that_cannot_be_written_is_told_of_once(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where the folder should be")
    result = run("status", "--all", "--pieces-only", "--json", ACCONSOLE_STATE_DIR=str(tmp_path / "file"))
    assert len(result.json) == 21
    assert result.err.count("snapshots.sqlite cannot be used now") == 1


def test_a_live_restore_says_that_it_is_there(run: Run) -> None:
    assert "verified" in run("restore", "i.k", "--json").json, "and it is null"
    made = run("restore", "i.k", "--pieces-only", "--live", "--json")
    planned = made.json["planned"]
    assert made.json["verified"] == {
        "checked": planned["create"] + planned["update"] + planned["relink"] + planned["delete"],
        "problems": [],
    }
    assert made.json["verified"]["checked"] >= 3
    for_people = run("restore", "i.k", "--moods-only", "--live")
    assert for_people.status == 0
    assert "\nVerified: 4 of 4 records are as planned.\n" in for_people.out
    nothing = run("restore", "i.k", "--moods-only", "--live", "--json")
    assert (nothing.status, nothing.json["verified"]) == (0, None)
    assert "Verified" not in run("restore", "i.k", "--moods-only", "--live").out


def test_a_live_restore_that_is_not_there_ends_with_4(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def wrong(world: Any, plan: Any, result: Any) -> Verified:
        op = plan.operations[0]
        problem = Problem(plan.user, op.kind, op.ref, op.rkey, op.verdict, "text", "is \x1b gone")
        return Verified(3, 1, (problem,))

    monkeypatch.setattr("acconsole.engine.reading.verify_written", wrong)
    result = run("restore", "i.k", "--kidlisp-only", "--live")
    assert result.status == 4
    assert "Verified: 2 of 3 records are as planned.\n1 problem:\n  i.k kidlisp " in result.out
    assert "is ␛ gone" in result.out

    async def away(world: Any, plan: Any, result: Any) -> Verified:
        raise Unreachable("The PDS is gone.")

    monkeypatch.setattr("acconsole.engine.reading.verify_written", away)
    run("wipe", "i.k", "--kidlisp-only", "--live", "--confirm", "i.k")
    result = run("restore", "i.k", "--kidlisp-only", "--live", "--json")
    assert result.status == 3
    assert result.json["done"] == result.json["planned"]
    assert result.json["verified"] == {"checked": 0, "problems": [], "error": "The PDS is gone."}
    run("wipe", "i.k", "--kidlisp-only", "--live", "--confirm", "i.k")
    assert "Not verified: The PDS is gone." in run("restore", "i.k", "--kidlisp-only", "--live").out


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_is_said_while_many_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, moment = _Terminal(), [0.0]
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdin", terminal)
    monkeypatch.setattr("acconsole.cli.counting.time.monotonic", lambda: moment[0])
    counting = Counting(quiet=False)
    for number in range(10):
        moment[0] += 0.06
        counting.show(f"{number} users\x1b")
    waits = counting.waits(always=False)
    assert waits
    waits(BudgetSpent("No more for now.", resume_at=0))
    counting.close()
    said = terminal.getvalue()
    assert said.count("users") == 5
    assert "␛" in said
    assert "\x1b[Kwaiting until " in said
    assert said.endswith("\r\x1b[K")

    elsewhere = io.StringIO()
    monkeypatch.setattr(sys, "stderr", elsewhere)
    silent = Counting(quiet=False)
    silent.show("3 users")
    silent.close()
    assert elsewhere.getvalue() == ""
    assert silent.waits(always=False) is None
    assert silent.waits(always=True)


def test_a_long_list_is_one_json_document(run: Run) -> None:
    result = run("verify", "--all", "--json")
    assert len(json.loads(result.out)["problems"]) > 2_000
    assert result.out.count(os.linesep) == 1
