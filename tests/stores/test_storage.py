"""Objects fetched over HTTP, with limits on size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from acconsole.errors import BlobError
from acconsole.media.sources import Source
from acconsole.stores import storage as module
from acconsole.stores.storage import HttpObjects
from tests.servers import serve_app


@asynccontextmanager
async def objects(app: Any) -> AsyncIterator[HttpObjects]:
    with serve_app(app) as url:
        made = HttpObjects(f"{url}/site", url + "/storage/{bucket}")
        try:
            yield made
        finally:
            await made.close()


class Host:
    """A storage host: what it answers is told by the object's name. `asked` keeps method and raw path."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, bytes]] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.asked.append((scope["method"], scope["raw_path"]))
        name = scope["path"].rsplit("/", 1)[-1]
        status = int(name) if name.isdigit() else 200
        headers = [(b"location", b"/site/there")] if status == 302 else []
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if name == "endless":
            for _ in range(1_000):
                await send({"type": "http.response.body", "body": b"x" * 1_000, "more_body": True})
        if name == "trickle":
            for _ in range(600):
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
                await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": b"bytes of " + name.encode()})


async def test_addresses_are_quoted_and_redirects_followed() -> None:
    host = Host()
    async with objects(host) as read:
        assert await read.fetch(Source("a-bucket", "auth0|1/painting/a b.png"), 100) == b"bytes of a b.png"
        assert await read.fetch(Source("site", "302"), 100) == b"bytes of there"
    assert host.asked[0] == ("GET", b"/storage/a-bucket/auth0%7C1/painting/a%20b.png")


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_what_is_not_there_fails_at_once_and_names_no_user(status: int) -> None:
    host = Host()
    async with objects(host) as read:
        with pytest.raises(BlobError) as caught:
            await read.fetch(Source("bucket", f"auth0|secret/{status}"), 100)
        assert await read.exists(Source("bucket", f"{status}")) is False
        assert await read.exists(Source("bucket", "there")) is True
    assert str(status) in caught.value.message
    assert "secret" not in caught.value.message
    assert len(host.asked) == 3


async def test_a_failing_host_is_asked_again_and_tells_nothing() -> None:
    host = Host()
    async with objects(host) as read:
        with pytest.raises(BlobError) as caught:
            await read.fetch(Source("bucket", "500"), 100)
        assert await read.exists(Source("bucket", "500")) is None
    assert caught.value.retryable
    assert len(host.asked) == module.TRIES + 1


async def test_too_much_is_cut_off() -> None:
    async with objects(Host()) as read:
        with pytest.raises(BlobError, match="more than 5,000 bytes"):
            await read.fetch(Source("bucket", "endless"), 5_000)


async def test_a_trickle_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOTAL_SECONDS", 0.3)
    monkeypatch.setattr(module, "TRIES", 1)
    async with objects(Host()) as read:
        with pytest.raises(BlobError, match="does not answer"):
            await read.fetch(Source("bucket", "trickle"), 5_000)
