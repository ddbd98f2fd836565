"""The line between a rollout's head and its workers, on queues in memory: what goes through, and to whom."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from distributed import KilledWorker

from acconsole.engine import events
from acconsole.engine.budgets import Budgets
from acconsole.engine.draft import Choice
from acconsole.engine.events import Event, Finished, Stop
from acconsole.engine.model import User
from acconsole.engine.plan import Tally
from acconsole.engine.rollout.part import Done, Order
from acconsole.engine.windows import Scope, Window
from acconsole.errors import (
    AccountError,
    AcError,
    BackupError,
    JournalError,
    ReadOnly,
    Refused,
    SettingsError,
    Unreachable,
)
from acconsole.media.base import MediaType
from acconsole.stores.journal import SqliteJournal
from acconsole.stores.rollout import head as heads
from acconsole.stores.rollout.head import Head
from acconsole.stores.rollout.line import End, Expected, Queue, State, Work, opened, sealed
from acconsole.stores.rollout.parts import Parts
from acconsole.stores.rollout.ports import PIECE, RemoteJournal, RemoteVault
from acconsole.stores.rollout.session import Session
from acconsole.stores.rollout.worker import fit
from acconsole.stores.vault import DiskVault
from tests.stores.runs import batch, beginning, write

USER = User("auth0|1", "ada", "ada.test", "did:plc:a", "ac25ada", "a-password")
RUN = "aa0000000001"
ORDER = Order(beginning(subjects=()), USER, (MediaType.MOODS,), Choice(), 1, None, True, 60.0)
DEAD: Any = "a worker"
COMMITTED = events.Committed(MediaType.MOODS, 1, Tally(create=7), "cid", "rev", 0.1)


class MemoryQueue:
    """A queue that is lost once it is `cut`."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def put(self, value: bytes, timeout: float) -> None:
        self._queue.put_nowait(value)

    async def get(self, timeout: float) -> bytes:
        value = await self._queue.get()
        if value is None:
            raise ConnectionError
        return value

    def cut(self) -> None:
        self._queue.put_nowait(None)

    def close(self) -> None:
        pass


class Future:
    """A Dask task that nobody takes; it may be `ended`, as Dask does in a thread of its own."""

    def __init__(self) -> None:
        self.status = "pending"
        self._error: Exception | None = None
        self._callback: Callable[[Any], None] = lambda _: None

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        self._callback = callback

    async def ended(self, status: str, error: Exception | None = None) -> None:
        self.status, self._error = status, error
        await asyncio.to_thread(self._callback, self)

    async def exception(self) -> Exception | None:
        return self._error

    async def cancel(self) -> None:
        pass


@dataclass
class Scheduler:
    """In its place: queues by name, and the tasks that were handed over."""

    queues: defaultdict[str, MemoryQueue] = field(default_factory=lambda: defaultdict(MemoryQueue))
    works: list[Work] = field(default_factory=list)
    futures: list[Future] = field(default_factory=list)
    id: str = "client"

    def submit(self, task: Callable[[bytes], None], work: bytes, **_: Any) -> Future:
        assert b"a-password" not in work
        self.works.append(opened(work))
        self.futures.append(Future())
        return self.futures[-1]

    async def queue(self, client: object, name: str) -> Queue:
        return self.queues[name]

    async def close(self) -> None:
        pass


@dataclass
class Line:
    """A head and its workers."""

    head: Head
    scheduler: Scheduler
    journal: SqliteJournal
    state: Path
    budgets: Budgets

    def worker(self, name: str, requests: Callable[[], int] = lambda: 0) -> Session:
        queues = self.scheduler.queues
        return Session(self.scheduler, queues["up"], queues[name], name, requests)


@pytest.fixture
async def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    scheduler = Scheduler()
    monkeypatch.setattr(heads, "queue", scheduler.queue)
    journal, budgets = SqliteJournal(tmp_path / "journal.sqlite"), Budgets()
    await journal.begin(ORDER.beginning)
    world: Any = SimpleNamespace(repos=SimpleNamespace(budgets=budgets))
    expected = Expected("database", "pds.test", True, False)
    parts = Parts(scheduler, "tcp://scheduler:1", "up", expected, budgets)
    ports = {"journal": journal, "vault": DiskVault(tmp_path)}
    head = Head(scheduler, "tcp://scheduler:1", scheduler.queues["up"], ports, parts, world)
    yield Line(head, scheduler, journal, tmp_path, budgets)
    await head.close()
    await journal.close()


