"""The media host: the site's routes that are read here, and object storage, in one app.

It draws when it is asked, in a thread. `HEAD` answers from the catalogue and draws nothing, but for tapes
and videos: of those it tells the length, and gives parts, as the real hosts do.
"""

from __future__ import annotations

import re
import struct
import zlib
from functools import lru_cache

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from acconsole.sandbox import archives, pictures
from acconsole.sandbox.catalogue import Catalogue, Kind, Work
from acconsole.sandbox.docs import PICTURE_FAULTS
from acconsole.sandbox.holdings import video
from acconsole.sandbox.seeds import number

_TYPES: dict[Kind, str] = {
    "picture": "image/png",
    "thumbnail": "image/png",
    "recording": "application/zip",
    "tape": "application/zip",
    "video": "video/mp4",
}
_IN_PARTS: tuple[Kind, ...] = ("tape", "video")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def create_app(catalogue: Catalogue) -> Starlette:
    """The app that serves what is in the catalogue: `/api/pixel`, `/media`, and `/storage/{bucket}/{key}`."""

    async def pixel(request: Request) -> Response:
        slug = request.path_params["slug"]
        work = catalogue.pixel(request.path_params["handle"], slug)
        if work and pixel_fails(work.seed):
            return PlainTextResponse("The picture could not be made.", 500)
        return await _answer(request, work)

    async def painting(request: Request) -> Response:
        return await _answer(request, catalogue.painting(request.path_params["name"]))

    async def tape(request: Request) -> Response:
        return await _answer(request, catalogue.tape(request.path_params["name"]))

    async def stored(request: Request) -> Response:
        return await _answer(
            request, catalogue.object(request.path_params["bucket"], request.path_params["key"])
        )

    return Starlette(
        routes=[
            Route("/api/pixel/512:contain/@{handle}/painting/{slug}.png", pixel),
            Route("/media/paintings/{name}", painting),
            Route("/media/tapes/{name}", tape),
            Route("/storage/{bucket}/{key:path}", stored),
        ]
    )


def pixel_fails(seed: str) -> bool:
    """Whether the site cannot make this painting's thumbnail: one in twelve, and those with a bad picture."""
    return seed in PICTURE_FAULTS or number("pixel", seed) % 12 == 0


async def _answer(request: Request, work: Work | None) -> Response:
    if work is None:
        return PlainTextResponse("Not found.", 404)
    if work.kind in _IN_PARTS:
        return in_parts(request, await run_in_threadpool(draw, work), _TYPES[work.kind])
    if request.method == "HEAD":
        response = Response(media_type=_TYPES[work.kind])
        # The true length is not known before the thing is drawn.
        del response.headers["content-length"]
        return response
    return Response(await run_in_threadpool(draw, work), media_type=_TYPES[work.kind])


def in_parts(request: Request, data: bytes, kind: str) -> Response:
    """The answer of a host that knows of parts: all of it, or those bytes that are asked for."""
    headers = {"accept-ranges": "bytes", "content-type": kind}
    if request.method == "HEAD":
        return Response(headers={**headers, "content-length": str(len(data))})
    wanted = _RANGE.fullmatch(request.headers.get("range", ""))
    if wanted is None or wanted[0] == "bytes=-":
        return Response(data, headers=headers)
    first = int(wanted[1]) if wanted[1] else max(0, len(data) - int(wanted[2]))
    last = min(int(wanted[2]), len(data) - 1) if wanted[1] and wanted[2] else len(data) - 1
    if first > last:
        return Response(status_code=416, headers={"content-range": f"bytes */{len(data)}"})
    told = {"content-range": f"bytes {first}-{last}/{len(data)}"}
    return Response(data[first : last + 1], 206, headers=headers | told)


@lru_cache(maxsize=64)
def draw(work: Work) -> bytes:
    """The bytes of a work; the last few are kept, for what is asked for once is soon asked for again."""
    match work.kind:
        case "picture":
            return _faulty_picture(work.seed) or pictures.painting(work.seed)
        case "thumbnail":
            return pictures.thumbnail(work.seed)
        case "recording":
            return archives.recording(work.seed)
        case "tape":
            return archives.tape(work.seed)
        case "video":
            return video(work.seed)


def _faulty_picture(seed: str) -> bytes | None:
    fault = PICTURE_FAULTS.get(seed)
    if fault == "not an image":
        return b"<!doctype html><title>aesthetic.computer</title><p>This is no picture.</p>"
    return huge_png() if fault == "a billion pixels" else None


def huge_png() -> bytes:
    """A valid PNG header that declares 40,000×25,000 pixels, and a few bytes for all of them."""
    header = struct.pack(">IIBBBBB", 40_000, 25_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body
