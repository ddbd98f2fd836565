"""The sandbox as one thing: it fills, it answers, it says where it is, and it leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pymongo
import pytest

from acconsole.engine.model import User
from acconsole.errors import AccountError
from acconsole.media.base import MediaType
from acconsole.sandbox.mongo import INDEXES
from acconsole.sandbox.people import Account, people
from acconsole.sandbox.servers import Sandbox
from acconsole.settings import Settings, load
from acconsole.stores.connect import connect
from acconsole.stores.mongo import MongoDocs
from acconsole.stores.pds import PdsRepos
from tests.sandbox.matching import holding_of, matched

USERS = 40


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m acconsole.sandbox`, ended at the end whatever becomes of the test."""
    with subprocess.Popen(
        [sys.executable, "-m", "acconsole.sandbox", "--users", "3", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "error::ResourceWarning"},
    ) as child:
        impatience = threading.Timer(200, child.kill)
        impatience.start()
        try:
            yield child
        finally:
            child.terminate()
            child.wait()
            impatience.cancel()


def environment_of(child: subprocess.Popen[str]) -> dict[str, str]:
    """What the process prints until it says that it is ready."""
    assert child.stdout
    environment: dict[str, str] = {}
    for line in child.stdout:
        if line == "ready\n":
            return environment
        name, equals, value = line.rstrip("\n").partition("=")
        assert equals
        environment[name] = value
    raise AssertionError("it ended before it was ready")


def errors_of(child: subprocess.Popen[str]) -> str:
    assert child.stderr
    return child.stderr.read()


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """What a process prints that serves as long as these tests run. They write nothing that others count."""
    with process("--users", str(USERS), "--until-stdin-closes") as child:
        yield environment_of(child)


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    return load(environment)


def is_open(address: str) -> bool:
    """Whether anybody listens at the host and port of an address."""
    parts = urlsplit(address)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) == 0


def test_the_process_prints_its_environment_then_ready(environment: dict[str, str]) -> None:
    assert load(environment).mongo[1] == "aesthetic"
    assert environment["ACCONSOLE_PROFILE"] == "sandbox"
    assert environment["ACCONSOLE_STORAGE_URL"].endswith("/storage/{bucket}")
    assert set(environment) == {
        "ACCONSOLE_PROFILE",
        "MONGODB_CONNECTION_STRING",
        "MONGODB_NAME",
        "PDS_URL",
        "PDS_ADMIN_PASSWORD",
        "ACCONSOLE_SITE_URL",
        "ACCONSOLE_STORAGE_URL",
        "ACCONSOLE_STATE_DIR",
    }


async def test_status_through_the_servers_is_what_the_data_says(settings: Settings) -> None:
    async with connect(settings) as engine:
        users = {user.name: user for user in await engine.users()}
        assert len(users) == USERS + 1
        for name, handle in (("@jeffrey", "jeffrey"), ("art", "art"), ("@i.k", "i.k"), ("@dot", "dot")):
            state = await engine.status(users[name])
            expected = matched(holding_of(handle))
            assert {kind: state.counts(kind) for kind in MediaType} == {
                kind: each.counts for kind, each in expected.items()
            }


async def test_accounts_are_in_the_state_that_they_are_said_to_be_in(settings: Settings) -> None:
    docs, repos = MongoDocs(*settings.mongo), PdsRepos(settings.pds_url)
    users = {user.id: user async for user in docs.users()}
    seen = {}
    for person in people(USERS):
        if person.account not in seen and person.did:
            seen[person.account] = await _met(repos, users[person.id])
    await docs.close()
    await repos.close()
    assert seen == {
        Account.OK: "ok",
        Account.DEAD_PASSWORD: "password",
        Account.DEACTIVATED: "inactive",
        Account.TAKEN_DOWN: "inactive",
        Account.GONE: "none",
    }


async def _met(repos: PdsRepos, user: User) -> str:
    assert user.did
    try:
        await repos.snapshot(user.did)
        await repos.login(user)
    except AccountError as error:
        return error.state
    return "ok"


async def test_mongo_has_the_indexes_and_feeds_change_streams(settings: Settings) -> None:
    uri, name = settings.mongo
    assert await asyncio.to_thread(_watched, uri, name) == "insert"


def _watched(uri: str, name: str) -> str:
    with pymongo.MongoClient[dict[str, object]](uri) as client:
        database = client[name]
        for collection, fields in INDEXES.items():
            there = {index["key"][0][0] for index in database[collection].index_information().values()}
            assert there == {"_id", *fields}
        with database.moods.watch() as stream:
            database.moods.insert_one({"mood": "watched", "user": "nobody"})
            return str(next(stream)["operationType"])


