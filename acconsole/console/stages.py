"""How far a tape is on its way, as one share of the whole. Pure."""

from __future__ import annotations

from textual.content import Content

from acconsole.console.bars import bar
from acconsole.console.widgets.line import cell
from acconsole.media.conversion import Stage

_SPANS = {
    Stage.DOWNLOAD: (0.0, 0.2),
    Stage.DECODE: (0.2, 0.4),
    Stage.ENCODE: (0.4, 0.9),
    Stage.UPLOAD: (0.9, 1.0),
}
"""From where to where each stage goes; at a guess, for how long each takes depends on the tape."""
STAGE = 9
"""Cells that a stage's name takes."""


def share(stage: Stage, done: int, total: int) -> float:
    """How far a tape is, from 0 to 1."""
    start, end = _SPANS[stage]
    return start + (end - start) * min(done / total, 1.0) if total > 0 else start


def stage_bar(stage: str, part: float, width: int) -> Content:
    """A bar for one tape, and its stage."""
    return Content.assemble(
        bar(max(width - STAGE - 1, 1), 1.0, (part, "$work")), " ", cell(stage, STAGE, "$mute", right=False)
    )
