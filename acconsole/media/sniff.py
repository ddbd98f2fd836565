"""What bytes are by how they begin, whatever they are declared as."""

from __future__ import annotations

ENOUGH = 16
"""Bytes from the beginning that `sniff` looks at."""
_BEGINNINGS = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (4, b"ftyp", "video/mp4"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"PK\x03\x04", "application/zip"),
)
KINDS = frozenset(mime for _, _, mime in _BEGINNINGS)
"""The MIME types that `sniff` tells."""


def sniff(data: bytes) -> str | None:
    """The MIME type that the first bytes tell of, for the kinds that are met with here; else None."""
    return next((mime for at, sign, mime in _BEGINNINGS if data.startswith(sign, at)), None)
