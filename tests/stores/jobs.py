"""What tests have done in worker processes, here and on a cluster, and how they look at one from outside."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from acconsole.media.conversion import Conversion, Stage, convert
from acconsole.stores.workerprocess import report


class Lifeline:
    """A FIFO that a process holds open: it tells the process's id, and when the process is gone."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = str(path)
        self._descriptor = -1

    def pid(self) -> int:
        """The id of the process that holds it, as soon as one does."""
        self._descriptor = os.open(self.path, os.O_RDONLY)
        return int(os.read(self._descriptor, 20))

    def wait_for_the_end(self) -> None:
        """Until nobody holds it any more."""
        assert os.read(self._descriptor, 20) == b""

    def close(self) -> None:
        """Let go of it, however it stands."""
        if self._descriptor >= 0:
            os.close(self._descriptor)


def keep(path: str) -> int:
    """Hold a lifeline from now on, as long as the process lives; gives its id."""
    os.write(os.open(path, os.O_WRONLY), b"%d" % os.getpid())
    return os.getpid()


def hang(path: str) -> None:
    """Hold a lifeline, and never come back from a call of C code that holds the interpreter as well."""
    keep(path)
    re.match("(a+)+$", "a" * 100 + "b")


def spin() -> None:
    """Never come back from C code."""
    re.match("(a+)+$", "a" * 100 + "b")


def allocate(size: int) -> int:
    """Fill memory bit by bit, up to a size; gives that."""
    parts = [bytes(1_000_000) + b"x" for _ in range(size // 1_000_000)]
    return len(parts) * 1_000_000


def touch(path: str) -> None:
    Path(path).touch()


def count(end: int) -> int:
    """Tell of each step."""
    for step in range(end):
        report(step)
    return end


def surroundings() -> tuple[bool, list[str]]:
    """Whether the process leads a session of its own, and where its output goes. Ctrl-C is ignored."""
    os.kill(os.getpid(), signal.SIGINT)
    return os.getsid(0) == os.getpid(), [os.readlink(f"/proc/self/fd/{number}") for number in (1, 2)]


class Odd(Exception):
    """An exception that cannot be built again from its arguments."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def raise_odd() -> None:
    raise Odd("very ", "odd")


# -- in the place of a conversion: the same arguments, of which `data` says what to do -----------------


def hang_instead(name: str, settings: str, data: bytes, max_size: int) -> Conversion:
    """Hang, with the lifeline whose path the data is."""
    hang(data.decode())
    raise AssertionError("it came back")


def spin_instead(name: str, settings: str, data: bytes, max_size: int) -> Conversion:
    spin()
    raise AssertionError("it came back")


def allocate_instead(name: str, settings: str, data: bytes, max_size: int) -> Conversion:
    allocate(3_000_000_000)
    raise AssertionError("there was room")


def die_in_mid_encode(name: str, settings: str, data: bytes, max_size: int) -> Conversion:
    def tell(stage: Stage, done: int, total: int) -> None:
        if stage is Stage.ENCODE:
            os.kill(os.getpid(), signal.SIGKILL)

    return convert(data, max_size, tell)


def hang_once(path: str, marker: str) -> int:
    """The first time it hangs, and tells the id of the process above it; then it gives that id at once."""
    try:
        Path(marker).touch(exist_ok=False)
    except FileExistsError:
        return os.getppid()
    os.write(os.open(path, os.O_WRONLY), b"%d" % os.getppid())
    spin()
    raise AssertionError("it came back")
