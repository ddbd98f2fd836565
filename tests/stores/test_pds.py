"""Repos read from both PDSs; sessions; what a PDS can answer that it should not."""

from __future__ import annotations

import asyncio
import io
import json
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from acconsole.engine.cid import blob_cid
from acconsole.engine.model import User
from acconsole.engine.ports import BlobFacts, Write
from acconsole.engine.windows import Scope, Window
from acconsole.errors import (
    AccountError,
    AcError,
    BlobError,
    BudgetSpent,
    NoObject,
    Opaque,
    Swapped,
    Uncertain,
    Unreachable,
    WriteRefused,
)
from acconsole.media.base import MediaType
from acconsole.stores import pds as module
from acconsole.stores.pds import PdsRepos
from tests.faults.checks import Writer
from tests.faults.proxy import Fate, http_proxy
from tests.servers import Account, PdsServer, serve_app

WHEN = "2024-01-01T00:00:00.000Z"


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (3, 2), "purple").save(out, "PNG")
    return out.getvalue()


PNG = _png()


@asynccontextmanager
async def repos(url: str) -> AsyncIterator[PdsRepos]:
    made = PdsRepos(url)
    try:
        yield made
    finally:
        await made.close()


def user_of(account: Account) -> User:
    return User("auth0|1", "somebody", account.handle, account.did, "ac25abcde", account.password)


def mood(number: int) -> Write:
    record = {"$type": MediaType.MOODS.nsid, "text": f"{number}", "when": WHEN, "ref": f"{number}"}
    return Write("create", MediaType.MOODS.nsid, f"3jzfcijpj2z{number // 10 + 2}{number % 6 + 2}", record)


