"""What the commands print for people: tables of plain text."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from acconsole.engine.events import RunResult
from acconsole.engine.model import Verdict
from acconsole.engine.outlook import Outlook
from acconsole.engine.plan import Plan, Tally
from acconsole.engine.written import Verified
from acconsole.inert import drawn

SHOWN = 20
"""How many blocked or failed items are listed; `--json` has them all."""


def users(listed: Sequence[dict[str, Any]]) -> str:
    """A line a user."""
    if not listed:
        return "Nobody fits."
    columns = ("handle", "code", "account", "pds_handle", "did")
    rows = [tuple(user[name] or "-" for name in columns) for user in listed]
    return table(("handle", "code", "account", "PDS handle", "DID"), rows)


def statuses(states: Sequence[dict[str, Any]]) -> str:
    """A table a user, with a blank line between two."""
    return "\n\n".join(map(_status, states)) if states else "There are no users."


def _status(state: dict[str, Any]) -> str:
    rev = state["rev"] and f"rev {state['rev']}"
    names = (state["handle"] or state["id"], state["pds_handle"], state["did"], rev)
    head = drawn("  ".join(name for name in names if name))
    if state.get("error"):
        head += f"\n{drawn(state['error'])}"
    if not state["types"]:
        return head
    signs = [f"{verdict.sign} {verdict}" for verdict in Verdict]
    rows = [
        (kind, *(number(counts[name]) for name in ("docs", "records", *Verdict)))
        for kind, counts in state["types"].items()
    ]
    end = "In sync." if state["in_sync"] else "Not in sync."
    return f"{head}\n{table(('type', 'docs', 'records', *signs), rows, right=range(1, 11))}\n{end}"


def json_list(texts: Iterable[str], out: TextIO, end: str = "\n") -> None:
    """JSON texts as one list, without holding them all."""
    out.write("[")
    for index, text in enumerate(texts):
        out.write(f", {text}" if index else text)
    out.write(f"]{end}")


def plan(chosen: Plan, live: bool, outlook: Outlook) -> str:
    """What a run will do, in numbers, before it does it."""
    user = chosen.user
    where = f"{user.pds_handle or 'no account'} on {chosen.host}"
    head = f"{chosen.action.capitalize()} {user.name}   {where}   {'LIVE' if live else 'dry run'}"
    if chosen.problem:
        return drawn(head) + "\n" + drawn(chosen.problem)
    tally = chosen.tally()
    lines = [head, tally_line(tally, len(chosen.blocked))]
    if chosen.points:
        lines.append(outlook.words(lambda seconds: f"about {duration(seconds)}"))
    if fact := videos(chosen):
        lines.append(fact)
    left_out = [f"{each.kind} {each.ref}: {each.field} {each.reason}" for each in chosen.blocked]
    lines += items(left_out, "blocked")
    skipped = [f"{each.kind} {each.ref or each.rkey}: {each.reason}" for each in chosen.skipped]
    lines += items(skipped, "skipped")
    if chosen.is_empty:
        lines.append("Nothing to do.")
    return "\n".join(map(drawn, lines))


def videos(chosen: Plan) -> str | None:
    """What there is to know of the videos that a plan makes, if it does."""
    if not chosen.videos:
        return None
    made = "1 video is made" if chosen.videos == 1 else f"{chosen.videos:,} videos are made"
    if chosen.blob_limit is None:
        return f"{made}."
    return f"{made}; one over {size(chosen.blob_limit)} is encoded again to fit the PDS."


def result(made: RunResult) -> str:
    """What a run did, once it is over."""
    lines = []
    if made.live:
        spent = f"{made.pds_requests:,} requests to the PDS, {made.points:,} points"
        lines = [f"Done: {tally_line(made.done, 0)}", f"{spent}, {duration(made.seconds)}"]
    elif made.planned.items:
        lines = ["Nothing was written. Say --live to run it."]
    if made.backup:
        lines.append(f"Backup: {made.backup}")
    if made.live and made.blocked:
        lines.append(f"{len(made.blocked):,} blocked: they were left as they are.")
    if made.live and made.skipped:
        lines.append(f"{len(made.skipped):,} skipped: they were left as they are.")
    lines += items([_failure(failure.as_json()) for failure in made.failed], "failed")
    if made.stopped:
        lines.append("Stopped. What was done stays done, and the next run goes on from it.")
    if made.resume_at:
        lines.append(f"The window opens at {time.strftime('%H:%M:%S', time.localtime(made.resume_at))}.")
    return "\n".join(map(drawn, lines))


def _failure(failure: dict[str, Any]) -> str:
    if failure["type"] is None:
        return f"{failure['handle']}: {failure['reason']}"
    return f"{failure['type']} {failure['id'] or failure['rkey']}: {failure['reason']}"


def verified(checked: int, users: int, blobs: int | None) -> str:
    """What a verification looked at."""
    of_users = "1 user" if users == 1 else f"{users:,} users"
    fetched = "" if blobs is None else f"; {blobs:,} blobs were fetched"
    return f"Checked {checked:,} docs and orphaned records of {of_users}{fetched}."


def problem(found: dict[str, Any]) -> str:
    """One problem in a line, from its JSON."""
    user = found["handle"] or found["user"]
    names = (user, *(found[name] for name in ("type", "id", "rkey", "verdict", "field")))
    return drawn(f"{' '.join(filter(None, names))}: {found['detail']}")


def problems(first: Sequence[dict[str, Any]], count: int) -> list[str]:
    """A heading and the first of so many problems."""
    return items([problem(each) for each in first[:SHOWN]], "problem" if count == 1 else "problems", count)


def written(done: Verified) -> str:
    """What a live restore's own verification came to."""
    right = done.checked - done.wrong
    lines = [f"Verified: {right:,} of {done.checked:,} records are as planned."]
    return "\n".join([*lines, *problems([each.as_json() for each in done.problems], len(done.problems))])


def items(texts: Sequence[str], what: str, count: int | None = None) -> list[str]:
    """A heading and the first of a list of items; `count` says how many there are when not all are here."""
    if not texts:
        return []
    count = len(texts) if count is None else count
    more = [f"  … and {count - SHOWN:,} more: see --json"] if count > SHOWN else []
    return [f"{count:,} {what}:", *(f"  {text}" for text in texts[:SHOWN]), *more]


def tally_line(tally: Tally, blocked: int) -> str:
    """Operations in one line."""
    parts = [
        f"+ create {tally.create:,}",
        f"* update {tally.update:,}",
        f"~ relink {tally.relink:,}",
        f"- delete {tally.delete:,}",
        f"blobs {tally.blobs:,}",
    ]
    return "   ".join([*parts, f"! blocked {blocked:,}"] if blocked else parts)


def number(count: int) -> str:
    """A count with its thousands parted; zero is a dot."""
    return f"{count:,}" if count else "·"


def size(count: int) -> str:
    """Bytes as a person says them, in decimal units."""
    for unit, step in (("MB", 1_000_000), ("KB", 1_000)):
        if count >= step:
            return f"{count / step:,.1f} {unit}"
    return f"{count} bytes"


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: range = range(0)) -> str:
    """Rows under their headings, in columns as wide as they need be."""
    shown = [list(head), *([drawn(str(cell)) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in shown
    )
