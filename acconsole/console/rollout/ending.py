"""How a rollout ended: why first, where it stopped by itself, then the account. Pure."""

from __future__ import annotations

from textual.content import Content

from acconsole.console import figures
from acconsole.console.inert import inert
from acconsole.console.session import RolloutRun
from acconsole.engine.plan import Tally
from acconsole.engine.rollout.account import RolloutResult, UserEnd

Lines = list[tuple[str, str]]


def outcome(run: RolloutRun, width: int) -> Content:
    """What there is to say above the bars."""
    lines = _over(run) if run.over else _meanwhile(run)
    # Reasons are short, but a server may have written them.
    return Content("\n").join(inert(text, 4 * width, colour) for text, colour in lines if text)


def _meanwhile(run: RolloutRun) -> Lines:
    if run.cancelling:
        text = (
            "Cancelling at once: the batches on their way are seen to their end, then nothing more is sent."
        )
    elif run.stop.requested:
        text = "Stopping after the batches on their way. s again cancels at once."
    elif run.progress.lanes.working:
        text = "Paused: the batches on their way are seen to their end, then nothing more is sent. p goes on."
    else:
        text = "Paused: nothing is on its way. p goes on."
    return [(text, "bold $todo")]


def _over(run: RolloutRun) -> Lines:
    progress, result = run.progress, run.progress.result
    lines: Lines = []
    if result and result.why:
        lines.append((f"It stopped by itself: {result.why}", "bold $bad"))
        if progress.error and progress.error.hint:
            lines.append((progress.error.hint, "$mute"))
    elif progress.error:
        lines.append((f"{progress.error.title}. {progress.error.message}", "bold $bad"))
        lines.append((progress.error.hint, "$mute"))
    if result is None:
        done, failed = len(progress.done), len(progress.failed)
        head = f"{done:,} users done, {failed:,} failed, {progress.waiting:,} not done to the end."
        return [*lines, (head, "bold")]
    head = _head(result)
    lines.append((head, "bold $bad" if run.in_trouble else "bold $good"))
    if result.live:
        lines.append(_verified(result))
        lines.append((_places(result), "$mute"))
    return lines


def _head(result: RolloutResult) -> str:
    ends = dict(result.ends)
    words = [
        f"{ends.get(UserEnd.DONE, 0):,} {'users done' if result.live else 'users have something to do'}",
        *(
            f"{ends[end]:,} {word}"
            for end, word in (
                (UserEnd.FAILED, "with failures"),
                (UserEnd.LEFT_OUT, "left out"),
                (UserEnd.NOT_BEGUN, "not done to the end"),
            )
            if ends.get(end)
        ),
    ]
    text = f"{', '.join(words)}, {result.in_sync:,} in sync before."
    if not result.live:
        return f"Dry run{' stopped' if result.stopped else ''}: {text} Nothing was written."
    stopped = "Stopped. " if result.stopped and not result.why else ""
    return f"{stopped}{text} {did(result.done)} in {figures.span(result.seconds)}."


def did(tally: Tally) -> str:
    """What was done, in words."""
    past = (("create", "created"), ("update", "updated"), ("delete", "deleted"), ("relink", "relinked"))
    counts = tally.as_json()
    parts = [f"{counts[name]:,} {word}" for name, word in past if counts[name]]
    return ", ".join(parts).capitalize() or "Nothing was to be done"


def _verified(result: RolloutResult) -> tuple[str, str]:
    if not result.checked:
        return ("Nothing was there to be verified.", "$mute")
    right = result.checked - result.wrong
    text = f"Verified by a fresh look: {right:,} of {result.checked:,} are as planned."
    return (text, "bold $bad" if result.wrong else "$good")


def _places(result: RolloutResult) -> str:
    report = f"Report: {result.report}/report.txt, .json, .csv." if result.report else ""
    backup = " The backups lie beside it, a folder a user." if result.backup and result.report else ""
    return f"{report}{backup}".strip()
