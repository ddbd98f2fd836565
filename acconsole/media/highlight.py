"""KidLisp's tokens, for showing a source in colours. Pure, and forgiving: every text has tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum


class Token(StrEnum):
    """What a stretch of a source is."""

    COMMENT = "comment"
    STRING = "string"
    NUMBER = "number"
    PAREN = "paren"
    CALL = "call"
    WORD = "word"
    SPACE = "space"


_TOKENS = re.compile(
    r"""(?P<space>\s+)
    | (?P<comment>;[^\n]*)
    | (?P<string>"[^"\n]*"?)
    | (?P<paren>[()])
    | (?P<word>[^\s();"]+)""",
    re.VERBOSE,
)
# With a unit where it says when: `1s`, `0.5s!`, `2s...`.
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:%|s(?:\.\.\.|!)?)?")


def tokens(source: str) -> Iterator[tuple[Token, str]]:
    """The source in pieces; put together they are the source again. A call is the first word in a paren."""
    opened = False
    for found in _TOKENS.finditer(source):
        text = found[0]
        kind = Token(str(found.lastgroup))
        if kind is Token.WORD:
            kind = Token.NUMBER if _NUMBER.fullmatch(text) else Token.CALL if opened else Token.WORD
        if kind is not Token.SPACE:
            opened = text == "("
        yield kind, text
