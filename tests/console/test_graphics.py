"""How pictures are shown where, and that finding it out leaves the terminal alone."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys

import pytest

from acconsole.console.graphics import Graphics, graphics_of

CELL = (10, 20)
NEW, OLD = b"\x1bP>|kitty(0.41.1)\x1b\\\x1b[?62;c", b"\x1bP>|kitty(0.26.5)\x1b\\\x1b[?62;c"

INSIDE = ("TMUX", "STY", "ZELLIJ", "NO_COLOR")


def never() -> bytes:
    raise AssertionError("the terminal was asked")


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({"TERM": "xterm-256color"}, Graphics.CELLS),
        ({"TERM": "xterm-ghostty"}, Graphics.KITTY),
        ({"TERM": "foot"}, Graphics.SIXEL),
        ({"TERM": "mlterm"}, Graphics.SIXEL),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, Graphics.SIXEL),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, Graphics.SIXEL),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "221200"}, Graphics.SIXEL),
        ({"TERM": "xterm", "TERM_PROGRAM": "WezTerm", "XTERM_VERSION": "XTerm(379)"}, Graphics.CELLS),
        ({"TERM": "xterm-ghostty", "TMUX": "a-socket,1,0"}, Graphics.CELLS),
        ({"TERM": "tmux-256color"}, Graphics.CELLS),
        ({"TERM": "screen", "TERM_PROGRAM": "WezTerm"}, Graphics.CELLS),
        ({"TERM": "foot", "ZELLIJ": "0"}, Graphics.CELLS),
        ({"TERM": "xterm-ghostty", "NO_COLOR": "1"}, Graphics.CELLS),
        ({}, Graphics.CELLS),
    ],
)
def test_a_terminal_is_known_by_its_environment(environment: dict[str, str], wanted: Graphics) -> None:
    assert graphics_of(environment, is_terminal=True, cell=CELL, ask=never) is wanted
    assert graphics_of(environment, is_terminal=False, cell=CELL, ask=never) is Graphics.CELLS


@pytest.mark.parametrize(
    ("answer", "wanted"), [(NEW, Graphics.KITTY), (OLD, Graphics.CELLS), (b"", Graphics.CELLS)]
)
def test_kitty_is_asked_for_its_version(answer: bytes, wanted: Graphics) -> None:
    assert graphics_of({"TERM": "xterm-kitty"}, is_terminal=True, cell=None, ask=lambda: answer) is wanted


def test_no_sixels_where_the_size_of_a_cell_is_not_known() -> None:
    assert graphics_of({"TERM": "foot"}, is_terminal=True, cell=None, ask=never) is Graphics.CELLS


def on_a_terminal(program: str, answers: dict[bytes, bytes], **environment: str) -> tuple[bytes, bytes]:
    """What a program on a terminal writes to it, and what it says in the end on a line of its own."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", f"import sys\n{program}\nprint('said', said)"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={name: os.environ[name] for name in os.environ if name not in INSIDE} | environment,
    )
    os.close(follower)
    seen = b""
    while b"said" not in seen.rpartition(b"\n")[0]:
        assert select.select([leader], [], [], 30)[0], seen
        seen += os.read(leader, 65536)
        for question, answer in answers.items():
            if question in seen:
                os.write(leader, answer)
                answers = {each: given for each, given in answers.items() if each != question}
    process.wait(30)
    os.close(leader)
    written, _, said = seen.rstrip().rpartition(b"said ")
    return written, said


def test_textual_image_is_imported_without_a_word_to_the_terminal() -> None:
    program = """
from PIL import Image
from rich.console import Console
from acconsole.console import graphics
out = sys.__stdout__
graphics.load()
from textual_image.renderable import HalfcellImage
image = HalfcellImage(Image.new('RGB', (4, 4)), 4, 2)
said = [out is sys.__stdout__, len(Console(force_terminal=True).render_lines(image, pad=False))]
"""
    written, said = on_a_terminal(program, {}, TERM="xterm-256color")
    assert (written, said) == (b"", b"[True, 2]")


@pytest.mark.parametrize(("answer", "wanted"), [(NEW, b"kitty"), (OLD, b"cells")])
def test_kitty_answers_before_textual_starts(answer: bytes, wanted: bytes) -> None:
    program = "from acconsole.console.graphics import settle\nsaid = settle()"
    written, said = on_a_terminal(program, {b"\x1b[c": answer}, TERM="xterm-kitty")
    assert said == wanted
    assert b"0.41" not in written.replace(b"\x1b[>0q\x1b[c", b""), "the answer was not echoed"


def test_the_terminal_is_as_it_was_when_kitty_does_not_answer() -> None:
    program = (
        "import termios\nbefore = termios.tcgetattr(0)\nfrom acconsole.console import graphics\n"
        "graphics.SECONDS = 0.05\nsaid = [graphics.settle().value, before == termios.tcgetattr(0)]"
    )
    _, said = on_a_terminal(program, {}, TERM="xterm-kitty")
    assert said == b"['cells', True]"
