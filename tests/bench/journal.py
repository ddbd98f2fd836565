"""What the journal costs a restore of 2,220 kidlisp: the engine with it and without it, in turn."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from acconsole.engine.events import Finished
from acconsole.engine.history import Ending, RunRecord, RunSummary
from acconsole.engine.journal import Answer, Beginning, FoundWrite, Holder, SentBatch, Subject
from acconsole.engine.windows import Window
from acconsole.errors import UnknownRun
from acconsole.media.base import MediaType
from tests.bench.report import Line, median
from tests.world import World

DOCS = 2_220
ROUNDS = 9


class NoJournal:
    """The `Journal` port without a file: it takes everything and keeps nothing."""

    trouble: str | None = None

    async def begin(self, beginning: Beginning) -> None:
        pass

    def begin_part(self, run: str, subject: Subject) -> None:
        pass

    def end_part(self, run: str, user: str, attempt: int, ending: Ending, result: Mapping[str, Any]) -> None:
        pass

    async def sent(self, batch: SentBatch) -> int:
        return 0

    def answered(self, batch: int, answer: Answer) -> None:
        pass

    def linked(self, run: str, user: str, kind: MediaType, rkeys: Mapping[str, str | None]) -> None:
        pass

    def found(self, run: str, user: str, found: FoundWrite) -> None:
        pass

    def note(self, run: str, user: str, what: str, detail: Mapping[str, Any]) -> None:
        pass

    async def end(self, run: str, ending: Ending, result: Mapping[str, Any]) -> None:
        pass

    async def hold(self, key: str, run: str, seconds: float, part: str = "") -> Holder | None:
        return None

    async def renew(self, key: str, run: str, seconds: float, part: str = "") -> bool:
        return True

    def let_go(self, key: str, run: str, part: str = "") -> None:
        pass

    async def is_over(self, run: str) -> bool:
        return False

    async def history(self, limit: int | None) -> list[RunSummary]:
        return []

    async def record(self, run: str) -> RunRecord:
        raise UnknownRun(f"No run goes by {run}.")

    async def died(self) -> list[RunSummary]:
        return []

    def keep_budgets(self, pds: str, windows: Sequence[Window]) -> None:
        pass

    async def budgets(self, pds: str) -> list[Window]:
        return []


async def measure(world: World) -> list[Line]:
    """How many times as long a restore takes with the journal.

    Two restores beside each other make a pair, for the machine's mood changes; who begins alternates.
    """
    import atproto_client  # noqa: F401  # once a process, before the clock starts

    await _seconds(world, keeps=True)
    took: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(ROUNDS):
        for keeps in (turn % 2 == 0, turn % 2 == 1):
            took[keeps].append(await _seconds(world, keeps=keeps))
    ratio = median([with_it / without for with_it, without in zip(took[True], took[False], strict=True)])
    told = f"{median(took[True]):.2f} s with it, {median(took[False]):.2f} s without"
    return [Line(f"the journal in a restore of {DOCS:,}", ratio, 1.10, told, at_most=True)]


async def _seconds(world: World, *, keeps: bool) -> float:
    user, _ = await world.person()
    world.give(user, MediaType.KIDLISP, DOCS)
    async with world.engine() as engine:
        if not keeps:
            engine._world = replace(engine._world, journal=NoJournal())
        plan = await engine.plan_restore(user, (MediaType.KIDLISP,))
        began = time.perf_counter()
        async for event in engine.run(plan, live=True):
            if isinstance(event, Finished):
                assert event.result.done.create == DOCS, event.result
        took = time.perf_counter() - began
        assert len(await engine.history()) == int(keeps)
        return took