def begun(line: Line, told: Callable[[Event], None] = lambda _: None, stop: Stop | None = None) -> Any:
    return asyncio.create_task(line.head.do(ORDER, emit=told, stop=stop or Stop()))


async def test_a_batch_is_on_the_heads_disk_before_the_call_returns(line: Line) -> None:
    told: list[Event] = []
    doing = begun(line, told.append)
    session = line.worker("a", count(10).__next__)
    part = session.line(0, "a 1")
    assert await part.ask("head", "begin") == State()
    journal = RemoteJournal(part)
    part.tell("head", "emit", COMMITTED)
    number = await journal.sent(batch(RUN, 1, [write(1)]))
    record = await line.journal.record(RUN)
    assert [each.rkey for each in record.operations] == ["rkey 1"]
    assert told == [COMMITTED]
    journal.note(RUN, USER.id, "failed", {"number": number})
    await part.ask("head", "end", End(Done()))
    assert await doing == Done()
    assert line.head.requests > 0
    with pytest.raises(JournalError):
        await journal.renew("key", RUN, 60)


async def test_of_two_workers_the_later_is_heard(line: Line) -> None:
    """Dask thought the first dead. What it had confirmed counts, and it writes nothing more."""
    told: list[Event] = []
    doing = begun(line, told.append)
    first, second = (line.worker(name).line(0, f"{name} 1") for name in "ab")
    await first.ask("head", "begin")
    first.tell("head", "emit", COMMITTED)
    journal = RemoteJournal(first)
    assert await journal.hold("key", RUN, 60, first.token) is None
    await second.ask("head", "begin")
    cancelled = asyncio.Event()
    first.on_cancel(cancelled.set)
    with pytest.raises(JournalError, match="another worker"):
        await journal.sent(batch(RUN, 1, [write(1)]))
    await cancelled.wait()
    held = await RemoteJournal(second).hold("key", RUN, 60, second.token)
    assert held
    assert (held.run, held.part) == (RUN, first.token)
    await second.ask("head", "end", End(error=AccountError("Gone.", state="inactive")))
    with pytest.raises(AccountError) as error:
        await doing
    assert (error.value.message, error.value.state) == ("Gone.", "inactive")
    (_, finished) = told
    assert isinstance(finished, Finished)
    assert finished.result.done == Tally(create=7)


async def test_pause_stop_and_cancel_reach_the_worker(line: Line) -> None:
    stop = Stop()
    doing = begun(line, stop=stop)
    part = line.worker("a").line(0, "a 1")
    stop.pause()
    part.take(await part.ask("head", "begin"))
    assert part.stop.paused
    stop.resume()
    await part.stop.while_paused()
    stop.request()
    await part.stop.wait()
    cancelled = asyncio.Event()
    part.on_cancel(cancelled.set)
    doing.cancel()
    await cancelled.wait()
    assert not doing.done(), "the batch on its way comes to its end"
    part.tell("head", "end", End())
    with pytest.raises(asyncio.CancelledError):
        await doing


async def test_without_the_head_nothing_is_written(line: Line) -> None:
    begun(line).cancel()
    session = line.worker("a")
    part = session.line(0, "a 1")
    cancelled = asyncio.Event()
    part.on_cancel(cancelled.set)
    asking = asyncio.create_task(RemoteJournal(session.line(1, "a 2")).renew("key", RUN, 60))
    line.scheduler.queues["a"].cut()
    with pytest.raises(JournalError) as gone:
        await asking
    await cancelled.wait()
    assert session.is_lost
    with pytest.raises(JournalError):
        await part.ask("journal", "is_over", RUN)
    assert gone.value.retryable


async def test_a_lost_scheduler_ends_what_is_under_way(line: Line) -> None:
    doing = begun(line)
    await asyncio.sleep(0)
    line.scheduler.queues["up"].cut()
    with pytest.raises(Unreachable, match="The Dask scheduler at tcp://scheduler:1 does not answer"):
        await doing
    assert line.head.is_lost


