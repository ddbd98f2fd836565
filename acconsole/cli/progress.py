"""A run's progress on stderr: one line that moves on a terminal, a line a batch elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

from acconsole.cli.show import size
from acconsole.engine import events
from acconsole.engine.gauges import Gauges, name
from acconsole.engine.plan import Plan
from acconsole.inert import drawn
from acconsole.media.base import MediaType

WIDTH = 30
EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(share: float) -> str:
    """A bar of `WIDTH` cells, so much of it filled."""
    cells = share * WIDTH
    filled = "█" * int(cells) + EIGHTHS[int(cells % 1 * 8)] * (cells < WIDTH)
    return f"{filled:<{WIDTH}}"


class Progress:
    """Takes a run's events and writes what a person waits for."""

    def __init__(self, plan: Plan, out: TextIO, *, quiet: bool) -> None:
        self._total = plan.tally().items
        self._done = 0
        self._out = out
        self._quiet = quiet
        self._moves = out.isatty()
        self._tapes: dict[str, events.TapeMoved] = {}
        self._gauges = Gauges()
        self._last = ""

    def take(self, event: events.Event) -> None:
        """One event."""
        if self._quiet:
            return
        match event:
            case events.TapeMoved():
                self._tape(event)
            case events.TapeMade(ref=ref, video_size=made, notes=notes):
                self._say(f"tape {ref}: {size(made)} of video{''.join(f', {note}' for note in notes)}")
            case events.BlobStored(kind=MediaType.TAPES, ref=ref):
                self._tapes.pop(ref, None)
            case events.Committed(kind=kind, number=number, done=done, seconds=seconds):
                self._done += done.items
                self._last = f"{kind}, batch {number}: {done.items:,} in {seconds:.2f} s"
                self._moved(self._last)
            case events.Budget():
                self._gauge(event)
            case events.Bypassed():
                self._say("the PDS's rate limits are bypassed")
            case events.Found(done=done) | events.Withheld(held=done):
                self._done += done.items
            case events.Linked(relinked=relinked) if relinked:
                self._done += relinked
                self._moved(f"{event.kind}: {relinked:,} rkeys written to Mongo")
            case events.Dropped(kind=kind, count=count, reason=reason):
                self._done += count
                self._say(f"{kind}: {count:,} left out, {reason}")
            case events.ItemBlocked(item=item):
                self._tapes.pop(item.ref, None)
                self._done += 1
                self._say(f"blocked: {item.kind} {item.ref}: {item.field} {item.reason}")
            case events.ItemFailed(failure=failure):
                self._tapes.pop(failure.ref or "", None)
                self._say(f"failed: {failure.kind or failure.handle} {failure.ref or ''} {failure.reason}")
            case events.Reread(reason=reason, to_do=left):
                self._say(f"read again, for {reason}: {left:,} to do")
            case events.Waiting(until=until, reason=reason):
                self._say(f"waiting until {time.strftime('%H:%M:%S', time.localtime(until))}: {reason}")
            case events.BackupWritten(path=path):
                self._say(f"backup in {path}")
            case _:
                pass

    def _gauge(self, event: events.Budget) -> None:
        """A budget as it stands; the tightest is shown behind what was done last, on a terminal only."""
        self._gauges.take(event)
        tight = self._gauges.tightest(time.time())
        if self._moves and tight:
            self._moved(f"{self._last}   {name(tight)} {tight.used:,}/{tight.limit:,}")

    def _tape(self, event: events.TapeMoved) -> None:
        """A tape on its way, among the others that are: one line for all, on a terminal only."""
        self._tapes[event.ref] = event
        if self._moves:
            self._moved(", ".join(f"{each.ref[-6:]} {_far(each)}" for each in self._tapes.values()))

    def _moved(self, text: str) -> None:
        if not self._moves:
            self._say(text)
            return
        share = min(1.0, self._done / self._total) if self._total else 1.0
        line = f"{bar(share)} {self._done:,}/{self._total:,}  {text}"
        self._out.write(f"\r\x1b[K{drawn(line)}")
        self._out.flush()

    def _say(self, text: str) -> None:
        before, after = ("\r\x1b[K", "\n") if self._moves else ("", "\n")
        self._out.write(f"{before}{drawn(text)}{after}")
        self._out.flush()

    def close(self) -> None:
        """End the moving line."""
        if self._moves and not self._quiet:
            self._out.write("\r\x1b[K")
            self._out.flush()


def _far(event: events.TapeMoved) -> str:
    """`encode 40 %`, or only the stage where the end is not known."""
    return f"{event.stage} {event.done * 100 // event.total} %" if event.total else event.stage.value
