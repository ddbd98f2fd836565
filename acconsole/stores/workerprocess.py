"""What a worker process runs: one job after the other, each as it comes through the pool's pipe.

Its stdin is a second pipe, which nobody ever writes to: it ends when the pool's process does, however
that dies, and with it ends the worker. The rest of its standard streams lead nowhere.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import sys
import threading
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection

DONE, FAILED, NEWS = "done", "failed", "news"
"""What a worker sends, beside a payload: what the job gave, what it raised, what it tells on its way."""

_NO_MEMORY = pickle.dumps((FAILED, MemoryError()))
_one_at_a_time = threading.Lock()
_pipe: Connection | None = None


def report(news: object) -> None:
    """Tell the pool of a job's progress, from within the job. Outside a worker nobody hears it."""
    if _pipe is not None:
        _send(_pipe, pickle.dumps((NEWS, news)))


def main(descriptor: int, seconds: float, memory: int) -> None:
    """Work until the pool is gone. A job may take so many seconds, the process so many bytes of data."""
    global _pipe
    _end_with_the_pool()
    _limit(memory)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pool's affair
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    _pipe = Connection(descriptor)
    with suppress(EOFError, OSError):
        while True:
            _send(_pipe, _answer(_pipe.recv_bytes(), seconds))


def _send(pipe: Connection, message: bytes) -> None:
    with _one_at_a_time:  # a job may have threads that tell of its progress
        pipe.send_bytes(message)


def _answer(message: bytes, seconds: float) -> bytes:
    """What comes of a job. The kernel ends the process when that takes too long, even inside C code."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return pickle.dumps((DONE, pickle.loads(message)()))  # noqa: S301  # it comes from our own process
    except MemoryError:
        return _NO_MEMORY
    except BaseException as error:  # the edge: whatever a job raises is its answer
        return _failure(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _failure(error: BaseException) -> bytes:
    error.add_note("In the worker process:\n" + "".join(traceback.format_exception(error)))
    try:
        packed = pickle.dumps((FAILED, error))
        pickle.loads(packed)  # noqa: S301  # an exception may well be one that cannot be built again
    except Exception:  # whatever its class does: then its name has to do
        return pickle.dumps((FAILED, RuntimeError(f"{type(error).__name__}: {error}")))
    return packed


def _limit(memory: int) -> None:
    """Bound what can be allocated; on Linux that is exact, elsewhere it may have no effect."""
    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    for limit, size in ((kind, memory), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # a lower one holds already
            resource.setrlimit(limit, (size, size))


def _end_with_the_pool() -> None:
    if sys.platform == "linux":
        import fcntl

        # C code may hold the interpreter for long: the kernel's signal that the pipe has ended needs none.
        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, os.O_ASYNC)
        signal.signal(signal.SIGIO, signal.SIG_DFL)
    threading.Thread(target=_wait_for_the_end, daemon=True).start()


def _wait_for_the_end() -> None:
    os.read(0, 1)
    os._exit(1)
