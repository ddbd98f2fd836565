"""What a rollout's head and its workers say to each other: messages in queues of the Dask scheduler.

All workers write into one queue, which the head reads; each worker process reads one of its own. Workers and
head need not reach each other, only the scheduler. No password goes through: the pickler leaves them out.
"""

from __future__ import annotations

import asyncio
import io
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from acconsole.engine.model import User
from acconsole.engine.rollout.part import Done, Order
from acconsole.engine.windows import Window
from acconsole.errors import AcError

if TYPE_CHECKING:
    from distributed import Client

BEAT = 2.0
"""Seconds between two messages of the head to a worker that works for it, at most."""
SILENCE = 15.0
"""Seconds without any after which a worker takes it that the head is gone."""
GRACE = 5.0
"""Seconds beyond which the scheduler does not answer, though it was to say in time that there is nothing."""
PACKET = 8_000_000
"""Bytes from which on no more messages are put into a packet."""
PACKETS = 20
"""Packets that wait in the scheduler before whoever sends more is held up."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a worker's settings must be for a rollout: the same database's name and PDS.

    `live`: they must allow to write. `tape_zip_routes` is the head's own, which holds for all.
    """

    database: str
    pds: str
    live: bool
    tape_zip_routes: bool


@dataclass(frozen=True, slots=True)
class Work:
    """What a Dask task is to do: the `part`th order of the head that hears in the queue `up`.

    `budgets`: what is known of the windows that are counted by the user's repo.
    """

    up: str
    part: int
    order: Order
    expected: Expected
    budgets: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Say:
    """A worker's call to a port of the head's. `call` is None when no answer is waited for.

    `token` tells this worker's work on the part from another's.
    """

    part: int
    token: str
    port: str
    name: str
    args: tuple[Any, ...]
    call: int | None = None


@dataclass(frozen=True, slots=True)
class Packet:
    """What one worker process has said. `requests`: how many it has sent to the PDS for this head."""

    down: str
    requests: int
    said: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """The head's answer to a call."""

    call: int
    result: Any = None
    error: AcError | None = None


@dataclass(frozen=True, slots=True)
class State:
    """How the head stands to a part: to be stopped after its batch, held up, or cancelled."""

    requested: bool = False
    paused: bool = False
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Steer:
    """How the head stands to the parts that a process works on, by token."""

    states: Mapping[str, State]


@dataclass(frozen=True, slots=True)
class End:
    """How the work on a part ended; with neither, it was given up. `budgets` as in `Work`."""

    done: Done | None = None
    error: AcError | None = None
    budgets: tuple[Window, ...] = ()


def sealed(message: object) -> bytes:
    """A message as bytes, without anybody's password."""
    out = io.BytesIO()
    _Pickler(out, pickle.HIGHEST_PROTOCOL).dump(message)
    return out.getvalue()


def opened(data: bytes) -> Any:
    """A message that was sealed by the same acconsole."""
    return pickle.loads(data)  # noqa: S301  # whoever may write to the scheduler may run code on it anyway


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: object) -> Any:
        if isinstance(value, User):
            return User, (value.id, value.handle, value.pds_handle, value.did, value.code)
        if isinstance(value, AcError):  # its keywords are not among an exception's arguments
            return _error, (type(value), dict(vars(value)))
        return NotImplemented


def _error(kind: type[AcError], held: dict[str, Any]) -> AcError:
    error = kind.__new__(kind)
    vars(error).update(held)
    return error


class Queue(Protocol):
    """A queue of the scheduler, as far as it is used here."""

    async def put(self, value: bytes, timeout: float) -> None: ...

    async def get(self, timeout: float) -> bytes: ...

    def close(self) -> None: ...


async def queue(client: Client, name: str) -> Queue:
    """The queue of that name, made where it is not there. Raises `OSError`."""
    from distributed import Queue

    made: Any = await Queue(name, client=client, maxsize=PACKETS)
    return _Patient(made)


class _Patient:
    """A queue whose calls end, whatever becomes of the scheduler: by `TimeoutError` when nothing comes or
    there is no room, else by another `OSError`.
    """

    def __init__(self, theirs: Any) -> None:
        self._theirs = theirs

    async def put(self, value: bytes, timeout: float) -> None:
        await self._in_time(self._theirs.put(value, timeout=timeout), timeout)

    async def get(self, timeout: float) -> bytes:
        got: bytes = await self._in_time(self._theirs.get(timeout=timeout), timeout)
        return got

    async def _in_time(self, call: Any, timeout: float) -> Any:
        limit = asyncio.timeout(timeout + GRACE)
        try:
            async with limit:
                return await call
        except TimeoutError:
            if limit.expired():
                raise ConnectionError from None
            raise
        except KeyError:  # the queue was made in a scheduler that was there before this one
            raise ConnectionError from None

    def close(self) -> None:
        self._theirs.close()


class Outbox:
    """Sends messages through a queue, in order, and together those that have come meanwhile.

    `packed` makes one of many. `lost` is called once when they can be sent no more.
    """

    def __init__(
        self, queue: Queue, packed: Callable[[Sequence[bytes]], bytes], lost: Callable[[], None]
    ) -> None:
        self._queue = queue
        self._packed = packed
        self._lost = lost
        self._waiting: list[bytes] = []
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._go())

    def put(self, message: object) -> None:
        """Send a message, as it is now."""
        self._waiting.append(sealed(message))
        self._news.set()

    async def close(self) -> None:
        """Send nothing more."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _go(self) -> None:
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                while some := self._some():
                    await self._queue.put(self._packed(some), SILENCE)
        except OSError:  # a `TimeoutError` is one
            self._lost()

    def _some(self) -> list[bytes]:
        size, count = 0, 0
        while count < len(self._waiting) and size < PACKET:
            size += len(self._waiting[count])
            count += 1
        some, self._waiting = self._waiting[:count], self._waiting[count:]
        return some
