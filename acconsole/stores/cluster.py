"""A Dask cluster behind the standard `Executor` interface: Dask's own executor, as `Workers` to its user.

The same acconsole is installed on the scheduler and on its workers. There a job runs as it does at home, in
a process of its own within the same limits: what breaks the encoder breaks no Dask worker. When a Dask
worker dies, Dask gives its jobs to another.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import socket
import warnings
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from acconsole.errors import AcError, SettingsError, Unreachable
from acconsole.stores.workers import WorkerDied, Workers

if TYPE_CHECKING:
    from distributed import Client, Worker

CONNECT_SECONDS = 5.0
TOPIC = "acconsole"
"""Where Dask workers log what jobs report; the scheduler forgets all but the latest of it."""
_LOOK_SECONDS = 0.5

P = ParamSpec("P")
T = TypeVar("T")


def connect(address: str, heard: Callable[[Any], None]) -> Cluster:
    """The cluster of the scheduler at an address, as `look` finds it; call it in a thread.

    `heard` takes what jobs report, in a thread of Dask's; the jobs of others too. Raises as `look`.
    """
    look(address)
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False, asynchronous=False)
    except OSError:
        raise unreachable(address) from None
    return Cluster(client, address, heard)


def look(address: str) -> None:
    """Look that a cluster is there. Waits a few seconds at most: call it in a thread.

    Raises `SettingsError` when Dask is not installed, the address is none or the cluster has another
    acconsole, and `Unreachable`.
    """
    try:
        from distributed import comm
    except ImportError:
        raise SettingsError(
            "A Dask scheduler is named, but Dask is not installed.",
            "Install acconsole[cluster], or leave ACCONSOLE_DASK and --dask away for local processes.",
        ) from None
    _hush()
    try:
        # Dask's client waits long for who is not there, and for ever for who does not talk: look first.
        socket.create_connection(comm.addressing.get_address_host_port(address), CONNECT_SECONDS).close()
        asyncio.run(asyncio.wait_for(_look(address), CONNECT_SECONDS))
    except ValueError:
        raise SettingsError(
            f"{address} is not the address of a Dask scheduler.", "It looks like tcp://host:8786."
        ) from None
    except OSError:
        raise unreachable(address) from None


async def _look(address: str) -> None:
    """Look that somebody is there to work, with our acconsole: a Dask worker without it would end itself."""
    from distributed import Security, rpc

    async with rpc(address, connection_args=Security().get_connection_args("client")) as scheduler:
        places = {"scheduler": await scheduler.versions(packages=["acconsole"])}
        ask = {"op": "versions", "packages": ["acconsole"]}
        workers = await scheduler.broadcast(msg=ask, on_error="ignore")
    places |= {f"worker at {worker}": answer for worker, answer in workers.items()}
    here = version("acconsole")
    for name, answer in places.items():
        if (answer or {}).get("packages", {}).get("acconsole") != here:
            raise SettingsError(
                f"The Dask {name} has another acconsole, or none.", f"Install acconsole {here} there."
            )
    if not workers:
        raise Unreachable(
            f"The Dask scheduler at {address} has no workers.", f"Start some: dask worker {address}"
        )


class Cluster(Executor):
    """A job's future raises what it does with `Workers`, and `Unreachable` when the scheduler is lost.

    It is never told to be running; cancelling it ends the job, a moment later.
    """

    def __init__(self, client: Client, address: str, heard: Callable[[Any], None]) -> None:
        self._client = client
        self._address = address
        self._heard = heard
        self._jobs: Executor = client.get_executor(pure=False)
        # Handing over pickles the arguments, which may be large: nobody is to wait for that.
        self._aside = ThreadPoolExecutor(1, "acconsole-dask")
        self._open: set[Future[Any]] = set()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        self._aside.submit(self._hand_over, future, partial(fn, *args, **kwargs))
        self._open.add(future)
        future.add_done_callback(self._open.discard)
        return future

    def _hand_over(self, future: Future[T], job: Callable[[], T]) -> None:
        if future.cancelled():
            future.set_running_or_notify_cancel()
            return
        try:
            # Each time, for a scheduler that was started again knows nothing of it.
            self._client.subscribe_topic(TOPIC, lambda event: self._heard(event[1]))
            theirs = self._jobs.submit(_on_dask_worker, job)
        except Exception as error:  # the edge: whatever Dask raises is for whoever waits for the future
            _settle(future, error=self._meaning(error))
            return
        theirs.add_done_callback(partial(self._pass_on, future))
        future.add_done_callback(lambda _: self._aside.submit(theirs.cancel) if future.cancelled() else None)

    def _pass_on(self, future: Future[T], theirs: Future[T]) -> None:
        if theirs.cancelled():
            _settle(future, error=unreachable(self._address))
        elif error := theirs.exception():
            _settle(future, error=self._meaning(error))
        else:
            _settle(future, theirs.result())

    def _meaning(self, error: BaseException) -> BaseException:
        """What an error of Dask's own comes to; a job's stays what it is."""
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            return WorkerDied("on one Dask worker after the other")
        if type(error).__module__.partition(".")[0] == "distributed":
            return unreachable(self._address)
        return error

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As Dask's own does, it cancels what is under way when it is not to wait for that."""
        if cancel_futures or not wait:
            for future in tuple(self._open):
                future.cancel()
        futures.wait(tuple(self._open))
        self._aside.shutdown()
        with suppress(OSError):  # the scheduler is gone
            self._jobs.shutdown()
            self._client.close()


def _settle(future: Future[T], result: Any = None, error: BaseException | None = None) -> None:
    if not future.set_running_or_notify_cancel():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def unreachable(address: str) -> AcError:
    """That nobody answers at the address of a scheduler."""
    return Unreachable(
        f"The Dask scheduler at {address} does not answer.",
        "Start it, or leave ACCONSOLE_DASK and --dask away: local processes then do the work.",
    )


def _hush() -> None:
    """Dask logs to the terminal and warns of what is meant here. Its log files, if it has any, stay."""
    import dask

    for name in ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application"):
        logger = logging.getLogger(name)
        for handler in tuple(logger.handlers):
            if type(handler) is logging.StreamHandler:
                logger.removeHandler(handler)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"})
    warnings.filterwarnings("ignore", module=r"distributed\.")


def _on_dask_worker(job: Callable[[], T]) -> T:
    """Runs in a thread of a Dask worker: the job in a process, which ends when Dask takes the job back."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    future = _processes(worker).submit(job)
    while not futures.wait([future], _LOOK_SECONDS).done:
        if not is_wanted(worker, key):
            future.cancel()
    return future.result()


def is_wanted(worker: Worker, key: Any) -> bool:
    """Whether a Dask worker that goes on still wants what a task of its own is doing."""
    from distributed.core import Status

    task = worker.state.tasks.get(key)
    closing = worker.status in (Status.closing, Status.closed, Status.failed)
    return task is not None and task.state != "cancelled" and not closing


@cache
def _processes(worker: Worker) -> Workers:
    pool = Workers(worker.state.nthreads, partial(worker.log_event, TOPIC))
    atexit.register(pool.shutdown)
    return pool
