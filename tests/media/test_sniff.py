"""What bytes are by how they begin."""

from __future__ import annotations

import pytest

from acconsole.media.sniff import ENOUGH, KINDS, sniff


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"\x89PNG\r\n\x1a\n and more", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"PK\x03\x04", "application/zip"),
        (b"\x89PNG", None),
        (b"ftyp", None),
        (b"", None),
        (b"plain text", None),
    ],
)
def test_beginnings(data: bytes, mime: str | None) -> None:
    assert sniff(data) == sniff(data[:ENOUGH]) == mime
    assert mime is None or mime in KINDS