async def test_a_repo_too_large_for_one_car_is_read_page_by_page(
    pds: PdsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await pds.create_account()
    async with Writer(pds.url, account) as writer, repos(pds.url) as read:
        for number in range(105):
            await writer.create(MediaType.MOODS, {"text": f"{number}", "when": WHEN, "ref": f"{number}"})
        whole = await read.snapshot(account.did)
        monkeypatch.setattr(module, "MAX_CAR", 1_000)
        paged = await read.snapshot(account.did)
    assert len(whole.records[MediaType.MOODS]) == 105
    assert paged.car is None
    assert (paged.rev, paged.commit) == (whole.rev, whole.commit)
    for kind in MediaType:
        assert set(map(_key, paged.records[kind])) == set(map(_key, whole.records[kind]))


def _key(found: Any) -> tuple[str, str, str]:
    return (found.rkey, found.cid, json.dumps(found.value, sort_keys=True))


async def test_news_is_what_came_since(pds: PdsServer) -> None:
    account = await pds.create_account()
    async with Writer(pds.url, account) as writer, repos(pds.url) as read:
        await writer.create(MediaType.MOODS, {"text": "old", "when": WHEN, "ref": "1"})
        before = await read.latest(account.did)
        await writer.create(MediaType.MOODS, {"text": "new", "when": WHEN, "ref": "2"})
        news = await read.news(account.did, before.rev)
        assert [record["text"] for record in news.records] == ["new"]
        assert news.commit == await read.latest(account.did)


async def test_heads_list_every_account(pds: PdsServer) -> None:
    account = await pds.create_account()
    async with repos(pds.url) as read:
        heads = {head.did: head async for head in read.heads()}
        latest = await read.latest(account.did)
    assert (heads[account.did].rev, heads[account.did].commit) == (latest.rev, latest.cid)
    assert heads[account.did].active


async def test_an_unknown_repo_is_no_account(pds: PdsServer) -> None:
    async with repos(pds.url) as read:
        with pytest.raises(AccountError) as caught:
            await read.snapshot("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
        assert caught.value.state == "none"


async def test_one_login_serves_everybody_who_asks(pds: PdsServer) -> None:
    account = await pds.create_account()
    async with http_proxy(pds.url) as proxy, repos(proxy.url) as read:
        sessions = await asyncio.gather(*(read.login(user_of(account)) for _ in range(5)))
        assert len({id(session) for session in sessions}) == 1
        head = (await read.latest(account.did)).cid
        for number in range(3):
            head = (await sessions[0].apply_writes([mood(number)], head)).cid
        assert proxy.paths.count("/xrpc/com.atproto.server.createSession") == 1
        assert read.requests == len(proxy.paths)


async def test_what_a_write_can_come_to(pds: PdsServer) -> None:
    account = await pds.create_account()
    async with http_proxy(pds.url) as proxy, repos(proxy.url) as read:
        session = await read.login(user_of(account))
        head = (await read.latest(account.did)).cid
        after = (await session.apply_writes([mood(1)], head)).cid
        with pytest.raises(Swapped):
            await session.apply_writes([mood(2)], head)
        with pytest.raises(Opaque):
            await session.apply_writes([mood(1)], after)
        missing = {"$link": "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"}
        blob = {"$type": "blob", "ref": missing, "mimeType": "image/png", "size": 9}
        record = {"$type": MediaType.PAINTINGS.nsid, "thumbnail": blob}
        with pytest.raises(WriteRefused):
            await session.apply_writes(
                [Write("create", MediaType.PAINTINGS.nsid, "3jzfcijpj2z2a", record)], after
            )
        proxy.judge = lambda path, body: Fate.LOSE
        with pytest.raises(Uncertain):
            await session.apply_writes([mood(3)], after)


async def test_uploads_are_compared_with_what_was_sent(pds: PdsServer) -> None:
    account = await pds.create_account()
    async with repos(pds.url) as read:
        session = await read.login(user_of(account))
        blob = await session.upload_blob(PNG, "image/png")
        assert (blob["mimeType"], blob["size"]) == ("image/png", len(PNG))
        with pytest.raises(BlobError, match="image/png"):
            await session.upload_blob(PNG, "image/jpeg")
        with pytest.raises(BlobError):
            await read.blob(account.did, "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")


async def test_a_blob_is_looked_at_without_being_held(pds: PdsServer) -> None:
    account = await pds.create_account()
    large = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 4_000
    async with Writer(pds.url, account) as writer, repos(pds.url) as read:
        session = await read.login(user_of(account))
        for data, mime in ((PNG, "image/png"), (large, "video/mp4")):
            blob = await session.upload_blob(data, mime)
            await writer.create(MediaType.PAINTINGS, {"thumbnail": blob})
            cid = blob["ref"]["$link"]
            assert await read.look_at_blob(account.did, cid) == BlobFacts(cid, len(data), mime)
            assert await read.blob(account.did, cid) == data
        with pytest.raises(NoObject):
            await read.look_at_blob(account.did, blob_cid(b"never stored"))


async def test_what_is_wrong_with_a_blob_is_told_by_its_bytes() -> None:
    with serve_app(_app(200, b"\xff\xd8\xff and more")) as url:
        async with repos(url) as read:
            found = await read.look_at_blob("did:plc:a", blob_cid(PNG))
    assert found == BlobFacts(blob_cid(b"\xff\xd8\xff and more"), 12, "image/jpeg")
    with serve_app(_app(500, b"")) as url:
        async with repos(url) as read:
            with pytest.raises(Unreachable):
                await read.look_at_blob("did:plc:a", blob_cid(PNG))


async def test_a_dead_password_is_told_without_it(pds: PdsServer) -> None:
    account = await pds.create_account()
    dead = User("auth0|1", "somebody", account.handle, account.did, None, "not-the-password")
    async with repos(pds.url) as read:
        with pytest.raises(AccountError) as caught:
            await read.login(dead)
    assert caught.value.state == "password"
    assert "not-the-password" not in repr(caught.value) + str(caught.value) + repr(dead)


def _app(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> Any:
    """A server that answers everything alike."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    return app


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"this is no CAR"),
        (200, b""),
        (500, b"<html>no JSON</html>"),
        (502, b""),
        (404, b"{}"),
        (400, b'{"error": 7}'),
        (400, b"[]"),
        (200, b'{"repos": 3}'),
        (200, b'{"repos": [{"did": "did:plc:a"}]}'),
    ],
)
async def test_whatever_a_server_answers_the_error_is_ours(status: int, body: bytes) -> None:
    did = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
    with serve_app(_app(status, body)) as url:
        async with repos(url) as read:
            for asking in (read.snapshot(did), read.latest(did), read.news(did, "3jzfcijpj2z2a"), _all(read)):
                with pytest.raises(AcError):
                    await asking


async def _all(read: PdsRepos) -> None:
    async for _ in read.heads():
        pass


async def test_a_spent_limit_says_when_it_opens() -> None:
    reset = int(time.time()) + 77
    headers = [(b"ratelimit-reset", str(reset).encode()), (b"ratelimit-remaining", b"0")]
    with serve_app(_app(429, b'{"error": "RateLimitExceeded"}', *headers)) as url:
        async with repos(url) as read:
            with pytest.raises(BudgetSpent) as caught:
                await read.snapshot("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
    assert reset <= caught.value.resume_at <= reset + 3


async def test_what_is_spent_is_told_by_one_request_though_many_were_to_be_sent() -> None:
    """The PDS's clock is an hour behind: only what it says of the time left counts."""
    now = int(time.time())
    headers = [
        (b"ratelimit-policy", b"6000;w=300"),
        (b"ratelimit-remaining", b"0"),
        (b"ratelimit-reset", str(now - 3_600 + 77).encode()),
        (b"date", formatdate(now - 3_600, usegmt=True).encode()),
    ]
    with serve_app(_app(429, b'{"error": "RateLimitExceeded"}', *headers), date_header=False) as url:
        async with repos(url) as read:
            asking = [read.snapshot("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa") for _ in range(12)]
            spent = await asyncio.gather(*asking, return_exceptions=True)
            assert read.requests == 1
            assert read.budgets.room(Scope.REQUESTS).points == 3_000
    for each in spent:
        assert isinstance(each, BudgetSpent)
        assert now + 76 <= each.resume_at <= now + 82


async def test_what_does_not_fit_is_not_sent(limited_pds: PdsServer) -> None:
    account = await limited_pds.create_account()
    resets = time.time() + 200
    full = [
        Window(Scope.REQUESTS, "", 300, 3_000, 3_000, resets),
        Window(Scope.LOGINS, account.did, 300, 30, 30, resets),
    ]
    async with repos(limited_pds.url) as read:
        read.budgets.restore(full)
        for asking in (read.ping(), read.latest(account.did), _all(read), read.login(user_of(account))):
            with pytest.raises(BudgetSpent) as caught:
                await asking
            assert caught.value.resume_at == resets
        assert read.requests == 0
        await read.snapshot(account.did)
        assert read.requests == 1


async def test_a_session_is_little_more_than_its_tokens(sandbox_pds: PdsServer) -> None:
    accounts = [await sandbox_pds.create_account() for _ in range(40)]
    users = [User(f"u{number}", None, a.handle, a.did, None, a.password) for number, a in enumerate(accounts)]
    async with repos(sandbox_pds.url) as read:
        await read.login(users[0])
        tracemalloc.start()
        before = tracemalloc.take_snapshot()
        for user in users[1:]:
            await read.login(user)
        grown = tracemalloc.take_snapshot().compare_to(before, "filename")
        tracemalloc.stop()
        assert sum(each.size_diff for each in grown) / len(users) < 20_000


async def test_a_session_that_is_let_go_is_made_anew(pds: PdsServer) -> None:
    account = await pds.create_account()
    async with http_proxy(pds.url) as proxy, repos(proxy.url) as read:
        first = await read.login(user_of(account))
        read.forget(user_of(account))
        read.forget(user_of(account))
        assert await read.login(user_of(account)) is not first
        assert proxy.paths.count("/xrpc/com.atproto.server.createSession") == 2


async def test_what_a_blob_may_weigh_is_asked_once(pds: PdsServer) -> None:
    async with repos(pds.url) as read:
        assert [await read.blob_limit() for _ in range(3)] == [5_242_880] * 3
        assert read.requests == 1


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        (b'{"blobUploadLimit": 99}', 99),
        (b"{}", 5_242_880),
        (b'{"blobUploadLimit": "much"}', 5_242_880),
        (b'{"blobUploadLimit": 0}', 5_242_880),
    ],
)
async def test_a_pds_that_does_not_say_takes_the_usual(body: bytes, limit: int) -> None:
    with serve_app(_app(200, body)) as url:
        async with repos(url) as read:
            assert await read.blob_limit() == limit


async def test_nobody_there_is_unreachable() -> None:
    async with repos("http://127.0.0.1:9") as read:
        with pytest.raises(Unreachable):
            await read.ping()
        with pytest.raises(Unreachable):
            await read.login(User("u", did="did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", password="x"))


async def test_an_aged_token_is_refreshed_once_and_the_write_goes_through(pds: PdsServer) -> None:
    account = await pds.create_account()
    refused: list[str] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Passes everything on, but says once of a write that its token has run out."""
        request = Request(scope, receive)
        body = await request.body()
        if request.url.path.endswith("applyWrites") and not refused:
            refused.append(request.headers["authorization"])
            answer = httpx.Response(400, json={"error": "ExpiredToken", "message": "Token has expired"})
        else:
            kept = ("authorization", "content-type")
            headers = {name: request.headers[name] for name in kept if name in request.headers}
            async with httpx.AsyncClient(base_url=pds.url) as onward:
                target = f"{request.url.path}?{request.url.query}"
                answer = await onward.request(request.method, target, content=body, headers=headers)
        kind = answer.headers.get("content-type", "application/json")
        await Response(answer.content, answer.status_code, media_type=kind)(scope, receive, send)

    with serve_app(app) as url:
        async with repos(url) as read:
            session = await read.login(user_of(account))
            head = await read.latest(account.did)
            await session.apply_writes([mood(1)], head.cid)
    assert len(refused) == 1
    async with repos(pds.url) as read:
        assert len((await read.snapshot(account.did)).records[MediaType.MOODS]) == 1
