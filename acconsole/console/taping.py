"""The runner's work on tapes: the list, what storage says of each, conversions that publish nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual.worker import Worker

from acconsole.console import figures
from acconsole.console.messages import TapeConverted, TapesKnown
from acconsole.console.shelf import Converting, Lot, Outcome, Shelf
from acconsole.console.trouble import as_trouble

if TYPE_CHECKING:
    from acconsole.console.runner import Runner
    from acconsole.engine.shelf import TapeRow
    from acconsole.media.conversion import Conversion, Stage

LOOKERS = 3
"""Tapes whose ZIPs are looked at at once."""
CONVERTERS = 4
"""Tapes on their way at once: some are fetched while others are encoded."""
COALESCE = 0.15


class Taping:
    """Reads and converts tapes; all that it finds out is in the session's shelf."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._wanted: list[TapeRow] = []
        self._lookers = 0
        self._looking: set[str] = set()
        self._queue: list[Converting] = []
        self._converters: set[Worker[None]] = set()
        self._told = 0.0

    @property
    def shelf(self) -> Shelf:
        """What is known."""
        return self._runner.session.shelf

    # -- the list ------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read everybody's tapes, and what storage says of them, anew."""
        self.shelf.reading, self.shelf.trouble = True, None
        self._runner.start(self._read, "tapes", exclusive=True)

    async def _read(self) -> None:
        shelf = self.shelf
        # A list that stands is replaced when the new one is whole: nothing jumps about meanwhile.
        rows = shelf.rows if shelf.read_at is None else []
        rows.clear()
        try:
            async with aclosing(self._runner.engine.tapes()) as stream:
                async for row in stream:
                    rows.append(row)
                    self._tell_now_and_then()
            shelf.rows, shelf.read_at = rows, figures.now()
            shelf.facts.clear()
        except Exception as error:
            # The list stays as it was; why it could not be read is told above it.
            shelf.trouble = as_trouble(error)
        finally:
            shelf.reading = False
            self._runner.post(TapesKnown())

    def _tell_now_and_then(self) -> None:
        if time.monotonic() - self._told >= COALESCE:
            self._told = time.monotonic()
            self._runner.post(TapesKnown())

    def want(self, rows: Iterable[TapeRow]) -> None:
        """Look at the ZIPs of these tapes, in this order, instead of those wanted before."""
        known = self._looking | self.shelf.facts.keys()
        self._wanted = [row for row in rows if row.doc.ref not in known]
        while self._lookers < min(LOOKERS, len(self._wanted)):
            self._lookers += 1
            self._runner.start(self._look(), "tape facts")

    async def _look(self) -> None:
        try:
            while self._wanted:
                row = self._wanted.pop(0)
                self._looking.add(row.doc.ref)
                # It never raises: what cannot be told is a fact of its own.
                self.shelf.facts[row.doc.ref] = await self._runner.engine.tape_facts(row.doc.doc)
                self._looking.discard(row.doc.ref)
                self._runner.post(TapesKnown())
        finally:
            self._lookers -= 1

    def mark(self, refs: Iterable[str]) -> None:
        """Mark these tapes, or take the marks off when all of them have one."""
        these, marked = set(refs), self.shelf.marked
        self.shelf.marked = marked - these if these <= marked else marked | these

    # -- conversions ---------------------------------------------------------------------------------

    def convert(self, rows: Sequence[TapeRow]) -> None:
        """Convert these tapes, those on their way already left alone. Nothing is published."""
        conversions = self.shelf.conversions
        if not self.shelf.going_on:
            conversions.clear()
        for row in rows:
            if row.doc.ref in conversions and not conversions[row.doc.ref].lot.is_over:
                continue
            conversions[row.doc.ref] = Converting(row)
            self._queue.append(conversions[row.doc.ref])
        self._converters = {worker for worker in self._converters if worker.is_running}
        while len(self._converters) < min(CONVERTERS, len(self.shelf.going_on)):
            self._converters.add(self._runner.start(self._convert_waiting(), "conversions"))
        self._runner.post(TapesKnown())

    def stop(self) -> None:
        """End every conversion."""
        for waiting in self._queue:
            waiting.end(Lot.STOPPED)
        self._queue.clear()
        for worker in self._converters:
            worker.cancel()
        self._runner.post(TapesKnown())

    async def settle(self) -> None:
        """End every conversion; returns when all have ended."""
        self.stop()
        await asyncio.gather(*(worker.wait() for worker in self._converters), return_exceptions=True)

    async def _convert_waiting(self) -> None:
        while self._queue:
            await self._convert(self._queue.pop(0))

    async def _convert(self, one: Converting) -> None:
        one.lot, row = Lot.GOES, one.row

        def moved(stage: Stage, done: int, total: int) -> None:
            one.take(stage, done, total)
            self._tell_now_and_then()

        try:
            made = await self._runner.engine.convert_tape(row.user, row.doc.doc, moved)
            one.outcome = outcome(made)
            self._runner.previews.keep_made(row.doc.ref, made.video)
            one.end(Lot.DONE)
        except asyncio.CancelledError:
            one.end(Lot.STOPPED)
            raise
        except Exception as error:
            one.end(Lot.FAILED, as_trouble(error).message)
        finally:
            self._runner.post(TapeConverted(one))


def outcome(made: Conversion) -> Outcome:
    """A conversion without its video, for as long as the console runs."""
    return Outcome(
        len(made.video), made.frames, made.pictures, made.seconds, made.sound, made.fitted, made.notes
    )
