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
from acconsole.inert import drawn, in_cell

CAUSES = 10
"""Causes of failures that the text names; the others are in the JSON and the CSV."""
_COUNTS = tuple(field.name for field in fields(Tally))
_FIELDS = ("handle", "user", "did", "end", "attempts", "failed", "points", "seconds", "reason")


def write(folder: Path, result: RolloutResult, rows: Sequence[Row]) -> None:
    """Write `report.txt`, `report.json` and `report.csv`, for their owner's eyes. Raises `OSError`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    listed = [row.as_json() for row in rows]
    whole = {**result.as_json(), "rows": listed}
    _put(folder / "report.txt", summary(result) + "\n")
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
    if isinstance(value, str):
        return in_cell(value)
    return "" if value is None else value


def summary(result: RolloutResult) -> str:
    """What the rollout came to, in some lines."""
    mode = "live" if result.live else "dry run"
    before = f"{result.looked:,} users looked at, {result.in_sync:,} in sync"
    lines = [f"{result.action.capitalize()} {result.run}, {mode}: {before}.", _ends(result)]
    if result.why:
        lines.append(f"It was stopped: {result.why}")
    causes = Counter(failure.cause for failure in result.failed)
    if len(causes) > 1:
        lines.append("Failures by cause:")
        lines += [f"  {count:>6,}  {cause}" for cause, count in causes.most_common(CAUSES)]
    if len(causes) > CAUSES:
        lines.append(f"  … and {len(causes) - CAUSES:,} more causes")
    return "\n".join(map(drawn, lines))


def _ends(result: RolloutResult) -> str:
    words = _WORDS if result.live else {**_WORDS, UserEnd.DONE: "with something to do"}
    told = [f"{count:,} {words[end]}" for end, count in result.ends if count]
    return f"{', '.join(told)}." if told else "Nothing was to be done."


_WORDS = {
    UserEnd.DONE: "done",
    UserEnd.FAILED: "with failures",
    UserEnd.LEFT_OUT: "left out",
    UserEnd.NOT_BEGUN: "not done to the end",
}
