"""The report of a rollout: as text for people, as JSON and CSV for everything else."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from acconsole.engine.plan import Tally
from acconsole.engine.rollout.account import RolloutResult, Row, UserEnd
from acconsole.inert import drawn

CAUSES = 10
"""Causes of failures that the text names; the others are in the JSON and the CSV."""
_COUNTS = tuple(field.name for field in fields(Tally))
_FIELDS = ("handle", "user", "did", "end", "attempts", "failed", "points", "seconds", "reason")


def write(folder: Path, result: RolloutResult, rows: Sequence[Row]) -> None:
    """Write `report.txt`, `report.json` and `report.csv`, for their owner's eyes. Raises `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    listed = [row.as_json() for row in rows]
    whole = {**result.as_json(), "rows": listed}
    _put(folder / "report.txt", text(result, rows) + "\n")
    _put(folder / "report.json", json.dumps(whole, indent=1))
    _put(folder / "report.csv", _csv(listed))


def _put(path: Path, content: str) -> None:
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8", errors="backslashreplace")


def _csv(rows: Sequence[dict[str, object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    numbered = [f"{part}_{name}" for part in ("planned", "done") for name in _COUNTS]
    writer.writerow([*_FIELDS, *numbered])
    for row in rows:
        counts = [_count(row[part], name) for part in ("planned", "done") for name in _COUNTS]
        writer.writerow([*(_cell(row[name]) for name in _FIELDS), *counts])
    return out.getvalue()


def _count(tally: object, name: str) -> object:
    assert isinstance(tally, dict)
    return tally[name]


def _cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula: names and reasons may hold what users wrote."""
    if not isinstance(value, str):
        return "" if value is None else value
    shown = drawn(value)
    return f"'{shown}" if shown[:1] in "=+-@" and shown[:1] else shown


def text(result: RolloutResult, rows: Sequence[Row]) -> str:
    """What the rollout came to, in some lines."""
    ends = dict(result.ends)
    lines = [
        f"Rollout {result.run}, {'live' if result.live else 'dry run'}: {result.looked:,} users looked at,"
        f" {result.in_sync:,} in sync before.",
        ", ".join(f"{ends[end]:,} {_WORDS[end]}" for end in UserEnd if ends.get(end)) + "."
        if any(ends.values())
        else "Nothing was to be done.",
    ]
    if result.why:
        lines.append(f"It was stopped: {result.why}")
    causes = Counter(row.reason for row in rows if row.reason)
    if causes:
        lines.append("By cause:")
        lines += [f"  {count:>6,}  {reason}" for reason, count in causes.most_common(CAUSES)]
    if len(causes) > CAUSES:
        lines.append(f"  … and {len(causes) - CAUSES:,} more causes")
    return "\n".join(map(drawn, lines))


_WORDS = {
    UserEnd.DONE: "done",
    UserEnd.FAILED: "with failures",
    UserEnd.LEFT_OUT: "left out",
    UserEnd.NOT_BEGUN: "not begun or not done to the end",
}
