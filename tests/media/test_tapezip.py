"""A tape's ZIP: what is read of it, and all that is refused or stood in for."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from acconsole.media import tapezip
from acconsole.media.conversion import NoTape
from acconsole.media.tapezip import open_tape
from tests.media.tapes import frames, picture, png, rows, tape, wav, zipped

ONE = {"frame-00000.png": png(picture(0))}


def _patched(data: bytes, change: dict[str, int]) -> bytes:
    """The ZIP with fields of its first entry changed, in the local header and in the directory."""
    made = bytearray(data)
    local, central = made.index(b"PK\x03\x04"), made.index(b"PK\x01\x02")
    places = {"flags": (6, 8, "<H"), "method": (8, 10, "<H"), "size": (22, 24, "<I")}
    for name, value in change.items():
        at, there, form = places[name]
        struct.pack_into(form, made, local + at, value)
        struct.pack_into(form, made, central + there, value)
    return bytes(made)


def test_frames_times_and_sound_are_found() -> None:
    sound = wav(0.1)
    opened = open_tape(tape((20, 30), sound=sound, more={"metadata.json": b"{}"}))
    assert [(frame.name, frame.duration) for frame in opened.frames] == [
        ("frame-00000.png", 20),
        ("frame-00001.png", 30),
    ]
    assert opened.seconds == 0.05
    assert opened.size == (40, 30)
    assert opened.soundtrack() == sound
    assert opened.notes == ()
    assert opened.picture(1).tobytes() == picture(1).tobytes()


def test_transparency_lies_on_black() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    clear.putpixel((0, 0), (0, 255, 0, 255))
    seen = open_tape(zipped({"frame-0.png": png(clear)})).picture(0)
    assert seen.mode == "RGB"
    assert (seen.getpixel((0, 0)), seen.getpixel((1, 1))) == ((0, 255, 0), (0, 0, 0))


def test_frames_of_another_size_are_fitted_into_the_usual_one() -> None:
    opened = open_tape(zipped(frames([picture(0, (8, 8)), picture(1), picture(2), picture(3, (400, 300))])))
    assert opened.size == (40, 30)
    assert {opened.picture(index).size for index in range(4)} == {(40, 30)}
    assert opened.odd_sizes() == 2


def _bomb(declared: int) -> bytes:
    """A small file that says it unpacks to more."""
    return _patched(zipped(ONE, zipfile.ZIP_DEFLATED), {"size": declared})


HOSTILE = {
    "no ZIP at all": (b"<!doctype html>", "is not a ZIP"),
    "empty": (b"", "is not a ZIP"),
    "cut short": (tape((20, 20))[:-40], "cut short or broken"),
    "no frames": (zipped({"readme.txt": b"hello"}), "no frames in the ZIP"),
    "nested": (zipped({"inner.zip": tape((20,))}), "no frames in the ZIP, only another ZIP"),
    "outside": (zipped(ONE | {"../../etc/passwd": b"x"}), "outside its folder"),
    "absolute": (zipped(ONE | {"/etc/passwd": b"x"}), "outside its folder"),
    "drive": (zipped(ONE | {"C:\\windows\\x": b"x"}), "outside its folder"),
    "encrypted": (_patched(zipped(ONE), {"flags": 1}), "is encrypted"),
    "odd method": (_patched(zipped(ONE), {"method": 97}), "packed in a way that is not read"),
    "declared bomb": (_bomb(0xFFFF_FFF0), "declares more than it may unpack to"),
    "too long": (tape([25_000.0] * 3), "lasts 75 s; a tape lasts at most 30"),
    "too many files": (zipped({str(index): b"" for index in range(10_001)}), "10,001 files of at most"),
}


@pytest.mark.parametrize("data", [data for data, _ in HOSTILE.values()], ids=HOSTILE)
def test_each_hostile_zip_has_its_reason(data: bytes) -> None:
    with pytest.raises(NoTape) as caught:
        open_tape(data)
    assert dict(HOSTILE.values())[data] in str(caught.value)


def test_many_files_that_together_declare_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tapezip, "MAX_UNPACKED", 1_000_000)
    many = zipped({f"frame-{index}.png": bytes(40_000) for index in range(26)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(NoTape, match="declares more"):
        open_tape(many)


def test_a_zip_larger_than_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tapezip, "MAX_ZIP", 1000)
    with pytest.raises(NoTape, match="of at most 1,000"):
        open_tape(tape((20,) * 20))


def test_a_file_that_unpacks_to_more_than_it_declares_is_broken() -> None:
    big = {"frame-0.png": bytes(5_000_000)}
    opened = open_tape(_patched(zipped(big, zipfile.ZIP_DEFLATED), {"size": 100}))
    with pytest.raises(NoTape):
        opened.picture(0)


def _png_declaring(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (_png_declaring(60_000, 60_000), "declares too many pixels"),
        (_png_declaring(0, 0), "is not a picture"),
        (png(picture(0))[:-30], "is not a picture"),
        (b"GIF89a", "is not a picture"),
        (b"", "is not a picture"),
    ],
    ids=["huge", "nothing", "cut", "gif", "empty"],
)
def test_a_frame_that_cannot_be_decoded_says_why(frame: bytes, reason: str) -> None:
    opened = open_tape(zipped({"frame-0.png": frame, "frame-1.png": png(picture(1))}))
    assert opened.size == (40, 30)
    with pytest.raises(NoTape, match=reason):
        opened.picture(0)
    assert opened.picture(1).size == (40, 30)


def test_a_frame_whose_bytes_were_changed_is_broken() -> None:
    data = bytearray(zipped(ONE))
    data[60] ^= 0xFF
    with pytest.raises(NoTape, match="broken in the ZIP"):
        open_tape(bytes(data)).picture(0)


def test_a_broken_timing_file_is_as_one_that_is_not_understood() -> None:
    files = ONE | {"timing.json": json.dumps(rows((20,))).encode()}
    data = bytearray(zipped(files))
    data[bytes(data).index(b'"duration"')] ^= 0xFF
    assert open_tape(bytes(data)).notes == ("timing.json is not understood: 60 frames a second",)


def test_nothing_is_read_of_what_is_not_a_tapes() -> None:
    # A file of no use may be packed and encrypted as it likes.
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("aside.bin", b"x", zipfile.ZIP_LZMA)
        made.writestr("frame-0.png", png(picture(0)))
    assert open_tape(out.getvalue()).picture(0).size == (40, 30)
