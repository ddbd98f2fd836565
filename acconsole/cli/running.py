"""The commands that may write: restore, wipe."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import click

from acconsole import settings
from acconsole.cli import show, verify
from acconsole.cli.history import tell_died
from acconsole.cli.interrupt import interruptible
from acconsole.cli.progress import Progress
from acconsole.engine import search
from acconsole.engine.events import Finished, RunResult, Stop
from acconsole.engine.guard import Guard
from acconsole.engine.model import User
from acconsole.engine.plan import Plan
from acconsole.engine.sync import Engine
from acconsole.errors import AcError, Exit, Unconfirmed
from acconsole.inert import drawn
from acconsole.media.base import MediaType
from acconsole.stores.connect import connect


@dataclass(frozen=True)
class Options:
    """What the command line said of a run."""

    kinds: tuple[MediaType, ...]
    codes: tuple[str, ...]
    live: bool
    yes: bool
    wait: bool
    as_json: bool
    quiet: bool
    max_deletes: int | None = None
    prune: bool = False
    retry_blocked: bool = False
    confirm: str | None = None


async def restore(handle: str, options: Options) -> Exit:
    """Plan a restore, show it, and run it."""
    async with engine_for(handle) as (engine, user):
        plan = await engine.plan_restore(
            user,
            options.kinds,
            codes=options.codes,
            prune=options.prune,
            retry_blocked=options.retry_blocked,
        )
        return await carry_out(engine, plan, options, handle)


async def wipe(handle: str, options: Options) -> Exit:
    """Plan a wipe, show it, and run it."""
    async with engine_for(handle) as (engine, user):
        plan = await engine.plan_wipe(user, options.kinds, codes=options.codes)
        return await carry_out(engine, plan, options, handle)


@asynccontextmanager
async def engine_for(handle: str) -> AsyncIterator[tuple[Engine, User]]:
    async with connect(settings.load(os.environ)) as engine:
        yield engine, search.resolve(await engine.users(), handle)
        if engine.trouble:
            print(drawn(engine.trouble), file=sys.stderr)


async def carry_out(engine: Engine, plan: Plan, options: Options, typed: str) -> Exit:
    on_terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if not options.as_json:
        print(show.plan(plan, options.live, engine.outlook(plan)), flush=True)
    if options.live and not plan.is_empty:
        _refuse_early(engine, plan, options, typed)
        if on_terminal and not options.yes:
            _ask(plan)
    if options.live and not options.quiet:
        await tell_died(engine, plan)
    stop, result, trouble = Stop(), None, None
    progress = Progress(plan, sys.stderr, quiet=options.quiet or (options.as_json and not on_terminal))
    with interruptible(stop):
        try:
            async for event in engine.run(
                plan,
                live=options.live,
                confirmed=options.confirm,
                typed=typed,
                max_deletes=options.max_deletes,
                stop=stop,
                wait=options.wait or on_terminal,
            ):
                progress.take(event)
                if isinstance(event, Finished):
                    result = event.result
        except AcError as error:
            trouble = error
        finally:
            progress.close()
        afterwards = await verify.after(engine, plan, result, stop)
    if result is None:
        raise trouble or AssertionError("a run ends with its result or an error")
    account = {**result.as_json(), **afterwards.as_json()}
    texts = [json.dumps(account)] if options.as_json else [show.result(result), afterwards.told()]
    if text := "\n".join(filter(None, texts)):
        print(text)
    return trouble.exit_status if trouble else afterwards.exit(_exit(result))


def _exit(result: RunResult) -> Exit:
    if result.stopped:
        return Exit.INTERRUPTED
    return Exit.ITEMS_FAILED if result.failed else Exit.OK


def _refuse_early(engine: Engine, plan: Plan, options: Options, typed: str) -> None:
    """Refuse before the question is asked what would be refused after it."""
    Guard.open(
        plan,
        live=True,
        read_only=engine.read_only,
        max_deletes=options.max_deletes,
        confirmed=options.confirm,
        typed=typed,
    )


def _ask(plan: Plan) -> None:
    tally = plan.tally()
    question = f"Write these {tally.items:,} changes of {plan.user.name} at {plan.host}?"
    if not click.confirm(question, default=False, err=True):
        raise Unconfirmed("The question was answered with no.", "Nothing was written.")
