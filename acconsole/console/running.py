"""The run that is going on: one at a time, over one user or over many. It is nobody's but the runner's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from textual.worker import Worker

from acconsole.console import figures
from acconsole.console.messages import RunEnded, RunFailure, RunMoved
from acconsole.console.session import RolloutRun, Run
from acconsole.console.trouble import as_trouble
from acconsole.errors import AcError

if TYPE_CHECKING:
    from acconsole.console.runner import Runner
    from acconsole.engine.events import Event

COALESCE = 0.15
AT_ONCE = 200
"""So many events are taken before the screen has its turn."""


class Running:
    """Takes a run's events; stops it, holds it up, and sees it to its end."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._worker: Worker[None] | None = None

    def begin(self, run: Run | RolloutRun, events: AsyncGenerator[Event, None]) -> None:
        """This is the run now; `events` are not begun with before."""
        self._runner.session.run = run
        self._worker = self._runner.start(self._go(run, events), "run")
        self._runner.post(RunMoved(run))

    def stop(self, run: Run | RolloutRun) -> None:
        """The first time: stop after the batch on its way. The second: cancel at once."""
        if run.over or run is not self._runner.session.run:
            return
        if not run.stop.requested:
            run.stop.request()
            run.progress.holding.end(figures.now())
        elif self._worker and not run.cancelling:
            run.cancelling = True
            self._worker.cancel()
        self._runner.post(RunMoved(run))

    def pause(self, run: Run | RolloutRun) -> None:
        """Hold the run up after the batches on their way; a second time, let it go on."""
        if run.over or run.stop.requested:
            return
        if run.stop.paused:
            run.stop.resume()
            run.progress.holding.end(figures.now())
        else:
            run.stop.pause()
            run.progress.holding.begin(figures.now())
        run.progress.say(figures.now(), "paused" if run.stop.paused else "goes on", "$todo")
        self._runner.post(RunMoved(run))

    async def settle(self) -> None:
        """End the run that is on, if one is; returns when it has ended."""
        if self._worker and self._runner.session.running:
            # Cancelled once only: a second time would cut the engine's own settling short.
            if not self._worker.is_cancelled:
                self._worker.cancel()
            await asyncio.gather(self._worker.wait(), return_exceptions=True)

    async def _go(self, run: Run | RolloutRun, events: AsyncGenerator[Event, None]) -> None:
        trouble: AcError | None = None
        try:
            # Closing it waits for the batches on their way.
            async with aclosing(events) as stream:
                await self._take(run, stream)
        except asyncio.CancelledError:
            trouble = AcError(
                "The run was cancelled. What was done stays done.", "Plan it again to go on from here."
            )
        except Exception as error:
            trouble = as_trouble(error)
        finally:
            run.progress.end(figures.now(), trouble)
            run.over = True
            if isinstance(run, Run):
                self._runner.looking.forget(run)
            self._runner.post(RunEnded(run))

    async def _take(self, run: Run | RolloutRun, stream: AsyncGenerator[Event, None]) -> None:
        told, count = 0.0, 0
        async for event in stream:
            if failure := run.progress.take(event, figures.now()):
                self._runner.post(RunFailure(run, failure))
            if time.monotonic() - told >= COALESCE:
                told = time.monotonic()
                self._runner.post(RunMoved(run))
            count += 1
            if count % AT_ONCE == 0:
                # Events that are there already would be taken in one go, however many.
                await asyncio.sleep(0)