@pytest.mark.parametrize(
    ("status", "error", "message", "again"),
    [
        ("error", KilledWorker("key", DEAD, 3), "The work on @ada killed one Dask worker after", False),
        ("error", ValueError(), "The Dask workers have given @ada up", True),
        ("finished", None, "The Dask workers have given @ada up", True),
        ("cancelled", None, "The Dask scheduler at tcp://scheduler:1 does not answer", True),
    ],
)
async def test_what_dask_is_through_with_is_over(
    line: Line, status: str, error: Exception | None, message: str, again: bool
) -> None:
    doing = begun(line)
    await asyncio.sleep(0)
    await line.scheduler.futures[0].ended(status, error)
    with pytest.raises(AcError, match=message) as failed:
        await doing
    assert failed.value.retryable is again


@pytest.mark.parametrize(
    ("changed", "kind", "message"),
    [
        ({"MONGODB_NAME": "other"}, SettingsError, "the database other, and the rollout's is ours"),
        (
            {"PDS_URL": "https://other.test"},
            SettingsError,
            "other.test, and the rollout's is pds.test",
        ),
        ({"MONGODB_NAME": ""}, SettingsError, "MONGODB_NAME is not set"),
        ({"ACCONSOLE_READ_ONLY": "1"}, ReadOnly, "ACCONSOLE_READ_ONLY is on"),
    ],
)
def test_a_worker_looks_at_its_own_settings(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], kind: type[AcError], message: str
) -> None:
    right = {
        "MONGODB_CONNECTION_STRING": "mongodb://secret@host",
        "MONGODB_NAME": "ours",
        "PDS_URL": "https://pds.test/",
    }
    expected = Expected("ours", "pds.test", True, False)
    for name, value in right.items():
        monkeypatch.setenv(name, value)
    assert opened(fit(sealed(expected))) is None
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    error = opened(fit(sealed(expected)))
    assert isinstance(error, kind)
    assert message in error.message
    assert "secret" not in f"{error.message} {error.hint}"
    if kind is ReadOnly:
        assert opened(fit(sealed(replace(expected, live=False)))) is None


async def test_budgets_of_the_repo_travel_with_the_user(line: Line) -> None:
    def spent(used: int) -> Window:
        return Window(Scope.POINTS, "did:plc:a", 3_600, 5_000, used, 9e9)

    line.budgets.restore([spent(100)])
    doing = begun(line)
    part = line.worker("a").line(0, "a 1")
    await part.ask("head", "begin")
    (work,) = line.scheduler.works
    assert work.budgets == (spent(100),)
    await part.ask("head", "end", End(Done(), budgets=(spent(400),)))
    await doing
    assert line.budgets.carried("did:plc:a") == (spent(400),)


async def test_a_large_backup_goes_to_the_head_in_pieces(line: Line) -> None:
    begun(line)
    part = line.worker("a").line(0, "a 1")
    await part.ask("head", "begin")
    vault, folder = RemoteVault(part), Path("runs", "r")
    car = bytes(range(256)) * (PIECE // 100)
    files = {"blobs/a": b"", "before.car": car, "manifest.json": b"{}"}
    assert await vault.names(folder) == frozenset()
    assert await vault.put(folder, files) == str(line.state / folder)
    for name, data in files.items():
        assert (line.state / folder / name).read_bytes() == data
    assert await vault.names(folder) == {"blobs", "before.car", "manifest.json"}
    with pytest.raises(BackupError, match="where none belongs"):
        await vault.put(Path("..") / "elsewhere", files)


async def test_a_backup_that_does_not_read_back(tmp_path: Path) -> None:
    vault, folder = DiskVault(tmp_path), Path("runs")
    await vault.write(folder, "manifest.json", 0, b"half")
    with pytest.raises(BackupError, match="does not read back"):
        await vault.check(folder, {"manifest.json": "another digest"})
    assert not (tmp_path / folder / "manifest.json").exists()
    (tmp_path / "a file").touch()
    with pytest.raises(BackupError, match="cannot be written"):
        await vault.put(Path("a file"), {"manifest.json": b"{}"})


def test_what_is_sealed_holds_no_password_and_its_errors_are_whole() -> None:
    order, error = opened(sealed((ORDER, Refused("No.", "Why.", retryable=True))))
    assert order == replace(ORDER, user=USER)
    assert order.user.password is None
    assert vars(error) == vars(Refused("No.", "Why.", retryable=True))
