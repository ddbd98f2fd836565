"""One user: verdicts by media type, the docs and records of each, and what differs in one of them."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from acconsole.console import figures
from acconsole.console.actions import bindings
from acconsole.console.base import ConsoleScreen
from acconsole.console.inert import inert
from acconsole.console.items import chosen, line, table_heading
from acconsole.console.messages import News, RunEnded, StateRead
from acconsole.console.modals.plan import PlanModal
from acconsole.console.session import Run
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import Line, ends
from acconsole.console.widgets.notice import Notice
from acconsole.console.widgets.preview import Preview
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.topbar import TopBar
from acconsole.console.widgets.verdicts import VerdictTable
from acconsole.engine.match import Pair
from acconsole.engine.model import OUT_OF_SYNC, User, Verdict
from acconsole.engine.status import UserState
from acconsole.errors import AccountError
from acconsole.media.base import MediaType

AGES_EVERY = 5.0


class UserScreen(ConsoleScreen):
    """Reads the user when it opens, and again when a run over the user has ended."""

    BINDINGS = bindings("user")
    AUTO_FOCUS: ClassVar[str] = "VerdictTable"

    def __init__(self, user: User) -> None:
        super().__init__()
        self.user = user
        self.state: UserState | None = None
        self._pairs: list[Pair] = []
        self._reading = True
        self._placed = False

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Line(self._identity, id="identity")
        yield VerdictTable()
        yield Notice()
        with Horizontal(id="drill"):
            with Vertical(id="list"):
                yield Line(self._list_heading, id="list-heading", classes="heading")
                yield Rows(lambda index, width: line(self._pairs[index], width), id="items")
            yield Preview(id="detail")
        yield KeyBar()

    def on_mount(self) -> None:
        self.set_interval(AGES_EVERY, self.query_one("#identity").refresh)
        self.read()

    def read(self) -> None:
        """Read the user again."""
        self._reading = True
        self.query_one("#identity").refresh()
        self.runner.read(self.user)

    # -- what is shown -------------------------------------------------------------------------------

    def hear(self, news: News) -> None:
        if isinstance(news, StateRead) and news.user_id == self.user.id:
            self._take(news)
        elif isinstance(news, RunEnded) and news.run.concerns(self.user.id):
            self.read()

    def _take(self, news: StateRead) -> None:
        self._reading = False
        notice = self.query_one(Notice)
        if news.error:
            notice.trouble(news.error)
        elif news.state:
            self._show(news.state, notice)
        self.query_one("#identity").refresh()
        self.refresh_bindings()

    def _show(self, state: UserState, notice: Notice) -> None:
        self.state = state
        if state.error:
            notice.trouble(
                AccountError(state.error, "A restore needs a working account.", state=state.account)
            )
        else:
            notice.clear()
        table = self.query_one(VerdictTable)
        table.show({kind: matched.counts for kind, matched in state.types.items()})
        if not self._placed or not self._is_placed_on_something(state, table):
            self._placed = True
            table.pick(*_most_wanted(state))
        self._list()

    def _is_placed_on_something(self, state: UserState, table: VerdictTable) -> bool:
        """Whether the picked cell still has something in it; after a run it may have nothing any more."""
        if table.verdict is None or not self._pairs or table.kind not in state.types:
            return True
        return state.counts(table.kind).of(table.verdict) > 0

    def _list(self) -> None:
        table, rows = self.query_one(VerdictTable), self.query_one(Rows)
        matched = self.state.types.get(table.kind) if self.state else None
        self._pairs = chosen(matched, table.verdict) if matched else []
        rows.show(len(self._pairs))
        self.query_one("#list-heading").refresh()

    def _identity(self, width: int) -> Content:
        user, state = self.user, self.state
        names = [inert(user.name, 32, "bold $pick")]
        names += [inert(user.pds_handle, 48)] if user.pds_handle else []
        if user.did and width >= 96:
            names.append(inert(figures.middle(user.did, 10, 4), None, "$mute"))
        if user.code and width >= 96:
            names.append(inert(user.code, 16, "$mute"))
        left = Content.assemble(" ", Content("   ").join(names))
        return ends(left, Content.assemble(self._looked(state, width), " "), width)

    def _looked(self, state: UserState | None, width: int) -> Content:
        if self._reading:
            return Content.styled("reading …", "$work")
        if state is None:
            return Content.styled("not read", "$mute")
        rev = f"rev {figures.middle(state.rev, 4, 2)} · " if state.rev and width >= 70 else ""
        age = figures.now() - state.read_at
        ago = "now" if age < 5 else f"{figures.age(age)} ago"
        return Content.styled(f"{rev}{ago}", "$mute")

    def _list_heading(self, width: int) -> Content:
        table = self.query_one(VerdictTable)
        if self.state is None:
            return Content(" …")
        return Content.assemble("  ", table_heading(table.kind, table.verdict, self._pairs)).truncate(width)

    # -- what is picked ------------------------------------------------------------------------------

    @on(VerdictTable.Picked)
    def _picked(self) -> None:
        self._list()

    @on(Rows.Moved)
    def _preview(self) -> None:
        pair = self._pairs[self.query_one(Rows).cursor] if self._pairs else None
        self.query_one(Preview).show(self.user, pair, "Nothing here." if self.state else "…")

    @on(Rows.Chosen)
    def action_pane(self) -> None:
        """Where there is no room for both, the details or the list; elsewhere, the focus goes over."""
        showing = not self.has_class("-detail")
        self.set_class(showing, "-detail")
        self.query_one("#detail" if showing else "#items").focus()

    # -- actions -------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """The next verdict that occurs."""
        table = self.query_one(VerdictTable)
        turns: list[Verdict | None] = [None, *table.occurring()]
        here = turns.index(table.verdict) if table.verdict in turns else 0
        table.pick(table.kind, turns[(here + 1) % len(turns)])

    def action_every(self) -> None:
        """Every verdict."""
        table = self.query_one(VerdictTable)
        table.pick(table.kind, None)

    def action_reread(self) -> None:
        """Read the user again."""
        self.runner.previews.forget()
        self.read()

    def action_play(self) -> None:
        """Play the tape, or let it stand."""
        self.query_one(Preview).play()

    def action_other(self) -> None:
        """Play it from somewhere else."""
        self.query_one(Preview).turn_to_other_source()

    def action_history(self) -> None:
        """The runs that were about this user."""
        # Not imported before it is wanted.
        from acconsole.console.screens.history import HistoryScreen

        self.app.push_screen(HistoryScreen(self.user))

    def action_restore(self) -> None:
        """Plan a restore of every media type."""
        self._plan("restore", tuple(MediaType))

    def action_wipe(self) -> None:
        """Plan a wipe, of the media type under the cursor alone: the plan can take in more."""
        self._plan("wipe", (self.query_one(VerdictTable).kind,))

    def _plan(self, action: str, kinds: tuple[MediaType, ...]) -> None:
        self.app.push_screen(PlanModal(action, self.user, kinds), self._started)

    def _started(self, run: Run | None) -> None:
        if run:
            self.console.action_show_run()

    def action_back(self) -> None:
        """From the details to the list, from there to the users."""
        if self.has_class("-detail"):
            self.action_pane()
        else:
            self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without an account there is nothing to plan; only a tape plays."""
        if action == "play":
            return self.query_one(Preview).can_play
        if action == "other":
            return self.query_one(Preview).has_other_source
        if action in ("restore", "wipe"):
            return True if self.state and self.state.account == "ok" else None
        return True


def _most_wanted(state: UserState) -> tuple[MediaType, Verdict | None]:
    """Where most is to be mended: what the screen opens on."""
    kinds = [kind for kind in MediaType if kind in state.types]
    if not kinds or not state.to_do:
        return (next((kind for kind in kinds if state.counts(kind).docs), MediaType.PAINTINGS), None)
    kind = max(kinds, key=lambda kind: state.counts(kind).to_do)
    counts = state.counts(kind)
    return kind, max(OUT_OF_SYNC, key=counts.of)
