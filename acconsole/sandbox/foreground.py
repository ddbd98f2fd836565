"""The sandbox as a process in the foreground: it says where its servers are, and serves until told to end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from typing import TextIO


def run(users: int, out: TextIO, *, until_stdin_closes: bool = False, rate_limits: bool = False) -> None:
    """Print the environment as NAME=value lines, then `ready`, and serve until SIGINT or SIGTERM.

    With `until_stdin_closes` the end of stdin ends it too, so that it does not outlive a parent that dies.
    What goes on while it fills is told on stderr. Call it in the main thread.
    """
    asyncio.run(_run(users, out, until_stdin_closes, rate_limits))


async def _run(users: int, out: TextIO, until_stdin_closes: bool, rate_limits: bool) -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    if until_stdin_closes:
        threading.Thread(target=_watch_stdin, args=(loop, told), daemon=True).start()
    serving = asyncio.create_task(_serve(users, out, rate_limits))
    ending = asyncio.create_task(told.wait())
    await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
    for task in (serving, ending):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _serve(users: int, out: TextIO, rate_limits: bool) -> None:
    # It takes a second to import; a signal in that second must already find somebody who listens.
    from acconsole.sandbox.servers import Sandbox

    async with Sandbox(users, rate_limits=rate_limits, progress=_tell) as sandbox:
        for name, value in sandbox.environment().items():
            print(f"{name}={value}", file=out)
        print("ready", file=out, flush=True)
        await asyncio.Event().wait()


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _watch_stdin(loop: asyncio.AbstractEventLoop, told: asyncio.Event) -> None:
    # Past sys.stdin, whose lock a thread that is still reading would hold when the interpreter ends.
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    with contextlib.suppress(RuntimeError):  # the loop has ended already
        loop.call_soon_threadsafe(told.set)
