"""A run in words, numbers and bars. Pure: progress and a time in, content out."""

from __future__ import annotations

from textual.content import Content

from acconsole.console import figures
from acconsole.console.bars import bar, sparkline
from acconsole.console.inert import fold, inert
from acconsole.console.progress import LogLine, Progress, Track
from acconsole.console.session import RolloutRun, Run
from acconsole.console.stages import stage_bar
from acconsole.console.widgets.line import cell, ends
from acconsole.engine import gauges
from acconsole.engine.plan import Tally

CAUSES = 4
"""So many causes of failure are shown, the most frequent first; the log has all."""


def title(run: Run, now: float, width: int) -> Content:
    """What runs, on whom, since when."""
    progress = run.progress
    mode = Content.styled("live run" if run.live else "dry run", "$mute")
    if run.live and not run.over:
        mode = Content.styled(" ◆ LIVE ◆ ", "bold $live-text on $live")
    left = Content.assemble(
        " ",
        (run.plan.action.capitalize(), "bold"),
        " ",
        inert(run.plan.user.name, 24, "bold $pick"),
        "  ",
        mode,
        (f"  run {progress.run}" if progress.run and width >= 90 else "", "$mute"),
        (f"  started {figures.clock(progress.started_at)}", "$mute"),
    )
    spent = (progress.ended_at or now) - progress.started_at
    waits = progress.waiting is not None and not run.over
    return ends(left, Content.assemble(state(run, waits=waits), (f" {figures.span(spent)} ", "$mute")), width)


def state(run: Run | RolloutRun, *, waits: bool = False) -> Content:
    """How a run is doing, in a word."""
    if run.over:
        result = run.progress.result
        word = "ended" if run.progress.error else "stopped" if result and result.stopped else "finished"
        return Content.styled(word, "bold")
    if run.cancelling or run.stop.requested:
        return Content.styled("cancelling" if run.cancelling else "stopping", "bold $todo")
    if run.stop.paused:
        return Content.styled("paused", "bold $todo")
    return Content.styled("waiting", "bold $todo") if waits else Content.styled("running", "bold")


def bars(progress: Progress, now: float, width: int) -> Content:
    """A bar for all, then one a media type."""
    lines = [_track("all", progress.all, _left(progress, now), width, "bold")]
    lines += [_track(kind.value, track, _blobs(track), width, "") for kind, track in progress.tracks.items()]
    return Content("\n").join(lines)


def _left(progress: Progress, now: float) -> str:
    track = progress.all
    share = f"{100 * track.passed // max(track.total, 1)} %"
    left = progress.seconds_left(now)
    return f"{share:>5}   {figures.span(left)} left" if left is not None else share.rjust(5)


def _blobs(track: Track) -> str:
    if not track.blobs_total:
        return ""
    size = f" {figures.size(track.blob_bytes)}" if track.blobs else ""
    return f"blobs {track.blobs:,}/{track.blobs_total:,}{size}"


def _track(name: str, track: Track, note: str, width: int, weight: str) -> Content:
    counts = f"{track.passed:,}/{track.total:,}"
    cells = width - 12 - 14 - 24
    going = min(track.doing, track.total - track.passed)
    shown = bar(
        cells,
        track.total,
        (track.done + track.left_out, "$work"),
        (track.failed, "$bad"),
        (going, "$work-back"),
        # A single failure among thousands is seen.
        least=8 if track.failed else 1,
    )
    note = note if len(note) <= 22 else note[:22]
    return Content.assemble(
        " ", cell(name, 11, weight, right=False), shown, cell(counts, 14, weight), "  ", (note, "$mute")
    )


def videos(progress: Progress, width: int, lines: int) -> Content:
    """How many videos are made, and a bar for each tape on its way, in at most `lines` lines."""
    found = progress.videos
    tapes = sorted(found.on_the_way.items(), key=lambda each: -each[1].share)
    count = f"{found.made:,}/{max(progress.plan.videos, found.made):,}"
    parts = [Content.assemble(" ", cell("videos", 11, right=False), (f"{count} made", "bold"))]
    shown = tapes[: max(lines - 1, 1)]
    if len(tapes) > len(shown):
        parts[0] = Content.assemble(parts[0], (f"   {len(tapes):,} on their way", "$mute"))
    for ref, tape in shown:
        name = cell(inert(found.name(ref), 9), 11, "$mute", right=False)
        parts.append(Content.assemble(" ", name, stage_bar(tape.stage, tape.share, min(width - 13, 60))))
    return Content("\n").join(parts)


