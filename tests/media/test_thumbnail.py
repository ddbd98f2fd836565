"""Thumbnails: 512 by 512, contained, sharp pixel art, never too large, and nothing that a bad file can do."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from acconsole.media.paintings import THUMBNAIL, THUMBNAIL_SIDE
from acconsole.media.thumbnail import MAX_PIXELS, SIDE, NoPicture, thumbnail

LIMIT = THUMBNAIL.max_size
RED, GREEN, BLUE, CLEAR = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)
Pixel = tuple[int, ...]


def encoded(image: Image.Image, form: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


def plain(width: int, height: int, colour: Pixel = RED) -> Image.Image:
    return Image.new("RGBA", (width, height), colour)


def noise(mode: str, width: int, height: int) -> Image.Image:
    size = len(Image.new(mode, (1, 1)).tobytes())
    return Image.frombytes(mode, (width, height), random.Random(7).randbytes(width * height * size))


def made(data: bytes, limit: int = LIMIT) -> Image.Image:
    """The thumbnail, read back; whatever it shows, it is what the lexicon wants."""
    result = thumbnail(data, limit)
    assert len(result) <= limit
    image = Image.open(io.BytesIO(result))
    assert (image.format, image.size) == ("PNG", (512, 512))
    return image.convert("RGBA")


def colours(image: Image.Image) -> set[object]:
    found = image.getcolors(image.width * image.height)
    assert found is not None
    return {colour for _, colour in found}


def ranges(image: Image.Image) -> list[tuple[int, int]]:
    """The least and the greatest value of each channel."""
    return [(min(values), max(values)) for values in (channel.tobytes() for channel in image.split())]


def test_the_side_that_the_site_is_asked_for_is_the_one_made_here() -> None:
    assert SIDE == THUMBNAIL_SIDE == 512


@pytest.mark.parametrize(
    "size", [(1, 1), (64, 48), (300, 300), (511, 512), (513, 512), (1024, 768), (3, 2000), (2000, 3)]
)
def test_sizes(size: tuple[int, int]) -> None:
    image = made(encoded(plain(*size)))
    box = image.getbbox()
    assert box is not None
    width, height = box[2] - box[0], box[3] - box[1]
    scale = 512 / max(size)
    assert (width, height) == tuple(max(1, round(side * scale)) for side in size)
    assert abs(box[0] - (512 - box[2])) <= 1, "it is in the middle"
    assert abs(box[1] - (512 - box[3])) <= 1


def test_pixel_art_is_enlarged_without_blurring() -> None:
    small = Image.new("RGBA", (2, 2))
    for place, colour in zip([(0, 0), (1, 0), (0, 1), (1, 1)], [RED, GREEN, BLUE, CLEAR], strict=True):
        small.putpixel(place, colour)
    large = made(encoded(small))
    assert colours(large) == {RED, GREEN, BLUE, CLEAR}
    assert [large.getpixel(place) for place in [(255, 255), (256, 255), (255, 256), (256, 256)]] == [
        RED,
        GREEN,
        BLUE,
        CLEAR,
    ]


def test_pixel_art_at_an_odd_scale_gets_no_new_colours() -> None:
    chequered = Image.new("RGBA", (337, 176))
    chequered.putdata([(RED, BLUE)[(x + y) % 2] for y in range(176) for x in range(337)])
    assert colours(made(encoded(chequered))) == {RED, BLUE, CLEAR}


def test_a_large_picture_is_shrunk_smoothly() -> None:
    stripes = Image.new("L", (1200, 1200))
    stripes.putdata([255 * (x % 2) for _ in range(1200) for x in range(1200)])
    middle = made(encoded(stripes)).crop((10, 10, 500, 500))
    low, high = ranges(middle)[0]
    assert 60 < low <= high < 200, "every other pixel left out would be black and white"


def test_transparency_is_kept() -> None:
    image = made(encoded(plain(512, 256, (255, 0, 0, 128))))
    assert image.getpixel((256, 256)) == (255, 0, 0, 128)
    assert image.getpixel((256, 10)) == CLEAR


def test_transparency_of_a_palette_is_kept() -> None:
    picture = Image.new("P", (4, 4), 1)
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.putpixel((0, 0), 0)
    out = io.BytesIO()
    picture.save(out, "PNG", transparency=1)
    assert colours(made(out.getvalue())) == {RED, (0, 255, 0, 0)}


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png(mode: str) -> None:
    made(encoded(noise("L", 40, 30).convert(mode)))


@pytest.mark.parametrize("form", ["JPEG", "GIF", "WEBP", "BMP"])
def test_other_formats_become_png(form: str) -> None:
    image = made(encoded(plain(512, 512).convert("RGB"), form))
    red, green, blue, alpha = ranges(image)
    assert red[0] > 240
    assert max(green[1], blue[1]) < 15
    assert alpha == (255, 255)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_jpegs_of_other_colour_spaces(mode: str) -> None:
    white = made(encoded(plain(512, 512, (255, 255, 255, 255)).convert("RGB").convert(mode), "JPEG"))
    assert all(low > 240 for low, _ in ranges(white))


def test_the_first_frame_of_a_moving_gif() -> None:
    frames = [plain(20, 20, colour).convert("RGB") for colour in (GREEN, BLUE)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    assert colours(made(out.getvalue())) == {GREEN}


def test_what_is_right_already_comes_back_byte_for_byte() -> None:
    for picture in (plain(512, 512), noise("L", 512, 512), Image.new("P", (512, 512))):
        data = encoded(picture)
        assert thumbnail(data, LIMIT) == data


def test_a_right_one_that_is_too_large_is_made_smaller() -> None:
    data = encoded(noise("RGBA", 512, 512))
    assert len(data) > LIMIT
    made(data)


@pytest.mark.parametrize("size", [(512, 512), (400, 512), (700, 700)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_pure_noise_is_never_above_the_limit(mode: str, size: tuple[int, int]) -> None:
    made(encoded(noise(mode, *size)))


def test_a_picture_that_has_to_lose_colours_stays_in_its_place() -> None:
    picture = noise("RGBA", 256, 512)
    picture.putalpha(255)
    image = made(encoded(picture), limit=300_000)
    assert image.getbbox() == (128, 0, 384, 512)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"not a picture",
        b"<!doctype html><h1>404</h1>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7\n",
        b"PK\3\4",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"\xff\xd8\xff\xe0",
        b"BM",
        b"RIFF\0\0\0\0WEBP",
    ],
)
def test_what_is_no_picture(data: bytes) -> None:
    with pytest.raises(NoPicture, match="is not a picture"):
        thumbnail(data, LIMIT)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_files(form: str, share: float) -> None:
    data = encoded(noise("RGB", 512, 512), form)
    with pytest.raises(NoPicture, match="is not a picture"):
        thumbnail(data[: int(len(data) * share)], LIMIT)


def test_formats_that_no_painting_comes_in_are_not_read() -> None:
    """Fewer decoders, fewer holes: some of Pillow's run other programs."""
    for form in ("TIFF", "PPM", "ICO", "EPS"):
        with pytest.raises(NoPicture):
            thumbnail(encoded(plain(64, 64).convert("RGB"), form), LIMIT)