async def test_storage_and_site_are_one_host(settings: Settings) -> None:
    doc = next(doc for doc in holding_of("jeffrey").docs[MediaType.PAINTINGS] if "bucket" in doc)
    slug = doc["slug"].removeprefix(f"{doc['user']}/painting/")
    key = f"{doc['user']}/painting/{slug}.png".replace("|", "%7C")
    async with httpx.AsyncClient() as client:
        stored = await client.get(f"{settings.storage_url.replace('{bucket}', doc['bucket'])}/{key}")
        by_code = await client.get(f"{settings.site_url}/media/paintings/{doc['code']}")
    assert stored.status_code == 200
    assert stored.content == by_code.content


async def test_docs_name_a_video_that_can_be_fetched(settings: Settings) -> None:
    docs = MongoDocs(*settings.mongo)
    addresses = [doc["mp4Url"] async for doc in docs.docs("art-guest", MediaType.TAPES) if "mp4Url" in doc]
    await docs.close()
    async with httpx.AsyncClient() as client:
        answers = [await client.get(address) for address in addresses]
    assert [answer.headers["content-type"] for answer in answers] == ["video/mp4"]


async def test_rate_limits_can_be_had() -> None:
    async with Sandbox(0, rate_limits=True, bypass_key="a key") as sandbox, httpx.AsyncClient() as client:
        url = f"{sandbox.environment()['PDS_URL']}/xrpc/com.atproto.server.describeServer"
        limited = await client.get(url)
        free = await client.get(url, headers={"x-ratelimit-bypass": "a key"})
    assert "ratelimit-limit" in limited.headers
    assert "ratelimit-limit" not in free.headers


async def test_nothing_is_left_of_it() -> None:
    async with Sandbox(1) as sandbox:
        environment = sandbox.environment()
        servers = [
            environment[name] for name in ("MONGODB_CONNECTION_STRING", "PDS_URL", "ACCONSOLE_SITE_URL")
        ]
        assert all(map(is_open, servers))
        await asyncio.to_thread(_leave_something, environment["ACCONSOLE_STATE_DIR"])
    assert not any(map(is_open, servers))
    assert not await asyncio.to_thread(os.path.exists, environment["ACCONSOLE_STATE_DIR"])


def _leave_something(state_dir: str) -> None:
    assert os.stat(state_dir).st_mode & 0o077 == 0
    Path(state_dir, "left.txt").write_text("something")


async def test_it_can_be_given_up_while_it_fills() -> None:
    lines: list[str] = []
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def progress(line: str) -> None:
        lines.append(line)
        loop.call_soon_threadsafe(begun.set)

    async def run() -> None:
        async with Sandbox(4201, progress=progress):
            raise AssertionError("4,201 users were made before anybody could give up")

    running = asyncio.create_task(run())
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert "all there" not in lines


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_process_ends_on_a_signal(how: signal.Signals) -> None:
    with process() as child:
        environment = environment_of(child)
        child.send_signal(how)
        assert child.wait(timeout=20) == 0
        assert errors_of(child).splitlines() == ["making 3 users and what they made", "all there"]
    assert not Path(environment["ACCONSOLE_STATE_DIR"]).exists()
    assert not is_open(environment["PDS_URL"])


def test_the_process_ends_with_its_parent() -> None:
    with process("--until-stdin-closes") as child:
        environment = environment_of(child)
        assert child.stdin
        child.stdin.close()
        assert child.wait(timeout=20) == 0
    assert not Path(environment["ACCONSOLE_STATE_DIR"]).exists()


def test_without_being_told_the_process_outlives_its_stdin() -> None:
    with process() as child:
        environment = environment_of(child)
        assert child.stdin
        child.stdin.close()
        assert httpx.get(f"{environment['PDS_URL']}/xrpc/_health").status_code == 200
        assert child.poll() is None


def test_the_process_ends_while_it_fills() -> None:
    with process() as child:
        assert child.stderr
        assert child.stderr.readline().startswith("making")
        child.send_signal(signal.SIGINT)
        assert child.wait(timeout=20) == 0
        assert child.stdout
        assert child.stdout.read() == ""
        assert errors_of(child) == ""


def test_a_negative_number_of_users_is_refused() -> None:
    with process("--users", "-1") as child:
        assert child.wait(timeout=20) == 2
        assert "must not be negative" in errors_of(child)
