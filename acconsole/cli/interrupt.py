"""Ctrl-C while a run goes on."""

from __future__ import annotations

import asyncio
import signal
import sys

from acconsole.engine.events import Stop


class interruptible:
    """The first Ctrl-C stops after the batches that are on their way, the second at once."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._interrupted)

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.remove_signal_handler(number)

    def _interrupted(self) -> None:
        if self._stop.requested and self._task:
            self._task.cancel()
            return
        print("\nStopping after what is on its way; once more stops at once.", file=sys.stderr)
        self._stop.request()
