"""One pair in detail: what the doc gives and what the record says, side by side. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from textual.content import Content

from acconsole.console import figures
from acconsole.console.inert import fold, inert
from acconsole.console.items import title_of, when_of, why
from acconsole.console.verdicts import MEANINGS, colour_of
from acconsole.console.widgets.line import cell
from acconsole.engine.match import Pair
from acconsole.media.base import iso

NAME = 13
LINES, SAME_LINES = 12, 4
"""A value is folded to so many lines, a source can have thousands; to fewer where nothing differs."""
SIDE_BY_SIDE = 64
_HIDDEN = ("$type",)


def detail(pair: Pair, width: int) -> Content:
    """Everything there is to say of a pair, `width` cells wide."""
    return Content("\n").join([about(pair, width), Content(), fields(pair, width)])


def about(pair: Pair, width: int, *, brief: bool = False) -> Content:
    """What the pair is, its verdict, and why. `brief`: where it says why, not what the verdict means too."""
    colour = colour_of(pair.verdict)
    lines = [
        Content.assemble(
            (f"{pair.verdict.sign} {pair.verdict.value} ", f"bold {colour}"),
            inert(title_of(pair), max(width - (32 if width >= 48 else 13), 8), "bold"),
            (f"  {when_of(pair)[:16].replace('T', ' ')}" if width >= 48 else "", "$mute"),
        )
    ]
    if reason := why(pair):
        lines += [Content.styled(each, colour) for each in fold(reason, width, 4)]
    if not (brief and reason):
        lines += [Content.styled(each, "$mute") for each in _words(MEANINGS[pair.verdict], width)]
    return Content("\n").join(lines)


def fields(pair: Pair, width: int) -> Content:
    """The doc and the record field by field, side by side where there is room; what differs is marked."""
    return Content("\n").join(_fields(pair, width))


def _words(text: str, width: int) -> Iterator[str]:
    current = ""
    for word in text.split(" "):
        if current and len(current) + 1 + len(word) > width:
            yield current
            current = word
        else:
            current = f"{current} {word}" if current else word
    yield current


def _fields(pair: Pair, width: int) -> Iterator[Content]:
    ours, theirs = _doc_side(pair), pair.record.value if pair.record else None
    wide = width >= SIDE_BY_SIDE and ours is not None and theirs is not None
    if wide:
        half = (width - NAME - 3) // 2
        yield Content.assemble(
            " " * NAME, cell("doc gives", half, "bold", right=False), "   ", ("record", "bold")
        )
    yield from _keys(pair, width, wide)
    names = list(dict.fromkeys([*(ours or {}), *(theirs or {})]))
    for name in names:
        if name in _HIDDEN:
            continue
        differs = name in pair.fields
        left = None if ours is None else ours.get(name)
        right = None if theirs is None else theirs.get(name)
        yield from _field(
            name, left, right, width, wide, differs, both=ours is not None and theirs is not None
        )


def _doc_side(pair: Pair) -> dict[str, Any] | None:
    """What the doc gives; of one that gives nothing, its own fields."""
    if pair.built:
        return pair.built.record | {blob.field: f"a blob, {blob.mime}" for blob in pair.built.blobs}
    if pair.doc is None:
        return None
    # A user's id is no part of what a record is made of, and long.
    return {
        name: value for name, value in pair.doc.doc.items() if name not in ("_id", "user", "atproto", "at")
    }


def _keys(pair: Pair, width: int, wide: bool) -> Iterator[Content]:
    stored = (pair.doc.rkey or "none stored") if pair.doc else None
    standing = pair.record.rkey if pair.record else None
    differs = pair.relinks
    yield from _field(
        "rkey", stored, standing, width, wide, differs, both=pair.doc is not None and standing is not None
    )


def _field(
    name: str, ours: object, theirs: object, width: int, wide: bool, differs: bool, *, both: bool
) -> Iterator[Content]:
    mark = ("≠ ", "bold $todo") if differs else ("  ", "")
    label = Content.assemble(
        mark, cell(inert(name, NAME - 3), NAME - 2, "bold" if differs else "$mute", right=False)
    )
    lines = LINES if differs else SAME_LINES
    if wide:
        half = (width - NAME - 3) // 2
        yield from _columns(label, _value(ours, half, lines), _value(theirs, half, lines), half, differs)
    elif both and differs:
        room = width - NAME - 7
        yield from _stack(label, "doc    ", _value(ours, room, lines), "$todo")
        yield from _stack(Content(" " * NAME), "record ", _value(theirs, room, lines), "$todo")
    else:
        shown = ours if ours is not None else theirs
        yield from _stack(label, "", _value(shown, width - NAME, lines), "")


def _columns(
    label: Content, left: list[str], right: list[str], half: int, differs: bool
) -> Iterator[Content]:
    style = "$todo" if differs else ""
    for at in range(max(len(left), len(right))):
        ours = left[at] if at < len(left) else ""
        theirs = right[at] if at < len(right) else ""
        yield Content.assemble(
            label if at == 0 else " " * NAME,
            cell(Content(ours), half, style, right=False),
            " │ ",
            (theirs, style),
        )


def _stack(label: Content, side: str, value: Iterable[str], style: str) -> Iterator[Content]:
    for at, text in enumerate(value):
        front = label if at == 0 else " " * NAME
        yield Content.assemble(front, (side if at == 0 else " " * len(side), "$mute"), (text, style))


def _value(value: object, width: int, lines: int) -> list[str]:
    """A field's value as lines of text."""
    if value is None:
        return ["–"]
    if isinstance(value, datetime):
        return [iso(value)] if value.tzinfo else [f"{value:%Y-%m-%d %H:%M:%S}"]
    if isinstance(value, dict) and value.get("$type") == "blob":
        return fold(_blob(value), max(width, 8), 2)
    return fold(value if isinstance(value, str) else repr(value), max(width, 8), lines)


def _blob(value: dict[str, Any]) -> str:
    ref = value.get("ref")
    link = ref.get("$link") if isinstance(ref, dict) else None
    size = value.get("size")
    parts = [str(value.get("mimeType", "?"))[:24], figures.size(size) if isinstance(size, int) else "?"]
    return ", ".join([*parts, figures.middle(str(link), 8, 4)])
