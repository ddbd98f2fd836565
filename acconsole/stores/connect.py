"""From settings to an engine over the real stores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from acconsole.engine.ports import World, tapes_at_once
from acconsole.engine.sync import Engine
from acconsole.settings import Settings
from acconsole.stores.journal import SqliteJournal

CLUSTER_WORKERS = 7
"""How many workers of a cluster are kept busy: as many as a run makes ready together."""


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Engine]:
    """An engine over the settings' Mongo, PDS and storage; closed at the end. Raises `SettingsError`.

    Nothing is asked of any server before the engine is used.
    """
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
    repos = PdsRepos(settings.pds_url, key.get_secret_value() if key else None)
    objects = HttpObjects(settings.site_url, settings.storage_url)
    converter = Conversions(settings.state_dir / "conversions", settings.dask)
    sourceless = SqliteSourceless(
        settings.state_dir / "sourceless.sqlite", settings.site_url, settings.storage_url
    )
    journal = journal_of(settings)
    world = World(
        docs,
        repos,
        objects,
        converter,
        sourceless,
        SqliteSnapshots(settings.state_dir / "snapshots.sqlite"),
        journal,
        settings.tape_zip_routes,
        tapes_at_once(CLUSTER_WORKERS if settings.dask else None),
    )
    try:
        yield Engine(
            world, state_dir=settings.state_dir, read_only=settings.read_only, profile=settings.profile
        )
    finally:
        await converter.close()
        await docs.close()
        await repos.close()
        await objects.close()
        await journal.close()


def journal_of(settings: Settings) -> SqliteJournal:
    """The journal of these settings' state dir; needs no server. To be closed at the end."""
    return SqliteJournal(settings.state_dir / "journal.sqlite")
