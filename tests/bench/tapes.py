"""Tapes to videos, against today's pipeline on the same tapes: unpacked to disk, then ffmpeg's command line.

Both are timed in turn, in one run, on the same cores. ffmpeg is Debian's.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import random
import shutil
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageDraw

from acconsole.media.conversion import Stage
from acconsole.media.tapezip import open_tape
from acconsole.sandbox import archives
from acconsole.stores.conversions import Conversions
from tests.bench.report import Line, median
from tests.bench.ssim import likeness
from tests.media.tapes import frames, rows, zipped

ROUNDS = 3
LARGE = 50_000_000
SIZE = (337, 176)
FILTERS = "scale=iw*3:ih*3:flags=neighbor,scale=trunc(iw/2)*2:trunc(ih/2)*2:flags=neighbor"  # as it is today


@dataclass
class Measured:
    """One way of converting some tapes: seconds of each round, the videos of the last."""

    seconds: list[float] = field(default_factory=list)
    videos: list[bytes] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(map(len, self.videos))


async def measure() -> list[Line]:
    """Speed, size and likeness of our videos against ffmpeg's; and that a second time costs nothing."""
    if not shutil.which("ffmpeg"):
        raise SystemExit("The benchmark of tapes needs ffmpeg: apt-get install ffmpeg")
    lines = []
    for name, tapes, bound in (
        ("all frames differ", [moving(240)], 0.95),
        ("every second frame repeats", [moving(120, repeat=2)], 1.5),
        ("noise", [noise(60)], 0.95),
        ("32 mixed tapes", mixed(32), 1.3),
    ):
        lines += await _compare(name, tapes, bound)
    return lines


async def _compare(name: str, tapes: Sequence[bytes], bound: float) -> list[Line]:
    ours, theirs, converted_again = Measured(), Measured(), 0
    with tempfile.TemporaryDirectory(prefix="acconsole-bench-") as folder:
        for turn in range(ROUNDS):
            await _today(tapes, theirs)
            converter = Conversions(Path(folder) / str(turn))
            try:
                # The workers stand before the clock starts, as in a run of many tapes.
                small = [moving(2, seed=99 + place) for place in range(os.cpu_count() or 1)]
                await _ours(converter, small, Measured())
                await _ours(converter, tapes, ours)
                converted_again = await _ours(converter, tapes, Measured())
            finally:
                await converter.close()
    return _lines(name, tapes, bound, ours, theirs, converted_again)


def _lines(
    name: str, tapes: Sequence[bytes], bound: float, ours: Measured, theirs: Measured, again: int
) -> list[Line]:
    took, today = median(ours.seconds), median(theirs.seconds)
    alike = [likeness(tape, video) for tape, video in zip(tapes, ours.videos, strict=True)]
    theirs_alike = [likeness(tape, video) for tape, video in zip(tapes, theirs.videos, strict=True)]
    mean, theirs_mean = sum(alike) / len(alike), sum(theirs_alike) / len(alike)
    return [
        Line(f"{name}: speed", today / took, bound, f"{took:.2f} s; ffmpeg {today:.2f} s"),
        Line(
            f"{name}: size",
            ours.size / theirs.size,
            1,
            f"{ours.size:,} bytes; ffmpeg {theirs.size:,}",
            at_most=True,
        ),
        Line(f"{name}: SSIM", mean - theirs_mean, 0, f"{mean:.4f}; ffmpeg {theirs_mean:.4f}"),
        Line(f"{name}: converted again", again, 0, "a second restore of the same tapes", at_most=True),
    ]


async def _ours(converter: Conversions, tapes: Sequence[bytes], into: Measured) -> int:
    """Convert all; how many were really converted, and not kept from before."""
    busy: set[int] = set()

    async def one(place: int, tape: bytes) -> bytes:
        made = await converter.convert(
            tape, LARGE, lambda stage, *_: busy.add(place) if stage is Stage.ENCODE else None
        )
        return made.video

    began = time.perf_counter()
    into.videos = await asyncio.gather(*(one(place, tape) for place, tape in enumerate(tapes)))
    into.seconds.append(time.perf_counter() - began)
    return len(busy)


async def _today(tapes: Sequence[bytes], into: Measured) -> None:
    began = time.perf_counter()
    into.videos = [await asyncio.to_thread(_ffmpeg, tape) for tape in tapes]
    into.seconds.append(time.perf_counter() - began)


def _ffmpeg(tape: bytes) -> bytes:
    with tempfile.TemporaryDirectory(prefix="acconsole-today-") as folder:
        with zipfile.ZipFile(io.BytesIO(tape)) as files:
            files.extractall(folder)
        opened = open_tape(tape)
        rate = len(opened.frames) / opened.seconds
        command = ["ffmpeg", "-v", "error", "-y", "-r", f"{rate:.3f}", "-i", "frame-%05d.png"]
        command += ["-vf", FILTERS, "-c:v", "libx264", "-pix_fmt", "yuv420p"]
        command += ["-movflags", "+faststart", "out.mp4"]
        subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL)
        return Path(folder, "out.mp4").read_bytes()


# -- the tapes -----------------------------------------------------------------------------------------


def moving(count: int, *, repeat: int = 1, size: tuple[int, int] = SIZE, seed: int = 1) -> bytes:
    """Flat pixel art in which something moves and something is scribbled; each frame `repeat` times."""
    dice = random.Random(seed)
    ground = Image.new("RGB", size, (18, 4, 32))
    draw = ImageDraw.Draw(ground)
    for _ in range(30):
        x, y = dice.random() * size[0], dice.random() * size[1]
        colour = tuple(dice.randrange(256) for _ in range(3))
        draw.rectangle((x, y, x + dice.random() * 60, y + dice.random() * 40), fill=colour)
    pictures = []
    for index in range(count):
        frame = ground.copy()
        draw = ImageDraw.Draw(frame)
        x, y = index * 3 % size[0], index * 2 % size[1]
        draw.ellipse((x - 12, y - 12, x + 12, y + 12), fill=(255, 64, 160), outline=(255, 255, 255))
        points = [(dice.random() * size[0], dice.random() * size[1]) for _ in range(3)]
        draw.line(points, fill=(255, 224, 64))
        pictures += [frame] * repeat
    return _tape(pictures, [1000 / 60] * len(pictures))


def noise(count: int) -> bytes:
    """What no encoder likes: every pixel of every frame by chance."""
    dice = random.Random(2)
    return _tape(
        [Image.frombytes("RGB", SIZE, dice.randbytes(SIZE[0] * SIZE[1] * 3)) for _ in range(count)],
        [1000 / 60] * count,
    )


def mixed(count: int) -> list[bytes]:
    """Tapes of several sizes and lengths: half of them with repeats, some that stutter."""
    made = []
    for number in range(count):
        size = ((337, 176), (128, 72), (256, 144), (160, 160))[number % 4]
        match number % 4:
            case 0:
                made.append(moving(60, size=size, seed=number))
            case 1:
                made.append(moving(40, repeat=2, size=size, seed=number))
            case 2:
                made.append(moving(30, repeat=3, size=size, seed=number))
            case _:
                made.append(archives.tape(("9Yo", "Eue")[number // 4 % 2]))
    return made


def _tape(pictures: Sequence[Image.Image], durations: Sequence[float]) -> bytes:
    return zipped(frames(pictures) | {"timing.json": json.dumps(rows(durations)).encode()})
