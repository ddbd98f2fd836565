"""`tape convert`: what is written, what is told, and what is left when it goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from acconsole.cli import main
from tests.cli.conftest import Result
from tests.tapehost import tape_host, tape_zip

Convert = Callable[..., Result]


@pytest.fixture
def convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Convert:
    """Runs `acconsole tape convert` in a folder of its own, without any settings."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["acconsole", "tape", "convert", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Result(int(ended.value.code or 0), said.out, said.err)

    return command


def files(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_a_zip_becomes_a_video_and_a_thumbnail(convert: Convert, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(tape_zip(1))
    result = convert("a.zip", "-o", "a.mp4", "--thumbnail", "a.jpg")
    assert (result.status, result.err) == (0, "")
    video, cover = (tmp_path / "a.mp4").read_bytes(), (tmp_path / "a.jpg").read_bytes()
    assert (video[4:8], cover[:3]) == (b"ftyp", b"\xff\xd8\xff")
    assert result.out.splitlines()[1] == "6 frames, 0.2 s, 48×48, without sound"
    assert files(tmp_path) == {"a.zip", "a.mp4", "a.jpg"}


def test_an_address_and_json(convert: Convert, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"what was there before")
    with tape_host() as host:
        host.objects["/tapes/a.zip"] = tape_zip(1)
        result = convert(f"{host.url}/tapes/a.zip", "-o", "a.mp4", "--json")
    told = result.json
    assert (result.status, result.err) == (0, "")
    assert told["video_size"] == (tmp_path / "a.mp4").stat().st_size > 500
    expected = {"zip_size": len(tape_zip(1)), "frames": 6, "seconds": 0.24, "width": 48, "thumbnail": None}
    assert {name: told[name] for name in expected} == expected
    assert files(tmp_path) == {"a.mp4"}


def test_what_goes_wrong_leaves_what_was_there(convert: Convert, tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_bytes(b"what was there before")
    (tmp_path / "whole.zip").write_bytes(tape_zip(1))
    (tmp_path / "cut.zip").write_bytes(tape_zip(1)[:300])
    before = files(tmp_path)
    with tape_host() as host:
        host.objects["/refused.zip"] = 418
        for source, output, status, words in (
            ("none.zip", "out.mp4", 2, "cannot be read"),
            (".", "out.mp4", 2, "cannot be read"),
            ("whole.zip", "no-folder/out.mp4", 2, "cannot be written"),
            ("whole.zip", ".", 2, "cannot be written"),
            ("whole.zip", "whole.zip", 2, "named twice"),
            (f"{host.url}/none.zip", "out.mp4", 2, "nothing at"),
            ("https://somebody:secret@a.example/a.zip", "out.mp4", 2, "a password"),
            ("http://[::1", "out.mp4", 2, "no host"),
            ("cut.zip", "out.mp4", 4, "cut short"),
            (f"{host.url}/refused.zip", "out.mp4", 4, "cannot be fetched"),
        ):
            result = convert(source, "-o", output)
            assert (result.status, result.out) == (status, ""), result
            assert words in result.err
            assert "secret" not in result.err
    assert files(tmp_path) == before
    assert (tmp_path / "out.mp4").read_bytes() == b"what was there before"


def test_a_host_that_does_not_answer(convert: Convert, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acconsole.stores.storage.TRIES", 1)
    result = convert("http://127.0.0.1:9/a.zip", "-o", "a.mp4", "--json")
    assert result.status == 3
    assert result.json["error"]["title"] == "Cannot connect"


def test_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(tape_zip(1, 200, 160, noise=True))
    with subprocess.Popen(
        [sys.executable, "-m", "acconsole", "tape", "convert", str(tmp_path / "a.zip"), "-o", "a.mp4"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        while not (workers := _children(process.pid)):
            with suppress(subprocess.TimeoutExpired):
                pytest.fail(f"it ended before it began: {process.wait(0.02)}")
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert process.wait(20) == 130
        assert time.monotonic() - began < 5
        assert process.stderr
        assert process.stderr.read().strip() == b""
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
    assert files(tmp_path) == {"a.zip"}


def _children(parent: int) -> list[str]:
    lists = Path(f"/proc/{parent}/task").glob("*/children")
    return [child for each in lists for child in each.read_text().split()]
