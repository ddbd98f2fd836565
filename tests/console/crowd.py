"""As much of an engine as the list of users needs: anybody in it, a scan that goes as far as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from acconsole.console import figures
from acconsole.engine.model import Counts, User
from acconsole.engine.reading import Health
from acconsole.engine.status import Standing
from acconsole.engine.sync import Engine
from acconsole.media.base import MediaType
from acconsole.settings import Settings
from tests.console.driver import Connect


def person(number: int, name: str | None = None) -> User:
    """A user of a number, and of a name unless it is left to the number."""
    name = name or f"user{number:04}"
    return User(f"auth0|{number:024x}", name, f"{name}.at.test", f"did:plc:{number:024}", f"ac24{number:05d}")


@dataclass
class Crowd:
    """`standings`: how many moods are missing and synced, and the account, by handle.

    `allowed`: how many users the scan tells of before it waits for more; None for all. `fails`: what it and
    the list of users raise when they come to it, as long as there is something.
    """

    people: Sequence[User]
    standings: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    allowed: int | None = None
    fails: list[Exception] = field(default_factory=list)
    scans: int = 0

    host = "pds.test"

    def __post_init__(self) -> None:
        self.more = asyncio.Event()

    def allow(self, count: int | None) -> None:
        """Let the scan get that far."""
        self.allowed = count
        self.more.set()

    async def users(self) -> list[User]:
        return list(self.people)

    async def status(self, user: User) -> Any:
        return _Stands(self._standing(user))

    async def scan(self, waits: Callable[[Any], None]) -> AsyncIterator[Standing]:
        self.scans += 1
        for number, user in enumerate(self.people):
            while self.allowed is not None and number >= self.allowed:
                if self.fails:
                    raise self.fails.pop(0)
                self.more.clear()
                await self.more.wait()
            yield self._standing(user)

    def _standing(self, user: User) -> Standing:
        missing, synced, account = self.standings.get(user.handle or "", (0, 1, "ok"))
        counts = Counts(missing + synced, synced, synced, missing)
        return Standing(user, {MediaType.MOODS: counts}, None, None, None, account, figures.now())

    async def health(self) -> Health:
        return Health(None, None)


@dataclass
class _Stands:
    standing: Standing


def over_crowd(crowd: Crowd) -> Connect:
    """What the app connects by."""

    @asynccontextmanager
    async def connecting(tell: Callable[[str], None]) -> AsyncIterator[tuple[Settings, Engine]]:
        yield Settings(), cast(Engine, crowd)

    return connecting
