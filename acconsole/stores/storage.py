"""The site and its object storage, through httpx, with limits on size and time."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import httpx

from acconsole.errors import BlobError
from acconsole.media.sources import Source

TIMEOUT = httpx.Timeout(10, read=30)
TOTAL_SECONDS = 60
"""What one object may take in all, however slowly it trickles."""
TRIES = 3


class HttpObjects:
    """The `Objects` port: a site's address and a storage template with `{bucket}`."""

    def __init__(self, site_url: str, storage_url: str) -> None:
        self._site = site_url
        self._storage = storage_url
        self._client = httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=True, max_redirects=5)

    async def close(self) -> None:
        await self._client.aclose()

    def address(self, source: Source) -> str:
        """A source's address. A user's id holds `|`, which is percent-encoded."""
        base = self._site if source.place == "site" else self._storage.replace("{bucket}", source.place)
        return f"{base}/{quote(source.path, safe='/:@')}"

    async def fetch(self, source: Source, max_size: int) -> bytes:
        for attempt in range(TRIES):
            try:
                async with asyncio.timeout(TOTAL_SECONDS):
                    return await self._get(source, max_size)
            except (httpx.HTTPError, TimeoutError):
                await asyncio.sleep(0.2 * 4**attempt)
        raise BlobError(f"{_where(source)} does not answer", retryable=True)

    async def _get(self, source: Source, max_size: int) -> bytes:
        async with self._client.stream("GET", self.address(source)) as response:
            if response.status_code >= 500:
                response.raise_for_status()
            if response.status_code != 200:
                raise BlobError(f"{_where(source)} answers {response.status_code}")
            data = bytearray()
            async for part in response.aiter_bytes():
                data += part
                if len(data) > max_size:
                    raise BlobError(f"{_where(source)} sends more than {max_size:,} bytes")
            return bytes(data)

    async def exists(self, source: Source) -> bool | None:
        try:
            response = await self._client.head(self.address(source))
        except httpx.HTTPError:
            return None
        # Object storage answers 403 for what is not there when one may not list the bucket.
        return {200: True, 403: False, 404: False, 410: False}.get(response.status_code)


def _where(source: Source) -> str:
    """A source as a person may see it: the beginning of a key may be a user's id, so its end is told."""
    return "the site" if source.place == "site" else f"storage ({source.path.rsplit('/', 1)[-1]})"
