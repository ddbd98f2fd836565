"""A worker process's line to one head, and on it the lines of the parts that it works on."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from acconsole.engine.events import Stop
from acconsole.errors import JournalError
from acconsole.stores.rollout.line import (
    SILENCE,
    Answer,
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

CONNECT_SECONDS = 10.0


class Session:
    """The line to a head, for as long as that is heard."""

    def __init__(self, client: Any, up: Queue, down: Queue, name: str, requests: Callable[[], int]) -> None:
        self.is_lost = False
        self._client = client
        self._queues = (up, down)
        self._name = name
        self._requests = requests
        self._before = requests()
        self._calls = itertools.count()
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._lines: dict[str, PartLine] = {}
        self._outbox = Outbox(up, self._packed, self._lose)
        self._hearing = asyncio.create_task(self._hear(down))
        self._ending: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, scheduler: str, up: str, requests: Callable[[], int]) -> Session:
        """Lay the line. Raises `OSError`."""
        from distributed import Client

        client: Any = await Client(
            scheduler, timeout=CONNECT_SECONDS, set_as_default=False, asynchronous=True
        )
        name = f"{up} {client.id}"
        return cls(client, await queue(client, up), await queue(client, name), name, requests)

    def line(self, part: int, token: str) -> PartLine:
        """The line of one part."""
        made = PartLine(self, part, token)
        self._lines[token] = made
        return made

    def forget(self, token: str) -> None:
        """A part is over."""
        self._lines.pop(token, None)

    # -- speaking ------------------------------------------------------------------------------------

    def say(self, say: Say) -> None:
        """Say something, unless nobody hears it any more."""
        if not self.is_lost:
            self._outbox.put(say)

    async def ask(self, say: Callable[[int], Say]) -> Any:
        """Say something and wait for the answer. Raises what that says, and `JournalError`."""
        if self.is_lost:
            raise _gone()
        call = next(self._calls)
        answer = self._asked[call] = asyncio.get_running_loop().create_future()
        try:
            self.say(say(call))
            return await answer
        finally:
            del self._asked[call]

    def _packed(self, said: Sequence[bytes]) -> bytes:
        return sealed(Packet(self._name, self._requests() - self._before, said))

    # -- hearing -------------------------------------------------------------------------------------

    async def _hear(self, down: Queue) -> None:
        try:
            while True:
                for message in opened(await down.get(SILENCE)):
                    self._take(opened(message))
        except OSError:  # silence is one
            self._lose()

    def _take(self, message: Answer | Steer) -> None:
        if isinstance(message, Steer):
            for token, state in message.states.items():
                if line := self._lines.get(token):
                    line.take(state)
            return
        answer = self._asked.get(message.call)
        if answer is None or answer.done():
            return
        if message.error:
            answer.set_exception(message.error)
        else:
            answer.set_result(message.result)

    def _lose(self) -> None:
        """The head or the scheduler is gone: no part may go on writing."""
        if self.is_lost:
            return
        self.is_lost = True
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(_gone())
        for line in self._lines.values():
            line.take(State(cancelled=True))
        self._ending = asyncio.create_task(self._end())

    async def _end(self) -> None:
        self._hearing.cancel()
        await self._outbox.close()
        for each in self._queues:
            each.close()
        await self._client.close()


def _gone() -> JournalError:
    return JournalError(
        "The machine that leads the rollout is gone, and its journal with it.",
        "Go on with --resume there; what was done stays done.",
        retryable=True,
    )


class PartLine:
    """The line of one part: to be left when the part is over. `stop` is as the head has it."""

    def __init__(self, session: Session, part: int, token: str) -> None:
        self.token = token
        self.stop = Stop()
        self._session = session
        self._part = part
        self._cancel: Callable[[], Any] = lambda: None
        self._cancelled = False

    def __enter__(self) -> PartLine:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.forget(self.token)

    async def ask(self, port: str, name: str, *args: Any) -> Any:
        return await self._session.ask(lambda call: Say(self._part, self.token, port, name, args, call))

    def tell(self, port: str, name: str, *args: Any) -> None:
        self._session.say(Say(self._part, self.token, port, name, args))

    def on_cancel(self, cancel: Callable[[], Any]) -> None:
        """Have this called when the head cancels the part, or has done so."""
        self._cancel = cancel
        if self._cancelled:
            cancel()

    def take(self, state: State) -> None:
        """How the head stands to the part now."""
        if state.requested:
            self.stop.request()
        if state.paused:
            self.stop.pause()
        else:
            self.stop.resume()
        if state.cancelled and not self._cancelled:
            self._cancelled = True
            self._cancel()
