"""The site and its object storage, through httpx, with limits on size and time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import quote, urljoin

import httpx

from acconsole.engine.ports import Moved, Part
from acconsole.errors import BlobError, NoObject
from acconsole.media.sources import SITE_PLACE, URL_PLACE, Source, is_bucket
from acconsole.stores.addresses import Gate
from acconsole.stores.tls import context

TIMEOUT = httpx.Timeout(10, read=30)
TOTAL_SECONDS = 60
"""What one object may take in all, however slowly it trickles; a large one may take longer."""
SLOWEST = 1_000_000
"""Bytes a second that a large object must come with."""
TRIES = 3
MAX_REDIRECTS = 5
MAX_WHOLE = 32_000_000
"""Bytes of an object that are taken where its host knows of no parts."""
_NOT_THERE = (403, 404, 410)
"""Object storage answers 403 for what is not there when one may not list the bucket."""
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_NO_RANGE = re.compile(r"bytes \*/(\d+)")

T = TypeVar("T")


class HttpObjects:
    """The `Objects` port: a site's address and a storage template with `{bucket}`."""

    def __init__(self, site_url: str, storage_url: str) -> None:
        self._site = site_url
        self._storage = storage_url
        self._gate = Gate(site_url, storage_url)
        self._client = httpx.AsyncClient(
            verify=context(), timeout=TIMEOUT, follow_redirects=True, max_redirects=MAX_REDIRECTS
        )

    async def close(self) -> None:
        await self._client.aclose()

    def address(self, source: Source) -> str:
        """A source's address. A user's id holds `|`, which is percent-encoded."""
        base = self._site if source.place == SITE_PLACE else self._storage.replace("{bucket}", source.place)
        return f"{base}/{quote(source.path, safe='/:@')}"

    async def fetch(self, source: Source, max_size: int, moved: Moved | None = None) -> bytes:
        return await self._patiently(source, max_size, lambda: self._get(source, max_size, moved))

    async def part(self, source: Source, start: int | None, length: int) -> Part:
        return await self._patiently(source, length, lambda: self._get_part(source, start, length))

    async def exists(self, source: Source) -> bool | None:
        try:
            async with self._answer("HEAD", source) as response:
                return {200: True, **dict.fromkeys(_NOT_THERE, False)}.get(response.status_code)
        except httpx.HTTPError:
            return None
        except NoObject:
            return False

    async def _patiently(self, source: Source, size: int, get: Callable[[], Awaitable[T]]) -> T:
        """Ask again while there is no answer. Raises `BlobError`."""
        for attempt in range(TRIES):
            try:
                async with asyncio.timeout(TOTAL_SECONDS + size / SLOWEST):
                    return await get()
            except (httpx.HTTPError, TimeoutError):
                await asyncio.sleep(0.2 * 4**attempt)
        raise BlobError(f"{_where(source)} does not answer", retryable=True)

    async def _get(self, source: Source, max_size: int, moved: Moved | None) -> bytes:
        async with self._answer("GET", source) as response:
            _check(source, response, 200)
            packed = "content-encoding" in response.headers
            total = 0 if packed else int(response.headers.get("content-length", 0))
            return await _body(source, response, max_size, moved, total)

    async def _get_part(self, source: Source, start: int | None, length: int) -> Part:
        wanted = f"bytes=-{length}" if start is None else f"bytes={start}-{start + length - 1}"
        # Parts of what is packed on the way would be of no use.
        headers = {"Range": wanted, "Accept-Encoding": "identity"}
        async with self._answer("GET", source, headers) as response:
            if empty := _NO_RANGE.fullmatch(response.headers.get("content-range", "")):
                return Part(b"", 0, int(empty[1]))
            _check(source, response, 200, 206)
            if response.status_code == 200:
                whole = await _body(source, response, MAX_WHOLE)
                return Part(whole, 0, len(whole))
            told = _RANGE.fullmatch(response.headers.get("content-range", ""))
            data = await _body(source, response, length)
            if told is None or len(data) != int(told[2]) - int(told[1]) + 1:
                raise BlobError(f"{_where(source)} sends another part than it says")
            return Part(data, int(told[1]), int(told[3]))

    @asynccontextmanager
    async def _answer(
        self, method: str, source: Source, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[httpx.Response]:
        """The answer of the site or of storage; of another place only after each step was looked at."""
        if source.place != URL_PLACE:
            if source.place != SITE_PLACE and not is_bucket(source.place):
                raise NoObject("no bucket is called so")
            async with self._client.stream(method, self.address(source), headers=headers) as response:
                yield response
            return
        async with self._elsewhere(method, source.path, headers or {}) as response:
            yield response

    @asynccontextmanager
    async def _elsewhere(
        self, method: str, address: str, headers: Mapping[str, str]
    ) -> AsyncIterator[httpx.Response]:
        for _ in range(MAX_REDIRECTS):
            asked = await self._gate.let(address)
            async with self._client.stream(
                method,
                asked.url,
                headers={**headers, **asked.headers},
                extensions=dict(asked.extensions),
                follow_redirects=False,
            ) as response:
                if not response.has_redirect_location:
                    yield response
                    return
                address = urljoin(address, response.headers["location"])
        raise NoObject("the address that the doc names leads on and on")


def _check(source: Source, response: httpx.Response, *good: int) -> None:
    if response.status_code >= 500:
        response.raise_for_status()
    if response.status_code in _NOT_THERE:
        raise NoObject(f"{_where(source)} answers {response.status_code}")
    if response.status_code not in good:
        raise BlobError(f"{_where(source)} answers {response.status_code}")


async def _body(
    source: Source, response: httpx.Response, max_size: int, moved: Moved | None = None, total: int = 0
) -> bytes:
    """The answer's bytes. Raises `BlobError` as soon as there are more than `max_size`."""
    data = bytearray()
    async for part in response.aiter_bytes():
        data += part
        if len(data) > max_size:
            raise BlobError(f"{_where(source)} sends more than {max_size:,} bytes")
        if moved:
            moved(len(data), total)
    return bytes(data)


def _where(source: Source) -> str:
    """A source as a person may see it: the beginning of a key may be a user's id, so its end is told."""
    if source.place == URL_PLACE:
        return "the address that the doc names"
    return "the site" if source.place == SITE_PLACE else f"storage ({source.path.rsplit('/', 1)[-1]})"
