"""A rollout in words, numbers and bars. Pure: a run and a time in, content out."""

from __future__ import annotations

from textual.content import Content

from acconsole.console import figures, runview
from acconsole.console.bars import bar, sparkline
from acconsole.console.inert import inert
from acconsole.console.progress import Track
from acconsole.console.rollout.progress import RolloutProgress
from acconsole.console.session import RolloutRun
from acconsole.console.widgets.line import cell, ends
from acconsole.engine import gauges
from acconsole.media.base import MediaType

_NAME, _COUNTS, _NOTE = 9, 18, 20
"""Cells of a bar's name, of its numbers, and of what is said behind them."""

Part = tuple[str, str]


def title(run: RolloutRun, now: float, width: int) -> Content:
    """What runs, over how many, since when, and how it is doing."""
    progress = run.progress
    mode = Content.styled("live" if run.live else "dry run", "$mute")
    if run.live and not run.over:
        mode = Content.styled(" ◆ LIVE ◆ ", "bold $live-text on $live")
    canary = run.survey.scope.limit
    left = Content.assemble(
        " ",
        (f"Undo of run {run.survey.undoes}" if run.survey.undoes else "Rollout", "bold"),
        " ",
        (figures.plural(progress.users, "user"), "bold $pick"),
        (f", of the first {canary:,}" if canary else "", "$pick"),
        "  ",
        mode,
        (f"  run {progress.run}" if progress.run and width >= 90 else "", "$mute"),
        (f"  started {figures.clock(progress.started_at)}" if width >= 90 else "", "$mute"),
    )
    spent = (progress.ended_at or now) - progress.started_at
    state = runview.state(run, waits=_all_wait(progress, now))
    return ends(left, Content.assemble(state, (f" {figures.span(spent)} ", "$mute")), width)


def _all_wait(progress: RolloutProgress, now: float) -> bool:
    """Whether nobody in work gets on: a spent budget, or something that does not answer."""
    waits = [lane.waits is not None and lane.waits > now for lane in progress.lanes]
    return bool(waits) and all(waits)


def bars(progress: RolloutProgress, now: float, width: int) -> Content:
    """Users, records and blobs: what is done, what has failed, what is going on."""
    tracks = progress.tracks
    users = Track(
        progress.users, done=len(progress.done), failed=len(progress.failed), doing=progress.on_the_way
    )
    share = f"{100 * users.passed // max(users.total, 1)} %"
    lines = [
        _bar("users", users, share, width, "bold"),
        _bar("records", tracks.items, _rate(progress.pace.records_a_second(now), progress), width),
    ]
    if tracks.blobs.track.total:
        lines.append(
            _bar("blobs", tracks.blobs.track, _rate(progress.pace.blobs_a_second(now), progress), width)
        )
    return Content("\n").join(lines)


def _rate(rate: float, progress: RolloutProgress) -> str:
    return "" if progress.ended_at else f"{rate:,.0f}/s"


def _bar(name: str, track: Track, note: str, width: int, weight: str = "") -> Content:
    counts = f"{track.passed:,}/{track.total:,}"
    shown = bar(
        width - 1 - _NAME - _COUNTS - 1 - _NOTE,
        track.total,
        (track.done + track.left_out, "$work"),
        (track.failed, "$bad"),
        (min(track.doing, track.total - track.passed), "$work-back"),
        # A single failure among thousands is seen.
        least=8 if track.failed else 1,
    )
    failed = Content.styled(f"{track.failed:,} failed", "bold $bad") if track.failed else Content()
    behind = Content.assemble((f"{note:>7}", "$mute"), "  ", failed).truncate(_NOTE, ellipsis=True)
    return Content.assemble(
        " ", cell(name, _NAME, weight, right=False), shown, cell(counts, _COUNTS, weight), " ", behind
    )


def counts(run: RolloutRun, now: float, width: int) -> Content:
    """How many users are where, and how long the rest takes."""
    progress = run.progress
    waiting = progress.waiting - len(progress.again)
    parts: list[Part] = [
        *_count("in work", progress.lanes.working, "$work"),
        *_count("waiting" if not run.over else "not done", waiting, "" if not run.over else "$todo"),
        *_count("done", len(progress.done), "$good"),
        *_count("failed", len(progress.failed), "$bad"),
    ]
    if progress.again:
        soonest = min(each.due for each in progress.again.values())
        parts += _count("again", len(progress.again), "$todo")
        parts += [] if width < 100 else [(f"in {figures.span(max(soonest - now, 0))}", "$mute")]
    left = progress.seconds_left(now)
    right = Content.styled(f"{figures.roughly(left)} left ", "bold") if left is not None else Content()
    return ends(Content.assemble(*parts), right, width)


