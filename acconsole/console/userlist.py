"""A line of the list of users, for whatever width there is. Pure: a user and a glance in, content out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from textual.content import Content

from acconsole.console import figures
from acconsole.console.bars import bar
from acconsole.console.glances import Glance
from acconsole.console.inert import inert, visible
from acconsole.console.roster import Column, Sort
from acconsole.console.widgets.line import cell
from acconsole.console.widgets.rows import GUTTER
from acconsole.media.base import MediaType

if TYPE_CHECKING:
    from acconsole.engine.model import Counts, User

_SHORT = dict(zip(MediaType, ("paint", "moods", "piece", "kidl.", "tapes"), strict=True))
"""The media types where there is no room for their names."""

OLD = 120.0
"""From this age on, in seconds, a glance is shown dim: it may no longer be true."""
MARK = 2
"""Cells of the sign of a marked user."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 leaves a column out. `kind` is the width of each media type, its bar included."""

    handle: int
    pds: int
    code: int
    kind: int
    bar: int
    account: int
    to_do: int
    looked: int

    @classmethod
    @cache
    def fitting(cls, width: int) -> Columns:
        """The columns for a line of `width` cells, gutter and mark included."""
        code, to_do, looked = (10, 11, 7) if width >= 95 else (0, 8, 6)
        pds, account = (42 if width >= 180 else 34, 12) if width >= 150 else (0, 0)
        room = width - GUTTER - MARK - code - pds - account - to_do - looked
        kind = min((room - (18 if width >= 110 else 15)) // len(MediaType), 20)
        bar = min(14, kind - (6 if kind < 10 else 7))
        return cls(room - kind * len(MediaType), pds, code, kind, max(bar, 0), account, to_do, looked)

    @property
    def spots(self) -> Iterator[tuple[int, int, Column]]:
        """From where to where each column goes that the list can be sorted by, from the left of the line."""
        x = GUTTER + MARK
        yield x, x + self.handle, Column.USER
        x += self.handle + self.pds + self.code
        for kind in MediaType:
            yield x, x + self.kind, Column(kind.value)
            x += self.kind
        x += self.account
        yield x, x + self.to_do, Column.TO_DO
        yield x + self.to_do, x + self.to_do + self.looked, Column.LOOKED


def heading(columns: Columns, sort: Sort | None) -> Content:
    """The line above the list; an arrow tells what the list is sorted by, and which way."""

    def head(column: Column, width: int, name: str = "", *, right: bool = True) -> Content:
        name = name or column.value
        if sort is None or sort.column is not column:
            return cell(name, width, right=right)
        # The arrow stands where the space before or behind the name would be: no column moves for it.
        shown = f"{sort.arrow}{name[: width - 1]}" if right else f"{name}{sort.arrow}"
        return cell(shown, width, "bold $pick", right=right)

    kinds = [
        head(Column(kind.value), columns.kind, kind.value if columns.kind > 9 else _SHORT[kind])
        for kind in MediaType
    ]
    return Content.assemble(
        " " * (GUTTER + MARK),
        head(Column.USER, columns.handle, right=False),
        cell("PDS handle" if columns.pds else "", columns.pds, right=False),
        cell("code" if columns.code else "", columns.code, right=False),
        *kinds,
        cell("account" if columns.account else "", columns.account),
        head(Column.TO_DO, columns.to_do),
        head(Column.LOOKED, columns.looked, "" if columns.looked > 6 else "look"),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One user as the list has it: `word` is what was searched, and is shown where the handle holds it."""

    user: User
    glance: Glance | None
    reading: bool = False
    marked: bool = False
    word: str = ""

    def line(self, columns: Columns, now: float) -> Content:
        """Who, what is synced of each media type, what is to do, how long ago that was found."""
        since = now - self.glance.read_at if self.glance else 0.0
        return _line(self, columns, figures.age(since) if self.glance else figures.UNKNOWN, since > OLD)

    def name(self, width: int) -> Content:
        """The user's name, with what was searched standing out in it."""
        shown = visible(self.user.name, width)
        content = Content(shown)
        folded = shown.casefold()
        at = folded.find(self.word) if self.word else -1
        if at < 0 or len(folded) != len(shown):
            return content
        return content.stylize("bold $pick", at, at + len(self.word))


@lru_cache(maxsize=512)
def _line(row: Row, columns: Columns, age: str, old: bool) -> Content:
    # Most lines are painted again and again as they were: each second, and while everybody is looked at.
    user, glance = row.user, row.glance
    return Content.assemble(
        ("● ", "bold $pick") if row.marked else "  ",
        cell(row.name(columns.handle - 1), columns.handle, right=False),
        cell(inert(user.pds_handle or "", max(columns.pds - 2, 0)), columns.pds, "$mute", right=False),
        cell(inert(user.code or "", max(columns.code - 1, 0)), columns.code, "$mute", right=False),
        *(_kind(columns, glance, kind, old) for kind in MediaType),
        _account(columns, glance),
        _to_do(columns, glance, old),
        cell("reads", columns.looked, "$work") if row.reading else cell(age, columns.looked, "$faint"),
    )


def _kind(columns: Columns, glance: Glance | None, kind: MediaType, old: bool) -> Content:
    if glance is None:
        return cell(figures.UNKNOWN, columns.kind, "$faint")
    counts = glance.of_kind(kind)
    if counts is None:
        return cell("" if glance.account in _UNREAD else figures.NONE, columns.kind, "$faint")
    room = columns.kind - columns.bar - (2 if columns.bar else 1)
    # Docs of which none is synced are not the same as no docs.
    shown = figures.short(counts.synced, room) if counts.synced else "0"
    style = "$faint" if old else "$todo" if counts.to_do else "$bad" if counts.blocked else "$mute"
    if not columns.bar:
        return cell(shown, columns.kind, style)
    return Content.assemble(" ", _bar(columns.bar, counts), cell(shown, room + 1, style))


def _bar(width: int, counts: Counts) -> Content:
    # What is as it should be is no more than a line: thousands of them leave the eye to the others.
    if counts.synced and not counts.to_do and not counts.blocked:
        return Content.styled("▂" * width, "$good-bar")
    return kind_bar(width, counts)


def kind_bar(width: int, counts: Counts) -> Content:
    """What is in sync of a media type, what is to do, what is blocked."""
    total = counts.synced + counts.to_do + counts.blocked
    parts = ((counts.synced, "$good-bar"), (counts.to_do, "$todo-bar"), (counts.blocked, "$bad"))
    # A whole cell for a single blocked doc among thousands, where there is room: it is what must be seen.
    return bar(width, total, *parts, least=8 if width >= 10 else 3)


_STATES = {
    "none": ("no account", "no acct"),
    "inactive": ("inactive", "inactive"),
    "unreadable": ("unreadable", "unread"),
    "unknown": ("not read", "not read"),
}
_UNREAD = ("inactive", "unreadable", "unknown")


def _account(columns: Columns, glance: Glance | None) -> Content:
    if not columns.account or glance is None:
        return cell(figures.UNKNOWN if columns.account else "", columns.account, "$faint")
    if glance.account in _STATES:
        return cell(_STATES[glance.account][0], columns.account, "$bad")
    return cell("ok", columns.account, "$faint")


def _to_do(columns: Columns, glance: Glance | None, old: bool) -> Content:
    if glance is None:
        return cell(figures.UNKNOWN, columns.to_do, "$faint")
    if glance.account in _STATES:
        state = _STATES[glance.account][columns.to_do < 11]
        return cell("" if columns.account else state, columns.to_do, "$bad")
    if not glance.to_do:
        return cell("=", columns.to_do, "$faint" if old else "$good")
    return cell(f"{glance.to_do:,}", columns.to_do, "$mute" if old else "bold $todo")
