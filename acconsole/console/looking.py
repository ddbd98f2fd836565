"""The runner's looks at users for the list: whoever is in view, and everybody in the background."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from textual.worker import Worker

from acconsole.console import figures
from acconsole.console.glances import Glance
from acconsole.console.messages import GlanceKnown, ScanMoved
from acconsole.console.scan import Scan
from acconsole.console.trouble import as_trouble

if TYPE_CHECKING:
    from acconsole.console.runner import Runner
    from acconsole.console.session import Run, Session
    from acconsole.engine.model import User
    from acconsole.engine.status import Standing
    from acconsole.errors import BudgetSpent

READERS = 4
"""How many users are read at once for the list; more would crowd out what the admin asked for."""
FRESH = 60.0
"""Seconds for which a glance is not read again by itself."""
BY_ITSELF = True
"""Whether everybody is looked at as soon as the users are known."""
MANY = 50
"""From so many users on of whom nothing is known, everybody is looked at again."""
COALESCE = 0.15
SOONEST = 15.0
"""Seconds after which a scan that failed is tried again by itself; each time twice as many."""
LATEST = 240.0


class Looking:
    """Reads users a few at a time and scans everybody; all that it finds out is in the session."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._wanted: list[User] = []
        self._readers = 0
        self._told = 0.0
        self._worker: Worker[None] | None = None

    @property
    def session(self) -> Session:
        """What is known."""
        return self._runner.session

    # -- whoever is in view --------------------------------------------------------------------------

    def want(self, users: Iterable[User], *, fresh: bool = False) -> None:
        """Read these users for the list, in this order, instead of those wanted before.

        Users seen a short while ago are left out, unless `fresh`.
        """
        session = self.session
        if session.engine is None:
            return
        due = figures.now() - FRESH
        self._wanted = [
            user
            for user in users
            if user.id not in session.reading
            and (fresh or (seen := session.glances.get(user.id)) is None or seen.read_at < due)
        ]
        while self._readers < min(READERS, len(self._wanted)):
            self._readers += 1
            self._runner.start(self._read_wanted(), "glances")

    async def _read_wanted(self) -> None:
        session = self.session
        try:
            while self._wanted:
                user = self._wanted.pop(0)
                session.reading.add(user.id)
                try:
                    state = await self._runner.engine.status(user)
                    session.glances[user.id] = Glance.of(state.standing)
                except Exception as error:
                    # Whoever cannot be read now is asked again when the row comes into view once more.
                    trouble = as_trouble(error)
                    session.glances[user.id] = Glance.unknown(trouble.message, figures.now())
                    if trouble.fatal:
                        self._wanted.clear()
                finally:
                    session.reading.discard(user.id)
                self._runner.post(GlanceKnown())
        finally:
            self._readers -= 1

    def forget(self, run: Run) -> None:
        """A run has ended: what was known of its user does not hold any more."""
        self.forget_user(run.plan.user.id, failed=run.in_trouble)

    def forget_user(self, id: str, *, failed: bool) -> None:
        """A run is through with a user: what was known does not hold any more."""
        session = self.session
        session.glances.pop(id, None)
        session.written_at[id] = figures.now()
        (session.failed.add if failed else session.failed.discard)(id)

    # -- everybody -----------------------------------------------------------------------------------

    def begin(self) -> None:
        """Look at everybody, now that the users are known."""
        if BY_ITSELF:
            self.scan()

    def refill(self) -> None:
        """Look at everybody when a run has left many of whom nothing is known any more."""
        unknown = len(self.session.users) - len(self.session.glances)
        if self.session.scan and unknown > MANY:
            self.begin()

    def scan(self, *, afresh: bool = False) -> None:
        """Look at everybody, unless that is going on; one that waits for another try begins now.

        `afresh`: the list of users is read again before.
        """
        scan = self.session.scan
        if self.session.engine and not (scan and scan.is_going):
            work = partial(self._scan_until_done, afresh)
            self._worker = self._runner.start(work, "scan", exclusive=True)

    async def hold(self) -> bool:
        """End a scan that is going on; whether one was. It is for the caller to begin it again."""
        going = self.session.scan is not None and self.session.scan.is_going
        if going:
            await self.settle()
        return going

    async def settle(self) -> None:
        """End the scan; returns when it has ended."""
        if self._worker:
            self._worker.cancel()
            await asyncio.gather(self._worker.wait(), return_exceptions=True)

    async def _scan_until_done(self, afresh: bool) -> None:
        wait = SOONEST
        while True:
            scan = self.session.scan = Scan(len(self.session.users))
            self._runner.post(ScanMoved())
            try:
                await self._scan(scan, afresh)
            except Exception as error:
                scan.trouble = as_trouble(error)
            finally:
                scan.ended_at = figures.now()
                self._runner.post(ScanMoved())
            if not (scan.trouble and scan.trouble.retryable):
                return
            scan.again_at = figures.now() + wait
            await asyncio.sleep(wait)
            wait, afresh = min(2 * wait, LATEST), True

    async def _scan(self, scan: Scan, afresh: bool) -> None:
        if afresh:
            await self._runner.know_users()
            scan.total = len(self.session.users)

        def waits(spent: BudgetSpent) -> None:
            scan.waits_until = spent.resume_at
            self._runner.post(ScanMoved())

        async with aclosing(self._runner.engine.scan(waits=waits)) as standings:
            async for standing in standings:
                self._take(scan, standing)
                if time.monotonic() - self._told >= COALESCE:
                    self._told = time.monotonic()
                    self._runner.post(ScanMoved())

    def _take(self, scan: Scan, standing: Standing) -> None:
        """What the scan found of one user; what has been found out since by other means stands."""
        session, id = self.session, standing.user.id
        scan.done += 1
        known = session.glances.get(id)
        is_newest = known is None or known.read_at <= standing.read_at
        # Who has been written to since the scan began may have been read before that.
        if is_newest and session.written_at.get(id, 0.0) < scan.began_at:
            session.glances[id] = Glance.of(standing)
