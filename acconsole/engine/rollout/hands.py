"""Whose hands do a rollout's work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from acconsole.engine.events import Event, Stop
from acconsole.engine.ports import World
from acconsole.engine.rollout import part
from acconsole.engine.rollout.part import Done, Order, Planner


class Hands(Protocol):
    """Who does single users: this machine, or a cluster."""

    @property
    def requests(self) -> int:
        """How many requests have been sent to the PDS."""

    async def do(self, order: Order, *, emit: Callable[[Event], None], stop: Stop) -> Done:
        """As `part.do`."""


@dataclass(frozen=True, slots=True)
class OwnHands:
    """This machine."""

    world: World
    read_only: bool
    planner: Planner = part.planned

    @property
    def requests(self) -> int:
        return self.world.repos.requests

    async def do(self, order: Order, *, emit: Callable[[Event], None], stop: Stop) -> Done:
        return await part.do(
            self.world, order, read_only=self.read_only, planner=self.planner, emit=emit, stop=stop
        )
