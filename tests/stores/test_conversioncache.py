"""The cache of conversions: whole or not there, bounded, and never in anybody's way."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acconsole.media.conversion import Conversion
from acconsole.stores import conversioncache
from acconsole.stores.conversioncache import ConversionCache, key

MADE = Conversion(
    video=b"\n\x00video" * 100,
    thumbnail=b"\xff\nthumbnail",
    width=3,
    height=4,
    frames=5,
    pictures=2,
    seconds=0.1 + 0.2,
    sound=True,
    fitted=True,
    notes=("ein Bild fehlt: ✂", "\ud800"),
)


def signed(data: bytes) -> bytes:
    """A file whose checksum is right, whatever is in it."""
    return hashlib.sha256(data).digest() + data


@pytest.fixture
def cache(tmp_path: Path) -> ConversionCache:
    return ConversionCache(tmp_path / "state" / "cache")


def test_what_is_kept_comes_back_the_same(cache: ConversionCache, tmp_path: Path) -> None:
    assert cache.get("a") is None
    cache.put("a", MADE)
    assert cache.get("a") == MADE
    assert cache.get("b") is None
    (kept,) = (tmp_path / "state" / "cache").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700


def test_the_key_depends_on_zip_settings_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {key(b"zip", 10), key(b"zip", 11), key(b"zap", 10), key(b"", 10)}
    assert len(keys) == 4
    assert key(b"zip", 10) in keys
    monkeypatch.setattr(conversioncache, "SETTINGS", "others")
    assert key(b"zip", 10) not in keys


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:-1],
        lambda data: data[:20],
        lambda data: b"",
        lambda data: data + b"x",
        lambda data: data[:-3] + b"x" + data[-2:],
        lambda data: data.replace(b'"width": 3', b'"width": 4'),
        lambda data: signed(b"[0]"),
        lambda data: signed(b"[0, []]"),
        lambda data: signed(b"[0, {}]"),
        lambda data: signed(b'[0, {"notes": [], "more": 1}]'),
    ],
)
def test_a_spoilt_file_is_thrown_away(
    cache: ConversionCache, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    cache.put("a", MADE)
    path = tmp_path / "state" / "cache" / "a"
    path.write_bytes(spoil(path.read_bytes()))
    assert cache.get("a") is None
    assert not path.exists()
    cache.put("a", MADE)
    assert cache.get("a") == MADE


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    cache = ConversionCache(tmp_path, limit=4_000)
    for age, name in enumerate("dcba"):
        cache.put(name, MADE)
        os.utime(tmp_path / name, (1_000 + age, 1_000 + age))
    assert cache.get("d")
    left_behind = tmp_path / "half-written"
    left_behind.write_bytes(bytes(1_000))
    os.utime(left_behind, (1, 1))
    cache.put("e", MADE)
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "d", "e"}
    cache.put("f", MADE)
    assert {path.name for path in tmp_path.iterdir()} == {"a", "d", "e", "f"}


def test_what_is_larger_than_the_cache_displaces_nothing(tmp_path: Path) -> None:
    ConversionCache(tmp_path, limit=2_000).put("a", MADE)
    ConversionCache(tmp_path, limit=500).put("b", MADE)
    assert {path.name for path in tmp_path.iterdir()} == {"a"}


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = ConversionCache(tmp_path / "file" / "cache")
    cache.put("a", MADE)
    assert cache.get("a") is None


def test_something_else_in_its_place_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    cache = ConversionCache(tmp_path)
    cache.put("a", MADE)
    assert cache.get("a") is None
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@contextmanager
def no_room(size: int) -> Iterator[None]:
    """No file may grow beyond a size, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_no_error_and_leaves_nothing(cache: ConversionCache, tmp_path: Path) -> None:
    cache.put("a", MADE)
    with no_room(100):
        cache.put("b", MADE)
        cache.put("a", MADE)
        assert cache.get("a") == MADE
    assert [path.name for path in (tmp_path / "state" / "cache").iterdir()] == ["a"]


def test_processes_beside_each_other(tmp_path: Path) -> None:
    """Three write, read and displace the same few entries: each sees all of one or nothing."""
    script = (
        "import random, sys\nfrom pathlib import Path\n"
        "from acconsole.stores.conversioncache import ConversionCache\n"
        "from tests.stores.test_conversioncache import MADE\n"
        "cache = ConversionCache(Path(sys.argv[1]), limit=3_000)\nseen = 0\n"
        "for turn in range(200):\n"
        "    name = random.choice('abcdef')\n"
        "    found = cache.get(name)\n"
        "    assert found in (None, MADE), found\n"
        "    seen += found is not None\n"
        "    cache.put(random.choice('abcdef'), MADE)\n"
        "assert seen\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, str(tmp_path)]
    processes = [subprocess.Popen(command, env=environment) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 3_000
