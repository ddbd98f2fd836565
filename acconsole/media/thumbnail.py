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
    image = opened(data)
    if image.format == "PNG" and image.size == (SIDE, SIDE) and len(data) <= max_size:
        return data
    return _encoded(contained(image.convert("RGBA"), (SIDE, SIDE)), max_size)


def opened(data: bytes, max_pixels: int = MAX_PIXELS, formats: tuple[str, ...] = _FORMATS) -> Image.Image:
    """A picture's bytes as a picture, decoded to the end. Raises `NoPicture`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(io.BytesIO(data), formats=formats)
        width, height = image.size
        if width * height > max_pixels:
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


def contained(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture whole and in proportion in the middle of `size`, the rest transparent, or black in RGB."""
    scale = min(size[0] / image.width, size[1] / image.height)
    inside = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    resample = Image.Resampling.NEAREST if scale >= 1 else Image.Resampling.LANCZOS
    mode = "RGB" if image.mode == "RGB" else "RGBA"
    canvas = Image.new(mode, size)
    place = ((size[0] - inside[0]) // 2, (size[1] - inside[1]) // 2)
    canvas.paste(image.convert(mode).resize(inside, resample), place)
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
