"""A site and its storage for tapes: whatever is put in is served, in parts too, and what is asked is kept."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from acconsole.sandbox.media import in_parts
from tests.servers import serve_app


class Host:
    """`objects` by path (`/storage/bucket/key`, `/site/…`); a number in place of bytes is a status.

    `asked` keeps method and path of each request, `sent` counts bytes. `parts` False: it knows of none.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes | int] = {}
        self.asked: list[tuple[str, str]] = []
        self.sent = 0
        self.parts = True
        self.url = ""

    @property
    def settings(self) -> dict[str, str]:
        """What points acconsole at it."""
        return {
            "ACCONSOLE_SITE_URL": f"{self.url}/site",
            "ACCONSOLE_STORAGE_URL": f"{self.url}/storage/{{bucket}}",
        }

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        request = Request(scope)
        self.asked.append((request.method, request.url.path))
        response = self._answer(request, self.objects.get(scope["path"], 404))
        self.sent += len(response.body)
        await response(scope, receive, send)

    def _answer(self, request: Request, found: bytes | int) -> Response:
        if isinstance(found, int):
            return PlainTextResponse("", found)
        if not self.parts and request.method == "GET":
            return Response(found)
        return in_parts(request, found, "application/octet-stream")


@contextmanager
def tape_host() -> Iterator[Host]:
    """A host that serves."""
    host = Host()
    with serve_app(host) as host.url:
        yield host


def tape_zip(seed: int = 0, frames: int = 6, side: int = 16, *, noise: bool = False) -> bytes:
    """A tape of so many frames of 40 ms, each its own; `noise` makes them hard to compress."""
    chance = random.Random(seed)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        for index in range(frames):
            if noise:
                picture = Image.frombytes("RGB", (side, side), chance.randbytes(side * side * 3))
            else:
                picture = Image.new("RGB", (side, side), (seed * 37 % 256, index * 40 % 256, 90))
            data = io.BytesIO()
            picture.save(data, "PNG")
            files.writestr(zipfile.ZipInfo(f"frame-{index:05}.png"), data.getvalue())
        timing = [{"frame": index, "duration": 40, "timestamp": index * 40} for index in range(frames)]
        files.writestr(zipfile.ZipInfo("timing.json"), json.dumps(timing))
    return packed.getvalue()
