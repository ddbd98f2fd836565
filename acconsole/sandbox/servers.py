"""The sandbox as one thing: Mongo, the PDS and the media host on free ports of the loopback, filled."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator

import uvicorn
from starlette.applications import Starlette

from acconsole.sandbox import DEFAULT_USERS, media
from acconsole.sandbox.catalogue import Catalogue
from acconsole.sandbox.holdings import Holding
from acconsole.sandbox.mongo import DATABASE, Mongo
from acconsole.sandbox.pds.app import create_app
from acconsole.sandbox.pds.limits import Limiter
from acconsole.sandbox.pds.store import PdsStore
from acconsole.sandbox.people import Account
from acconsole.sandbox.population import Population

Progress = Callable[[str], None]

_STATUS = {Account.DEACTIVATED: "deactivated", Account.TAKEN_DOWN: "takendown"}
_TELL_EVERY = 100


class Sandbox:
    """The servers, running and filled inside `async with`; nothing is left of them after it.

    `users`: how many people live in it, without the guest account. `rate_limits`: the PDS has those of the
    reference one, unless a client sends `bypass_key`. `progress` is called with lines while it fills.
    The PDS can be reached in-process as `store`.
    """

    def __init__(
        self,
        users: int = DEFAULT_USERS,
        *,
        rate_limits: bool = False,
        bypass_key: str | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.store = PdsStore()
        self._users, self._progress = users, progress or (lambda line: None)
        self._admin_password = secrets.token_urlsafe(16)
        self._catalogue = Catalogue()
        pds = create_app(
            self.store,
            admin_password=self._admin_password,
            rate_limits=Limiter() if rate_limits else None,
            bypass_key=bypass_key,
        )
        self._pds, self._media = _Host(pds), _Host(media.create_app(self._catalogue))
        self._mongo = Mongo()
        self._stopping = threading.Event()
        self._state_dir = ""

    def environment(self) -> dict[str, str]:
        """The settings that point acconsole at this sandbox."""
        return {
            "ACCONSOLE_PROFILE": "sandbox",
            "MONGODB_CONNECTION_STRING": self._mongo.uri,
            "MONGODB_NAME": DATABASE,
            "PDS_URL": self._pds.url,
            "PDS_ADMIN_PASSWORD": self._admin_password,
            "ACCONSOLE_SITE_URL": self._media.url,
            "ACCONSOLE_STORAGE_URL": f"{self._media.url}/storage/{{bucket}}",
            "ACCONSOLE_STATE_DIR": self._state_dir,
        }

    async def __aenter__(self) -> Sandbox:
        self._state_dir = tempfile.mkdtemp(prefix="acconsole-sandbox-")
        try:
            await asyncio.to_thread(self._mongo.start)
            self._pds.start()
            self._media.start()
            await self._filled()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stop()

    async def _stop(self) -> None:
        await asyncio.gather(self._pds.stop(), self._media.stop())
        await asyncio.to_thread(self._mongo.stop)
        shutil.rmtree(self._state_dir, ignore_errors=True)

    async def _filled(self) -> None:
        filling = asyncio.ensure_future(asyncio.to_thread(self._fill))
        try:
            await asyncio.shield(filling)
        finally:
            # A thread cannot be cancelled: it is told, and it must be out of Mongo before Mongo is stopped.
            self._stopping.set()
            await asyncio.wait([filling])

    def _fill(self) -> None:
        self._progress(f"making {self._users:,} users and what they made")
        self._mongo.fill(self._published())
        if not self._stopping.is_set():
            self._progress("all there")

    def _published(self) -> Iterator[Holding]:
        """Each holding on its way to Mongo, already in the PDS and the catalogue; never all at once."""
        population = Population(self._users, self._media.url)
        for index, holding in enumerate(population.holdings()):
            if self._stopping.is_set():
                return
            publish(self.store, holding)
            self._catalogue.add(holding)
            yield holding
            if index and index % _TELL_EVERY == 0:
                self._progress(f"{index:,} of {self._users:,} users")


def publish(store: PdsStore, holding: Holding) -> None:
    """Give a person an account with its blobs and records, in the state that it is to be in."""
    person = holding.person
    if not person.has_repo:
        return
    assert person.did
    assert person.pds_handle
    store.create_account(person.pds_handle, person.password, did=person.did)
    for blob in holding.blobs.values():
        store.add_blob(person.did, blob.data, blob.mime)
    if holding.entries:
        store.load(person.did, ((entry.kind.nsid, entry.rkey, entry.value) for entry in holding.entries))
    store.set_status(person.did, _STATUS.get(person.account))


class _Server(uvicorn.Server):
    """Leaves the signals to whoever runs the sandbox."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Host:
    """An app on a free port, served by the running loop."""

    def __init__(self, app: Starlette) -> None:
        self._server = _Server(
            uvicorn.Config(app, log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=2)
        )
        self._listener: socket.socket | None = None
        self._serving: asyncio.Task[None] | None = None
        self.url = ""

    def start(self) -> None:
        # It listens from here on: a request that comes early waits.
        self._listener = _listening()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]))

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._serving:
            await self._serving
        if self._listener:
            self._listener.close()


def _listening() -> socket.socket:
    """A socket on a free port of the loopback.

    It names its protocol: only for such a one does asyncio send each answer at once, and not 40 ms later.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener
