"""What the screen of a rollout shows: how far everybody is, lanes for those in work, failures by cause."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer

from acconsole.console import figures, runview
from acconsole.console.base import ConsoleScreen
from acconsole.console.messages import News, RunEnded
from acconsole.console.rollout import ending, lanesview, view
from acconsole.console.rollout.lists import NOTHING, Lower, Rowset, tabs
from acconsole.console.session import RolloutRun
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import Line
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.topbar import TopBar

CLOCK = 0.25
ABOVE = 13
"""Lines that are taken, about, by what stands above and below lanes and lists."""


class RolloutBoard(ConsoleScreen):
    """Shows one rollout, whether it is going on or over. It paints at its own pace, whatever is told."""

    AUTO_FOCUS: ClassVar[str] = "#list"

    def __init__(self, run: RolloutRun) -> None:
        super().__init__(id="rollout")
        self.run = run
        self._clock: Timer | None = None
        self._chosen: Lower | None = None
        self.rowset = Rowset(Lower.LOG)
        self._follows = True
        self._state: object = None

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Line(lambda width: view.title(self.run, figures.now(), width), id="run-title")
        yield Line(lambda width: ending.outcome(self.run, width), id="outcome")
        yield Line(lambda width: view.bars(self.run.progress, figures.now(), width), id="bars")
        yield Line(lambda width: view.counts(self.run, figures.now(), width), id="counts")
        yield Line(lambda width: view.pace(self.run.progress, figures.now(), width), id="pace")
        yield Line(lambda width: view.crew(self.run, width), id="crew")
        yield Line(lambda width: view.types(self.run.progress, width), id="kinds")
        yield Line(self._lanes, id="lanes")
        with Horizontal(id="lower"):
            with Vertical(id="listed"):
                yield Line(self._tabs, id="tabs")
                yield Line(lambda _: Content.styled(f"   {NOTHING[self.lower]}", "$mute"), id="nothing")
                yield Rows(self._line, id="list")
            with Vertical(id="journal"):
                yield Line(lambda _: Content.styled("  log ", "$mute"))
                yield Rows(self._log_line, id="log")
        yield KeyBar()

    def on_mount(self) -> None:
        self._clock = self.set_interval(CLOCK, self._tick)
        self.show()

    def on_resize(self) -> None:
        self.paint(layout=True)

    def hear(self, news: News) -> None:
        if isinstance(news, RunEnded) and news.run is self.run:
            self.show()

    # -- what is shown -------------------------------------------------------------------------------

    @property
    def lower(self) -> Lower:
        """What the list shows: what was chosen, else what has failed, else the log."""
        if self._chosen in self.kinds:
            return self._chosen
        fails = bool(self.run.progress.causes.users) or Lower.LOG not in self.kinds
        return Lower.FAILURES if fails else Lower.LOG

    @property
    def kinds(self) -> list[Lower]:
        """The lists that there are: where there is room, the log has a place of its own."""
        return [kind for kind in Lower if kind is not Lower.LOG or not self.has_class("-wide")]

    def show(self) -> None:
        """Paint everything as things stand now."""
        run = self.run
        if run.over and self._clock:
            self._clock.pause()
        outcome = self.query_one("#outcome")
        outcome.display = run.over or run.stop.requested or run.stop.paused
        self.query_one("#lanes").display = self.query_one("#crew").display = not run.over
        self.paint(layout=True)
        self.refresh_bindings()

    def _tick(self) -> None:
        run = self.run
        state = (
            run.over,
            run.stop.requested,
            run.stop.paused,
            run.cancelling,
            run.progress.lanes.working > 0,
        )
        if state != self._state:
            self._state = state
            self.show()
        elif self.is_current:
            self.paint()

    def paint(self, *, layout: bool = False) -> None:
        for part in self.query(Line):
            part.refresh(layout=layout)
        self._list()
        log = self.query_one("#log", Rows)
        if log.count != (lines := len(self.run.progress.log)):
            log.show(lines, lines - 1 if log.cursor >= log.count - 1 else log.cursor)
        else:
            log.refresh()

    def _list(self) -> None:
        """List anew; the cursor stays with what it was on, and at the log's end."""
        rows, before, kind = self.query_one("#list", Rows), self.rowset, self.lower
        self.rowset = now = Rowset.of(self.run.progress, kind)
        cursor = rows.cursor
        if kind is not before.kind:
            cursor, self._follows = now.count - 1 if kind is Lower.LOG else 0, True
        elif kind is Lower.LOG:
            cursor = now.count - 1 if self._follows else cursor
        else:
            cursor = now.same(before, cursor)
        if (now.count, cursor, kind) != (rows.count, rows.cursor, before.kind):
            rows.show(now.count, cursor)
        rows.refresh()
        self.query_one("#nothing").display = now.count == 0
        if bool(now.count) != bool(before.count):
            self.refresh_bindings()

    def _tabs(self, width: int) -> Content:
        return tabs(self.run.progress, self.lower, self.kinds, width)

    def _line(self, index: int, width: int) -> Content:
        return self.rowset.line(self.run.progress, index, figures.now(), width)

    def _log_line(self, index: int, width: int) -> Content:
        log = self.run.progress.log
        return runview.log_line(log[index], width) if index < len(log) else Content()

    def _lanes(self, width: int) -> Content:
        run = self.run
        at_once = max(1, min(run.stop.crew.wanted, run.progress.users))
        beside, rows = lanesview.shape(width, max(1, (self.size.height - ABOVE) // 2), at_once)
        return lanesview.lanes(run.progress, figures.now(), width, beside, rows)

    @on(Rows.Moved, "#list")
    def _moved(self, event: Rows.Moved) -> None:
        """The log follows its end for as long as the cursor is on it."""
        self._follows = event.index >= event.rows.count - 1

    def turn(self, kind: Lower) -> None:
        """Show another list."""
        self._chosen = kind
        self.paint(layout=True)
        self.refresh_bindings()

    def take(self, run: RolloutRun) -> None:
        """Another rollout takes the place of this one."""
        self.run, self._chosen, self._state = run, None, None
        self.rowset = Rowset(Lower.LOG)
        if self._clock:
            self._clock.resume()
        self.show()
