"""A run: bars, rate, time left, points, failures by cause, a log. Leaving the screen leaves the run going."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.timer import Timer

from acconsole.console import figures, runview
from acconsole.console.actions import bindings
from acconsole.console.base import ConsoleScreen
from acconsole.console.messages import News, RunEnded, RunFailure, RunMoved
from acconsole.console.session import Run
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import Line
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.topbar import TopBar

CLOCK = 0.25


class RunScreen(ConsoleScreen):
    """Shows one run, whether it is going on or over."""

    BINDINGS = bindings("run")
    AUTO_FOCUS: ClassVar[str] = "Rows"

    def __init__(self, run: Run) -> None:
        super().__init__(id="run")
        self.run = run
        self._clock: Timer | None = None
        self._follows = True
        self._lines = 0

    def compose(self) -> ComposeResult:
        progress = self.run.progress
        yield TopBar()
        yield Line(lambda width: runview.title(self.run, figures.now(), width), id="run-title")
        yield Line(lambda width: runview.outcome(self.run, width), id="outcome")
        yield Line(lambda width: runview.bars(progress, figures.now(), width), id="bars")
        yield Line(lambda width: runview.videos(progress, width, self._video_lines), id="videos")
        yield Line(lambda width: runview.pace(progress, figures.now(), width), id="pace")
        yield Line(lambda width: runview.failures(progress, width), id="failures")
        yield Rows(self._log_line, id="log")
        yield KeyBar()

    def on_mount(self) -> None:
        if not self.run.over:
            self._clock = self.set_interval(CLOCK, self._paint)
        self._show()

    def hear(self, news: News) -> None:
        if isinstance(news, RunMoved | RunFailure | RunEnded) and news.run is self.run:
            self._show()

    @property
    def _video_lines(self) -> int:
        """How many lines there are for tapes: the log keeps the larger part of the screen."""
        return max(3, min(9, self.size.height // 5))

    def _show(self) -> None:
        run, log = self.run, self.query_one("#log", Rows)
        if run.over and self._clock:
            self._clock.stop()
        if run.progress.lines_told != self._lines:
            self._lines = run.progress.lines_told
            last = len(run.progress.log) - 1
            log.show(last + 1, last if self._follows else log.cursor)
        self.query_one("#outcome").display = run.over or run.stop.requested or run.stop.paused
        videos = run.progress.videos
        self.query_one("#videos").display = bool(videos.on_the_way or videos.made)
        self.query_one("#failures").display = bool(run.progress.failures)
        self.query_one("#outcome").set_class(run.over and not run.in_trouble, "-good")
        self._paint(layout=True)
        self.refresh_bindings()

    def _paint(self, *, layout: bool = False) -> None:
        for part in self.query(Line):
            part.refresh(layout=layout)

    def _log_line(self, index: int, width: int) -> Content:
        log = self.run.progress.log
        return runview.log_line(log[index], width) if index < len(log) else Content()

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        """The log follows its end for as long as the cursor is on it."""
        self._follows = event.index >= event.rows.count - 1

    # -- actions -------------------------------------------------------------------------------------

    def action_stop(self) -> None:
        """Stop after the batch on its way; a second time, cancel at once."""
        self.runner.running.stop(self.run)
        self._show()

    def action_pause(self) -> None:
        """Hold the run up after the batch on its way, or let it go on."""
        self.runner.running.pause(self.run)
        self._show()

    def action_back(self) -> None:
        """Leave the screen."""
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A run that is over cannot be stopped, nor one that is stopping be held up."""
        if action == "pause":
            return not (self.run.over or self.run.stop.requested)
        return not (action == "stop" and self.run.over)
