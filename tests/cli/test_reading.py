"""`users` and `status`: what they print, what their JSON is, what their exit status says."""

from __future__ import annotations

import pytest

from acconsole.media.base import MediaType
from tests.cli.conftest import Run

COUNTS = {
    "docs",
    "records",
    "synced",
    "missing",
    "unlinked",
    "stale",
    "duplicate",
    "tombstone",
    "orphan",
    "blocked",
}
CAST = [
    "abby",
    "ana.w",
    "art",
    "bit",
    "casey",
    "dot",
    "e_4",
    "flo",
    "gus",
    "hana",
    "i.k",
    "jef.art",
    "jefferson",
    "jeffrey",
    "lull",
    "rook",
    "vanished",
    "wisp",
    "zed.tv",
]


def test_users_as_json(run: Run) -> None:
    result = run("users", "--json")
    assert (result.status, result.err) == (0, "")
    for user in result.json:
        assert set(user) >= {"id", "handle", "pds_handle", "did", "code", "account"}
        assert user["account"] in ("ok", "none", "inactive")
    assert [user["handle"] for user in result.json if user["handle"]] == CAST, "sorted by handle"
    assert [user["handle"] for user in result.json[-2:]] == [None, None], "users without one last"


def test_users_are_searched_filtered_and_limited(run: Run) -> None:
    def handles(*arguments: str) -> list[str]:
        return [user["handle"] for user in run("users", *arguments, "--json").json]

    assert handles("jef") == ["jef.art", "jefferson", "jeffrey"]
    assert handles("jef", "--limit", "2") == ["jef.art", "jefferson"]
    assert {"lull", "zed.tv"} == set(handles("--filter", "inactive"))
    assert {"vanished", "wisp"} <= set(handles("--filter", "none"))
    assert handles("no such person") == []


def test_users_for_people(run: Run) -> None:
    result = run("users", "jef")
    assert [line.split()[0] for line in result.out.splitlines()] == [
        "handle",
        "jef.art",
        "jefferson",
        "jeffrey",
    ]
    assert run("users", "no such person").out == "Nobody fits.\n"


def test_status_as_json(run: Run) -> None:
    result = run("status", "jeffrey", "--json")
    assert (result.status, result.err) == (1, "")
    status = result.json
    assert set(status) >= {"handle", "pds_handle", "did", "rev", "in_sync", "types"}
    assert (status["handle"], status["in_sync"]) == ("jeffrey", False)
    assert list(status["types"]) == list(MediaType)
    for counts in status["types"].values():
        assert set(counts) == COUNTS
        assert all(type(count) is int for count in counts.values())
        spread = ("synced", "missing", "unlinked", "stale", "blocked")
        assert sum(counts[name] for name in spread) == counts["docs"]
    assert {kind: counts["docs"] for kind, counts in status["types"].items()} == {
        "paintings": 395,
        "moods": 226,
        "pieces": 26,
        "kidlisp": 2_220,
        "tapes": 0,
    }
    assert {name for counts in status["types"].values() for name in counts if counts[name]} == COUNTS


def test_status_of_who_is_in_sync(run: Run) -> None:
    result = run("status", "@abby", "--json")
    assert result.status == 0
    assert result.json["in_sync"] is True
    assert run("status", "@abby").out.rstrip().endswith("\nIn sync.")


@pytest.mark.parametrize(
    "handle", ["JEFFERSON", "ac24bilet", "jefferson.at.aesthetic.computer", " @jefferson "]
)
def test_every_form_of_a_handle(run: Run, handle: str) -> None:
    assert run("status", handle, "--json").json["handle"] == "jefferson"


def test_a_did_and_an_id(run: Run) -> None:
    (user,) = run("users", "jefferson", "--json").json
    for handle in (user["did"], user["id"]):
        assert run("status", handle, "--json").json["handle"] == "jefferson"


def test_the_guest_account(run: Run) -> None:
    status = run("status", "art", "--json").json
    assert (status["handle"], status["types"]["tapes"]["docs"]) == ("art", 32)
    assert run("status", "@art", "--json").json == status


def test_several_handles_make_a_list(run: Run) -> None:
    result = run("status", "jefferson", "abby", "@abby", "--moods-only", "--json")
    assert [status["handle"] for status in result.json] == ["abby", "jefferson"]
    assert result.status == 0
    some = run("status", *reversed(CAST[:8]), "--pieces-only", "--json")
    assert [status["handle"] for status in some.json] == CAST[:8]


def test_all_users(run: Run) -> None:
    result = run("status", "--all", "--types", "pieces", "--json")
    assert result.status == 1
    handles = [status["handle"] for status in result.json]
    assert [handle for handle in handles if handle] == CAST
    assert len(handles) == 21, "twenty people and the guest account"
    unreadable = {status["handle"] for status in result.json if "error" in status}
    assert {"lull", "zed.tv", "wisp", "vanished"} <= unreadable


@pytest.mark.parametrize(
    ("arguments", "types"),
    [
        (["--types", "paintings,moods"], ["paintings", "moods"]),
        (["--types", "moods, paintings"], ["paintings", "moods"]),
        (["--kidlisp-only"], ["kidlisp"]),
        (["--tapes-only", "--pieces-only"], ["pieces", "tapes"]),
        (["--types", "moods", "--tapes-only"], ["moods", "tapes"]),
    ],
)
def test_filters(run: Run, arguments: list[str], types: list[str]) -> None:
    assert list(run("status", "abby", *arguments, "--json").json["types"]) == types


@pytest.mark.parametrize("handle", ["lull", "zed.tv", "wisp", "vanished"])
def test_a_user_whose_repo_cannot_be_read(run: Run, handle: str) -> None:
    result = run("status", handle, "--json")
    assert result.status == 4
    assert result.json["error"]
    assert result.json["in_sync"] is False
    assert run("status", handle).status == 4


def test_status_for_people(run: Run) -> None:
    result = run("status", "dot")
    assert (result.status, result.err) == (1, "")
    head, columns, *rows, end = result.out.splitlines()
    assert head.split()[0] == "dot"
    assert columns.split()[:3] == ["type", "docs", "records"]
    assert [row.split()[0] for row in rows] == list(MediaType)
    assert end == "Not in sync."
