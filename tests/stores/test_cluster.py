"""A real Dask cluster on this machine in the place of the worker processes: a scheduler and two workers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from acconsole.errors import BlobError, SettingsError, Unreachable
from acconsole.media.conversion import Stage
from acconsole.sandbox.archives import tape
from acconsole.stores import conversions
from acconsole.stores.cluster import Cluster, connect
from acconsole.stores.conversions import Conversions
from tests.stores import jobs
from tests.stores.dask import SCHEDULER, WORKER, process
from tests.stores.jobs import Lifeline

SIZE = 50_000_000


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a scheduler with two workers, or one, when a test before has killed the other."""
    folder = tmp_path_factory.mktemp("dask")
    with ExitStack() as stack:
        url: str = stack.enter_context(process(SCHEDULER, folder))["url"]
        for _ in range(2):
            stack.enter_context(process(WORKER, folder, url))
        yield url


@pytest.fixture
def cluster(scheduler: str) -> Iterator[Cluster]:
    with connect(scheduler, lambda news: None) as made:
        yield made


async def at_home(folder: Path, tapes: list[bytes]) -> list[bytes]:
    """The videos that this machine's own processes make."""
    converter = Conversions(folder / "home")
    try:
        made = await asyncio.gather(*(converter.convert(data, SIZE, lambda *move: None) for data in tapes))
    finally:
        await converter.close()
    return [each.video for each in made]


async def test_a_worker_killed_in_the_middle_loses_nothing(
    scheduler: str, cluster: Cluster, lifeline: Lifeline, tmp_path: Path
) -> None:
    """One worker is surely busy when it is killed; the tapes go on, and come out as they do at home."""
    once = cluster.submit(jobs.hang_once, lifeline.path, str(tmp_path / "begun"))
    doomed = await asyncio.to_thread(lifeline.pid)
    tapes = [tape(code) for code in ("abc", "def", "ghi", "jkl")]
    moves: list[list[Any]] = [[] for _ in tapes]

    def tell(number: int, *move: Any) -> None:
        moves[number].append(move)
        if sum(map(len, moves)) == 1:
            os.kill(doomed, signal.SIGKILL)

    converter = Conversions(tmp_path / "cache", scheduler)
    try:
        work = (converter.convert(data, SIZE, partial(tell, number)) for number, data in enumerate(tapes))
        made = await asyncio.gather(*work)
    finally:
        await converter.close()
    await asyncio.to_thread(lifeline.wait_for_the_end)
    assert await asyncio.wrap_future(once) != doomed, "another worker has taken it"
    assert [each.video for each in made] == await at_home(tmp_path, tapes)
    for told, each in zip(moves, made, strict=True):
        assert {stage for stage, _, _ in told} == {Stage.DECODE, Stage.ENCODE}
        assert (Stage.DECODE, each.frames, each.frames) in told


async def test_what_goes_wrong_costs_one_tape_and_no_worker(
    scheduler: str, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dask_workers = {cluster.submit(os.getppid).result() for _ in range(4)}
    converter = Conversions(tmp_path / "cache", scheduler)
    try:
        with pytest.raises(BlobError, match="ZIP"):
            await converter.convert(b"no zip", SIZE, lambda *move: None)
        monkeypatch.setattr(conversions, "convert_job", jobs.die_in_mid_encode)
        with pytest.raises(BlobError, match=r"the encoder's process died \(SIGKILL\)"):
            await converter.convert(tape("9Yo"), SIZE, lambda *move: None)
    finally:
        await converter.close()
    for pid in dask_workers:
        os.kill(pid, 0)  # raises when it is gone
    assert cluster.submit(pow, 2, 3).result() == 8


def test_cancelling_ends_the_job_and_frees_its_place(
    cluster: Cluster, new_lifeline: Callable[[str], Lifeline]
) -> None:
    lifelines = [new_lifeline(str(number)) for number in range(2)]
    for each in lifelines:
        future = cluster.submit(jobs.hang, each.path)
        each.pid()
        assert future.cancel()
        each.wait_for_the_end()
    assert cluster.submit(pow, 2, 3).result() == 8


def test_shutting_down(scheduler: str, lifeline: Lifeline) -> None:
    cluster = connect(scheduler, lambda news: None)
    done = cluster.submit(pow, 2, 3)
    cluster.shutdown()
    assert done.result() == 8
    with pytest.raises(RuntimeError, match="after shutdown"):
        cluster.submit(pow, 2, 3)
    cluster = connect(scheduler, lambda news: None)
    running = cluster.submit(jobs.hang, lifeline.path)
    lifeline.pid()
    cluster.shutdown(wait=False)
    assert running.cancelled()
    lifeline.wait_for_the_end()


_CLIENT = """
import asyncio, sys
from pathlib import Path
from acconsole.errors import Unreachable
from acconsole.stores import conversions
from tests.stores import jobs

async def convert(url, lifeline, cache):
    converter = conversions.Conversions(Path(cache), url)
    for _ in range(2):
        try:
            await converter.convert(lifeline.encode(), 1, print)
        except Unreachable as error:
            print(error)
    await converter.close()

conversions.convert_job = jobs.hang_instead
asyncio.run(convert(*sys.argv[1:]))
"""


def test_a_scheduler_that_is_lost(tmp_path: Path, lifeline: Lifeline) -> None:
    """The next conversion looks for it again. All the while Dask writes nothing on the terminal."""
    with process(SCHEDULER, tmp_path) as scheduler:
        url = scheduler["url"]
        with pytest.raises(Unreachable, match="has no workers"):
            connect(url, print)
        with (
            process(WORKER, tmp_path, url),
            subprocess.Popen(
                [sys.executable, "-c", _CLIENT, url, lifeline.path, str(tmp_path / "cache")],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                text=True,
            ) as running,
        ):
            lifeline.pid()
            os.kill(scheduler["pid"], signal.SIGKILL)
            said, _ = running.communicate()
            assert said == f"The Dask scheduler at {url} does not answer.\n" * 2
            assert running.returncode == 0
            lifeline.wait_for_the_end()


def test_a_cluster_with_another_acconsole(tmp_path: Path) -> None:
    other = "import importlib.metadata\nimportlib.metadata.version = lambda name: '0.0.1'\n"
    with (
        process(other + SCHEDULER, tmp_path) as scheduler,
        pytest.raises(SettingsError, match="The Dask scheduler has another acconsole"),
    ):
        connect(scheduler["url"], print)


@pytest.mark.parametrize("address", ["localhost", "nonsense://host:1", "tcp://host:port", ""])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(SettingsError, match="is not the address of a Dask scheduler"):
        connect(address, print)


async def test_nobody_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    converter = Conversions(tmp_path, address)
    for _ in range(2):
        with pytest.raises(Unreachable, match="does not answer") as caught:
            await converter.convert(tape("9Yo"), SIZE, lambda *move: None)
        assert "local processes" in caught.value.hint
    await converter.close()


def test_somebody_else_there(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("acconsole.stores.cluster.CONNECT_SECONDS", 0.5)
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        pytest.raises(Unreachable, match="does not answer"),
    ):
        connect(f"tcp://127.0.0.1:{mute.getsockname()[1]}", print)
    assert capfd.readouterr() == ("", "")


def test_dask_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SettingsError, match="Dask is not installed") as caught:
        connect("tcp://127.0.0.1:8786", print)
    assert "acconsole[cluster]" in caught.value.hint
