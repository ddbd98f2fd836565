"""The terminal goes away under the console: it leaves, and takes its sandbox along."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest


def test_a_closed_terminal_ends_the_console_and_its_sandbox() -> None:
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "acconsole", "demo", "--users", "5"],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(follower)
    try:
        seen = b""
        while b"jeffrey" not in seen:
            readable, _, _ = select.select([leader], [], [], 60)
            assert readable, seen[-500:]
            seen += os.read(leader, 65536)
        sandbox = _children(process.pid)
        assert sandbox
        os.close(leader)
        # The system sends one of its own too; a window that is closed may send another.
        process.send_signal(signal.SIGCONT)
        process.wait(timeout=30)
    finally:
        process.kill()
        process.wait()
    for child in sandbox:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


def _children(pid: int) -> list[int]:
    """The processes that a process has started, where the system tells."""
    told = Path(f"/proc/{pid}/task/{pid}/children")
    if told.exists():
        return [int(child) for child in told.read_text().split()]
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]