def _count(name: str, count: int, colour: str) -> list[Part]:
    number = (figures.number(count), f"bold {colour}".strip() if count else "$faint")
    return [(f" {name} ", "$mute"), number, (" ", "")]


def crew(run: RolloutRun, width: int) -> Content:
    """How many users are worked on at once, and why not more; whose turn it is."""
    progress, hands = run.progress, run.stop.crew
    parts: list[Part] = [(" concurrency ", "$mute")]
    if hands.limit < hands.wanted:
        parts += [(f"{hands.limit}", "bold $todo"), (f" of {hands.wanted}", "$mute")]
    else:
        parts += [(f"{hands.limit}", "bold")]
    if not run.over:
        parts += [(" (", "$mute"), ("−", "$pick"), ("/", "$mute"), ("+", "$pick"), (")", "$mute")]
    left = Content.assemble(*parts)
    turn = _turn(progress, wide=width >= 100)
    if progress.cut and hands.limit < hands.wanted and not run.over:
        room = width - left.cell_length - turn.cell_length - 3
        left = Content.assemble(left, "  ", inert(progress.cut.reason, max(room, 12), "$todo"))
    return ends(left, turn, width)


def _turn(progress: RolloutProgress, *, wide: bool) -> Content:
    turn, number = progress.turn, progress.turn_number
    if turn is None or progress.ended_at:
        return Content()
    parts: list[Part] = [("turn ", "$mute"), (f"{number}", "bold"), (f" of {len(progress.turns)}", "$mute")]
    kinds = f": {', '.join(turn.kinds)}" if wide else ""
    return Content.assemble(*parts, kinds, (f"  {progress.turn_ended:,}/{turn.users:,} ", "$mute"))


def pace(progress: RolloutProgress, now: float, width: int) -> Content:
    """Records a second as a line, the points, and what holds it up."""
    wide = width >= 100
    noun = "records/s" if progress.live else "looked at/s"
    columns = sparkline(progress.pace.columns(now), 40 if width >= 160 else 20 if wide else 12)
    parts: list[Part] = [
        (f" {noun} ", "$mute"),
        (columns, "$work"),
        (f" {progress.pace.records_a_second(now):,.0f}" if not progress.ended_at else "", "bold"),
        ("   points ", "$mute"),
        (f"{progress.points:,}", "bold"),
    ]
    line = Content.assemble(*parts, _gauge(progress, now, wide), _waits(progress, now))
    return line.truncate(width, ellipsis=True)


def _gauge(progress: RolloutProgress, now: float, wide: bool) -> Content:
    """How much is used of the tightest of the budgets that all users draw on."""
    if progress.bypassed:
        return Content.styled("   limits bypassed", "$todo")
    budget = progress.gauges.tightest(progress.ended_at or now)
    if budget is None:
        return Content()
    full = "$todo" if budget.remaining * 10 < budget.limit else "$work"
    return Content.assemble(
        (f"   {gauges.name(budget)} ", "$mute"),
        bar(14 if wide else 5, budget.limit, (budget.used, full)),
        f" {budget.used:,}/{budget.limit:,}",
    )


def _waits(progress: RolloutProgress, now: float) -> Content:
    until = [lane.waits for lane in progress.lanes if lane.waits is not None and lane.waits > now]
    if not until:
        return Content()
    first = figures.span(min(until) - now)
    return Content.assemble(("   ", ""), (f"{len(until):,} wait", "bold $todo"), (f" {first}", "$todo"))


def types(progress: RolloutProgress, width: int) -> Content:
    """A small bar a media type, side by side, its name and numbers above it."""
    kinds = list(MediaType)
    column = (width - 1) // len(kinds)
    gap = " " * (1 if column < 18 else 2)
    heads, shown = [Content(" ")], [Content(" ")]
    for kind in kinds:
        meter = progress.tracks.kinds.get(kind)
        head, below = _type(kind, meter.track if meter else None, column - len(gap))
        heads += [head, Content(gap)]
        shown += [below, Content(gap)]
    return Content("\n").join([Content.assemble(*heads), Content.assemble(*shown)])


def _type(kind: MediaType, track: Track | None, width: int) -> tuple[Content, Content]:
    if track is None or not track.total:
        return cell(
            ends(Content.styled(kind.value, "$faint"), Content.styled(figures.NONE, "$faint"), width), width
        ), bar(width, 0)
    room = width - len(kind.value) - 1
    counts = f"{track.passed:,}/{track.total:,}"
    if len(counts) > room:
        counts = f"{100 * track.passed // track.total}%"
    style = "bold $bad" if track.failed else "$mute" if track.passed < track.total else "$good"
    head = ends(Content(kind.value), Content.styled(counts, style), width)
    parts = ((track.done + track.left_out, "$work"), (track.failed, "$bad"))
    return cell(head, width), bar(width, track.total, *parts, least=4 if track.failed else 1)
