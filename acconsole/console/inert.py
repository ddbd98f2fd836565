"""Text that users wrote, made safe to show: no markup, no control sequences, no layout break.

Whatever a user may have written goes through `inert` (or `visible`, where only a `str` will do) before it
reaches a widget, a title or a toast. Line breaks are drawn as signs too: each result is one line.
"""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content

from acconsole.inert import drawn

ELLIPSIS = "…"


def inert(text: str, width: int | None = None, style: str = "") -> Content:
    """The text as plain content, cut in the middle to at most `width` cells."""
    return Content.styled(visible(text, width), style) if style else Content(visible(text, width))


def visible(text: str, width: int | None = None) -> str:
    """The text with control, format and bidi characters drawn as signs, at most `width` cells wide."""
    if width is None:
        return drawn(text)
    # A source may be 50,000 characters long: no more is drawn than could be seen.
    reach = 4 * max(width, 1) + 16
    if len(text) > 2 * reach:
        text = text[:reach] + text[-reach:]
        return _cut(drawn(text), width, force=True)
    return _cut(drawn(text), width)


def head(text: str, width: int) -> str:
    """The beginning of the text, drawn as by `visible`, with an ellipsis where it was cut."""
    shown = drawn(text[: 4 * width + 16])
    return shown if cell_len(shown) <= width else take(shown, width - 1) + ELLIPSIS


def fold(text: str, width: int, lines: int) -> list[str]:
    """The text folded to `width` cells, its own line breaks kept; the last of `lines` says how many more."""
    folded: list[str] = []
    parts = text.replace("\r\n", "\n").split("\n")
    for done, part in enumerate(parts):
        shown = drawn(part[: (lines + 1) * width * 2])
        while True:
            if len(folded) == lines:
                more = len(parts) - done
                folded[-1] = visible(f"{ELLIPSIS} {more:,} more {'line' if more == 1 else 'lines'}", width)
                return folded
            piece = take(shown, width) or shown[:1]
            folded.append(piece)
            shown = shown[len(piece) :]
            if not shown:
                break
    return folded


def _cut(text: str, width: int, *, force: bool = False) -> str:
    if not force and cell_len(text) <= width:
        return text
    if width <= 1:
        return ELLIPSIS[:width]
    front = take(text, (width - 1) * 2 // 3)
    back = _take_last(text, width - 1 - cell_len(front))
    return front + ELLIPSIS + back


def take(text: str, width: int) -> str:
    """As much of the beginning of a drawn text as fits into `width` cells."""
    end = min(len(text), max(width, 0))
    while end and cell_len(text[:end]) > width:
        end -= 1
    # Combining marks stay with their character.
    while end < len(text) and cell_len(text[: end + 1]) <= width:
        end += 1
    return text[:end]


def _take_last(text: str, width: int) -> str:
    start = max(0, len(text) - max(width, 0))
    while start < len(text) and cell_len(text[start:]) > width:
        start += 1
    return text[start:]
