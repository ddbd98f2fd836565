"""The preview: what the selected doc or record is, seen, and below it field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from acconsole.console import captions, figures, tapelist, texts
from acconsole.console.detail import about, fields
from acconsole.console.items import text_of
from acconsole.console.messages import News, PreviewKnown, TapeConverted, TapesKnown
from acconsole.console.shelf import Converting
from acconsole.console.views import PaintingView, Side, TapeView, TextView, View, Wanted
from acconsole.console.widgets.filmview import FilmView
from acconsole.console.widgets.lines import Lines
from acconsole.console.widgets.picture import Picture
from acconsole.engine.match import Pair
from acconsole.engine.model import User
from acconsole.media.base import MediaType

if TYPE_CHECKING:
    from acconsole.console.app import ConsoleApp

SHORT = 24
"""Below so many lines, and where there is room, the picture stands beside the fields."""
FLAT_WIDTH = 70
PAUSE = 0.1
"""Seconds between two selections that are painted, at least."""
LONG_TEXT = 4000
"""Characters from which on a text is folded in a thread."""


class Preview(VerticalScroll):
    """Shows one pair. What must be fetched for it is fetched only while the pane can be seen."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._user: User | None = None
        self.pair: Pair | None = None
        self._empty = ""
        self._ticket = 0
        self._source: str | None = None
        self._view: View | None = None
        self._in_sight = False
        self._due: Timer | None = None
        self._painted_at = 0.0

    def compose(self) -> ComposeResult:
        yield Static(id="about")
        with Container(id="split"):
            with Vertical(id="seen"):
                with Horizontal(id="stills"):
                    yield Picture(id="published")
                    yield Picture(id="built")
                yield FilmView()
                with VerticalScroll(id="text"):
                    yield Lines()
                yield Static(id="said")
            yield Static(id="fields")

    def on_mount(self) -> None:
        cast("ConsoleApp", self.app).news.subscribe(self, self._hear)
        self._paint()

    @property
    def film(self) -> FilmView:
        """What plays a tape."""
        return self.query_one(FilmView)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to come of what is selected."""
        awaited = self._view is not None and self._view.is_awaited
        return not self._in_sight or (self._due is None and not awaited)

    def show(self, user: User, pair: Pair | None, empty: str = "") -> None:
        """This pair of a user's, or none: `empty` says then what that means."""
        same = pair is not None and pair == self.pair
        self._user, self.pair, self._empty = user, pair, empty
        if not same:
            self._source = None
            self._ticket = 0
            # While somebody hurries through a list, only some of what passes is painted.
            wait = self._painted_at + PAUSE - figures.ticks()
            self._due = self._due or self.set_timer(max(wait, 0.001), self._arrive)

    def _arrive(self) -> None:
        self.scroll_home(animate=False)
        self._paint()

    # -- painting ------------------------------------------------------------------------------------

    def on_show(self) -> None:
        self._in_sight = True
        self._paint()

    def on_hide(self) -> None:
        self._in_sight = False
        self._ticket = 0
        self.film.show(None, 0)

    def on_resize(self) -> None:
        self._paint()

    @property
    def _is_flat(self) -> bool:
        return self.size.height < SHORT and self._width >= FLAT_WIDTH

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width

    @property
    def _room(self) -> tuple[int, int]:
        """The columns and lines for what is seen."""
        if self._is_flat:
            return self._width * 2 // 5, max(4, self.size.height - 5)
        return self._width, max(5, min(30, self.size.height // 2))

    def _paint(self) -> None:
        """Everything anew; nothing while the pane cannot be seen."""
        self._ticket = 0
        self._due, self._painted_at = None, figures.ticks()
        if not self._in_sight or not self._width:
            return
        self.set_class(self._is_flat, "-flat")
        pair, (columns, _) = self.pair, self._room
        self.query_one("#split").display = pair is not None
        if pair is None:
            self.film.wait()
            empty = texts.folded([(self._empty, "$mute")], self._width)
            self.query_one("#about", Static).update(Content("\n").join(empty))
            return
        self.query_one("#about", Static).update(about(pair, self._width, brief=self._is_flat))
        left = self._width - columns - 2 if self._is_flat else self._width
        self.query_one("#seen").styles.width = columns
        self.query_one("#fields", Static).update(fields(pair, left))
        self._look(pair)

    def _look(self, pair: Pair) -> None:
        """Show what there is to see, or have it fetched."""
        assert self._user is not None
        columns, lines = self._room
        wanted = Wanted(self._user, pair, (columns, lines * 2), self._source)
        if pair.kind not in (MediaType.PAINTINGS, MediaType.TAPES) and len(text_of(pair)) < LONG_TEXT:
            self._see(TextView(texts.of(pair, self._user, wanted.columns)))
            return
        previews = cast("ConsoleApp", self.app).runner.previews
        if view := previews.known(wanted):
            self._see(view)
            return
        self._see(_awaited(pair.kind))
        self._ticket = previews.ask(wanted)

    def _hear(self, news: News) -> None:
        if isinstance(news, PreviewKnown) and news.ticket == self._ticket:
            self._see(news.view)
        elif isinstance(news, TapesKnown) and self._conversion and isinstance(self._view, TapeView):
            self._say_of_tape(self._view)
        elif isinstance(news, TapeConverted) and news.one is self._conversion:
            self._source = None
            self._paint()

    def _see(self, view: View) -> None:
        self._view = view
        self.query_one("#stills").display = isinstance(view, PaintingView)
        self.query_one("#text").display = isinstance(view, TextView) and not view.is_awaited
        self.query_one("#said").display = isinstance(view, TapeView) or view == TextView(None)
        if not isinstance(view, TapeView):
            self.film.show(None, 0)
        match view:
            case PaintingView():
                self._see_painting(view)
            case TapeView():
                self._see_tape(view)
            case TextView():
                self._see_text(view)
        self.screen.refresh_bindings()

    def _see_painting(self, view: PaintingView) -> None:
        columns, lines = self._room
        beside = view.published.picture is not None and view.built.picture is not None and not view.same
        # While they come they are taken for two: nothing moves when they are.
        beside = beside or view.is_awaited
        room = (columns - 2) // 2 if beside else columns
        side = min(room, lines * 2) // 2 * 2
        self.query_one("#stills").set_class(not beside, "-stacked")
        left, right = self.query_one("#published", Picture), self.query_one("#built", Picture)
        right.display = not view.same
        for picture, one, caption in (
            (left, view.published, captions.published(view, room)),
            (right, view.built, captions.built(view, room)),
        ):
            if one.awaited:
                picture.wait(caption, room)
            else:
                picture.show(caption, one.picture, room, side)

    def _see_tape(self, view: TapeView) -> None:
        if view.is_awaited:
            self.film.wait()
        else:
            self.film.show(view.film, self._room[0])
        self._say_of_tape(view)

    def _say_of_tape(self, view: TapeView) -> None:
        said, (columns, _) = self.query_one("#said", Static), self._room
        lines = [captions.film(view, columns)]
        if self._conversion:
            lines += tapelist.outcome(self._conversion, columns)
        said.update(Content("\n").join(lines))

    @property
    def _conversion(self) -> Converting | None:
        """What becomes, or became, of the tape that is shown when it was converted here."""
        if self.pair is None or self.pair.doc is None:
            return None
        return cast("ConsoleApp", self.app).session.shelf.conversions.get(self.pair.doc.ref)

    def _see_text(self, view: TextView) -> None:
        text, (_, lines) = self.query_one("#text"), self._room
        self.query_one(Lines).show(view.lines or ())
        # A long one scrolls in a place of its own: the fields stay near.
        text.styles.max_height = lines
        text.can_focus = len(view.lines or ()) > lines
        text.scroll_home(animate=False)
        self.query_one("#said", Static).update(Content.styled("… the text", "$faint"))

    # -- what can be done ----------------------------------------------------------------------------

    @property
    def can_play(self) -> bool:
        """Whether there is a film."""
        return self.film.film is not None

    def play(self) -> None:
        """Stand still, or go on."""
        self.film.toggle()

    @property
    def _sources(self) -> list[str]:
        """Where the tape that is shown may be played from."""
        if self.pair is None or self.pair.kind is not MediaType.TAPES or self._user is None:
            return []
        return cast("ConsoleApp", self.app).runner.previews.sources(self._user, self.pair)

    @property
    def has_other_source(self) -> bool:
        """Whether the tape may be played from more than one source."""
        return len(self._sources) > 1

    def turn_to_other_source(self) -> None:
        """Play the tape from the next of its sources."""
        sources = self._sources
        shown = self._view.source if isinstance(self._view, TapeView) else ""
        here = sources.index(shown) if shown in sources else -1
        self._source = sources[(here + 1) % len(sources)]
        self._paint()


def _awaited(kind: MediaType) -> View:
    if kind is MediaType.PAINTINGS:
        return PaintingView(Side(awaited=True), Side(awaited=True))
    return TapeView(source="zip", is_awaited=True) if kind is MediaType.TAPES else TextView(None)
