"""A table as a file: what is in it, that nothing is written over, that text in it is only text."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from acconsole.console import figures
from acconsole.console.glances import Glance
from acconsole.console.modals.export import ExportModal
from acconsole.console.screens.users import UsersScreen
from acconsole.console.tables import UserTable
from acconsole.engine.model import Counts, User
from acconsole.engine.status import Standing
from acconsole.errors import Failed
from acconsole.media.base import GUEST, MediaType
from tests.console.crowd import Crowd, over_crowd, person
from tests.console.driver import Driver, console
from tests.console.test_hostile import TEXTS

ABBY, CASEY = person(1, "abby"), person(2, "casey")
READ_AT = 1_761_000_000.0


def table() -> UserTable:
    counts = {MediaType.MOODS: Counts(docs=7, records=5, synced=4, missing=2, blocked=1)}
    standing = Standing(ABBY, counts, None, None, None, "ok", READ_AT)
    return UserTable([ABBY, CASEY], [Glance.of(standing), None])


def test_json_holds_what_is_known_and_leaves_the_rest_open() -> None:
    abby, casey = json.loads(table().as_json())
    assert abby["handle"] == "abby"
    assert abby["did"] == ABBY.did
    assert abby["account"] == "ok"
    assert abby["to_do"] == 2
    assert abby["looked_at"] == "2025-10-20T22:40:00Z"
    assert [abby[f"moods_{name}"] for name in ("docs", "records", "synced", "to_do", "blocked")] == [
        7,
        5,
        4,
        2,
        1,
    ]
    assert abby["tapes_docs"] == 0
    assert casey["account"] is casey["to_do"] is casey["looked_at"] is casey["moods_docs"] is None
    assert abby.keys() == casey.keys()


def test_csv_has_the_same_columns() -> None:
    rows = list(csv.DictReader(io.StringIO(table().as_csv())))
    assert [row["handle"] for row in rows] == ["abby", "casey"]
    assert rows[0]["moods_synced"] == "4"
    assert rows[1]["moods_synced"] == ""
    assert list(rows[0]) == list(json.loads(table().as_json())[0])


def test_of_who_has_no_readable_repo_the_counts_are_not_known() -> None:
    glance = Glance.unknown("gone", READ_AT)
    (row,) = json.loads(UserTable([ABBY], [glance]).as_json())
    assert row["account"] == "unknown"
    assert row["to_do"] is row["moods_docs"] is None


@pytest.mark.parametrize("text", [*TEXTS, "=1+1", "@SUM(1)", "-2", "+3", 'a"b,c\nd'])
def test_hostile_names_are_only_text(text: str) -> None:
    user = User(GUEST + "x", text, text, text, text)
    hostile = UserTable([user], [None])
    (row,) = csv.DictReader(io.StringIO(hostile.as_csv()))
    assert row["handle"].isprintable()
    assert not row["handle"].startswith(("=", "+", "-", "@"))
    assert len(hostile.as_csv().splitlines()) == 2
    assert json.loads(hostile.as_json())[0]["handle"] == text


def test_nothing_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "now", lambda: READ_AT)
    folder = tmp_path / "not" / "there yet"
    files = [table().write(folder, suffix) for suffix in ("csv", "csv", "json", "csv")]
    assert len(set(files)) == 4
    assert [file.suffix for file in files] == [".csv", ".csv", ".json", ".csv"]
    assert [file.stem.rpartition("-")[2] for file in files[1::2]] == ["2", "3"]
    assert all(file.parent == folder and file.read_text() for file in files)


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Failed, match="could not be written"):
        table().write(tmp_path / "file", "csv")


PEOPLE = [person(number) for number in range(5)]


async def opened(driver: Driver, folder: Path) -> None:
    """Show two of five users, one of them looked at, and ask for the export."""
    await driver.until(lambda: driver.session.scan and driver.session.scan.ended_at, "the scan to end")
    driver.session.exports = folder
    await driver.press("escape", "1", "s", "e")
    driver.at(ExportModal)
    await driver.see("Export 2 rows")


def crowd() -> Crowd:
    return Crowd(PEOPLE, {"user0001": (1, 0, "ok"), "user0003": (9, 0, "ok")})


@pytest.mark.parametrize("key", ["c", "j", "enter"])
async def test_what_is_shown_is_exported_in_its_order(tmp_path: Path, key: str) -> None:
    async with console(over_crowd(crowd()), size=(80, 24)) as driver:
        await opened(driver, tmp_path / "exports")
        await driver.press(key)
        driver.at(UsersScreen)
        await driver.see("Written:")
        (file,) = (tmp_path / "exports").iterdir()
        if key == "j":
            handles = [row["handle"] for row in json.loads(file.read_text())]
        else:
            handles = [row["handle"] for row in csv.DictReader(io.StringIO(file.read_text()))]
        assert handles == ["user0003", "user0001"]


async def test_the_other_folder_is_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with console(over_crowd(crowd()), size=(80, 24)) as driver:
        await opened(driver, tmp_path / "exports")
        await driver.press("w", "w", "w", "j")
        driver.at(UsersScreen)
        assert [file.suffix for file in tmp_path.iterdir()] == [".json"]


async def test_buttons_do_it_too_and_cancel_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    async with console(over_crowd(crowd()), size=(80, 24)) as driver:
        await opened(driver, tmp_path / "exports")
        await driver.pilot.click("#cancel")
        driver.at(UsersScreen)
        await driver.press("e", "escape")
        driver.at(UsersScreen)
        assert not (tmp_path / "exports").exists()
        await driver.press("e")
        await driver.pilot.click("#place-button")
        await driver.see(re.escape(str(tmp_path / "here")[-12:]))
        await driver.pilot.click("#json")
        await driver.until(lambda: list((tmp_path / "here").iterdir()), "the file")


async def test_a_folder_that_is_none_is_a_message_in_the_dialog(tmp_path: Path) -> None:
    (tmp_path / "exports").touch()
    async with console(over_crowd(crowd()), size=(80, 24)) as driver:
        await opened(driver, tmp_path / "exports")
        await driver.press("c")
        driver.at(ExportModal)
        await driver.see("could not be written")
