"""What a run of the past was, in words: who, what, when, from where. Pure: an account in, content out."""

from __future__ import annotations

import os
import time

from textual.content import Content

from acconsole.console import figures
from acconsole.console.inert import inert
from acconsole.console.past import listing
from acconsole.console.past.account import Account
from acconsole.console.texts import folded
from acconsole.console.widgets.line import ends
from acconsole.engine.history import Ending, RunRecord, RunSummary
from acconsole.engine.plan import Tally

LINES = 4
"""So many lines of one fact are shown."""


def title(run: RunSummary, width: int) -> Content:
    """What it did to whom, and how it ended."""
    left = Content.assemble(
        " ",
        inert(run.action.capitalize(), 12, "bold"),
        " ",
        listing.who(run, 32).stylize("bold $pick"),
        ("  live run" if run.live else "  dry run", "$mute"),
        (f"  run {run.run}", "$mute"),
    )
    return ends(left, Content.assemble(listing.ended(run), " "), width)


def facts(account: Account, now: float, width: int) -> Content:
    """Who ran it, from where, with which options, what it came to, and where its backup is."""
    record = account.record
    lines = [line for fact in _facts(record, now) for line in folded([fact], width)[:LINES]]
    return Content("\n").join(lines)


def _facts(record: RunRecord, now: float) -> list[tuple[str, str]]:
    run, began = record.summary, record.beginning
    spent = f", took {listing.took(run, now)}" if run.ended else ""
    facts = [(_state(run, now), "bold $todo")] if run.ended is None else []
    facts += [
        (f"Began {moment(run.began)}{spent}", ""),
        (
            f"By {began.login} on {began.host}, process {began.pid}; profile {began.profile}, "
            f"acconsole {began.version}; PDS {run.pds}",
            "$mute",
        ),
        (f"Options: {options(record)}", "$mute"),
        (_came_to(record), "bold"),
    ]
    if folders := record.backups:
        facts.append((_backups(folders), ""))
    if record.result and (report := record.result.get("report")):
        facts.append((f"Report: {report}/report.txt, .json, .csv", ""))
    return facts


def _state(run: RunSummary, now: float) -> str:
    if run.ending is Ending.RUNNING:
        return f"It is going on, for {figures.span(now - run.began)} now."
    if not run.live:
        return "It died before its end. It was a dry run: nothing was written."
    return (
        "It died before its end. What was sent last may be done or not: "
        "a new plan, or an undo, goes on from what is there."
    )


def options(record: RunRecord) -> str:
    """The options that a run was given, those left out that were not."""
    told = {**record.beginning.options}
    for name in ("types", "users"):
        if (values := told.get(name)) is not None:
            told[name] = figures.plural(len(values), "user") if name == "users" else ", ".join(values)
    words = {name.replace("_", " "): value for name, value in told.items() if value not in (None, False, "")}
    parts = [
        (f"{value} alone" if name == "users" else name if value is True else f"{name} {value}")
        for name, value in words.items()
    ]
    return "; ".join(parts) or "none"


def did(tally: Tally) -> str:
    """What was done, in words; empty for nothing."""
    words = {"create": "created", "update": "updated", "delete": "deleted", "relink": "relinked"}
    counts = tally.as_json()
    parts = [f"{counts[name]:,} {word}" for name, word in words.items() if counts[name]]
    return ", ".join([*parts, *([figures.plural(tally.blobs, "blob")] if tally.blobs else [])])


def _came_to(record: RunRecord) -> str:
    run, result = record.summary, record.result
    failed = f"; {run.failed:,} failed" if run.failed else ""
    if run.live:
        return f"Done: {did(run.done) or 'nothing'}{failed}"
    planned = did(Tally(**result["planned"])) if result else ""
    return f"Would have been done: {planned or 'nothing'}; nothing was written{failed}"


def _backups(folders: list[str]) -> str:
    if len(folders) == 1:
        return f"Backup: {folders[0]}"
    return f"Backups: {len(folders):,} folders in {os.path.commonpath(folders)}"


def moment(epoch: float) -> str:
    """A date and a time of day, on this machine's clock."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(epoch))
