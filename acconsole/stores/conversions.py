"""Tapes converted in worker processes, here or on a Dask cluster, and each only once."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import BrokenExecutor, Executor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from acconsole.errors import AcError, BlobError, SettingsError, Unreachable
from acconsole.media.conversion import SETTINGS, Conversion, NoTape, Stage, Tell
from acconsole.stores import conversioncache
from acconsole.stores.conversioncache import ConversionCache
from acconsole.stores.conversionjob import EncoderFailed, News, OtherVersion, convert_job
from acconsole.stores.workers import Workers


class Conversions:
    """The `Converter` port: a cache, and behind it worker processes or the scheduler at the address `dask`.

    `workers`: how many processes, one a core by default. Nothing is started or connected before there is
    something to convert. It belongs to one event loop.
    """

    def __init__(self, cache: Path, dask: str | None = None, workers: int | None = None) -> None:
        self._cache = ConversionCache(cache)
        self._dask = dask
        self._count = workers
        self._opening: asyncio.Future[Executor] | None = None
        self._lost: list[asyncio.Future[None]] = []
        self._works: dict[str, _Work] = {}
        self._tells: dict[str, list[Tell]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def close(self) -> None:
        """End what is under way, and the workers."""
        tasks = [work.task for work in self._works.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._lost, return_exceptions=True)
        if self._opening:
            with suppress(AcError):
                await asyncio.to_thread((await self._opening).shutdown)

    async def convert(self, data: bytes, max_size: int, tell: Tell) -> Conversion:
        """As the port says; also raises `Unreachable` and `SettingsError` when the cluster is no use.

        Who asks for what is being made already waits for that; it ends when nobody waits any more.
        """
        self._loop = asyncio.get_running_loop()
        key = await asyncio.to_thread(conversioncache.key, data, max_size)
        work = self._works.get(key) or self._begin(key, data, max_size)
        work.tells.append(tell)
        try:
            return await asyncio.shield(work.task)
        finally:
            work.tells.remove(tell)
            if not work.tells:
                work.task.cancel()
                if self._works.get(key) is work:
                    del self._works[key]

    def _begin(self, key: str, data: bytes, max_size: int) -> _Work:
        name = secrets.token_hex(8)
        work = _Work(asyncio.create_task(self._make(name, key, data, max_size)))
        self._works[key], self._tells[name] = work, work.tells
        work.task.add_done_callback(lambda _: self._tells.pop(name))
        return work

    async def _make(self, name: str, key: str, data: bytes, max_size: int) -> Conversion:
        made = await asyncio.to_thread(self._cache.get, key)
        if made is None:
            made = await self._converted(name, data, max_size)
            await asyncio.to_thread(self._cache.put, key, made)
        return made

    async def _converted(self, name: str, data: bytes, max_size: int) -> Conversion:
        executor = await self._executor()
        run = asyncio.get_running_loop().run_in_executor
        try:
            return await run(executor, convert_job, name, SETTINGS, data, max_size)
        except Unreachable:
            self._forget(executor)
            raise
        except NoTape as error:
            raise BlobError(str(error)) from None
        except (TimeoutError, MemoryError) as error:
            raise BlobError(f"the conversion {error}") from None
        except BrokenExecutor as error:
            raise BlobError(f"the encoder's process died ({error})") from None
        except EncoderFailed as error:
            raise BlobError(f"the encoder failed ({error})") from None
        except OtherVersion:
            raise SettingsError(
                "The workers run another version of acconsole.", "Install the same one everywhere."
            ) from None

    async def _executor(self) -> Executor:
        """The workers, or the cluster; the first one who asks has it opened, in a thread."""
        if self._opening is None:
            self._opening = asyncio.ensure_future(asyncio.to_thread(self._open))
        opening = self._opening
        try:
            return await asyncio.shield(opening)
        except AcError:
            if self._opening is opening:
                self._opening = None  # the next one tries again
            raise

    def _open(self) -> Executor:
        if self._dask is None:
            return Workers(self._count, self._hear)
        from acconsole.stores.cluster import connect

        return connect(self._dask, self._hear)

    def _forget(self, executor: Executor) -> None:
        """What is lost is opened anew by the next one who asks."""
        if self._opening and self._opening.done() and self._opening.result() is executor:
            self._lost.append(asyncio.ensure_future(asyncio.to_thread(executor.shutdown)))
            self._opening = None

    def _hear(self, news: News) -> None:
        """From any thread: what a job tells of its progress."""
        assert self._loop is not None
        with suppress(RuntimeError):  # the loop is closed, and nobody listens
            self._loop.call_soon_threadsafe(self._pass_on, *news)

    def _pass_on(self, name: str, stage: str, done: int, total: int) -> None:
        for tell in tuple(self._tells.get(name, ())):
            tell(Stage(stage), done, total)


@dataclass(frozen=True, slots=True)
class _Work:
    """A conversion under way, and who wants to be told of it: as many as wait for it."""

    task: asyncio.Task[Conversion]
    tells: list[Tell] = field(default_factory=list)
