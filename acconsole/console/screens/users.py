"""The users: search as you type, and what is in sync for whoever is in view."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input

from acconsole.console import figures
from acconsole.console.actions import bindings
from acconsole.console.base import ConsoleScreen
from acconsole.console.messages import GlanceKnown, News, RunEnded, Stage
from acconsole.console.userlist import Columns, heading, row
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import Line
from acconsole.console.widgets.notice import Notice
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.search import SearchField
from acconsole.console.widgets.topbar import TopBar

if TYPE_CHECKING:
    from acconsole.engine.model import User

TICK = 1.0


class UsersScreen(ConsoleScreen):
    """The first screen."""

    BINDINGS = bindings("users", priority=("open", "clear"))
    AUTO_FOCUS: ClassVar[str] = "SearchField"

    def __init__(self) -> None:
        super().__init__()
        self._found: list[User] = []

    def compose(self) -> ComposeResult:
        yield TopBar()
        with Horizontal(id="search"):
            yield SearchField(lambda: self.query_one(Rows))
            yield Line(self._tally, id="tally")
        yield Line(self._heading, id="heading", classes="heading")
        yield Rows(self._row, id="users")
        yield Notice()
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_interval(TICK, self._tick)
        self._stage()

    # -- what is shown -------------------------------------------------------------------------------

    def hear(self, news: News) -> None:
        match news:
            case Stage():
                self._stage()
            case GlanceKnown():
                self._repaint()
            case RunEnded():
                self._want()
            case _:
                pass

    def _stage(self) -> None:
        """Users, or what is being waited for, or why there are none."""
        session, notice, rows = self.session, self.query_one(Notice), self.query_one(Rows)
        if session.trouble:
            notice.trouble(session.trouble)
        elif session.waiting_for:
            self._say_waiting()
        else:
            notice.clear()
        rows.display = self.query_one("#heading").display = not notice.display
        self._search(self.query_one(SearchField).value)
        self.refresh_bindings()

    def _search(self, query: str) -> None:
        rows = self.query_one(Rows)
        here = self._found[rows.cursor].id if rows.cursor < len(self._found) else None
        self._found = _matching(self.session.users, query)
        cursor = 0
        if not query:
            cursor = next((at for at, user in enumerate(self._found) if user.id == here), 0)
        rows.show(len(self._found), cursor)
        self._tell_nobody(query)
        self.query_one("#tally").refresh()

    def _tell_nobody(self, query: str) -> None:
        notice, session = self.query_one(Notice), self.session
        if session.trouble or session.waiting_for:
            return
        if query and not self._found:
            notice.say(
                "Nobody goes by that.",
                "Searched: handles, PDS handles, DIDs, user codes and ids. Esc clears.",
            )
        else:
            notice.clear()
        self.query_one(Rows).display = not notice.display

    def _heading(self, _: int) -> Content:
        # As wide as the lines below it, which a scrollbar may have narrowed.
        return heading(Columns.fitting(self.query_one(Rows).scrollable_content_region.width))

    def _row(self, index: int, width: int) -> Content:
        user = self._found[index]
        glance = self.session.glances.get(user.id)
        reading = user.id in self.session.reading
        return row(Columns.fitting(width + 2), user, glance, reading, figures.now())

    def _tally(self, width: int) -> Content:
        session = self.session
        if not session.users:
            return Content()
        everyone = figures.plural(len(session.users), "user")
        text = f"{len(self._found):,} of {everyone}" if len(self._found) < len(session.users) else everyone
        seen = list(session.glances.values())
        broken = sum(glance.account in ("none", "inactive") for glance in seen)
        behind = sum(glance.account == "ok" and glance.to_do > 0 for glance in seen)
        parts: list[tuple[str, str]] = [(text, "bold")]
        if width >= 48:
            parts += [(f"   looked at {len(seen):,}", "$mute")]
            parts += [("  out of sync ", "$mute"), (figures.number(behind), "$todo" if behind else "$mute")]
        if width >= 62:
            parts += [("  no account ", "$mute"), (figures.number(broken), "$bad" if broken else "$mute")]
        content = Content.assemble(*parts)
        return content.pad_left(max(0, width - content.cell_length))

    def _repaint(self) -> None:
        self.query_one(Rows).refresh()
        self.query_one("#tally").refresh()

    def _tick(self) -> None:
        if self.session.waiting_for:
            self._say_waiting()
        elif self.is_current:
            self._repaint()

    def _say_waiting(self) -> None:
        waited = figures.now() - self.session.waiting_since
        seconds = f"{waited:.0f} s so far. " if waited >= 1 else ""
        self.query_one(Notice).say(
            f"Waiting for {self.session.waiting_for} …", f"{seconds}It goes on by itself."
        )

    @on(Rows.InView)
    def _want(self) -> None:
        self.query_one("#heading").refresh()
        self._read_in_view(fresh=False)

    def _read_in_view(self, *, fresh: bool) -> None:
        rows = self.query_one(Rows)
        view = [self._found[index] for index in rows.in_view() if index < len(self._found)]
        # The selected user first: that is the row that is being looked at.
        view.sort(key=lambda user: user is not self._selected)
        self.runner.want(view, fresh=fresh)

    @property
    def _selected(self) -> User | None:
        cursor = self.query_one(Rows).cursor
        return self._found[cursor] if cursor < len(self._found) else None

    # -- actions -------------------------------------------------------------------------------------

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._search(event.value)

    @on(Rows.Chosen)
    def action_open(self) -> None:
        """Open the user under the cursor."""
        # Not imported before the first paint.
        from acconsole.console.screens.user import UserScreen

        if self._selected and not self.query_one(Notice).display:
            self.app.push_screen(UserScreen(self._selected))

    def action_search(self) -> None:
        """Go to the search field."""
        self.query_one(SearchField).focus()

    def action_clear(self) -> None:
        """Clear the search; a second time, go to the list."""
        field = self.query_one(SearchField)
        if field.value:
            field.value = ""
        else:
            self.query_one(Rows).focus()

    def action_reread(self) -> None:
        """Read those in view again."""
        self._read_in_view(fresh=True)

    def action_retry(self) -> None:
        """Connect or read the users again."""
        self.runner.connect()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done now is not offered."""
        if action == "retry":
            return self.session.trouble is not None
        if action in ("open", "reread"):
            return bool(self.session.users)
        if action == "clear":
            return isinstance(self.focused, SearchField)
        return True


def _matching(users: list[User], query: str) -> list[User]:
    if not users:
        return []
    # Not imported before the first paint.
    from acconsole.engine.search import search

    return search(users, query)
