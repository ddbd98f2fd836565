"""The rate limits of one PDS: each request goes through here, and its answer is heard."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import httpx

from acconsole.engine.budgets import Budgets
from acconsole.engine.clock import Clock
from acconsole.engine.pacing import Pace
from acconsole.engine.windows import MARGIN, Answer, Charge, Scope, Told, Window
from acconsole.errors import JournalError

REQUEST = Charge(Scope.REQUESTS)
READ = Charge(Scope.READS)
_POLICY = re.compile(r"\s*(\d+)\s*;\s*w=(\d+)")
_WRITES = (Scope.POINTS, Scope.UPLOADS)
_BY_ADDRESS = (Scope.REQUESTS, Scope.READS, Scope.UPLOADS)
_EAR = "acconsole"
_UNTOLD = 60.0
"""Seconds for which a refusal holds that does not say how long it does."""


class Memory(Protocol):
    """What keeps budgets across runs: a part of the journal."""

    def keep_budgets(self, pds: str, windows: Sequence[Window]) -> None:
        """Write down windows as they stand."""

    async def budgets(self, pds: str) -> list[Window]:
        """The windows that are not over yet."""


@dataclass(slots=True)
class _Ear:
    answer: Answer | None = None


class Limits:
    """What the requests to one PDS spend, are refused, and wait for; `key`: a bypass key is sent."""

    def __init__(self, host: str, clock: Clock, memory: Memory | None, *, key: bool) -> None:
        self.budgets = Budgets(clock.now, key=key)
        self._host = host
        self._clock = clock
        self._memory = memory
        self._pace = Pace(clock.now)
        self._scouts: dict[Scope, asyncio.Event] = {}
        self._recalling: asyncio.Future[None] | None = None

    @asynccontextmanager
    async def spend(self, *charges: Charge) -> AsyncIterator[dict[str, Any]]:
        """For the time of one request; gives the extensions that it is to be sent with.

        Raises `BudgetSpent` before it is sent, when it does not fit.
        """
        if self.budgets.on is None:
            self._recalling = self._recalling or asyncio.ensure_future(self._recall())
            await asyncio.shield(self._recalling)
        scouted: list[Scope] = []
        try:
            for charge in charges:
                if await self._is_scout(charge.scope):
                    scouted.append(charge.scope)  # noqa: PERF401  # each as it is known, for the way out
            async with self._spend(charges) as extensions:
                yield extensions
        finally:
            for scope in scouted:
                self._scouts.pop(scope).set()

    async def _is_scout(self, scope: Scope) -> bool:
        """Whether a request is the first of its kind, whose answer the others wait for.

        Many at once would run into a limit at once, where others of our address have spent it.
        """
        if scope not in _BY_ADDRESS or self.budgets.on is False or self.budgets.is_told(scope):
            return False
        if scout := self._scouts.get(scope):
            await scout.wait()
            return False
        self._scouts[scope] = asyncio.Event()
        return True

    @asynccontextmanager
    async def _spend(self, charges: Sequence[Charge]) -> AsyncIterator[dict[str, Any]]:
        if self.budgets.bypassed and any(charge.scope in _WRITES for charge in charges):
            await self._clock.until(self._clock.now() + self._pace.delay())
        spending, ear = self.budgets.reserve(*charges), _Ear()
        try:
            yield {_EAR: ear}
        finally:
            self.budgets.settle(spending, ear.answer)
            if self._memory and (windows := self.budgets.to_keep()):
                self._memory.keep_budgets(self._host, windows)

    async def hear(self, response: httpx.Response) -> None:
        """The hook that takes in what each answer tells."""
        ear = response.request.extensions.get(_EAR)
        if isinstance(ear, _Ear):
            ear.answer = _answer(response, self._clock.now())

    async def _recall(self) -> None:
        with suppress(JournalError):  # what cannot be remembered is learnt anew
            self.budgets.restore(await self._memory.budgets(self._host) if self._memory else [])

    def opens(self, headers: Mapping[str, str]) -> float:
        """When a refused request may be tried again, on our clock: by its headers, else in a minute."""
        return _refused_until(headers, self._clock.now())


def _answer(response: httpx.Response, now: float) -> Answer:
    refused = response.status_code == 429
    until = _refused_until(response.headers, now) if refused else None
    return Answer(_told(response.headers, now), response.is_success, until)


def _told(headers: Mapping[str, str], now: float) -> Told | None:
    """The window that an answer's `ratelimit-…` headers show; None for an answer without them."""
    policy = _POLICY.match(headers.get("ratelimit-policy", ""))
    try:
        left, resets = int(headers["ratelimit-remaining"]), _resets(headers, now)
    except (KeyError, ValueError):
        return None
    return Told(int(policy[1]), int(policy[2]), left, resets) if policy else None


def _resets(headers: Mapping[str, str], now: float) -> float:
    """When the window is over, on our clock: the PDS's own may go wrong. Raises `KeyError`, `ValueError`."""
    resets = float(headers["ratelimit-reset"])
    try:
        here = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError):
        here = now
    return now + max(0.0, resets - here) + MARGIN


def _refused_until(headers: Mapping[str, str], now: float) -> float:
    try:
        return _resets(headers, now)
    except (KeyError, ValueError):
        pass
    try:
        return now + float(headers["retry-after"]) + MARGIN
    except (KeyError, ValueError):
        return now + _UNTOLD
