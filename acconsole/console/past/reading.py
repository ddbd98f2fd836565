"""The runner's work for the past: reads the journal, to which other processes of this machine write too."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from acconsole.console import figures
from acconsole.console.messages import PastKnown, RecordKnown
from acconsole.console.trouble import as_trouble

if TYPE_CHECKING:
    from acconsole.console.runner import Runner

MOST = 2_000
"""So many runs are listed, the newest of them."""


class Reading:
    """One look at the list at a time, and one at a run in full; a newer one takes its place."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def read(self) -> None:
        """Read the newest runs; `PastKnown` tells."""
        self._runner.session.past.reading = True
        self._runner.start(self._read, "past", exclusive=True)
        self._runner.post(PastKnown())

    async def _read(self) -> None:
        past, engine = self._runner.session.past, self._runner.engine
        try:
            past.runs = await engine.history(MOST)
        except Exception as error:
            past.runs, past.trouble = (), as_trouble(error)
        else:
            past.trouble, past.warning = None, engine.trouble
        past.read_at, past.reading = figures.now(), False
        self._runner.post(PastKnown())

    def read_run(self, run: str) -> None:
        """Read one run in full; `RecordKnown` tells."""
        self._runner.start(partial(self._read_run, run), "record", exclusive=True)

    async def _read_run(self, run: str) -> None:
        # Not imported before it is wanted.
        from acconsole.console.past.account import Account

        try:
            record = await self._runner.engine.run_record(run)
            account = await asyncio.to_thread(Account.of, record)
        except Exception as error:
            self._runner.post(RecordKnown(run, None, as_trouble(error)))
            return
        self._runner.post(RecordKnown(run, account))
