"""A proxy on real sockets that breaks things on demand, in front of a PDS or of Mongo."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import Enum
from urllib.parse import urlsplit


class Fate(Enum):
    """What becomes of a request: it is answered; it is carried out and the answer lost; it gets a 500."""

    PASS = "pass"
    LOSE = "lose"
    FAIL = "fail"


Judge = Callable[[str, bytes], Fate]
_FAILED = b'{"error":"InternalServerError","message":"Internal Server Error"}'


class HttpProxy:
    """Passes HTTP requests on, one a connection. `judge` decides the fate of each by its path and body."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self.judge: Judge = lambda path, body: Fate.PASS
        self.paths: list[str] = []
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._pass_on(reader, writer)
        finally:
            await _closed(writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        body = await reader.readexactly(length)
        path = head.split(b" ", 2)[1].decode()
        self.paths.append(path)
        fate = self.judge(path, body)
        if fate is Fate.FAIL:
            answer = b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\n"
            answer += b"content-length: %d\r\nconnection: close\r\n\r\n" % len(_FAILED) + _FAILED
        else:
            answer = await self._ask(head, body)
        if fate is not Fate.LOSE:
            writer.write(answer)
            await writer.drain()

    async def _ask(self, head: bytes, body: bytes) -> bytes:
        """The server's whole answer, by a connection of its own."""
        reader, writer = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
        try:
            writer.write(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body)
            await writer.drain()
            return await reader.read()
        finally:
            await _closed(writer)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def http_proxy(upstream: str) -> AsyncIterator[HttpProxy]:
    """An `HttpProxy` in front of a server."""
    proxy = HttpProxy(upstream)
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield proxy


class Gate:
    """A TCP proxy that can be shut: then connections break and new ones are refused at once."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._pipes: set[asyncio.StreamWriter] = set()
        self.is_open = True
        self.port = 0

    def shut(self) -> None:
        """Break every connection, and refuse the next."""
        self.is_open = False
        for pipe in list(self._pipes):
            pipe.transport.abort()

    def open(self) -> None:
        """Let connections through again."""
        self.is_open = True

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        if not self.is_open:
            writer.transport.abort()
            return
        with contextlib.suppress(ConnectionError):
            back, forth = await asyncio.open_connection(*self._target)
            self._pipes |= {writer, forth}
            pumps = [asyncio.create_task(_pump(*ends)) for ends in ((reader, forth), (back, writer))]
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            forth.transport.abort()
            writer.transport.abort()
            await asyncio.wait(pumps)
            self._pipes -= {writer, forth}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def gate(uri: str) -> AsyncIterator[tuple[Gate, str]]:
    """A `Gate` in front of the server of a URI, and the URI through it."""
    parts = urlsplit(uri)
    assert parts.hostname
    assert parts.port
    made = Gate(parts.hostname, parts.port)
    server = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        # Without directConnection the driver asks the server for its address, and goes past the gate.
        yield (
            made,
            f"{parts.scheme}://127.0.0.1:{made.port}/?directConnection=true&serverSelectionTimeoutMS=1000",
        )
    finally:
        made.shut()
        server.close()
        await server.wait_closed()
