"""Plans in files: `restore --out` and `apply`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from acconsole.cli.files import write_all
from acconsole.cli.running import Options, carry_out, engine_for
from acconsole.engine.draft import Choice
from acconsole.engine.saved import SavedPlan
from acconsole.errors import Exit, UsageError
from acconsole.inert import drawn

MAX_PLAN = 256_000_000


async def save(handle: str, file: Path, options: Options) -> Exit:
    """Plan a restore, put the plan into a file, and run it dry."""
    if options.live:
        raise UsageError("--out only plans; --live runs.", "Look at the file, then say: apply FILE --live.")
    async with engine_for(handle) as (engine, user):
        chosen = Choice(options.kinds, options.codes, (), options.prune, options.retry_blocked)
        saved = await engine.saved_restore(user, chosen)
        await asyncio.to_thread(write_all, {file: saved.to_bytes()}, mode=0o600)
        status = await carry_out(engine, saved.plan, options, handle)
    if not options.as_json:
        print(drawn(f"Saved in {file}. To run exactly this: acconsole apply {file} --live"))
    return status


async def apply(file: Path, options: Options) -> Exit:
    """Show a saved plan, or run exactly it, unless it has gone stale."""
    saved = SavedPlan.from_bytes(await asyncio.to_thread(_read, file))
    async with engine_for(saved.plan.user.id) as (engine, user):
        plan = await engine.renewed(saved, user)
        return await carry_out(engine, plan, options, user.name)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_PLAN)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
