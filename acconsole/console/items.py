"""Docs and records as lines and in detail, for the User screen. Pure: a pair in, content out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.content import Content

from acconsole.console.inert import head, inert
from acconsole.console.verdicts import colour_of
from acconsole.console.widgets.line import cell
from acconsole.engine.match import Matched, Pair
from acconsole.engine.model import Verdict
from acconsole.media.base import MediaType, iso, parse_when

_TEXT = {
    MediaType.PAINTINGS: "slug",
    MediaType.MOODS: "text",
    MediaType.PIECES: "slug",
    MediaType.KIDLISP: "source",
    MediaType.TAPES: "slug",
}


def chosen(matched: Matched, verdict: Verdict | None) -> list[Pair]:
    """The pairs of a verdict, or all, the newest first; what is to be mended goes before what is synced."""
    pairs = [pair for pair in matched.pairs if verdict in (None, pair.verdict)]
    pairs.sort(key=when_of, reverse=True)
    pairs.sort(key=lambda pair: pair.verdict is Verdict.SYNCED)
    return pairs


def when_of(pair: Pair) -> str:
    """The date of a pair, ISO 8601, empty when it has none."""
    when = parse_when(pair.doc.doc.get("when")) if pair.doc else None
    if when is None and pair.record:
        when = parse_when(pair.record.value.get("when"))
    return iso(when) if when else ""


def title_of(pair: Pair) -> str:
    """What a person knows the pair by: its code, else the last digits of its ref or its rkey."""
    for source in (pair.doc.doc if pair.doc else {}, pair.record.value if pair.record else {}):
        code = source.get("code")
        if isinstance(code, str) and code:
            return code
    if pair.doc:
        return pair.doc.ref[-6:]
    return pair.record.rkey[-6:] if pair.record else ""


def text_of(pair: Pair) -> str:
    """What the pair is, in its user's words: a mood's text, a source, a slug."""
    name = _TEXT[pair.kind]
    sources: list[Mapping[str, Any]] = [pair.built.record] if pair.built else []
    sources += [pair.doc.doc] if pair.doc else []
    sources += [pair.record.value] if pair.record else []
    for source in sources:
        for key in (name, "mood"):
            if isinstance(value := source.get(key), str) and value:
                return value
    return ""


def why(pair: Pair) -> str:
    """In a few words, why the verdict is what it is; empty where the verdict says it all."""
    if pair.blocked:
        return f"{pair.blocked.field}: {pair.blocked.reason}"
    if pair.fields:
        return f"differs: {', '.join(pair.fields)}"
    if pair.verdict is Verdict.UNLINKED and pair.doc:
        return "doc stores another rkey" if pair.doc.rkey else "doc stores no rkey"
    if pair.verdict is Verdict.TOMBSTONE:
        return "its doc is deleted"
    return ""


def line(pair: Pair, width: int) -> Content:
    """One pair as a line of a list: sign, name, text or reason, date."""
    colour = colour_of(pair.verdict)
    date = when_of(pair)[:10] if width >= 56 else when_of(pair)[5:10]
    room = width - 2 - 9 - len(date) - 1
    reason = why(pair)
    shown = inert(reason, min(max(room - 10, 12), room - 2)) if reason else Content()
    left = room - shown.cell_length - (2 if reason else 0)
    text = head(text_of(pair), left) if left > 3 else ""
    return Content.assemble(
        (f"{pair.verdict.sign} ", f"bold {colour}"),
        cell(inert(title_of(pair), 8), 9, right=False),
        cell(Content(text), max(left, 0), "$mute", right=False),
        "  " if reason else "",
        shown.stylize(colour),
        " ",
        (date, "$faint"),
    )


def table_heading(kind: MediaType, verdict: Verdict | None, pairs: Sequence[Pair]) -> Content:
    """What the list below shows: media type, verdict, how many."""
    which = (
        Content.styled(f"{verdict.sign} {verdict.value}", colour_of(verdict))
        if verdict
        else Content("every verdict")
    )
    return Content.assemble((kind.value, "bold $pick"), "  ", which, "  ", (f"{len(pairs):,}", "bold"))
