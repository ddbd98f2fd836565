"""What users wrote, to be read in the preview: moods, KidLisp in colours, pieces. Pure: text in, lines out.

Each line is inert and at most as wide as asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.cells import cell_len
from textual.content import Content

from acconsole.console.inert import fold, inert, take
from acconsole.console.items import text_of
from acconsole.engine.match import Pair
from acconsole.engine.model import User
from acconsole.inert import drawn
from acconsole.media.base import SITE, MediaType
from acconsole.media.highlight import Token, tokens

MAX_LINES = 2000
"""So many lines are folded; a source of 50,000 characters has fewer unless it tries to have more."""

_COLOURS = {
    Token.COMMENT: "italic $mute",
    Token.STRING: "$good",
    Token.NUMBER: "$todo",
    Token.PAREN: "$faint",
    Token.CALL: "bold $pick",
    Token.WORD: "$work",
    Token.SPACE: "",
}
Piece = tuple[str, str]
"""A stretch of text and its style."""


def of(pair: Pair, user: User, width: int) -> list[Content]:
    """What a mood, a program or a piece says, as lines."""
    if pair.kind is MediaType.PIECES:
        return piece(pair, user, width)
    return (kidlisp if pair.kind is MediaType.KIDLISP else mood)(text_of(pair), width)


def mood(text: str, width: int) -> list[Content]:
    """A mood, folded at words. A literal backslash and n breaks the line too, and is seen."""
    pieces: list[Piece] = []
    for at, part in enumerate(text.replace("\r\n", "\n").split("\\n")):
        pieces += [("\\n", "$faint"), ("\n", "")] if at else []
        pieces.append((part, ""))
    return folded(pieces, width)


def kidlisp(source: str, width: int) -> list[Content]:
    """A source in colours."""
    found = tokens(source.replace("\r\n", "\n").replace("\t", "  "))
    return folded(((text, _COLOURS[token]) for token, text in found), width)


def piece(pair: Pair, user: User, width: int) -> list[Content]:
    """A piece's slug, where it runs, and where its record is."""
    values = [pair.built.record if pair.built else {}, pair.record.value if pair.record else {}]
    slug = next((str(value["slug"]) for value in values if value.get("slug")), "")
    if not slug:
        return [Content.styled("It has no slug that could be shown.", "$mute")]
    lines = [("bold $pick", slug), ("", f"{SITE}/{f'@{user.handle}/' if user.handle else ''}{slug}")]
    if pair.record and user.did:
        lines.append(("$mute", f"at://{user.did}/{MediaType.PIECES.nsid}/{pair.record.rkey}"))
    return [inert(part, style=style) for style, text in lines for part in fold(text, width, 6)]


def folded(pieces: Iterable[Piece], width: int) -> list[Content]:
    """Styled text as lines: broken where it says so, between words, or where nothing else is left."""
    lines: list[Content] = []
    for line in _lines(pieces, max(width, 4)):
        if len(lines) == MAX_LINES:
            lines[-1] = Content.styled("… and more, which is not shown here", "$mute")
            break
        lines.append(Content.assemble(*line))
    return lines


def _lines(pieces: Iterable[Piece], width: int) -> Iterator[list[Piece]]:
    line: list[Piece] = []
    used = 0
    for text, style in _words(pieces):
        if text == "\n":
            yield line
            line, used = [], 0
            continue
        shown = drawn(text)
        while shown:
            # No more of it is measured than could fit: a word may be 50,000 characters long.
            wide = cell_len(shown[: width + 1])
            if used + wide > width and used:
                yield line
                line, used = [], 0
                # A space that the line ends with is not carried over.
                if shown.isspace():
                    break
            part = take(shown, width - used) or shown[:1]
            line.append((part, style))
            used += cell_len(part)
            shown = shown[len(part) :]
    yield line


def _words(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces in parts that are not to be broken: words, spaces, line breaks."""
    for text, style in pieces:
        for at, row in enumerate(text.split("\n")):
            if at:
                yield "\n", ""
            yield from ((part, style) for part in _parts(row))


def _parts(row: str) -> Iterator[str]:
    start = 0
    for at in range(1, len(row) + 1):
        if at == len(row) or row[at].isspace() != row[at - 1].isspace():
            yield row[start:at]
            start = at
