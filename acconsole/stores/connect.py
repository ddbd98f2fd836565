"""From settings to an engine over the real stores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from acconsole.engine.clock import Clock
from acconsole.engine.ports import World, tapes_at_once
from acconsole.engine.rollout.hands import Hands
from acconsole.engine.sync import Engine
from acconsole.settings import Settings
from acconsole.stores.journal import SqliteJournal
from acconsole.stores.vault import DiskVault

CLUSTER_WORKERS = 7
"""How many workers of a cluster are kept busy: as many as a run makes ready together."""


@asynccontextmanager
async def connect(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Engine]:
    """An engine over the settings' Mongo, PDS and storage; closed at the end. Raises `SettingsError`.

    Nothing is asked of any server before the engine is used.
    """
    async with opened(settings, clock) as world:

        def cluster(address: str, live: bool) -> AbstractAsyncContextManager[Hands]:
            from acconsole.stores.rollout.hands import on_cluster

            return on_cluster(address, world, DiskVault(settings.state_dir), settings, live=live)

        yield Engine(
            world,
            state_dir=settings.state_dir,
            read_only=settings.read_only,
            profile=settings.profile,
            cluster=cluster,
        )


@asynccontextmanager
async def opened(settings: Settings, clock: Clock | None = None) -> AsyncIterator[World]:
    """The settings' Mongo, PDS and storage, and what this machine remembers. As `connect`."""
    connection_string, name = settings.mongo
    # The drivers take a good part of a second to import: only who connects pays for it.
    from acconsole.stores.conversions import Conversions
    from acconsole.stores.mongo import MongoDocs
    from acconsole.stores.pds import PdsRepos
    from acconsole.stores.snapshots import SqliteSnapshots
    from acconsole.stores.sourceless import SqliteSourceless
    from acconsole.stores.storage import HttpObjects

    key = settings.pds_rate_limit_bypass_key
    docs = MongoDocs(connection_string, name)
    clock, journal = clock or Clock(), journal_of(settings)
    repos = PdsRepos(settings.pds_url, key.get_secret_value() if key else None, journal, clock)
    objects = HttpObjects(settings.site_url, settings.storage_url)
    converter = Conversions(settings.state_dir / "conversions", settings.dask)
    sourceless = SqliteSourceless(
        settings.state_dir / "sourceless.sqlite", settings.site_url, settings.storage_url
    )
    world = World(
        docs,
        repos,
        objects,
        converter,
        sourceless,
        SqliteSnapshots(settings.state_dir / "snapshots.sqlite"),
        journal,
        DiskVault(settings.state_dir),
        settings.tape_zip_routes,
        tapes_at_once(CLUSTER_WORKERS if settings.dask else None),
        clock,
    )
    try:
        yield world
    finally:
        await converter.close()
        await docs.close()
        await repos.close()
        await objects.close()
        await journal.close()


def journal_of(settings: Settings) -> SqliteJournal:
    """The journal of these settings' state dir; needs no server. To be closed at the end."""
    return SqliteJournal(settings.state_dir / "journal.sqlite")
