"""A plan before it is run: what it would do, to whom, at what cost. Cancel has the focus."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from acconsole.console.actions import bindings
from acconsole.console.base import ConsoleModal
from acconsole.console.inert import inert
from acconsole.console.messages import News, PlanMade, RunEnded
from acconsole.console.modals.confirm import ConfirmModal
from acconsole.console.plansummary import Item, facts, item_line, items, table, title
from acconsole.console.session import PlanWanted, Run
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import Line
from acconsole.console.widgets.notice import Notice
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.topbar import TopBar
from acconsole.engine.guard import delete_limit
from acconsole.engine.model import User
from acconsole.engine.outlook import Outlook
from acconsole.engine.plan import Plan
from acconsole.errors import AccountError
from acconsole.media.base import MediaType

KINDS = tuple(MediaType)


class PlanModal(ConsoleModal[Run]):
    """Closes with the run that was started, or with None."""

    BINDINGS = bindings("plan")
    AUTO_FOCUS: ClassVar[str] = "#cancel"

    def __init__(
        self,
        action: str,
        user: User,
        kinds: Collection[MediaType],
        *,
        refs: Collection[str] = (),
        also: str = "",
    ) -> None:
        """`refs`: the plan is of these docs alone, of one media type. `also`: one more thing to say."""
        super().__init__()
        self.plan: Plan | None = None
        self._outlook: Outlook | None = None
        self._action, self._user = action, user
        self._kinds = set(kinds)
        self._refs, self._also = frozenset(refs), also
        self._prune = self._retries = False
        self._ticket = 0
        self._items: list[Item] = []

    def compose(self) -> ComposeResult:
        yield TopBar()
        with Vertical(classes="box", id="plan") as box:
            box.border_title = title(self._action, inert(self._user.name, 40))
            yield Static(self._target(), id="target")
            yield Line(self._choice, id="types")
            yield Notice()
            yield Line(lambda width: table(self.plan, width) if self.plan else Content(), id="summary")
            yield Rows(self._item, id="plan-items")
            yield Static(id="facts")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Show items", id="items")
                yield Button("Dry run", id="dry")
                yield Button("Run live", id="live", classes="live")
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#plan-items").display = False
        self._make()

    # -- making the plan -----------------------------------------------------------------------------

    def _make(self) -> None:
        self.plan = None
        if self._kinds:
            self._ticket = self.runner.plan(self._wanted)
            self.query_one(Notice).say("… reading Mongo and the repo, and comparing them")
        else:
            self._ticket = 0
            self.query_one(Notice).say("No media type is chosen.", "1 to 5 take one in, 0 takes all in.")
        self._show()

    @property
    def _wanted(self) -> PlanWanted:
        kinds = frozenset(self._kinds)
        return PlanWanted(self._action, self._user, kinds, self._refs, self._prune, self._retries)

    def hear(self, news: News) -> None:
        if isinstance(news, PlanMade) and news.ticket == self._ticket:
            self.plan = news.plan
            self._outlook = self.runner.engine.outlook(news.plan) if news.plan else None
            self._say(news)
            self._show()
        elif isinstance(news, RunEnded):
            self._show()

    def _say(self, news: PlanMade) -> None:
        notice = self.query_one(Notice)
        if news.error:
            notice.trouble(news.error)
        elif news.plan and news.plan.problem:
            notice.trouble(AccountError(news.plan.problem, "Nothing can be written to this repo."))
        elif news.plan and news.plan.is_empty:
            done = "has no records of these types" if self._action == "wipe" else "is in sync"
            blocked = "What is blocked stays blocked: see the items." if news.plan.blocked else ""
            notice.say(f"Nothing to do: {self._user.name} {done}.", blocked)
        else:
            notice.clear()

    # -- what is shown -------------------------------------------------------------------------------

    def _show(self) -> None:
        plan = self.plan
        summary, rows = self.query_one("#summary"), self.query_one("#plan-items", Rows)
        self._items = items(plan) if plan else []
        if not self._items:
            rows.display = False
        summary.display = bool(self._items) and not rows.display
        rows.show(len(self._items))
        summary.refresh(layout=True)
        self.query_one("#types").refresh()
        self._show_facts()
        self._show_buttons()
        self.refresh_bindings()

    def _show_facts(self) -> None:
        lines = facts(self.plan, self._outlook) if self.plan and self._outlook else []
        lines += [inert(self._also)] if self.plan and self._also else []
        if self.plan and (reason := self._no_live()):
            lines.append(Content.styled(reason, "bold $live"))
        box = self.query_one("#facts", Static)
        box.display = bool(lines) and not self.query_one("#plan-items").display
        box.update(Content("\n").join(lines))

    def _show_buttons(self) -> None:
        self.query_one("#items", Button).disabled = not self._items
        self.query_one("#items", Button).label = (
            "Summary" if self.query_one("#plan-items").display else "Show items"
        )
        self.query_one("#dry", Button).disabled = not self._may_run
        live = self.query_one("#live", Button)
        live.disabled = not (self._may_run and not self._no_live())
        live.label = "Run live…" if self.plan and _wants_name(self.plan) else "Run live"

    @property
    def _may_run(self) -> bool:
        runnable = self.plan is not None and not self.plan.is_empty and not self.plan.problem
        return runnable and not self.session.running

    def _no_live(self) -> str | None:
        """Why the plan cannot be run live now."""
        if self.session.label.read_only:
            return "This profile is read-only: nothing is run live."
        if self.session.running:
            return "Another run is going on: one at a time."
        return None

    def _target(self) -> Content:
        user = self._user
        repo = inert(user.pds_handle or user.did or "no account", 48, "bold")
        host = self.session.engine.host if self.session.engine else ""
        return Content.assemble(repo, (" on ", "$mute"), inert(host, 40))

    def _choice(self, width: int) -> Content:
        parts: list[tuple[str, str]] = []
        if self._refs:
            (kind,) = self._kinds
            parts += [(f"{len(self._refs):,} chosen {kind.value}", "bold"), ("  ", "")]
        for place, kind in enumerate(() if self._refs else KINDS, 1):
            inside = kind in self._kinds
            parts += [
                (f"{place} ", "$pick"),
                (f"{'✓' if inside else '·'}{kind.value}", "" if inside else "$faint"),
            ]
            parts.append(("  ", ""))
        if self._action == "restore":
            retry = "retry blocked" if width >= 84 or self._refs else "retry"
            switches = [("x", "prune", self._prune), ("b", retry, self._retries)]
            for key, name, on in switches[bool(self._refs) :]:
                parts += [(f"{key} ", "$pick"), (f"{'✓' if on else '·'}{name}  ", "" if on else "$faint")]
        return Content.assemble(*parts).truncate(width)

    def _item(self, index: int, width: int) -> Content:
        return item_line(self._items[index], width)

    # -- actions -------------------------------------------------------------------------------------

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        actions = {"items": self.action_items, "dry": self.action_dry, "live": self.action_live}
        actions.get(event.button.id or "", self.action_cancel)()

    def action_items(self) -> None:
        """Each operation, or the summary again."""
        rows = self.query_one("#plan-items")
        rows.display = not rows.display
        self._show()
        (rows if rows.display else self.query_one("#cancel")).focus()

    def action_prune(self) -> None:
        """Prune or not, and plan again."""
        self._prune = not self._prune
        self._make()

    def action_blocked(self) -> None:
        """Look once more for what was not to be had, and plan again."""
        self._retries = not self._retries
        self._make()

    def _toggle(self, place: int) -> None:
        self._kinds ^= {KINDS[place - 1]}
        self._make()

    def action_toggle_1(self) -> None:
        self._toggle(1)

    def action_toggle_2(self) -> None:
        self._toggle(2)

    def action_toggle_3(self) -> None:
        self._toggle(3)

    def action_toggle_4(self) -> None:
        self._toggle(4)

    def action_toggle_5(self) -> None:
        self._toggle(5)

    def action_toggle_all(self) -> None:
        """Every media type."""
        self._kinds = set(KINDS)
        self._make()

    def action_retry(self) -> None:
        """Plan again."""
        self._make()

    def action_dry(self) -> None:
        """The same run with every write refused."""
        assert self.plan is not None
        self.dismiss(self.runner.run(self.plan, live=False))

    def action_live(self) -> None:
        """For real. A wipe, and more deletes than go without saying, want the handle typed."""
        plan = self.plan
        assert plan is not None
        if _wants_name(plan):
            self.app.push_screen(ConfirmModal(plan, self.runner.engine.outlook(plan)), self._confirmed)
        else:
            self.dismiss(self.runner.run(plan, live=True))

    def _confirmed(self, typed: str | None) -> None:
        if typed is not None and self.plan is not None:
            cap = self.plan.deletes_capped
            self.dismiss(self.runner.run(self.plan, live=True, confirmed=typed, max_deletes=cap))

    def action_cancel(self) -> None:
        """Leave; nothing was done."""
        self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done now is dim, what makes no sense here is left out."""
        if action == "prune" or action.startswith("toggle_"):
            return not self._refs and (action != "prune" or self._action == "restore")
        if action == "blocked":
            return self._action == "restore"
        if action == "items":
            return True if self._items else None
        if action == "dry":
            return True if self._may_run else None
        if action == "live":
            return True if self._may_run and not self._no_live() else None
        return True


def _wants_name(plan: Plan) -> bool:
    """Whether a live run wants the user's name typed first. An undo deletes what somebody may count on."""
    undoing = plan.undoes is not None and plan.tally().delete > 0
    return plan.action == "wipe" or undoing or plan.deletes_capped > delete_limit(plan, None)
