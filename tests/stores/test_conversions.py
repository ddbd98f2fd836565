"""Conversions: worker processes behind a cache, each tape once, and what their failures come to."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from acconsole.errors import BlobError, SettingsError
from acconsole.media.conversion import Stage
from acconsole.sandbox.archives import tape
from acconsole.stores import conversions
from acconsole.stores.conversionjob import News, Thinned
from acconsole.stores.conversions import Conversions
from acconsole.stores.workers import Workers
from tests.stores import jobs
from tests.stores.jobs import Lifeline

SIZE = 50_000_000
Moves = list[tuple[Stage, int, int]]


def unheard(stage: Stage, done: int, total: int) -> None:
    """For whom progress is no matter."""


@asynccontextmanager
async def converting(folder: Path, workers: int = 1) -> AsyncIterator[Conversions]:
    made = Conversions(folder, workers=workers)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
def handed_in(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is handed to workers, from now on."""
    jobs_seen: list[Any] = []

    class Counted(Workers):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            jobs_seen.append(fn)
            return super().submit(fn, *args, **kwargs)

    monkeypatch.setattr(conversions, "Workers", Counted)
    return jobs_seen


async def test_a_tape_is_converted_once_and_told_of(tmp_path: Path, handed_in: list[Any]) -> None:
    moves: Moves = []
    threads = set()

    def tell(stage: Stage, done: int, total: int) -> None:
        moves.append((stage, done, total))
        threads.add(threading.get_ident())

    data = tape("9Yo")
    async with converting(tmp_path / "a" / "cache") as first:
        made = await first.convert(data, SIZE, tell)
        assert b"ftyp" in made.video[:16]
        assert made.thumbnail[:3] == b"\xff\xd8\xff"
        assert await first.convert(data, SIZE, tell) == made
    async with converting(tmp_path / "a" / "cache") as second:
        assert await second.convert(data, SIZE, unheard) == made
        assert len(handed_in) == 1, "the cache serves the others"
    assert threads == {threading.get_ident()}
    assert {stage for stage, _, _ in moves} == {Stage.DECODE, Stage.ENCODE}
    for stage in (Stage.DECODE, Stage.ENCODE):
        done = [done for each, done, _ in moves if each is stage]
        assert done == sorted(set(done))
        assert done[-1] == next(total for each, _, total in reversed(moves) if each is stage)
    assert len(moves) < made.frames


async def test_who_asks_for_the_same_tape_at_once_shares_the_work(
    tmp_path: Path, handed_in: list[Any]
) -> None:
    data = tape("abc")
    told: list[Moves] = [[], []]
    began = asyncio.Event()

    def tell(number: int, *move: Any) -> None:
        told[number].append(move)
        began.set()

    async with converting(tmp_path) as converter:
        first, second, third = (
            asyncio.create_task(converter.convert(data, SIZE, each))
            for each in (partial(tell, 0), partial(tell, 1), unheard)
        )
        await began.wait()
        third.cancel()
        assert await first == await second
        with pytest.raises(asyncio.CancelledError):
            await third
    assert told[0] == told[1]
    assert len(handed_in) == 1


async def test_cancelling_ends_the_work_when_nobody_waits_any_more(
    tmp_path: Path, lifeline: Lifeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversions, "convert_job", jobs.hang_instead)
    async with converting(tmp_path / "cache") as converter:
        waiting = [
            asyncio.create_task(converter.convert(lifeline.path.encode(), SIZE, unheard)) for _ in range(2)
        ]
        await asyncio.to_thread(lifeline.pid)
        waiting[0].cancel()
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert not waiting[1].done(), "the other one still waits for it"
        waiting[1].cancel()
        await asyncio.to_thread(lifeline.wait_for_the_end)
        monkeypatch.undo()
        assert (await converter.convert(tape("abc"), SIZE, unheard)).video, "the place is free"


async def test_closing_ends_the_work(
    tmp_path: Path, lifeline: Lifeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversions, "convert_job", jobs.hang_instead)
    async with converting(tmp_path / "cache") as converter:
        waiting = asyncio.create_task(converter.convert(lifeline.path.encode(), SIZE, unheard))
        await asyncio.to_thread(lifeline.pid)
    await asyncio.to_thread(lifeline.wait_for_the_end)
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_zip_that_is_no_tape(tmp_path: Path) -> None:
    async with converting(tmp_path) as converter:
        with pytest.raises(BlobError, match="ZIP"):
            await converter.convert(b"no zip", SIZE, unheard)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("job", "limits", "reason"),
    [
        (jobs.die_in_mid_encode, {}, r"the encoder's process died \(SIGKILL\)"),
        (jobs.spin_instead, {"seconds": 0.5}, r"the conversion took longer than 0\.5 s"),
        (
            jobs.allocate_instead,
            {"memory": 200_000_000},
            r"the conversion needed more than 0\.2 GB of memory",
        ),
    ],
)
async def test_what_goes_wrong_costs_one_tape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, job: Any, limits: dict[str, Any], reason: str
) -> None:
    monkeypatch.setattr(conversions, "Workers", partial(Workers, **limits))
    async with converting(tmp_path) as converter:
        with monkeypatch.context() as patch:
            patch.setattr(conversions, "convert_job", job)
            with pytest.raises(BlobError, match=reason):
                await converter.convert(tape("9Yo"), SIZE, unheard)
        with pytest.raises(BlobError, match="ZIP"):
            await converter.convert(b"no zip", SIZE, unheard)


async def test_an_error_that_nobody_foresaw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with converting(tmp_path) as converter:
        with pytest.raises(BlobError, match=r"the encoder failed \(TypeError\)"):
            await converter.convert(tape("9Yo"), None, unheard)  # type: ignore[arg-type]  # to make it fail
        monkeypatch.setattr(conversions, "SETTINGS", "those of another version")
        with pytest.raises(SettingsError, match="another version"):
            await converter.convert(tape("9Yo"), SIZE, unheard)


def test_progress_is_thinned() -> None:
    """The clock goes on by 10 ms a frame: of 1,000 frames some hundred are told, and always the last."""
    heard: list[News] = []
    ticks = count()
    tell = Thinned("name", heard.append, lambda: next(ticks) / 100)
    for frame in range(1, 1_001):
        tell(Stage.DECODE, frame, 1_000)
    for frame in range(1, 4):
        tell(Stage.ENCODE, frame, 3)
    assert heard[0] == ("name", "decode", 1, 1_000)
    assert ("name", "encode", 1, 3) in heard
    assert ("name", "encode", 3, 3) not in heard
    tell.rest()
    assert heard[-1] == ("name", "encode", 3, 3)
    assert heard.count(("name", "decode", 1_000, 1_000)) == 1
    assert 95 <= len(heard) <= 105
    tell.rest()
    assert heard[-2] != heard[-1]


def test_importing_it_brings_no_decoder_and_no_cluster() -> None:
    script = (
        "import sys, acconsole.stores.conversions, acconsole.stores.cluster\n"
        "print(*({'av', 'PIL', 'distributed', 'dask', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, check=True)
    assert done.stdout == "\n"
