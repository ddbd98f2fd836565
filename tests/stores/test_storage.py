"""Objects fetched over HTTP, with limits on size and time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from acconsole.engine.ports import Part
from acconsole.errors import BlobError, NoObject
from acconsole.media.sources import Source
from acconsole.stores import storage as module
from acconsole.stores.storage import HttpObjects
from tests.servers import serve_app
from tests.tapehost import tape_host


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
        self.leads = b"/site/there"

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.asked.append((scope["method"], scope["raw_path"]))
        name = scope["path"].rsplit("/", 1)[-1]
        status = int(name) if name.isdigit() else 200
        headers = [(b"location", self.leads)] if status == 302 else []
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


async def test_what_comes_is_told_as_it_comes() -> None:
    told: list[tuple[int, int]] = []
    with tape_host() as host:
        host.objects["/storage/bucket/large"] = bytes(300_000)
        read = HttpObjects(f"{host.url}/site", host.url + "/storage/{bucket}")
        await read.fetch(Source("bucket", "large"), 1_000_000, lambda *moved: told.append(moved))
        await read.close()
    assert told == sorted(told)
    assert told[-1] == (300_000, 300_000)
    assert len(told) > 1


async def test_parts_of_an_object() -> None:
    data = bytes(range(256)) * 4
    with tape_host() as host:
        host.objects |= {"/storage/b/a": data, "/storage/b/empty": b"", "/storage/b/500": 500}
        read = HttpObjects(f"{host.url}/site", host.url + "/storage/{bucket}")
        assert await read.part(Source("b", "a"), 10, 20) == Part(data[10:30], 10, 1_024)
        assert await read.part(Source("b", "a"), None, 24) == Part(data[-24:], 1_000, 1_024)
        assert await read.part(Source("b", "a"), 1_000, 100) == Part(data[1_000:], 1_000, 1_024)
        assert await read.part(Source("b", "a"), None, 5_000) == Part(data, 0, 1_024)
        assert await read.part(Source("b", "empty"), None, 24) == Part(b"", 0, 0)
        with pytest.raises(NoObject):
            await read.part(Source("b", "none"), None, 24)
        host.parts = False
        assert await read.part(Source("b", "a"), 10, 20) == Part(data, 0, 1_024)
        host.objects["/storage/b/large"] = bytes(module.MAX_WHOLE + 1)
        with pytest.raises(BlobError, match="more than"):
            await read.part(Source("b", "large"), None, 24)
        await read.close()


async def test_an_address_of_the_docs_own_leads_nowhere_inside() -> None:
    """Loopback is asked only where the settings point there; a redirect leads no further than an address."""
    host = Host()
    async with objects(host) as read:
        base = read.address(Source("site", "")).removesuffix("/site/")
        assert await read.fetch(Source("url", f"{base}/x/a.mp4"), 100) == b"bytes of a.mp4"
        assert await read.fetch(Source("url", f"{base}/x/302"), 100) == b"bytes of there"
        with tape_host() as inside:
            inside.objects["/secret"] = b"what only this machine may see"
            for address in (f"{inside.url}/secret", inside.url.replace("127.0.0.1", "localhost") + "/secret"):
                with pytest.raises(NoObject):
                    await read.fetch(Source("url", address), 100)
                host.leads = f"{inside.url}/secret".encode()
                with pytest.raises(NoObject):
                    await read.fetch(Source("url", f"{base}/x/302"), 100)
                assert await read.exists(Source("url", address)) is False
            assert inside.asked == []
        host.leads = b"/x/302"
        with pytest.raises(NoObject, match="on and on"):
            await read.fetch(Source("url", f"{base}/x/302"), 100)


@pytest.mark.parametrize("bucket", ["127.0.0.1:80/x?", "evil.example/", "a b", ""])
async def test_a_bucket_that_is_none_is_not_asked(bucket: str) -> None:
    host = Host()
    async with objects(host) as read:
        with pytest.raises(NoObject):
            await read.fetch(Source(bucket, "a"), 100)
        assert await read.exists(Source(bucket, "a")) is False
    assert host.asked == []
