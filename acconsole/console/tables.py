"""A table as a file: CSV for spreadsheets, JSON for scripts. What is there already is never written over."""

from __future__ import annotations

import csv
import io
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from acconsole.console import figures
from acconsole.errors import Failed
from acconsole.inert import in_cell
from acconsole.media.base import MediaType

if TYPE_CHECKING:
    from acconsole.console.glances import Glance
    from acconsole.engine.model import User

Value = str | int | None
Row = dict[str, Value]


class Table(ABC):
    """Rows of the same columns, made when they are written. `name` is the beginning of the file's name."""

    name: str

    @abstractmethod
    def __len__(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """Each row: a value by the name of its column."""

    def as_csv(self) -> str:
        """With a head; text that a spreadsheet would take for a formula gets an apostrophe before it."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        for number, row in enumerate(self.rows()):
            if number == 0:
                writer.writerow(row)
            writer.writerow([_plain(value) for value in row.values()])
        return file.getvalue()

    def as_json(self) -> str:
        """A list of objects."""
        return json.dumps(list(self.rows()), indent=1, ensure_ascii=True) + "\n"

    def write(self, folder: Path, suffix: str) -> Path:
        """Write it to a new file, `csv` or `json`, named by the time. Raises `Failed`."""
        text = self.as_csv() if suffix == "csv" else self.as_json()
        stem = f"{self.name}-{time.strftime('%Y%m%d-%H%M%S', time.localtime(figures.now()))}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return _write_new(folder, stem, suffix, text)
        except OSError as error:
            raise Failed(
                f"The file could not be written to {folder}: {error.strerror}.", "Choose the other folder."
            ) from None


def _write_new(folder: Path, stem: str, suffix: str, text: str) -> Path:
    number = 1
    while True:
        file = folder / (f"{stem}.{suffix}" if number == 1 else f"{stem}-{number}.{suffix}")
        try:
            with file.open("x", encoding="utf-8") as opened:
                opened.write(text)
            return file
        except FileExistsError:
            number += 1


def _plain(value: Value) -> Value:
    # A lone surrogate cannot be written, and a line break would end the row for simpler readers.
    return in_cell(value) if isinstance(value, str) else value


class UserTable(Table):
    """Users and how they stand; what is not known of them is left open."""

    name = "users"

    def __init__(self, users: Sequence[User], glances: Sequence[Glance | None]) -> None:
        self._users = users
        self._glances = glances

    def __len__(self) -> int:
        return len(self._users)

    def rows(self) -> Iterator[Row]:
        return map(_user, self._users, self._glances)


def _user(user: User, glance: Glance | None) -> Row:
    known = glance is not None and glance.account in ("ok", "none")
    row: Row = {
        "handle": user.plain_handle,
        "pds_handle": user.pds_handle,
        "did": user.did,
        "code": user.code,
        "id": user.id,
        "account": glance.account if glance else None,
        "to_do": glance.to_do if glance and known else None,
        "looked_at": _moment(glance.read_at) if glance else None,
    }
    for kind in MediaType:
        counts = glance.of_kind(kind) if glance else None
        for name in ("docs", "records", "synced", "to_do", "blocked"):
            row[f"{kind}_{name}"] = getattr(counts, name) if counts else 0 if known else None
    return row


def _moment(epoch: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
