"""`acconsole undo`: taking a run back."""

from __future__ import annotations

import json
import os
import sys

from acconsole import settings
from acconsole.cli import rolling
from acconsole.cli.rolling import How
from acconsole.cli.running import Options, carry_out
from acconsole.engine.events import RunResult
from acconsole.engine.history import RunRecord
from acconsole.engine.plan import Tally
from acconsole.engine.sync import Engine
from acconsole.errors import Exit
from acconsole.inert import drawn
from acconsole.stores.connect import connect


async def undo(run: str, options: Options) -> Exit:
    """Plan the way back of a run, show it, and run it."""
    async with connect(settings.load(os.environ)) as engine:
        record = await engine.run_record(run)
        status = await _undo(engine, record, options)
        if engine.trouble:
            print(drawn(engine.trouble), file=sys.stderr)
        return status


async def _undo(engine: Engine, record: RunRecord, options: Options) -> Exit:
    run = record.summary
    touched = await engine.undo_users(run.run)
    if not options.as_json:
        what = "did nothing that could be taken back" if run.live else "was a dry run, which writes nothing"
        about = f"Run {run.run}, {run.action} of {run.who}"
        print(drawn(about if touched else f"{about}, {what}."), flush=True)
    if not touched and len(run.users) != 1:
        nothing = RunResult(run.run, "undo", options.live, Tally(), Tally())
        print(json.dumps(nothing.as_json()) if options.as_json else "Nothing to do.")
        return Exit.OK
    if len(run.users) != 1:
        return await rolling.carry_out(engine, await engine.survey_undo(run.run), How.of(options))
    plan = await engine.plan_undo(run.run)
    return await carry_out(engine, plan, options, plan.user.name)
