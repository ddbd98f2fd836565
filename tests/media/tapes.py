"""Tapes made for tests: pictures, and ZIPs of every shape."""

from __future__ import annotations

import array
import io
import json
import math
import wave
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageDraw

Files = Mapping[str, bytes]


def picture(index: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    """A small picture: its ground tells its index apart, a square in it moves."""
    image = Image.new("RGB", size, (index * 53 % 200, 20, 80))
    left = index * 3 % max(size[0] - 8, 1)
    ImageDraw.Draw(image).rectangle((left, 8, left + 7, 15), fill=(255, 224, 64))
    return image


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def frames(
    pictures: Sequence[Image.Image | bytes], name: str = "frame-{:05d}.png", first: int = 0
) -> dict[str, bytes]:
    """The files of the frames, by name."""
    return {
        name.format(index): each if isinstance(each, bytes) else png(each)
        for index, each in enumerate(pictures, first)
    }


def rows(durations: Sequence[float], name: str = "frame-{:05d}.png") -> list[dict[str, Any]]:
    """`timing.json` as it is now."""
    at, made = 0.0, []
    for index, duration in enumerate(durations):
        made.append({"frame": index, "filename": name.format(index), "duration": duration, "timestamp": at})
        at += duration
    return made


def tape(
    durations: Sequence[float],
    *,
    size: tuple[int, int] = (40, 30),
    same: Sequence[int] = (),
    sound: bytes | None = None,
    more: Files | None = None,
) -> bytes:
    """A whole tape; the frames in `same` look as the one before them."""
    pictures: list[Image.Image] = []
    for index in range(len(durations)):
        pictures.append(pictures[-1] if index in same else picture(index, size))
    files = frames(pictures) | {"timing.json": json.dumps(rows(durations)).encode()}
    if sound is not None:
        files["soundtrack.wav"] = sound
    return zipped(files | dict(more or {}))


def zipped(files: Files, how: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return out.getvalue()


def wav(seconds: float, rate: int = 44_100, channels: int = 2) -> bytes:
    """A tone of 440 Hz."""
    samples = array.array("h")
    for at in range(round(seconds * rate)):
        samples.extend([round(9000 * math.sin(math.tau * 440 * at / rate))] * channels)
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return out.getvalue()
