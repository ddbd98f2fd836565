"""How soon something is on screen: `acconsole --help`, and the console's first paint."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time

from tests.bench.report import Line, median

ROUNDS = 7
EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("first-paint")
Empty().run()
"""
CONSOLE = "from acconsole.cli.main import main; import sys; sys.argv = ['acconsole', 'demo']; main()"
HEAVY = ("textual", "motor", "pymongo", "atproto_client", "lexrpc", "PIL")


async def measure() -> list[Line]:
    """The console's first paint against an empty Textual app's, and what `--help` imports."""
    console, empty = [], []
    for _ in range(ROUNDS):
        empty.append(_first_paint(EMPTY, b"first-paint"))
        console.append(_first_paint(CONSOLE, b"acconsole"))
    took, bare = median(console), median(empty)
    told = f"{took * 1000:.0f} ms; an empty Textual app {bare * 1000:.0f} ms"
    heavy = _imported_by_help()
    return [
        Line("first paint against an empty app", took / bare, 2, told, at_most=True),
        Line("heavy imports of acconsole --help", len(heavy), 0, ", ".join(heavy) or "none", at_most=True),
    ]


def _first_paint(program: str, sign: bytes) -> float:
    """Seconds from the start of a process on a pseudo-terminal until it has painted `sign`."""
    leader, follower = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment,
        start_new_session=True,
    )
    os.close(follower)
    seen = b""
    try:
        while sign not in seen:
            readable, _, _ = select.select([leader], [], [], 20)
            if not readable:
                raise TimeoutError(seen[-500:])
            seen += os.read(leader, 65536)
        return time.perf_counter() - began
    finally:
        process.kill()
        process.wait()
        os.close(leader)


def _imported_by_help() -> list[str]:
    code = "import sys; sys.argv = ['acconsole', '--help']\nfrom acconsole.cli.main import main\n"
    code += f"try:\n  main()\nexcept SystemExit:\n  print([n for n in {HEAVY!r} if n in sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return [name for name in HEAVY if f"'{name}'" in told.splitlines()[-1]]
