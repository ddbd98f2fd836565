"""A painting's thumbnail: 512 by 512, contained, PNG. Pixel art is enlarged without blurring it."""

from __future__ import annotations

import io
import warnings

from PIL import Image

SIDE = 512
MAX_PIXELS = 64_000_000
"""A picture that declares more is refused before any of it is decoded."""
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")


class NoPicture(ValueError):
    """The bytes are not a picture that can be used; the text says why in a few words."""


def thumbnail(data: bytes, max_size: int) -> bytes:
    """A picture's bytes as its thumbnail, at most `max_size` bytes. Raises `NoPicture`.

    A PNG that is 512 by 512 already comes back byte for byte, once it has been decoded to the end.
    """
    image = _opened(data)
    if image.format == "PNG" and image.size == (SIDE, SIDE) and len(data) <= max_size:
        return data
    return _encoded(_contained(image), max_size)


def _opened(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(data), formats=_FORMATS)
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise NoPicture(f"declares {width:,} by {height:,} pixels")
        image.load()
    except NoPicture:
        raise
    except Image.DecompressionBombError:
        raise NoPicture("declares too many pixels") from None
    # A broken file can make Pillow's decoders raise nearly anything, SyntaxError among it.
    except Exception as error:
        raise NoPicture(f"is not a picture ({type(error).__name__})") from None
    return image


def _contained(image: Image.Image) -> Image.Image:
    width, height = image.size
    scale = SIDE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resample = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.LANCZOS
    canvas = Image.new("RGBA", (SIDE, SIDE))
    canvas.paste(image.convert("RGBA").resize(size, resample), ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return canvas


def _encoded(image: Image.Image, max_size: int) -> bytes:
    data = _png(image)
    if len(data) > max_size:
        # 256 colours and transparency always fit: a quarter of the raw size at most.
        data = _png(image.quantize(256, Image.Quantize.FASTOCTREE))
    return data


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
