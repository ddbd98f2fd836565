"""A tape that moves at its own pace, over a bar that says where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer

from acconsole.console import figures
from acconsole.console.bars import bar
from acconsole.console.player import Player
from acconsole.console.widgets.canvas import Canvas
from acconsole.console.widgets.line import Line

if TYPE_CHECKING:
    from acconsole.media.film import Film

TICK = 1 / 20
"""More often than pictures come: each comes up no later than this after its time."""


class FilmView(Vertical):
    """Plays a film; a click on it is as good as its key."""

    def __init__(self) -> None:
        super().__init__()
        self.film: Film | None = None
        self._player = Player(0.0)
        self._clock: Timer | None = None
        self._told = -1
        self._canvas = Canvas()
        self._line = Line(self._bar, id="position")
        self._wants_to_play = True

    def compose(self) -> ComposeResult:
        yield self._canvas
        yield self._line

    def on_mount(self) -> None:
        self._clock = self.set_interval(TICK, self._tick, pause=True)

    @property
    def playing(self) -> bool:
        """Whether it moves."""
        return self.film is not None and self._player.playing

    def show(self, film: Film | None, columns: int) -> None:
        """This film from its beginning, in so many columns; or none."""
        self.film = film
        self.display = film is not None
        assert self._clock is not None
        if film is None:
            self._clock.pause()
            return
        self._player = Player.started(film.seconds, figures.ticks(), playing=self._wants_to_play)
        lines = max((picture.height + 1) // 2 for picture in film.pictures)
        self._canvas.show(film.pictures, max(picture.width for picture in film.pictures), lines)
        self._line.styles.width = columns
        self._line.refresh()
        self._clock.resume()

    def wait(self) -> None:
        """Nothing is known yet of the next one, whose place is kept: most tapes are of one size."""
        self.film = None
        assert self._clock is not None
        self._clock.pause()
        self._canvas.clear()
        self._line.refresh()

    def toggle(self) -> None:
        """Stand still, or go on; the next film does the same."""
        self._player.toggle(figures.ticks())
        self._wants_to_play = self._player.playing
        self._line.refresh()

    def on_click(self) -> None:
        if self.film:
            self.toggle()

    def _tick(self) -> None:
        if self.film is None or not self._player.playing or not self.screen.is_current:
            return
        position = self._player.position(figures.ticks())
        self._canvas.turn_to(self.film.at(position))
        # The bar is painted only when it says something else: a picture costs enough.
        if (told := int(position * 10)) != self._told:
            self._told = told
            self._line.refresh()

    def _bar(self, width: int) -> Content:
        if self.film is None:
            return Content()
        seconds = self.film.seconds
        position = min(self._player.position(figures.ticks()), seconds)
        time = f" {position:4.1f} / {figures.short_span(seconds)}"
        frames = f"  {figures.plural(self.film.frames, 'frame')}"
        frames = frames if width - len(time) - len(frames) >= 10 else ""
        cells = max(width - 2 - len(time) - len(frames), 0)
        return Content.assemble(
            ("▸ " if self._player.playing else "‖ ", "$pick"),
            bar(cells, max(seconds, 0.001), (position, "$work")),
            (time, ""),
            (frames, "$mute"),
        )