def pace(progress: Progress, now: float, width: int) -> Content:
    """Items a second, and the points: this run's, and what the PDS has told of its window."""
    rate, wide = progress.rate(now), width >= 90
    line = sparkline(progress.columns(now), 20 if wide else 10)
    noun = "items/s" if progress.live else "looked at/s"
    parts: list[tuple[str, str]] = [
        (f" {noun} ", "$mute"),
        (line, "$work"),
        (f" {rate:,.0f}", "bold"),
    ]
    waits = progress.waiting
    if wide or not waits:
        parts += [("    points ", "$mute"), (f"{progress.points:,}", "bold")]
    waiting: list[tuple[str, str]] = []
    if waits:
        waiting = [("    waits ", "$todo"), (figures.span(max(waits.until - now, 0)), "bold $todo")]
    gauge = _gauge(progress, now, 16 if wide else 0 if waits else 6)
    return Content.assemble(*parts, gauge, *waiting).truncate(width, ellipsis=True)


def _gauge(progress: Progress, now: float, cells: int) -> Content:
    """How much of the tightest budget is used."""
    if progress.bypassed:
        return Content.styled("    limits bypassed", "$todo")
    budget = progress.gauges.tightest(progress.ended_at or now)
    if budget is None:
        return Content()
    full = "$todo" if budget.remaining * 10 < budget.limit else "$work"
    gap = " " if cells else ""
    return Content.assemble(
        (f"    {gauges.name(budget)} ", "$mute"),
        bar(cells, budget.limit, (budget.used, full)),
        (f"{gap}{budget.used:,}/{budget.limit:,}", ""),
    )


def failures(progress: Progress, width: int) -> Content:
    """Failures by cause, the most frequent first."""
    lines = [Content.styled(f" failures {progress.failures.total():,}", "bold $bad")]
    for (what, reason), count in progress.failures.most_common(CAUSES):
        lines.append(
            Content.assemble(
                (f" ×{count:<6,}", "bold $bad"),
                cell(inert(what, 12), 13, right=False),
                inert(reason, width - 24),
            )
        )
    if len(progress.failures) > CAUSES:
        lines.append(
            Content.styled(f"  and {len(progress.failures) - CAUSES:,} more causes: see the log", "$mute")
        )
    return Content("\n").join(lines)


def outcome(run: Run, width: int) -> Content:
    """How it ended and what to do next; while it is stopping, what that means."""
    if not run.over:
        return _lines(
            "Cancelling at once: the batch on its way is seen to its end, then nothing more is sent."
            if run.cancelling
            else "Stopping after the batch on its way. s again cancels at once."
            if run.stop.requested
            else "Paused: the batch on its way is seen to its end, then nothing more is sent. p goes on.",
            "",
            width,
            "$todo",
        )
    progress = run.progress
    if progress.error:
        return _lines(f"{progress.error.title}. {progress.error.message}", progress.error.hint, width, "$bad")
    assert progress.result is not None
    result, name = progress.result, run.plan.user.name
    head = (
        f"{_done(result.done)} in {figures.span(result.seconds)}."
        if run.live
        else f"Dry run: would {_would(progress.plan.tally())}. Nothing was written."
    )
    if result.stopped:
        head = f"Stopped. {head}" if run.live else "Dry run stopped. Nothing was written."
    if result.failed:
        head += f" {figures.plural(len(result.failed), 'failure')}."
    return _lines(head, _next(run, name), width, "$bad" if result.failed else "$good")


def _next(run: Run, name: str) -> str:
    result = run.progress.result
    if result and (result.failed or result.stopped):
        return f"Esc, then plan again: it goes on with what is left of {name}."
    if not run.live:
        return f"Esc goes back to {name}: the same plan can be run live from there."
    backup = f" Backup: {result.backup}" if result and result.backup else ""
    return f"Esc goes back; the verdicts of {name} are read again.{backup}"


def _would(tally: Tally) -> str:
    parts = [f"{name} {count:,}" for name, count in tally.as_json().items() if count and name != "blobs"]
    return ", ".join(parts) or "do nothing"


def _done(tally: Tally) -> str:
    words = (("create", "created"), ("update", "updated"), ("delete", "deleted"), ("relink", "relinked"))
    counts = tally.as_json()
    parts = [f"{counts[name]:,} {word}" for name, word in words if counts[name]]
    return ", ".join(parts) or "Nothing to do"


def _lines(head: str, detail: str, width: int, colour: str) -> Content:
    lines = [Content.styled(f" {line}", f"bold {colour}") for line in fold(head, width - 2, 3)]
    lines += [Content.styled(f" {line}", "$mute") for line in fold(detail, width - 2, 3)] if detail else []
    return Content("\n").join(lines)


def log_line(line: LogLine, width: int) -> Content:
    """One line of the log."""
    return Content.assemble(
        (f"{figures.clock(line.at)} ", "$faint"), inert(line.text, max(width - 9, 8), line.tone)
    )
