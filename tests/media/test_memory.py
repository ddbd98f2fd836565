"""What the worst tape that is let through needs of memory: an own process converts it and tells."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from acconsole.media.tapezip import MAX_ZIP
from tests.media.tapes import frames, picture, png, zipped

MEGABYTES = 500
SCRIPT = """
import resource, sys
from acconsole.media.conversion import convert
made = convert(open(sys.argv[1], "rb").read(), 52_428_800, lambda *_: None)
assert made.width == int(sys.argv[2]), made
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_the_largest_pictures_stay_below_the_bound(tmp_path: Path) -> None:
    pictures = []
    for index in range(14):
        clear = picture(index, (1920, 1920)).convert("RGBA")
        clear.putalpha(200)
        pictures.append(png(clear))
    tape = zipped(frames(pictures) | {"aside.bin": bytes(MAX_ZIP - 1_000_000)})
    path = tmp_path / "tape.zip"
    path.write_bytes(tape)
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), "1920"],
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    ).stdout
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(told) * unit < MEGABYTES * 1_000_000
