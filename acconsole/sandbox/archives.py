"""ZIPs of recordings and tapes, made as they are asked for, in each of the shapes that real ones have."""

from __future__ import annotations

import array
import io
import json
import math
import wave
import zipfile
from typing import Any

from PIL import Image, ImageDraw

from acconsole.sandbox.docs import GUEST_TAPES, TAPE_ODDITIES
from acconsole.sandbox.pictures import paint, png
from acconsole.sandbox.seeds import number, rng

_NAMES = ("frame-{:05d}.png", "frame-{:05d}.png", "frame-{:05d}.png", "frame{:06d}.png", "frame-{}.png")
_TIMINGS = ("full", "full", "full", "no frame", "no filename", "object", "absent")
_RATE = 11_025
_SIZES = ((128, 72), (96, 96), (112, 63), (101, 75))


def recording(seed: str) -> bytes:
    """The ZIP of a painting's recording: some steps of it, and the list of them."""
    final = paint(seed)
    steps = [{"step": step, "label": "noprompt" if step == 0 else "brush"} for step in range(4)]
    files = {"painting.json": json.dumps(steps).encode()}
    for step in range(4):
        part = final.crop((0, 0, final.width, max(1, final.height * (step + 1) // 4)))
        canvas = Image.new("RGB", final.size)
        canvas.paste(part)
        files[f"{step} - {steps[step]['label']}.png"] = png(canvas)
    return _zipped(files)


def tape(code: str) -> bytes:
    """The ZIP of a tape. Which shape it has depends on its code; the tapes with an oddity have that."""
    style = number("tape", code)
    shape = "full" if code in GUEST_TAPES else _TIMINGS[style % len(_TIMINGS)]
    shape = TAPE_ODDITIES.get(code, shape)
    name = _NAMES[0] if code in GUEST_TAPES else _NAMES[style // 7 % len(_NAMES)]
    durations = _durations(code)
    frames = _frames(code, len(durations))
    files = {name.format(index): png(frame) for index, frame in enumerate(frames)}
    if shape != "absent":
        files["timing.json"] = json.dumps(timing(durations, name, shape)).encode()
    files["metadata.json"] = json.dumps(_metadata(frames[0], durations)).encode()
    if style // 35 % 2:
        files["soundtrack.wav"] = _sound(code, sum(durations) / 1000)
    return _zipped(files)


def timing(durations: list[int], name: str, shape: str) -> Any:
    """`timing.json` in one of its shapes, from the frames' durations in milliseconds."""
    rows: list[dict[str, Any]] = []
    at = 0
    for index, duration in enumerate(durations):
        rows.append({"frame": index, "filename": name.format(index), "duration": duration, "timestamp": at})
        at += duration
    if shape == "object":
        plain = [{"index": row["frame"], **_without(row, "frame", "filename")} for row in rows]
        return {"frames": plain, "totalDuration": at}
    if shape == "short timing":
        return rows[: len(rows) * 2 // 3]
    return [_without(row, shape.removeprefix("no ")) for row in rows]


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _durations(code: str) -> list[int]:
    random = rng("durations", code)
    count = 24 + int(random.random() * 60)
    usual = random.choice((16, 17, 33, 42))
    # Now and then the browser stuttered: a frame stood several times as long.
    return [usual * (4 if random.random() < 0.06 else 1) for _ in range(count)]


def _frames(code: str, count: int) -> list[Image.Image]:
    random = rng("frames", code)
    ground = paint(code, random.choice(_SIZES))
    width, height = ground.size
    frames = []
    for index in range(count):
        frame = ground.copy()
        turn = index / count * math.tau
        x, y = width / 2 + math.cos(turn) * width / 3, height / 2 + math.sin(turn * 2) * height / 3
        ImageDraw.Draw(frame).ellipse(
            (x - 6, y - 6, x + 6, y + 6), fill=(255, 64, 160), outline=(255, 255, 255)
        )
        frames.append(frame)
    return frames


def _metadata(frame: Image.Image, durations: list[int]) -> dict[str, Any]:
    return {
        "originalSize": {"width": frame.width, "height": frame.height},
        "scale": 1,
        "frameCount": len(durations),
        "totalDuration": sum(durations) / 1000,
    }


def _sound(code: str, seconds: float) -> bytes:
    """A little tune, 16 bits, one channel."""
    random = rng("sound", code)
    notes = [220 * 2 ** (random.choice((0, 2, 4, 7, 9, 12)) / 12) for _ in range(8)]
    samples = array.array("h")
    for at in range(int(seconds * _RATE)):
        note = notes[at * 4 // _RATE % len(notes)]
        samples.append(int(6000 * math.sin(math.tau * note * at / _RATE)))
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(_RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def _zipped(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as out:
        for name, data in files.items():
            # A fixed date: the same files give the same bytes.
            out.writestr(zipfile.ZipInfo(name, (2025, 10, 20, 12, 0, 0)), data)
    return file.getvalue()
