"""The pool of worker processes: what goes wrong takes one job with it, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError, wait
from pathlib import Path
from typing import Any

import pytest

from acconsole.stores.workers import WorkerDied, Workers
from tests.stores import jobs
from tests.stores.jobs import Lifeline

NewLifeline = Callable[[str], Lifeline]


def test_processes_are_started_when_they_are_needed_and_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    start = subprocess.Popen

    def counted(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(arguments)
        return start(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", counted)
    with Workers(4) as pool:
        assert not started
        pids = {pool.submit(os.getpid).result() for _ in range(5)}
        assert len(started) == len(pids) == 1
        assert os.getpid() not in pids
        assert list(pool.map(pow, (2, 3, 4), (5, 6, 7))) == [32, 729, 16_384]


def test_as_many_jobs_at_once_as_there_are_processes(new_lifeline: NewLifeline) -> None:
    lifelines = [new_lifeline(str(number)) for number in range(3)]
    with Workers(2) as pool:
        futures = [pool.submit(jobs.hang, each.path) for each in lifelines]
        assert lifelines[0].pid() != lifelines[1].pid()
        assert futures[0].cancel()
        lifelines[0].wait_for_the_end()
        assert lifelines[2].pid()
        assert all(future.cancel() for future in futures[1:])


def test_one_process_a_core_by_default(new_lifeline: NewLifeline) -> None:
    cores = len(os.sched_getaffinity(0))
    lifelines = [new_lifeline(str(number)) for number in range(cores)]
    with Workers() as pool:
        futures = [pool.submit(jobs.hang, each.path) for each in lifelines]
        assert len({each.pid() for each in lifelines}) == cores
        over = pool.submit(os.getpid)
        assert futures[0].cancel()
        assert over.result()
        assert all(future.cancel() for future in futures[1:])


def test_what_a_job_raises() -> None:
    with Workers(1) as pool:
        pid = pool.submit(os.getpid).result()
        with pytest.raises(ValueError, match="invalid literal") as caught:
            pool.submit(int, "x").result()
        assert "worker process" in caught.value.__notes__[0]
        with pytest.raises(RuntimeError, match="Odd: very odd"):
            pool.submit(jobs.raise_odd).result()
        with pytest.raises(SystemExit):
            pool.submit(sys.exit, 3).result()
        with pytest.raises((AttributeError, TypeError), match="pickle"):
            pool.submit(lambda: 1).result()
        with pytest.raises(Exception, match="pickle"):
            pool.submit(eval, "lambda: 1").result()
        assert pool.submit(os.getpid).result() == pid, "an error is no reason for another process"


def test_a_process_killed_in_mid_job_fails_that_job_alone(new_lifeline: NewLifeline) -> None:
    first, second = new_lifeline("first"), new_lifeline("second")
    with Workers(2) as pool:
        doomed, other = pool.submit(jobs.hang, first.path), pool.submit(jobs.hang, second.path)
        waiting = [pool.submit(pow, 2, number) for number in range(10)]
        pid = second.pid()
        os.kill(first.pid(), signal.SIGKILL)
        with pytest.raises(WorkerDied, match="SIGKILL"):
            doomed.result()
        assert [future.result() for future in waiting] == [2**number for number in range(10)]
        assert not other.done()
        os.kill(pid, signal.SIGSEGV)
        with pytest.raises(WorkerDied, match="SIGSEGV"):
            other.result()
        with pytest.raises(WorkerDied, match="exit status 3"):
            pool.submit(os._exit, 3).result()
        assert pool.submit(pow, 2, 3).result() == 8


def test_a_process_killed_while_it_waits_fails_nothing(lifeline: Lifeline) -> None:
    with Workers(1) as pool:
        future = pool.submit(jobs.keep, lifeline.path)
        pid = lifeline.pid()
        assert future.result() == pid
        os.kill(pid, signal.SIGKILL)
        lifeline.wait_for_the_end()
        assert pool.submit(os.getpid).result() != pid


def test_the_time_limit_holds_inside_c_code() -> None:
    with Workers(1, seconds=0.5) as pool:
        with pytest.raises(TimeoutError, match=r"took longer than 0\.5 s"):
            pool.submit(jobs.spin).result()
        assert pool.submit(pow, 2, 3).result() == 8


def test_the_memory_limit() -> None:
    with Workers(1, memory=150_000_000) as pool:
        assert pool.submit(jobs.allocate, 50_000_000).result() == 50_000_000
        for job, size in ((bytearray, 200_000_000), (jobs.allocate, 200_000_000)):
            with pytest.raises(MemoryError):
                pool.submit(job, size).result()
        assert pool.submit(jobs.allocate, 50_000_000).result() == 50_000_000


def test_cancelling_ends_the_process_and_frees_its_place(lifeline: Lifeline, tmp_path: Path) -> None:
    with Workers(1) as pool:
        running = pool.submit(jobs.hang, lifeline.path)
        never = pool.submit(jobs.touch, str(tmp_path / "never"))
        lifeline.pid()
        assert never.cancel()
        assert running.cancel()
        lifeline.wait_for_the_end()
        with pytest.raises(CancelledError):
            running.result()
        assert pool.submit(pow, 2, 3).result() == 8
        assert wait([running, never]).not_done == set()
    assert not (tmp_path / "never").exists()


def test_reports_come_in_order_and_before_the_result() -> None:
    heard: list[int] = []
    with Workers(1, heard.append) as pool:
        assert pool.submit(jobs.count, 1000).result() == 1000
        assert heard == list(range(1000))


def test_who_cannot_listen_loses_the_job_and_no_other() -> None:
    def deaf(news: int) -> None:
        if news == 3:
            raise ValueError("no ears")

    with Workers(1, deaf) as pool:
        with pytest.raises(ValueError, match="no ears"):
            pool.submit(jobs.count, 10).result()
        assert pool.submit(jobs.count, 2).result() == 2


def test_a_process_has_nothing_to_do_with_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with Workers(1) as pool:
        assert pool.submit(jobs.surroundings).result() == (True, ["/dev/null", "/dev/null"])
        pool.submit(print, "to nobody").result()
        with pytest.raises(WorkerDied, match="SIGABRT"):
            pool.submit(os.abort).result()
    assert capfd.readouterr() == ("", "")


def test_shutting_down(lifeline: Lifeline) -> None:
    pool = Workers(1)
    running, waiting = pool.submit(jobs.hang, lifeline.path), pool.submit(pow, 2, 3)
    lifeline.pid()
    pool.shutdown(wait=False)
    assert not waiting.done()
    assert running.cancel()
    assert waiting.result() == 8, "what was handed in before is done"
    with pytest.raises(RuntimeError, match="after shutdown"):
        pool.submit(pow, 2, 3)
    pool.shutdown()


def test_shutting_down_and_cancelling_what_waits(lifeline: Lifeline) -> None:
    pool = Workers(1)
    running, waiting = pool.submit(jobs.hang, lifeline.path), pool.submit(pow, 2, 3)
    lifeline.pid()
    pool.shutdown(wait=False, cancel_futures=True)
    assert wait([waiting]).done
    assert waiting.cancelled()
    assert running.cancel()
    pool.shutdown()
    lifeline.wait_for_the_end()


@pytest.mark.parametrize("end", ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(0)"])
def test_no_process_outlives_its_parent(new_lifeline: NewLifeline, end: str) -> None:
    """One is in the middle of C code when it happens, the other waits for a job."""
    busy, idle = new_lifeline("busy"), new_lifeline("idle")
    script = (
        "import os, signal, sys\n"
        "from acconsole.stores.workers import Workers\n"
        "from tests.stores import jobs\n"
        "pool = Workers(2)\n"
        "pool.submit(jobs.hang, sys.argv[1])\n"
        "pool.submit(jobs.keep, sys.argv[2]).result()\n"
        f"sys.stdin.read()\n{end}\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, busy.path, idle.path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as parent:
        assert len({busy.pid(), idle.pid(), parent.pid}) == 3
        assert parent.stdin
        parent.stdin.close()
        busy.wait_for_the_end()
        idle.wait_for_the_end()


def test_a_script_that_never_shuts_down_ends_all_the_same(lifeline: Lifeline) -> None:
    script = (
        "import sys\nfrom acconsole.stores.workers import Workers\nfrom tests.stores import jobs\n"
        "Workers(1).submit(jobs.keep, sys.argv[1])\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", script, lifeline.path], env=environment) as parent:
        lifeline.pid()
        lifeline.wait_for_the_end()
        assert parent.wait() == 0


def test_a_process_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    with Workers(1) as pool:
        monkeypatch.setattr(sys, "executable", "/no/such/python")
        with pytest.raises(WorkerDied, match="no process can be started: No such file"):
            pool.submit(pow, 2, 3).result()
        monkeypatch.undo()
        assert pool.submit(pow, 2, 3).result() == 8
