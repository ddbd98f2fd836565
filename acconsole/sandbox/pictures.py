"""Paintings, drawn as they are asked for: the same seed gives the same picture, two seeds give two."""

from __future__ import annotations

import io
from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw

from acconsole.sandbox.seeds import number, pick, rng

SIDE = 512
"""The side of a thumbnail, in pixels."""

_SIZES = (
    (64, 64),
    (96, 54),
    (128, 96),
    (128, 128),
    (160, 90),
    (48, 120),
    (256, 144),
    (320, 200),
    (900, 640),
    (1280, 720),
)
_DARK = ((0, 0, 0), (18, 4, 32), (38, 8, 62), (8, 8, 24), (58, 12, 80))
_BRIGHT = (
    (255, 64, 160),
    (255, 128, 200),
    (168, 64, 255),
    (112, 80, 255),
    (255, 224, 64),
    (64, 224, 255),
    (120, 255, 160),
    (255, 255, 255),
    (255, 96, 64),
)

Color = tuple[int, int, int]
Canvas = ImageDraw.ImageDraw


def paint(seed: str, size: tuple[int, int] | None = None) -> Image.Image:
    """The painting of a seed, RGB, in its own size or in the given one."""
    random = rng("painting", seed)
    width, height = size or pick(random, _SIZES)
    image = Image.new("RGB", (width, height), pick(random, _DARK))
    canvas = ImageDraw.Draw(image)
    pick(random, _GROUNDS)(canvas, random, width, height)
    for _ in range(1 + int(random.random() * 2)):
        pick(random, _FIGURES)(canvas, random, width, height)
    return image


def painting(seed: str) -> bytes:
    """The painting of a seed as a PNG in its own size."""
    return png(paint(seed))


def thumbnail(seed: str) -> bytes:
    """The painting of a seed as a PNG of 512×512, whole and in proportion, the rest transparent."""
    return png(contain(paint(seed)))


def contain(image: Image.Image) -> Image.Image:
    """The picture inside 512×512: hard pixels when it grows, smooth ones when it shrinks."""
    scale = min(SIDE / image.width, SIDE / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    how = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.LANCZOS
    inside = Image.new("RGBA", (SIDE, SIDE))
    inside.paste(image.resize(size, how), ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return inside


def png(image: Image.Image) -> bytes:
    """The picture as a PNG."""
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=3)
    return file.getvalue()


def pool(count: int) -> list[bytes]:
    """`count` small thumbnails, all distinct, for records whose picture nobody compares."""
    pictures = []
    for index in range(count):
        small = paint(f"pool {index}", (64, 64)).quantize(32, dither=Image.Dither.NONE)
        pictures.append(png(small.resize((SIDE, SIDE), Image.Resampling.NEAREST)))
    return pictures


def jpeg(seed: str, size: tuple[int, int] = (SIDE, SIDE)) -> bytes:
    """The painting of a seed as a JPEG."""
    file = io.BytesIO()
    paint(seed, size).save(file, "JPEG", quality=70)
    return file.getvalue()


def _bright(random: Random) -> Color:
    return pick(random, _BRIGHT)


def _plain(canvas: Canvas, random: Random, width: int, height: int) -> None:
    canvas.rectangle((0, int(height * 0.8), width, height), fill=pick(random, _DARK))


def _stripes(canvas: Canvas, random: Random, width: int, height: int) -> None:
    a, b, step = pick(random, _DARK), _bright(random), max(2, int(height * (0.04 + random.random() / 8)))
    for y in range(0, height, step * 2):
        canvas.rectangle((0, y, width, y + step - 1), fill=a if random.random() < 0.7 else b)


def _checks(canvas: Canvas, random: Random, width: int, height: int) -> None:
    color, step = pick(random, _DARK), max(2, width // (6 + int(random.random() * 10)))
    for y in range(0, height, step):
        for x in range(0 if y // step % 2 else step, width, step * 2):
            canvas.rectangle((x, y, x + step - 1, y + step - 1), fill=color)


def _stars(canvas: Canvas, random: Random, width: int, height: int) -> None:
    for _ in range(30 + int(random.random() * 90)):
        canvas.point((random.random() * width, random.random() * height), fill=_bright(random))


def _creature(canvas: Canvas, random: Random, width: int, height: int) -> None:
    """A little being, the same on its left and its right."""
    cells = 5 + int(random.random() * 5)
    step = max(1, int(min(width, height) * 0.8) // (cells * 2))
    left, top = (width - cells * 2 * step) // 2, (height - cells * 2 * step) // 2
    skin, eye = _bright(random), _bright(random)
    for row in range(cells * 2):
        for column in range(cells):
            dice = random.random()
            if dice < 0.52:
                color = eye if dice < 0.06 else skin
                for x in (left + column * step, left + (cells * 2 - 1 - column) * step):
                    y = top + row * step
                    canvas.rectangle((x, y, x + step - 1, y + step - 1), fill=color)


def _noodles(canvas: Canvas, random: Random, width: int, height: int) -> None:
    for _ in range(3 + int(random.random() * 6)):
        x, y, points = random.random() * width, random.random() * height, []
        for _ in range(12):
            x += (random.random() - 0.5) * width * 0.3
            y += (random.random() - 0.5) * height * 0.3
            points.append((x, y))
        canvas.line(points, fill=_bright(random), width=1 + int(random.random() * min(width, height) / 24))


def _mosaic(canvas: Canvas, random: Random, width: int, height: int) -> None:
    step = max(2, min(width, height) // (5 + int(random.random() * 7)))
    colors = [_bright(random) for _ in range(3)]
    for y in range(0, height, step):
        for x in range(0, width, step):
            if random.random() < 0.45:
                canvas.rectangle((x, y, x + step - 2, y + step - 2), fill=pick(random, colors))


def _bubbles(canvas: Canvas, random: Random, width: int, height: int) -> None:
    for _ in range(5 + int(random.random() * 12)):
        x, y = random.random() * width, random.random() * height
        radius = 1 + random.random() * min(width, height) / 5
        fill = _bright(random) if random.random() < 0.6 else None
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill, outline=_bright(random))


_Stroke = Callable[[Canvas, Random, int, int], None]
_GROUNDS: tuple[_Stroke, ...] = (_plain, _stripes, _checks, _stars)
_FIGURES: tuple[_Stroke, ...] = (_creature, _noodles, _mosaic, _bubbles)


def recording_exists(seed: str) -> bool:
    """Whether a painting's making was recorded: so for about a third of them."""
    return number("recording", seed) % 3 == 0
