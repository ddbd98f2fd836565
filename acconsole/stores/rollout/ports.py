"""The ports of a rollout's worker that are the head's own: the journal, the backups, what has no source.

What the port waits for is waited for here: it is on the head's disk when the call returns. When the head is
gone, each of these raises `JournalError`, and with it ends the worker's part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from acconsole.engine.history import Ending, RunRecord, RunSummary
from acconsole.engine.journal import Answer, Beginning, FoundWrite, Holder, SentBatch, Subject
from acconsole.engine.windows import Window
from acconsole.media.base import MediaType
from acconsole.stores.vault import digest

PIECE = 4_000_000
"""Bytes of a backup that are sent at once."""


class Line(Protocol):
    """The way to the head."""

    async def ask(self, port: str, name: str, *args: Any) -> Any:
        """What the head's port answers; raises what it raises, and `JournalError` when the head is gone."""

    def tell(self, port: str, name: str, *args: Any) -> None:
        """Have the head's port called, after all that was told and asked before."""


class RemoteJournal:
    """The head's journal."""

    trouble: str | None = None

    def __init__(self, line: Line) -> None:
        self._line = line

    async def _ask(self, name: str, *args: Any) -> Any:
        return await self._line.ask("journal", name, *args)

    def _tell(self, name: str, *args: Any) -> None:
        self._line.tell("journal", name, *args)

    async def begin(self, beginning: Beginning) -> None:
        await self._ask("begin", beginning)

    def begin_part(self, run: str, subject: Subject) -> None:
        self._tell("begin_part", run, subject)

    def end_part(self, run: str, user: str, attempt: int, ending: Ending, result: Mapping[str, Any]) -> None:
        self._tell("end_part", run, user, attempt, ending, result)

    async def sent(self, batch: SentBatch) -> int:
        number: int = await self._ask("sent", batch)
        return number

    def answered(self, batch: int, answer: Answer) -> None:
        self._tell("answered", batch, answer)

    def linked(self, run: str, user: str, kind: MediaType, rkeys: Mapping[str, str | None]) -> None:
        self._tell("linked", run, user, kind, rkeys)

    def found(self, run: str, user: str, found: FoundWrite) -> None:
        self._tell("found", run, user, found)

    def note(self, run: str, user: str, what: str, detail: Mapping[str, Any]) -> None:
        self._tell("note", run, user, what, detail)

    def keep_budgets(self, pds: str, windows: Sequence[Window]) -> None:
        self._tell("keep_budgets", pds, windows)

    async def end(self, run: str, ending: Ending, result: Mapping[str, Any]) -> None:
        await self._ask("end", run, ending, result)

    async def hold(self, key: str, run: str, seconds: float, part: str = "") -> Holder | None:
        held: Holder | None = await self._ask("hold", key, run, seconds, part)
        return held

    async def renew(self, key: str, run: str, seconds: float, part: str = "") -> bool:
        return bool(await self._ask("renew", key, run, seconds, part))

    def let_go(self, key: str, run: str, part: str = "") -> None:
        self._tell("let_go", key, run, part)

    async def is_over(self, run: str) -> bool:
        return bool(await self._ask("is_over", run))

    async def history(self, limit: int | None) -> list[RunSummary]:
        found: list[RunSummary] = await self._ask("history", limit)
        return found

    async def record(self, run: str) -> RunRecord:
        record: RunRecord = await self._ask("record", run)
        return record

    async def died(self) -> list[RunSummary]:
        found: list[RunSummary] = await self._ask("died")
        return found

    async def budgets(self, pds: str) -> list[Window]:
        windows: list[Window] = await self._ask("budgets", pds)
        return windows


class RemoteVault:
    """The head's backups; large files go there in pieces."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def names(self, folder: Path) -> frozenset[str]:
        names: frozenset[str] = await self._line.ask("vault", "names", folder)
        return names

    async def put(self, folder: Path, files: Mapping[str, bytes]) -> str:
        for name, data in files.items():
            for start in range(0, max(1, len(data)), PIECE):
                await self._line.ask("vault", "write", folder, name, start, data[start : start + PIECE])
        place: str = await self._line.ask(
            "vault", "check", folder, {name: digest(data) for name, data in files.items()}
        )
        return place


class RemoteSourceless:
    """What the head remembers of docs without a source."""

    trouble: str | None = None

    def __init__(self, line: Line) -> None:
        self._line = line

    async def known(self, kind: MediaType) -> Mapping[str, str]:
        known: Mapping[str, str] = await self._line.ask("sourceless", "known", kind)
        return known

    async def add(self, kind: MediaType, ref: str, digest: str) -> None:
        await self._line.ask("sourceless", "add", kind, ref, digest)

    async def forget(self, kind: MediaType, ref: str) -> None:
        await self._line.ask("sourceless", "forget", kind, ref)
