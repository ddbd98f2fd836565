"""How this terminal is shown a picture, decided once before Textual has it; and textual-image, made safe.

A terminal that does not say in its environment what it can do gets pictures of half cells, which every one
has. None is asked what it can do once Textual reads its answers, for they would be taken for typed keys;
kitty alone is asked before, for its version.
"""

from __future__ import annotations

import io
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from threading import Lock

Cell = tuple[int, int]
"""Width and height of a character cell in pixels."""
Ask = Callable[[], bytes]
"""Asks the terminal for its name and version; gives what it answers, or nothing."""


class Graphics(StrEnum):
    """The ways to show a picture."""

    KITTY = "kitty"
    SIXEL = "sixel"
    CELLS = "cells"


USUAL_CELL: Cell = (10, 20)
PLACEHOLDERS_SINCE = (0, 28)
"""The version of kitty that first places pictures by characters, as textual-image does."""
SECONDS = 1.0
"""How long kitty may take for its answer, over whatever line."""

_SIXEL_PROGRAMS = ("WezTerm", "iTerm.app")
_SIXEL_TERMS = ("foot", "mlterm", "contour", "yaft")
_INSIDE = ("TMUX", "STY", "ZELLIJ")
"""Set inside a multiplexer, which lets no graphics through unless it was told to."""
_OTHERS = ("XTERM_VERSION", "VTE_VERSION")
"""Set by terminals without graphics, or with graphics that are off as a rule."""

_loading = Lock()


def graphics_of(
    environment: Mapping[str, str], *, is_terminal: bool, cell: Cell | None, ask: Ask
) -> Graphics:
    """The best way for a terminal of this environment. `cell` is None when its pixels are not known."""
    term = environment.get("TERM", "")
    inside = any(environment.get(name) for name in _INSIDE) or term.startswith(("screen", "tmux"))
    if not is_terminal or inside or "NO_COLOR" in environment:
        return Graphics.CELLS
    if term == "xterm-ghostty" or (term == "xterm-kitty" and _places_by_characters(ask())):
        return Graphics.KITTY
    # A sixel picture is drawn pixel by pixel: where a cell's size is not known, it would cover what is near.
    return Graphics.SIXEL if cell and _has_sixel(term, environment) else Graphics.CELLS


def _places_by_characters(answer: bytes) -> bool:
    found = re.search(rb"kitty\((\d+)\.(\d+)", answer)
    return found is not None and (int(found[1]), int(found[2])) >= PLACEHOLDERS_SINCE


def _has_sixel(term: str, environment: Mapping[str, str]) -> bool:
    if term.startswith(_SIXEL_TERMS):
        return True
    # A variable is handed on to another terminal that is started from this one.
    named = environment.get("TERM_PROGRAM") in _SIXEL_PROGRAMS or environment.get("LC_TERMINAL") == "iTerm2"
    return (named or bool(environment.get("KONSOLE_VERSION"))) and not any(
        environment.get(name) for name in _OTHERS
    )


def settle() -> Graphics:
    """The best way for this process's terminal. Call it before Textual has the terminal."""
    is_terminal = all(stream and stream.isatty() for stream in (sys.__stdin__, sys.__stdout__))
    return graphics_of(os.environ, is_terminal=is_terminal, cell=cell_size(), ask=_ask)


@cache
def cell_size() -> Cell | None:
    """The size of a cell as the kernel knows it, without a word to the terminal; None when it does not."""
    try:
        import fcntl
        import struct
        import termios

        assert sys.__stdout__ is not None
        answer = fcntl.ioctl(sys.__stdout__.fileno(), termios.TIOCGWINSZ, bytes(8))
        lines, columns, width, height = struct.unpack("HHHH", answer)
    except (ImportError, OSError, AssertionError):
        return None
    return (width // columns, height // lines) if columns and lines and width and height else None


def _ask() -> bytes:
    """What the terminal says that it is; nothing when it does not say it in time."""
    import select
    import termios
    import tty

    assert sys.__stdin__ is not None
    assert sys.__stdout__ is not None
    keys, screen = sys.__stdin__.fileno(), sys.__stdout__.fileno()
    kept = termios.tcgetattr(keys)
    answer, until = b"", time.monotonic() + SECONDS
    try:
        tty.setcbreak(keys, termios.TCSANOW)
        # XTVERSION, which some do not know, and DA1, which all answer: that ends the waiting.
        os.write(screen, b"\x1b[>0q\x1b[c")
        while not re.search(rb"\x1b\[\?[\d;]*c", answer) and (left := until - time.monotonic()) > 0:
            if select.select([keys], [], [], left)[0]:
                answer += os.read(keys, 1024)
    finally:
        termios.tcsetattr(keys, termios.TCSANOW, kept)
    return answer


def load() -> None:
    """Import textual-image. From a thread: it takes a tenth of a second.

    It asks the terminal what it can do when it is imported, unless its output is none: it is shown another
    stream meanwhile. What it then does not know, a cell's size, it takes from these variables.
    """
    with _loading:
        if "textual_image.widget" in sys.modules:
            return
        if cell := cell_size():
            os.environ["TEXTUAL_CELL_WIDTH"], os.environ["TEXTUAL_CELL_HEIGHT"] = map(str, cell)
        kept = sys.__stdout__
        sys.__stdout__ = io.StringIO()  # type: ignore[misc, assignment]  # no other way keeps it from asking
        try:
            import textual_image.widget  # noqa: F401  # its import is what is wanted
        finally:
            sys.__stdout__ = kept  # type: ignore[misc]  # as above
