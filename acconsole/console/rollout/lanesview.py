"""The lanes of a rollout, painted. Pure."""

from __future__ import annotations

from textual.content import Content

from acconsole.console import figures
from acconsole.console.bars import column_bar
from acconsole.console.inert import inert
from acconsole.console.rollout.lanes import Lane
from acconsole.console.rollout.progress import RolloutProgress
from acconsole.console.widgets.line import cell

NARROWEST, WIDEST = 26, 40
"""Cells of a lane."""
_SIGN = 6


def shape(width: int, rows: int, lanes: int) -> tuple[int, int]:
    """How many lanes beside each other, and how many below, in at most `rows` lines; wide where they fit."""
    fitting = max(1, (width - 1) // NARROWEST)
    beside = min(fitting, max(-(-lanes // max(rows, 1)), (width - 1) // WIDEST, 1))
    return beside, max(1, min(rows, -(-lanes // beside)))


def lanes(progress: RolloutProgress, now: float, width: int, beside: int, rows: int) -> Content:
    """A lane for each user in work, as many as fit; those that are done fade."""
    room = beside * rows
    beyond = progress.lanes.beyond(room)
    # Where not all fit, the last place says how many more there are.
    places = progress.lanes.shown(now, room - 1 if beyond else room)
    column = (width - 1) // beside
    cells = [_lane(each, now, column) for each in places]
    if beyond:
        more = progress.lanes.beyond(room - 1)
        cells += [Content(" " * column)] * (room - 1 - len(cells))
        cells.append(cell(Content.styled(f"and {more:,} more", "$mute"), column, right=False))
    lines = [Content.assemble(" ", *cells[row * beside : (row + 1) * beside]) for row in range(rows)]
    return Content("\n").join(lines)


def _lane(lane: Lane | None, now: float, width: int) -> Content:
    if lane is None:
        return Content(" " * width)
    faded = lane.ended_at is not None and not lane.is_bad
    named = max(10, min(18, width - 17))
    name = cell(inert(lane.user.name, named), named + 1, "$faint" if faded else "", right=False)
    room = width - named - 1 - _SIGN - 1
    return Content.assemble(name, _lane_bar(lane, room), " ", cell(_lane_sign(lane, now), _SIGN, right=False))


def _lane_bar(lane: Lane, room: int) -> Content:
    share = lane.passed / lane.total if lane.total else 1.0
    if lane.ended_at is not None and not lane.stopped:
        share = 1.0
    # Faded when it is over: an eye that looks for work going on passes over it.
    colour = "$bad" if lane.is_bad else "$work-back" if lane.ended_at is not None else "$work"
    return Content.assemble(*column_bar(room, share, colour))


def _lane_sign(lane: Lane, now: float) -> Content:
    if lane.is_bad:
        return Content.styled("!", "bold $bad")
    if lane.ended_at is not None:
        return Content.styled("–" if lane.stopped else "✓", "$todo" if lane.stopped else "$good")
    if lane.waits is not None and lane.waits > now:
        return Content.styled(figures.span(lane.waits - now), "$todo")
    if lane.verifies:
        return Content.styled("verify", "$mute")
    return Content.styled(f"try {lane.tries}", "$mute") if lane.tries > 1 else Content()
