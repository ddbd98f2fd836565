"""Text that users wrote, made safe to show: control, format and bidi characters become visible signs.

The result is one line without control sequences. Colours, markup and cutting are the front ends' affair.
"""

from __future__ import annotations

import unicodedata

MAX_MARKS = 2
"""Combining marks that may stack on one character; further ones would grow out of their line."""

_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
_SKIN = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet would take for the beginning of a formula."""


def drawn(text: str) -> str:
    """The text with whatever could steer a terminal drawn as a sign."""
    if text.isascii() and text.isprintable():
        return text
    signs: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") and character not in _JOINERS else 0
        if marks > MAX_MARKS or (marks and not signs):
            signs.append("◌")
        elif character in _JOINERS or character in _SKIN:
            # Terminals disagree on how wide joined emoji are, so each stands alone.
            continue
        else:
            signs.append(_sign(character, category))
    return "".join(signs)


def in_cell(text: str) -> str:
    """As `drawn`, for a cell of a CSV file: an apostrophe keeps a spreadsheet from seeing a formula in it."""
    shown = drawn(text)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _sign(character: str, category: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return f"⟨{code:04X}⟩"
    if category == "Zs":
        return " " * (1 + (unicodedata.east_asian_width(character) in "FW"))
    return character
