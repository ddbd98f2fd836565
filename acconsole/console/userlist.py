"""A line of the list of users, for whatever width there is. Pure: a user and a glance in, content out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from textual.content import Content

from acconsole.console import figures
from acconsole.console.bars import bar
from acconsole.console.inert import inert
from acconsole.console.session import Glance
from acconsole.console.widgets.line import cell
from acconsole.media.base import MediaType

if TYPE_CHECKING:
    from acconsole.engine.model import Counts, User

_SHORT = dict(zip(MediaType, ("paint", "moods", "piece", "kidl.", "tapes"), strict=True))
"""The media types where there is no room for their names."""

OLD = 120.0
"""From this age on, in seconds, a glance is shown dim: it may no longer be true."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells; 0 leaves a column out."""

    handle: int
    pds: int
    code: int
    bar: int
    count: int
    to_do: int
    looked: int

    @classmethod
    @cache
    def fitting(cls, width: int) -> Columns:
        """The columns for a line of `width` cells, the gutter of two included."""
        handle, code, to_do, looked = 18, 10, 11, 7
        pds = 42 if width >= 150 else 0
        each = (width - 2 - handle - code - pds - to_do - looked) // len(MediaType)
        count = 7 if each >= 12 else 6
        return cls(handle, pds, code, min(16, each - count - 1) if each >= 9 else 0, count, to_do, looked)


def heading(columns: Columns) -> Content:
    """The line above the list."""
    width = columns.count + _bar(columns)
    kinds = [cell(kind.value if width > 9 else _SHORT[kind], width) for kind in MediaType]
    return Content.assemble(
        "  ",
        cell("user", columns.handle, right=False),
        cell("PDS handle" if columns.pds else "", columns.pds, right=False),
        cell("code" if columns.code else "", columns.code, right=False),
        *kinds,
        cell("to do", columns.to_do),
        cell("looked", columns.looked),
    )


def row(columns: Columns, user: User, glance: Glance | None, reading: bool, now: float) -> Content:
    """One user: who, what is synced of each media type, what is to do, how long ago that was found."""
    parts = [
        cell(inert(user.name, columns.handle - 1), columns.handle, right=False),
        cell(inert(user.pds_handle or "", max(columns.pds - 1, 0)), columns.pds, "$mute", right=False),
        cell(inert(user.code or "", max(columns.code - 1, 0)), columns.code, "$mute", right=False),
    ]
    old = glance is not None and now - glance.read_at > OLD
    parts += [_kind(columns, glance, kind, old) for kind in MediaType]
    parts += [_to_do(columns, glance, old), _looked(columns, glance, reading, now)]
    return Content.assemble(*parts)


def _bar(columns: Columns) -> int:
    return columns.bar + 1 if columns.bar else 0


def _kind(columns: Columns, glance: Glance | None, kind: MediaType, old: bool) -> Content:
    width = columns.count + _bar(columns)
    counts = glance.counts.get(kind) if glance else None
    if counts is None:
        return cell(figures.UNKNOWN if glance is None else "", width, "$faint")
    shown = figures.short(counts.synced, columns.count - 1)
    if not counts.docs and not counts.records:
        return cell(figures.NONE, width, "$faint")
    # Docs of which none is synced are not the same as no docs.
    shown = shown if counts.synced else "0"
    style = "$faint" if old else "$todo" if counts.to_do else "$bad" if counts.blocked else ""
    number = cell(shown, columns.count, style)
    if not columns.bar:
        return number
    return Content.assemble(" ", kind_bar(columns.bar, counts), number)


def kind_bar(width: int, counts: Counts) -> Content:
    """What is in sync of a media type, what is to do, what is blocked."""
    total = counts.synced + counts.to_do + counts.blocked
    parts = ((counts.synced, "$good-bar"), (counts.to_do, "$todo-bar"), (counts.blocked, "$bad"))
    # A whole cell for a single blocked doc among thousands, where there is room: it is what must be seen.
    return bar(width, total, *parts, least=8 if width >= 10 else 3)


def _to_do(columns: Columns, glance: Glance | None, old: bool) -> Content:
    if glance is None:
        return cell(figures.UNKNOWN, columns.to_do, "$faint")
    if glance.account in _STATES:
        return cell(_STATES[glance.account], columns.to_do, "$bad")
    to_do = glance.to_do
    if not to_do:
        return cell("=", columns.to_do, "$faint" if old else "$good")
    return cell(f"{to_do:,}", columns.to_do, "$mute" if old else "bold $todo")


_STATES = {"none": "no account", "inactive": "inactive", "unknown": "not read"}


def _looked(columns: Columns, glance: Glance | None, reading: bool, now: float) -> Content:
    if reading:
        return cell("reads", columns.looked, "$work")
    text = figures.age(now - glance.read_at) if glance else figures.UNKNOWN
    return cell(text, columns.looked, "$faint")
