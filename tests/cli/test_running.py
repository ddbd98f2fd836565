"""`restore` and `wipe`: dry and live, what they refuse, what they tell, and what no output ever holds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.cli.conftest import Result, Run

KEYS = {"create", "update", "delete", "relink", "blobs"}
NOTHING = dict.fromkeys(KEYS, 0)


def told(result: Result, status: int = 0) -> dict[str, Any]:
    """The account of a run: every key of it, and nothing on stderr."""
    assert (result.status, result.err) == (status, ""), result.out
    run: dict[str, Any] = result.json
    assert set(run) >= {
        "run",
        "action",
        "mode",
        "planned",
        "done",
        "failed",
        "blocked",
        "pds_requests",
        "points",
        "seconds",
        "backup",
    }
    assert set(run["planned"]) == set(run["done"]) == KEYS
    assert run["mode"] in ("dry-run", "live")
    assert all(set(failed) == {"handle", "type", "id", "rkey", "reason"} for failed in run["failed"])
    assert all(set(left) == {"handle", "type", "id", "field", "reason"} for left in run["blocked"])
    return run


def refused(result: Result, title: str) -> dict[str, str]:
    assert result.status == 5, result
    error: dict[str, str] = result.json["error"]
    assert error["title"] == title
    return error


def status(run: Run, handle: str, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = run("status", handle, "--json", *arguments).json
    return found


def test_a_dry_run_is_the_default_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    before = status(run, "jeffrey")
    made = told(run("restore", "jeffrey", "--prune", "--json"))
    assert (made["action"], made["mode"], made["done"]) == ("restore", "dry-run", NOTHING)
    counts = before["types"]
    assert made["planned"]["relink"] == sum(each["unlinked"] for each in counts.values())
    assert made["planned"]["create"] == sum(each["missing"] for each in counts.values())
    gone = ("duplicate", "tombstone", "orphan")
    assert made["planned"]["delete"] == sum(each[name] for each in counts.values() for name in gone)
    assert (
        made["points"]
        == 3 * made["planned"]["create"] + 2 * made["planned"]["update"] + made["planned"]["delete"]
    )
    assert made["backup"] is None
    assert len(made["blocked"]) == sum(each["blocked"] for each in counts.values())
    assert status(run, "jeffrey") == before
    assert not list(tmp_path.rglob("*.car"))


def test_the_plan_for_people(run: Run) -> None:
    result = run("restore", "jeffrey")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("Restore @jeffrey   jeffrey.at.aesthetic.computer on 127.0.0.1:")
    assert "dry run" in result.out.splitlines()[0]
    assert "Nothing was written. Say --live to run it." in result.out
    assert run("restore", "abby").out.splitlines()[-1] == "Nothing to do."


def test_codes_and_types_narrow_a_run(run: Run) -> None:
    two = told(run("restore", "jeffrey", "--code", "roz", "--code", "q2x", "--json"))
    assert two["planned"] == {**NOTHING, "create": 1, "update": 1}
    assert told(run("restore", "jeffrey", "--code", "roz", "--moods-only", "--json"))["planned"] == NOTHING
    kidlisp = told(run("restore", "jeffrey", "--kidlisp-only", "--json"))
    assert {left["type"] for left in kidlisp["blocked"]} == {"kidlisp"}
    assert kidlisp["planned"]["blobs"] == 0


def test_tapes_in_a_plan(run: Run) -> None:
    made = told(run("restore", "art", "--tapes-only", "--code", "tSh", "--code", "tCz", "--json"))
    assert made["planned"] == {**NOTHING, "create": 2, "blobs": 4}
    for_people = run("restore", "art", "--tapes-only", "--code", "tSh", "--code", "tCz").out
    assert "2 videos are made; one over 5.2 MB is encoded again to fit the PDS." in for_people
    assert "video is made" not in run("restore", "jeffrey").out


def test_tapes_are_restored_and_one_without_a_source_is_remembered(run: Run) -> None:
    codes = ("--code", "tMp", "--code", "9Yo", "--code", "tNz")
    result = run("restore", "art", "--tapes-only", *codes, "--live")
    assert result.status == 0, result.err
    assert "Done: + create 2   * update 0   ~ relink 0   - delete 0   blobs 4" in result.out
    assert "1 blocked: they were left as they are." in result.out
    assert "video no source" in result.err
    assert "there is no ZIP" in result.err
    again = told(run("restore", "art", "--tapes-only", *codes, "--live", "--json"))
    assert again["planned"] == NOTHING
    assert [(left["field"], left["reason"]) for left in again["blocked"]] == [("video", "no source")]
    assert status(run, "art", "--types", "tapes")["types"]["tapes"]["blocked"] == 1
    tried = told(run("restore", "art", "--tapes-only", *codes, "--retry-blocked", "--live", "--json"))
    assert (tried["planned"]["create"], tried["done"], len(tried["blocked"])) == (1, NOTHING, 1)


def test_what_is_wrong_with_the_memory_is_told(run: Run, tmp_path: Path) -> None:
    memory = tmp_path / "state" / "sourceless.sqlite"
    memory.parent.mkdir(parents=True)
    memory.write_bytes(b"this is no database" * 100)
    result = run("status", "e_4", "--types", "tapes")
    assert result.status in (0, 1)
    assert "set aside" in result.err


def test_a_live_restore(run: Run) -> None:
    made = told(run("restore", "flo", "--live", "--json"))
    assert made["mode"] == "live"
    assert made["planned"] == made["done"]
    assert made["done"]["create"] == 40
    assert made["points"] == 120
    after = status(run, "flo")
    assert (after["in_sync"], after["types"]["moods"]["synced"]) == (True, 140)
    again = told(run("restore", "flo", "--live", "--json"))
    assert (again["planned"], again["points"]) == (NOTHING, 0)


def test_a_live_restore_for_people(run: Run) -> None:
    result = run("restore", "casey", "--live")
    assert result.status == 0
    assert "LIVE" in result.out.splitlines()[0]
    assert "Done: + create 0   * update 0   ~ relink 61" in result.out
    assert result.err, "progress goes to stderr"
    assert status(run, "casey")["in_sync"] is True


def test_quiet_is_quiet(run: Run) -> None:
    assert run("restore", "abby", "--live", "--quiet").err == ""
    assert run("restore", "e_4", "--live", "--quiet").err == ""


def test_an_update_writes_a_backup_first(run: Run) -> None:
    made = told(run("restore", "ana.w", "--live", "--json"))
    assert made["done"]["update"] == 12
    folder = Path(made["backup"])
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o777 == 0o700
    files = [each for each in folder.rglob("*") if each.is_file()]
    assert {each.stat().st_mode & 0o777 for each in files} == {0o600}
    manifest = json.loads((folder / "manifest.json").read_text())
    assert len(manifest["records"]) == 12
    assert status(run, "ana.w")["in_sync"] is True


def test_duplicates_go_whatever_the_limit(run: Run) -> None:
    made = told(run("restore", "dot", "--live", "--max-deletes", "0", "--json"))
    assert made["done"]["delete"] == 18
    assert status(run, "dot")["in_sync"] is True


def test_pruning_is_limited(run: Run) -> None:
    before = status(run, "jef.art")
    error = refused(
        run("restore", "jef.art", "--prune", "--live", "--max-deletes", "11", "--json"), "Too many deletes"
    )
    assert "--max-deletes 12" in error["hint"]
    assert status(run, "jef.art") == before
    kept = told(run("restore", "jef.art", "--live", "--json"))
    assert kept["done"]["delete"] == 0
    made = told(run("restore", "jef.art", "--prune", "--live", "--max-deletes", "12", "--json"))
    assert made["done"]["delete"] == 12
    after = status(run, "jef.art")
    assert (after["in_sync"], after["types"]["moods"]["records"]) == (True, 0)


def test_a_wipe_wants_its_handle(run: Run) -> None:
    before = status(run, "bit")
    assert told(run("wipe", "bit", "--json"))["planned"] == {**NOTHING, "delete": 2, "relink": 2}
    for arguments in ([], ["--confirm", "bob"], ["--yes"], ["--confirm", ""], ["--yes", "--confirm", "art"]):
        error = refused(run("wipe", "bit", "--live", *arguments, "--json"), "Not confirmed")
        assert "--confirm @bit" in error["hint"]
    for_people = run("wipe", "bit", "--live")
    assert for_people.status == 5
    assert "Not confirmed" in for_people.err
    assert status(run, "bit") == before
    made = told(run("wipe", "bit", "--live", "--confirm", "@BIT", "--json"))
    assert made["done"] == {**NOTHING, "delete": 2, "relink": 2}
    assert made["backup"]
    after = status(run, "bit")["types"]["moods"]
    assert (after["records"], after["missing"]) == (0, 2)
    back = told(run("restore", "bit", "--live", "--json"))
    assert back["done"]["create"] == 2
    assert status(run, "bit")["in_sync"] is True


def test_read_only_refuses_every_live_run(run: Run) -> None:
    before = status(run, "e_4")
    for arguments in (["restore", "jeffrey", "--live"], ["wipe", "e_4", "--live", "--confirm", "e_4"]):
        error = refused(run(*arguments, "--json", ACCONSOLE_READ_ONLY="1"), "Read-only")
        assert "ACCONSOLE_READ_ONLY" in error["message"]
    assert told(run("wipe", "e_4", "--json", ACCONSOLE_READ_ONLY="1"))["planned"]["delete"] > 0
    assert status(run, "e_4") == before


@pytest.mark.parametrize("handle", ["wisp", "lull", "zed.tv", "vanished", "rook"])
def test_a_user_whose_account_cannot_be_used(run: Run, handle: str) -> None:
    """Without account, inactive, gone, with a dead password: the user is listed, with exit status 4."""
    made = told(run("restore", handle, "--live", "--json"), status=4)
    assert made["done"] == NOTHING
    (failed,) = made["failed"]
    assert (failed["handle"], failed["type"]) == (handle, None)
    assert failed["reason"]
    assert run("restore", handle, "--live").status == 4


def test_pictures_that_cannot_be_had_fail_alone(run: Run) -> None:
    made = told(run("restore", "gus", "--live", "--json"), status=4)
    assert made["failed"]
    assert made["done"]["create"] > 0
    assert made["done"]["blobs"] == made["done"]["create"]
    assert made["done"]["create"] + len(made["failed"]) == made["planned"]["create"]
    for failed in made["failed"]:
        assert (failed["handle"], failed["type"]) == ("gus", "paintings")
        assert failed["id"]
        assert failed["reason"]
    assert told(run("restore", "gus", "--json"))["planned"]["create"] == len(made["failed"])


def _inert(result: Result) -> None:
    shown = result.out + result.err
    assert not [each for each in shown if ord(each) < 32 and each != "\n"]
    assert not set("\x7f\x9b\u202e\u2028\ufeff\u200f") & set(shown)


def test_hostile_texts_are_inert(run: Run) -> None:
    """Everything that is shown of a person whose moods, slugs and sources would steer a terminal."""
    _inert(run("restore", "hana"))
    live = run("restore", "hana", "--live")
    assert live.status == 0
    _inert(live)
    _inert(run("status", "hana"))
    made = told(run("restore", "hana", "--json"))
    assert {(left["type"], left["field"]) for left in made["blocked"]} == {
        ("moods", "text"),
        ("moods", "mood"),
    }


def _secrets(sandbox: dict[str, str]) -> list[str]:
    """Every password in the database, and the servers' own."""
    with MongoClient[dict[str, Any]](sandbox["MONGODB_CONNECTION_STRING"]) as client:
        users = list(client[sandbox["MONGODB_NAME"]]["users"].find())
    stored = [user.get("atproto", {}).get("password") or user.get("atproto_password") for user in users]
    found = [password for password in stored if password]
    assert len(found) > 15
    return [*found, sandbox["PDS_ADMIN_PASSWORD"], sandbox["MONGODB_CONNECTION_STRING"]]


def _holds(data: bytes, secrets: Sequence[str]) -> list[str]:
    # A JWT begins with the base64 of `{"`.
    return [each for each in [*secrets, "eyJ"] if each.encode() in data]


def test_no_secret_is_in_any_output_or_backup(run: Run, sandbox: dict[str, str], tmp_path: Path) -> None:
    secrets = _secrets(sandbox)
    commands = [
        ["users", "--json"],
        ["status", "--all", "--types", "moods", "--json"],
        ["restore", "i.k"],
        ["restore", "i.k", "--live", "--prune"],
        ["wipe", "i.k", "--json"],
        ["wipe", "i.k", "--live", "--confirm", "i.k", "--verbose"],
        ["restore", "rook", "--live"],
        ["restore", "jefrey", "--json"],
    ]
    for arguments in commands:
        result = run(*arguments)
        assert _holds((result.out + result.err).encode(), secrets) == []
    files = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert {each.name for each in files} >= {"manifest.json", "before.car"}
    assert [each for each in files if _holds(each.read_bytes(), secrets)] == []
