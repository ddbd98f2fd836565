"""A pool of worker processes behind the standard `Executor` interface, made for jobs that may go wrong.

What the standard library's own pool does not do: a process that dies takes one job with it and no other,
a job is bound in time and memory, and one that runs can be cancelled. Each thread of the pool drives one
process at a time; the pool's processes wait for the next job until the pool is shut down.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from functools import partial
from multiprocessing import Pipe
from typing import Any, ParamSpec, TypeVar

from acconsole.stores.workerprocess import FAILED, NEWS

TIME_LIMIT = 300.0
"""Seconds that a job may take, of the clock on the wall."""
MEMORY_LIMIT = 1_500_000_000
"""Bytes of data that a worker process may hold."""

P = ParamSpec("P")
T = TypeVar("T")


class WorkerDied(BrokenExecutor):
    """The process died, or never was; the text says how."""


class Workers(Executor):
    """At most `count` processes, one a core by default; none is started before there is a job for it.

    A job is a function that a fresh interpreter can import. `heard` takes what jobs `report`, in a thread
    of the pool, before the job's future is done. A job's future raises what the job raised, `TimeoutError`
    after so many `seconds`, `MemoryError` when `memory` bytes do not do, `WorkerDied`. It is never told to be
    running, so that `cancel` succeeds until it is done: the process of a running job is then killed.
    """

    def __init__(
        self,
        count: int | None = None,
        heard: Callable[[Any], None] = lambda news: None,
        *,
        seconds: float = TIME_LIMIT,
        memory: int = MEMORY_LIMIT,
    ) -> None:
        self._threads = ThreadPoolExecutor(count or _cores(), "acconsole-worker")
        self._heard = heard
        self._start = partial(_Worker, seconds, memory)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._closed = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        turn = self._threads.submit(self._take_turn, future, partial(fn, *args, **kwargs))
        turn.add_done_callback(lambda turn: _cancel(future) if turn.cancelled() else None)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()
        self._threads.shutdown(wait, cancel_futures=cancel_futures)

    def _take_turn(self, future: Future[T], job: Callable[[], T]) -> None:
        """One job, in a thread of the pool: it ends with a future that is settled."""
        if future.cancelled():
            future.set_running_or_notify_cancel()
            return
        worker, result, error = self._attempt(future, job)
        wanted = future.set_running_or_notify_cancel()
        if worker:
            # Out of memory, it may be short of it still; its job cancelled, it is being killed.
            self._give_back(worker, wanted and not isinstance(error, MemoryError))
        if wanted and error is not None:
            future.set_exception(error)
        elif wanted:
            future.set_result(result)

    def _attempt(
        self, future: Future[T], job: Callable[[], T]
    ) -> tuple[_Worker | None, Any, BaseException | None]:
        worker = None
        try:
            message = pickle.dumps(job)
            worker = self._take()
            future.add_done_callback(worker.end_if_cancelled)
            return worker, worker.do(message, self._heard), None
        except BaseException as error:  # the edge: whatever it is, it is for whoever waits for the future
            return worker, None, error

    def _take(self) -> _Worker:
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None:
                return self._start()
            if worker.is_ready:
                return worker
            worker.end()

    def _give_back(self, worker: _Worker, usable: bool) -> None:
        with self._lock:
            if usable and worker.is_ready and not self._closed:
                self._idle.append(worker)
                return
        worker.end()


class _Worker:
    """One process. Raises `WorkerDied` when it cannot be started."""

    def __init__(self, seconds: float, memory: int) -> None:
        self._seconds, self._memory = seconds, memory
        self._busy = False
        self._pipe, theirs = Pipe()
        call = f"main({theirs.fileno()}, {seconds!r}, {memory!r})"
        script = f"from acconsole.stores.workerprocess import main; {call}"
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        with theirs:
            try:
                self._process = subprocess.Popen(  # noqa: S603  # our own interpreter
                    [sys.executable, "-P", "-c", script],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env=os.environ | {"PYTHONPATH": paths},
                    # Away from the terminal: neither its signals nor its modes are the worker's affair.
                    start_new_session=True,
                )
            except OSError as error:
                self._pipe.close()
                raise WorkerDied(f"no process can be started: {error.strerror}") from None

    @property
    def is_ready(self) -> bool:
        """Whether it waits for a job, with nothing left to say."""
        return not (self._busy or self._pipe.closed or self._pipe.poll()) and self._process.poll() is None

    def do(self, message: bytes, heard: Callable[[Any], None]) -> Any:
        """What a pickled job gives; raises what it raises, `TimeoutError`, `WorkerDied`."""
        self._busy = True
        try:
            self._pipe.send_bytes(message)
        except OSError:
            raise self._end() from None
        while (received := self._receive())[0] == NEWS:
            heard(received[1])
        self._busy = False
        kind, came = received
        if isinstance(came, MemoryError):
            raise MemoryError(f"needed more than {self._memory / 1e9:g} GB of memory")
        if kind == FAILED:
            raise came
        return came

    def _receive(self) -> tuple[str, Any]:
        try:
            message = self._pipe.recv_bytes()
        except (EOFError, OSError):
            raise self._end() from None
        received: tuple[str, Any] = pickle.loads(message)  # noqa: S301  # it comes from our own process
        return received

    def end_if_cancelled(self, future: Future[Any]) -> None:
        """Kill the process if this future, that of its job, was cancelled."""
        if future.cancelled():
            self._process.kill()

    def end(self) -> int:
        """Make sure that the process is gone; its exit status, negative for a signal."""
        self._process.kill()
        status = self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._pipe.close()
        return status

    def _end(self) -> Exception:
        status = self.end()
        if status == -signal.SIGALRM:
            return TimeoutError(f"took longer than {self._seconds:g} s")
        names = {-each.value: each.name for each in signal.Signals}
        return WorkerDied(names.get(status, f"exit status {status}"))


def _cores() -> int:
    """How many cores this process may use."""
    if sys.platform == "linux":
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return cores


def _cancel(future: Future[Any]) -> None:
    if future.cancel():
        future.set_running_or_notify_cancel()
