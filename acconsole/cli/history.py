"""`acconsole history`: the runs of this machine, from its journal. Needs no server, and settings for none."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from acconsole import settings
from acconsole.cli import show
from acconsole.engine.history import BatchRecord, Ending, Outcome, RunRecord, RunSummary
from acconsole.engine.plan import Plan, Tally
from acconsole.engine.sync import Engine
from acconsole.errors import Exit
from acconsole.inert import drawn
from acconsole.stores.connect import journal_of


async def history(run: str | None, limit: int, as_json: bool) -> Exit:
    """Show past runs, or one in full."""
    journal = journal_of(settings.load(os.environ))
    try:
        if run is None:
            runs = await journal.history(limit)
            print(json.dumps([each.as_json() for each in runs]) if as_json else _table(runs))
        else:
            record = await journal.record(run)
            print(json.dumps(record.as_json()) if as_json else in_full(record))
    finally:
        await journal.close()
    if journal.trouble:
        print(drawn(journal.trouble), file=sys.stderr)
    return Exit.OK


async def tell_died(engine: Engine, plan: Plan) -> None:
    """Tell on stderr of earlier live runs on the plan's user that died."""
    undone = plan.undoes.run if plan.undoes else None
    for run in await engine.died():
        if plan.user.id in run.users and run.run != undone:
            told = f"Run {run.run} ({run.action} of {run.who}, {_when(run.began)}) died before its end."
            print(drawn(f"{told} This run goes on from what Mongo and the PDS hold."), file=sys.stderr)


def _table(runs: Sequence[RunSummary]) -> str:
    if not runs:
        return "There are no runs yet."
    head = ("run", "when", "action", "who", "mode", "done", "failed", "how it ended")
    rows = [
        (
            *(run.run, _when(run.began), run.action, run.who, run.mode),
            *(show.number(run.done.items), show.number(run.failed), run.ending.value),
        )
        for run in runs
    ]
    return show.table(head, rows, right=range(5, 7))


def in_full(record: RunRecord) -> str:
    """One run, for people."""
    run, began = record.summary, record.beginning
    took = "" if run.ended is None else f", took {show.duration(run.ended - run.began)}"
    options = [f"{name} {value}" for name, value in _said(record)]
    lines = [
        f"Run {run.run}   {run.action} of {run.who}   {run.mode}   {run.ending}",
        f"Began {_when(run.began)}{took}; {', '.join(options)}",
        f"By {began.login} on {began.host}, process {began.pid}, profile {began.profile}, "
        f"acconsole {began.version}; PDS {run.pds}",
        f"Done: {show.tally_line(run.done, len(record.blocked))}",
        *(f"Backup: {folder}" for folder in record.backups),
        *show.items([_item(each) for each in record.failed], "failed"),
        *show.items([_item(each, each["field"]) for each in record.blocked], "blocked"),
    ]
    shown = [drawn(line) for line in lines]
    back = run.live and run.ending is not Ending.RUNNING and (record.batches or record.cleared)
    hint = [f"To take it back: acconsole undo {run.run}"] if back else []
    return "\n".join([*shown, *_batches(record.batches), *hint])


def _said(record: RunRecord) -> list[tuple[str, object]]:
    """The options that a run was given, those left out that were not."""
    told = {**record.beginning.options, "types": ",".join(record.beginning.options.get("types", []))}
    return [(name, value) for name, value in told.items() if value not in (None, False, "")]


def _item(item: Mapping[str, Any], field: str = "") -> str:
    named = f"{item['type']} {item['id'] or item.get('rkey')}" if item["type"] else item["handle"]
    return f"{named}: {f'{field} ' if field else ''}{item['reason']}"


def _batches(batches: Sequence[BatchRecord]) -> list[str]:
    """A table of the batches, the first of them when there are many."""
    if not batches:
        return []
    head = ("batch", "type", "create", "update", "delete", "relink", "linked", "what came of it")
    rows = [_row(batch) for batch in batches[: show.SHOWN]]
    more = len(batches) - show.SHOWN
    end = [f"… and {more:,} more: see --json"] if more > 0 else []
    return [show.table(head, rows, right=range(2, 7)), *end]


def _row(batch: BatchRecord) -> tuple[str, ...]:
    count = Counter(each.action.value for each in batch.operations)
    linked = sum(each.linked for each in batch.operations)
    counts = [count[name] for name in Tally().as_json() if name != "blobs"]
    number = show.number(batch.number) if batch.number else "Mongo"
    return (number, batch.kind.value, *map(show.number, [*counts, linked]), _came_of(batch))


def _came_of(batch: BatchRecord) -> str:
    if batch.commit:
        return f"commit {batch.commit}"
    if batch.refusal:
        return f"refused: {batch.refusal}"
    if all(each.outcome is Outcome.CONFIRMED for each in batch.operations):
        return "told to Mongo" if not batch.number else "found done"
    return "no answer"


def _when(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
