"""`acconsole tape convert`: one ZIP as a video, without settings or servers."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

from acconsole.cli.files import write_all
from acconsole.cli.progress import bar
from acconsole.cli.show import duration, size
from acconsole.errors import BlobError, Exit, Failed, NoObject, Unreachable, UsageError
from acconsole.inert import drawn
from acconsole.media.conversion import Conversion, Stage, Tell
from acconsole.media.sources import URL_PLACE, Source
from acconsole.media.tapes import VIDEO
from acconsole.media.tapezip import MAX_ZIP

EVERY = 0.1
"""Seconds between two looks of the progress line."""


async def convert(source: str, output: Path, thumbnail: Path | None, as_json: bool, quiet: bool) -> Exit:
    """Convert a ZIP, told by a path or an address, and write what came out."""
    _check_places(source, output, thumbnail)
    began = time.monotonic()
    with _line(sys.stderr, shown=not quiet and sys.stderr.isatty()) as tell:
        data = await _bytes(source, tell)
        made = await _converted(data, tell)
    write_all({output: made.video} | ({thumbnail: made.thumbnail} if thumbnail else {}))
    told = _told(source, len(data), output, thumbnail, made) | {"took": round(time.monotonic() - began, 3)}
    print(json.dumps(told) if as_json else _for_people(told))
    return Exit.OK


def _check_places(source: str, output: Path, thumbnail: Path | None) -> None:
    """Refuse what cannot be written before anything is made. Raises `UsageError`."""
    places = [place for place in (output, thumbnail) if place is not None]
    for place in places:
        if place.is_dir() or not place.parent.is_dir():
            raise UsageError(f"{place} cannot be written.", "Name a file in a folder that is there.")
    if len({place.resolve() for place in (*places, Path(source))}) <= len(places):
        raise UsageError("One file is named twice.", "ZIP, video and thumbnail are three files.")


async def _bytes(source: str, tell: Tell) -> bytes:
    if source.startswith(("https://", "http://")):
        return await _downloaded(source, tell)
    return await asyncio.to_thread(_read, Path(source))


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            # One byte more than is taken tells that it is too large.
            return opened.read(MAX_ZIP + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None


async def _downloaded(address: str, tell: Tell) -> bytes:
    from acconsole.stores.storage import HttpObjects

    # The host that was typed may be any; where it redirects to, only one that is public.
    try:
        split = urlsplit(address)
    except ValueError:
        split = urlsplit("")
    if not split.hostname or split.username is not None:
        raise UsageError("The address has no host in it, or a name and a password.", "Name a plain one.")
    origin = f"{split.scheme}://{split.netloc}"
    objects = HttpObjects(origin, origin + "/{bucket}")
    try:
        return await objects.fetch(
            Source(URL_PLACE, address), MAX_ZIP, lambda done, total: tell(Stage.DOWNLOAD, done, total)
        )
    except NoObject:
        raise UsageError(f"There is nothing at {address}.") from None
    except BlobError as error:
        if error.retryable:
            raise Unreachable(f"{split.netloc} does not answer.") from None
        raise Failed(f"{address} cannot be fetched: {error.message}.") from None
    finally:
        await objects.close()


async def _converted(data: bytes, tell: Tell) -> Conversion:
    from acconsole.stores.conversions import Conversions

    with tempfile.TemporaryDirectory(prefix="acconsole-tape-") as folder:
        conversions = Conversions(Path(folder))
        try:
            return await conversions.convert(data, VIDEO.max_size, tell)
        except BlobError as error:
            raise Failed(f"The tape cannot be converted: {error.message}.") from None
        finally:
            await conversions.close()


def _told(
    source: str, zip_size: int, output: Path, thumbnail: Path | None, made: Conversion
) -> dict[str, Any]:
    return {
        "source": source,
        "zip_size": zip_size,
        "video": str(output),
        "video_size": len(made.video),
        "thumbnail": str(thumbnail) if thumbnail else None,
        "width": made.width,
        "height": made.height,
        "frames": made.frames,
        "pictures": made.pictures,
        "seconds": round(made.seconds, 3),
        "sound": made.sound,
        "fitted": made.fitted,
        "notes": list(made.notes),
    }


def _for_people(told: dict[str, Any]) -> str:
    share = f"{told['video_size'] / max(told['zip_size'], 1):.0%}".replace("%", " %")
    frames = "1 frame" if told["frames"] == 1 else f"{told['frames']:,} frames"
    sound = "with sound" if told["sound"] else "without sound"
    lines = [
        f"{told['video']}: {size(told['video_size'])}, {share} of the ZIP's {size(told['zip_size'])}",
        f"{frames}, {duration(told['seconds'])}, {told['width']}×{told['height']}, {sound}",
        *told["notes"],
    ]
    return "\n".join(map(drawn, lines))


@contextmanager
def _line(out: TextIO, *, shown: bool) -> Iterator[Tell]:
    """A line that moves while it is worked; gone when that is over."""
    last = 0.0
    stage: Stage | None = None

    def tell(now: Stage, done: int, total: int) -> None:
        nonlocal last, stage
        if not shown or (now is stage and time.monotonic() - last < EVERY):
            return
        last, stage = time.monotonic(), now
        far = f"{done:,}/{total:,}" if total else f"{done:,}"
        out.write(f"\r\x1b[K{bar(min(1.0, done / total) if total else 0.0)} {now.value} {far}")
        out.flush()

    try:
        yield tell
    finally:
        if shown:
            out.write("\r\x1b[K")
            out.flush()
