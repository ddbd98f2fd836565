"""A converted tape in a browser's own decoder: it plays, and each picture is there at its time.

Needs chromium; where there is none, ffprobe reads the file instead, if that is there.
"""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from acconsole.media.conversion import convert
from tests.media.tapes import tape, wav

DURATIONS = (300.0, 100.0, 500.0, 200.0)
MOMENTS = (0.15, 0.35, 0.6, 1.0)
"""Seconds that lie well inside each picture's time."""
GROUNDS = [(index * 53 % 200, 20, 80) for index in range(4)]
"""What `tests.media.tapes.picture` paints its grounds with."""

PAGE = """<!doctype html><video id=v muted></video><script>
const v = document.getElementById('v'), moments = %s, seen = []
const tell = what => fetch('/told', {method: 'POST', body: JSON.stringify(what)})
v.onerror = () => tell({error: v.error.message})
v.onloadeddata = async () => {
  const canvas = new OffscreenCanvas(v.videoWidth, v.videoHeight), c = canvas.getContext('2d')
  for (const at of moments) {
    await new Promise(done => { v.onseeked = done; v.currentTime = at })
    c.drawImage(v, 0, 0)
    seen.push([...c.getImageData(2, 2, 1, 1).data.slice(0, 3)])
  }
  tell({seconds: v.duration, width: v.videoWidth, height: v.videoHeight, seen})
}
// A blob can be sought in without a server that knows ranges.
fetch('/tape.mp4').then(r => r.blob()).then(b => { v.src = URL.createObjectURL(b) })
</script>"""
BROWSER = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _video() -> bytes:
    return convert(tape(DURATIONS, sound=wav(1.1)), 5_000_000, lambda *_: None).video


def _told_by(browser: str, profile: Path) -> dict[str, Any]:
    """What the page told once it had looked at the video."""
    told: queue.Queue[dict[str, Any]] = queue.Queue()
    files = {"/": ("text/html", (PAGE % json.dumps(MOMENTS)).encode()), "/tape.mp4": ("video/mp4", _video())}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, data = files.get(self.path, ("text/plain", b""))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing of it belongs on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        command = [browser, *BROWSER, f"--user-data-dir={profile}", "--remote-debugging-port=0", address]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return told.get(timeout=60)
        finally:
            running.terminate()
            running.wait(timeout=20)
            server.shutdown()


def test_a_browser_plays_it(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("there is no chromium; ffprobe reads the video in the test below")
    told = _told_by(browser, tmp_path)
    assert told.keys() == {"seconds", "width", "height", "seen"}, told
    assert (told["width"], told["height"]) == (120, 90)
    assert abs(told["seconds"] - 1.1) < 0.025
    for seen, ground in zip(told["seen"], GROUNDS, strict=True):
        assert max(abs(a - b) for a, b in zip(seen, ground, strict=True)) < 24, told


def test_ffprobe_reads_it(tmp_path: Path) -> None:
    probe = shutil.which("ffprobe")
    if not probe:
        pytest.skip("there is no ffprobe; a browser plays the video in the test above")
    path = tmp_path / "tape.mp4"
    path.write_bytes(_video())
    command = [
        probe,
        "-v",
        "error",
        "-of",
        "json",
        "-show_streams",
        "-show_entries",
        "frame=pts_time",
        str(path),
    ]
    told = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)
    video, sound = told["streams"]
    assert (video["codec_name"], video["profile"], video["pix_fmt"]) == ("h264", "High", "yuv420p")
    assert (sound["codec_name"], sound["channels"]) == ("aac", 2)
    times = [float(frame["pts_time"]) for frame in told["frames"]]
    for begins in (0.0, 0.3, 0.4, 0.9):
        assert any(abs(begins - at) < 0.001 for at in times), times
