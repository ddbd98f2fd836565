"""The sandbox's Mongo: a server in memory that speaks the MongoDB wire protocol."""

from __future__ import annotations

import contextlib
import socket
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from secantus import SecantusDBServer

from acconsole.media.base import MediaType
from acconsole.sandbox.holdings import Holding

DATABASE = "aesthetic"
INDEXES: dict[str, tuple[str, ...]] = {kind.value: ("user", "when", "code") for kind in MediaType}
INDEXES["@handles"] = ("handle",)
_BATCH = 1000


class _Server(SecantusDBServer):  # type: ignore[misc]  # the package has no types
    """Goes on accepting after a connection that was aborted early, which ends the package's own loop."""

    def _serve_forever(self) -> None:
        while not self._stop_event.is_set() and self._socket is not None:
            super()._serve_forever()


class Mongo:
    """A Mongo server on a free port of the loopback; nothing of it outlives `stop`."""

    def __init__(self) -> None:
        self._server: SecantusDBServer | None = None
        self._waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def start(self) -> None:
        self._server = _Server(storage_path=":memory:")
        self._server.start()

    def stop(self) -> None:
        """Stop it if it runs; connections are closed."""
        if not self._server:
            return
        # Its accepting thread sleeps on when the socket is closed, and `stop` would wait 2 s for it in vain.
        listener: socket.socket | None = getattr(self._server, "_socket", None)
        if listener:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
        self._server.stop()
        self._server = None

    @property
    def uri(self) -> str:
        """Its connection string, once it is started."""
        assert self._server
        return str(self._server.uri)

    def fill(self, holdings: Iterable[Holding]) -> None:
        """Insert every owner's docs, then build the indexes, which is quicker than the other order.

        It goes past the wire, and past the log that change streams are fed from: nobody can be watching yet.
        """
        assert self._server
        storage = self._server.storage
        storage.enable_oplog = False
        try:
            for holding in holdings:
                self._take(holding)
            for collection in list(self._waiting):
                self._flush(collection)
            for collection, names in INDEXES.items():
                for name in names:
                    storage.create_index(DATABASE, collection, f"{name}_1", {name: 1})
        finally:
            storage.enable_oplog = True

    def _take(self, holding: Holding) -> None:
        person = holding.person
        self._waiting["users"].append(person.user_doc())
        if person.handle:
            self._waiting["@handles"].append({"_id": person.id, "handle": person.handle})
        for kind, docs in holding.docs.items():
            self._waiting[kind.value] += docs
        for collection, docs in self._waiting.items():
            if len(docs) >= _BATCH:
                self._flush(collection)

    def _flush(self, collection: str) -> None:
        assert self._server
        docs, self._waiting[collection] = self._waiting[collection], []
        _, errors = self._server.storage.insert(DATABASE, collection, docs)
        if errors:
            raise RuntimeError(f"{collection}: {errors[0].get('errmsg')}")
