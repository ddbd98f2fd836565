"""The head's end of the line to the workers of a rollout."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

from acconsole.engine.events import Event, Stop
from acconsole.engine.ports import World
from acconsole.engine.rollout.part import Done, Order
from acconsole.errors import AcError, JournalError
from acconsole.stores.cluster import CONNECT_SECONDS, unreachable
from acconsole.stores.rollout.line import (
    BEAT,
    Answer,
    Expected,
    Outbox,
    Packet,
    Queue,
    Say,
    State,
    Steer,
    opened,
    queue,
    sealed,
)
from acconsole.stores.rollout.parts import Parts
from acconsole.stores.rollout.worker import fit
from acconsole.stores.vault import DiskVault

TICK = 0.2
"""Seconds in which a worker hears of a pause or a stop."""
IDLE = 10.0
"""Seconds after which the scheduler says that there is no news."""


class Head:
    """The line to the workers of one scheduler. `is_lost` once that does not answer any more.

    `ports` are the head's own, by the names that workers call them by.
    """

    def __init__(
        self, client: Any, address: str, up: Queue, ports: Mapping[str, Any], parts: Parts, world: World
    ) -> None:
        self.is_lost = False
        self._client = client
        self._address = address
        self._up = up
        self._ports = ports
        self._parts = parts
        self._budgets = world.repos.budgets
        self._requests: dict[str, int] = {}
        self._boxes: dict[str, asyncio.Task[Outbox]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._begin(self._listen(up))
        self._begin(self._steer())

    @classmethod
    async def open(cls, address: str, world: World, vault: DiskVault, expected: Expected) -> Head:
        """Lay the line, and look whether every worker fits.

        Raises `Unreachable`, `SettingsError`, `ReadOnly`.
        """
        from distributed import Client

        name = f"acconsole-{secrets.token_hex(8)}"
        ports = {"journal": world.journal, "vault": vault, "sourceless": world.sourceless}
        client: Any = None
        try:
            client = await Client(address, timeout=CONNECT_SECONDS, set_as_default=False, asynchronous=True)
            await _look(client, expected)
            parts = Parts(client, address, name, expected, world.repos.budgets)
            return cls(client, address, await queue(client, name), ports, parts, world)
        except (OSError, AcError) as error:
            if client:
                with suppress(OSError):
                    await client.close()
            raise error if isinstance(error, AcError) else unreachable(address) from None

    @property
    def requests(self) -> int:
        """How many requests the workers have sent to the PDS."""
        return sum(self._requests.values())

    async def do(self, order: Order, *, emit: Callable[[Event], None], stop: Stop) -> Done:
        """As `Hands.do`."""
        return await self._parts.do(order, emit=emit, stop=stop)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._lose(error)  # nobody waits for it but the parts

    # -- what workers say ----------------------------------------------------------------------------

    async def _listen(self, up: Queue) -> None:
        try:
            while True:
                try:
                    packet: Packet = opened(await up.get(IDLE))
                except TimeoutError:
                    continue
                self._requests[packet.down] = packet.requests
                for message in packet.said:
                    self._heard(packet.down, opened(message))
        except OSError:
            self._lose(unreachable(self._address))

    def _heard(self, down: str, say: Say) -> None:
        part = self._parts.get(say.part)
        if part and not part.cancelled and (say.port, say.name) == ("head", "begin"):
            part.begin(say.token, down)
            self._answer(down, say, part.state)
        elif part is None or part.token != say.token:
            self._answer(down, say, error=_not_yours())
            self._send(down, Steer({say.token: State(cancelled=True)}))
        elif (say.port, say.name) == ("head", "emit"):
            part.take(*say.args)
        elif (say.port, say.name) == ("head", "end"):
            (end,) = say.args
            self._answer(down, say)
            self._budgets.restore(end.budgets)
            part.end(end)
        elif say.call is None:
            getattr(self._ports[say.port], say.name)(*say.args)
        else:
            self._begin(self._asked(down, say))

    async def _asked(self, down: str, say: Say) -> None:
        try:
            self._answer(down, say, await getattr(self._ports[say.port], say.name)(*say.args))
        except AcError as error:
            self._answer(down, say, error=error)

    # -- what is said to them ------------------------------------------------------------------------

    def _answer(self, down: str, say: Say, result: Any = None, error: AcError | None = None) -> None:
        if say.call is not None:
            self._send(down, Answer(say.call, result, error))

    def _send(self, down: str, message: Answer | Steer) -> None:
        self._begin(self._sent(down, message))

    async def _sent(self, down: str, message: Answer | Steer) -> None:
        if down not in self._boxes:
            self._boxes[down] = asyncio.create_task(self._box(down))
        with suppress(OSError):
            (await asyncio.shield(self._boxes[down])).put(message)

    async def _box(self, down: str) -> Outbox:
        # What a worker does not take any more is of no use to anybody: Dask sees to its parts.
        return Outbox(await queue(self._client, down), _packed, lambda: None)

    async def _steer(self) -> None:
        """Tell each worker how its parts stand, when that changes and now and then."""
        told: dict[str, tuple[float, dict[str, State]]] = {}
        while True:
            states: dict[str, dict[str, State]] = {}
            for part in self._parts:
                if part.token:
                    states.setdefault(part.down, {})[part.token] = part.state
            for down, now in states.items():
                when, before = told.get(down, (0.0, {}))
                if now != before or time.monotonic() - when >= BEAT:
                    told[down] = (time.monotonic(), now)
                    self._send(down, Steer(now))
            await asyncio.sleep(TICK)

    # -- the end -------------------------------------------------------------------------------------

    def _lose(self, error: BaseException) -> None:
        """The scheduler is gone, or the line broken otherwise."""
        self.is_lost = True
        for part in self._parts:
            part.fail(error)

    async def close(self) -> None:
        """Let go of the scheduler, and of whatever is still under way."""
        self._lose(unreachable(self._address))
        boxes = [task.result() for task in self._boxes.values() if task.done() and not task.exception()]
        tasks = (*self._tasks, *self._boxes.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *(box.close() for box in boxes), return_exceptions=True)
        with suppress(OSError):
            self._up.close()
            await self._client.close()


async def _look(client: Any, expected: Expected) -> None:
    """Ask every worker whether it fits. Raises what one of them has against it."""
    for worker, answer in (await client.run(fit, sealed(expected))).items():
        error = opened(answer)
        if error:
            raise type(error)(f"The Dask worker at {worker}: {error.message}", error.hint)


def _packed(messages: Sequence[bytes]) -> bytes:
    return sealed(tuple(messages))


def _not_yours() -> JournalError:
    return JournalError("The rollout has given the user to another worker.", "Nothing is lost.")