def png(width: int, height: int) -> bytes:
    """A PNG that declares a size and holds a single row."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    row = zlib.compress(b"\0" * 1_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


def gif(width: int, height: int) -> bytes:
    """A GIF of a small screen whose one frame declares a size."""
    frame = b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00;"
    return b"GIF89a" + struct.pack("<HHBBB", 10, 10, 0x80, 0, 0) + bytes(6) + frame


def bmp(width: int, height: int) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 64, 0, 0, 54) + header + bytes(64)


HUGE = {
    "png": png(40_000, 25_000),
    "png between the limits": png(9_000, 9_000),
    "gif": gif(40_000, 25_000),
    "bmp": bmp(40_000, 25_000),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_declared_billion_pixels_takes_no_memory(name: str, tmp_path: Path) -> None:
    """In a process that may have 600 MB, to decode it would end in a MemoryError, which reads otherwise."""
    file = tmp_path / "huge"
    file.write_bytes(HUGE[name])
    script = (
        "import resource, sys\n"
        "from acconsole.media.thumbnail import NoPicture, thumbnail\n"
        "resource.setrlimit(resource.RLIMIT_AS, (600_000_000, 600_000_000))\n"
        "try:\n    thumbnail(open(sys.argv[1], 'rb').read(), 1_000_000)\n"
        "except NoPicture as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(file)], text=True, capture_output=True, check=True
    )
    assert done.stdout.startswith("declares"), done


def test_the_largest_picture_that_is_taken() -> None:
    with pytest.raises(NoPicture, match="declares 8,001 by 8,000 pixels"):
        thumbnail(png(8_001, 8_000), LIMIT)
    assert MAX_PIXELS == 8_000 * 8_000


WHOLE = [encoded(noise("P", 24, 16), form) for form in ("PNG", "GIF", "BMP")] + [
    encoded(noise("RGB", 24, 16), form) for form in ("JPEG", "WEBP")
]


@settings(max_examples=150)
@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_a_damaged_file_is_a_picture_or_none(data: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    with contextlib.suppress(NoPicture):
        result = thumbnail(bytes(damaged), LIMIT)
        assert Image.open(io.BytesIO(result)).size == (512, 512)
        assert len(result) <= LIMIT
