"""The servers that tests talk to, each in a process or thread of its own: PDSs of both kinds, and Mongo.

Every one is a context manager and gone when it is left, also when the tests die: a child process ends
when its stdin closes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.clocks import MovedClock

if TYPE_CHECKING:
    from acconsole.sandbox.pds.store import PdsStore

HERE = Path(__file__).parent
PASSWORD = "correct-horse"
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Account:
    """An account made for a test, and the two tokens of the session that it began with."""

    did: str
    handle: str
    password: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)


@dataclass
class PdsServer:
    """A running PDS. `store` is the sandbox PDS's own (else None), `bypass_key` only with limits.

    `jwt_secret` signs its tokens. `clock`: the one it goes by, where that can be moved.
    """

    name: str
    url: str
    admin_password: str
    jwt_secret: str
    bypass_key: str | None = None
    store: PdsStore | None = None
    clock: MovedClock | None = None
    _numbers: Iterator[int] = field(default_factory=count, repr=False)

    async def create_account(self, handle: str | None = None, password: str = PASSWORD) -> Account:
        """A new account; without a handle it gets one that nobody has (`….test`)."""
        import httpx

        handle = handle or f"user-{next(self._numbers)}.test"
        body = {"handle": handle, "password": password, "email": f"{handle}@example.com"}
        headers = {"x-ratelimit-bypass": self.bypass_key} if self.bypass_key else {}
        async with httpx.AsyncClient(base_url=self.url, timeout=30, verify=False) as client:
            answer = await client.post("/xrpc/com.atproto.server.createAccount", json=body, headers=headers)
        answer.raise_for_status()
        made = answer.json()
        return Account(made["did"], made["handle"], password, made["accessJwt"], made["refreshJwt"])


@contextmanager
def reference_server(
    *, rate_limits: bool = False, bypass_key: str | None = None, clocked: bool = False
) -> Iterator[PdsServer]:
    """The reference PDS, up in about 2 s once set up. Raises `ReferenceMissing` where it cannot be had."""
    from tests.reference import install

    arguments = ["--rate-limits"] * rate_limits + (["--bypass-key", bypass_key] if bypass_key else [])
    cwd = install.folder()
    first = HERE / "reference" / "clock.mjs" if clocked else None
    command = install.node_command(HERE / "reference" / "server.mjs", *arguments, first=first)
    with tempfile.TemporaryDirectory(prefix="reference-pds-") as data:
        environment = install.node_environment() | {"TMPDIR": data}
        with child(command, cwd, environment) as ready:
            made = PdsServer(
                "reference", ready["url"], ready["adminPassword"], ready["jwtSecret"], bypass_key
            )
            made.clock = MovedClock(ready["clockUrl"]) if clocked else None
            yield made


@contextmanager
def sandbox_server(
    *, rate_limits: bool = False, bypass_key: str | None = None, clocked: bool = False
) -> Iterator[PdsServer]:
    """The sandbox PDS on a loop and thread of its own."""
    from acconsole.sandbox.pds.app import create_app
    from acconsole.sandbox.pds.limits import Limiter
    from acconsole.sandbox.pds.store import PdsStore

    store = PdsStore()
    clock = MovedClock() if clocked else None
    limiter = Limiter(clock.now if clock else time.time) if rate_limits else None
    app = create_app(store, admin_password="sandbox-admin", rate_limits=limiter, bypass_key=bypass_key)
    # uvicorn would write the date by the real clock.
    with serve_app(app, date_header=not clocked) as url:
        yield PdsServer("sandbox", url, "sandbox-admin", store.jwt_secret, bypass_key, store, clock)


@contextmanager
def serve_app(app: Any, *, date_header: bool = True) -> Iterator[str]:
    """Serves an ASGI app on a free port of the loopback, in a thread; gives its URL."""
    import socket

    import uvicorn

    # asyncio sends answers without delay only on sockets that name their protocol; else each takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    config = uvicorn.Config(
        app,
        log_level="critical",
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
        date_header=date_header,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        # The socket listens already: a request that comes early waits in its queue.
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
        assert not thread.is_alive(), "the server did not end"


@contextmanager
def mongo_server() -> Iterator[str]:
    """A MongoDB wire server with its data in memory, in a process of its own; gives its connection string."""
    script = (
        "import json, sys\n"
        "from acconsole.sandbox.mongo import Mongo\n"
        "server = Mongo()\n"
        "server.start()\n"
        "print(json.dumps({'url': server.uri}), flush=True)\n"
        "sys.stdin.read()\n"
        "server.stop()\n"
    )
    with tempfile.TemporaryDirectory(prefix="mongo-") as data:
        environment = {"TMPDIR": data, "HOME": data}
        with child([sys.executable, "-c", script], Path(data), environment) as ready:
            yield ready["url"]


@contextmanager
def child(command: Sequence[str], cwd: Path, environment: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """A process that prints a line of JSON when it is ready (given here) and ends when its stdin closes."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield _ready(process, log)
        finally:
            _end(process)


def _ready(process: subprocess.Popen[str], log: Any) -> dict[str, Any]:
    assert process.stdout is not None
    impatience = threading.Timer(_START_SECONDS, process.kill)
    impatience.start()
    try:
        for line in process.stdout:
            if line.startswith("{"):
                ready: dict[str, Any] = json.loads(line)
                # Read on to the end, so that a full pipe never stops the server.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return ready
    finally:
        impatience.cancel()
    log.seek(0)
    raise RuntimeError(f"{process.args!r:.200} ended before it was ready:\n{log.read()[-3000:]}")


def _end(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
