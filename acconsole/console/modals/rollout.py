"""A rollout before it is run: whom and what, then a look at everybody, then what there is to do."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from acconsole.console import figures
from acconsole.console.actions import bindings
from acconsole.console.messages import News, RunEnded, SurveyMade, SurveyMoved
from acconsole.console.modals.choosing import Choosing
from acconsole.console.modals.count import CountModal
from acconsole.console.rollout import summary
from acconsole.console.rollout.choice import Choice
from acconsole.console.widgets.keybar import KeyBar
from acconsole.console.widgets.line import Line
from acconsole.console.widgets.notice import Notice
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.topbar import TopBar
from acconsole.engine.rollout.survey import Survey


class RolloutModal(Choosing):
    """Closes with the rollout that was started, or with None. Cancel has the focus."""

    BINDINGS = bindings("rolloutplan")
    AUTO_FOCUS: ClassVar[str] = "#cancel"

    def __init__(self, choice: Choice) -> None:
        super().__init__(choice)
        self.survey: Survey | None = None
        self._seen: Survey | None = None
        self._waits_until = 0.0
        self._ticket = 0
        self._items: list[summary.Item] = []

    def compose(self) -> ComposeResult:
        resumes = self.choice.resumes
        yield TopBar()
        with Vertical(classes="box", id="plan") as box:
            box.border_title = f"Go on from rollout {resumes}" if resumes else "Rollout"
            yield from self.compose_choice()
            yield Notice()
            yield Line(self._looking, id="looking")
            yield Line(
                lambda width: summary.table(self.survey, width) if self.survey else Content(), id="summary"
            )
            yield Rows(lambda index, width: summary.item_line(self._items[index], width), id="plan-items")
            yield Static(id="facts")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Look", id="look")
                yield Button("Show users", id="items")
                yield Button("Dry run", id="dry")
                yield Button("Run live…", id="live", classes="live")
        yield KeyBar()

    def on_mount(self) -> None:
        self.query_one("#plan-items").display = False
        self.chosen()

    def on_unmount(self) -> None:
        if self._ticket:
            self.runner.rollouts.give_up_survey()

    # -- choosing and looking ------------------------------------------------------------------------

    def chosen(self) -> None:
        """Something else was chosen: what was found out before does not hold any more."""
        if self._ticket:
            self.runner.rollouts.give_up_survey()
        self._ticket, self.survey, self._seen = 0, None, None
        self.query_one("#plan-items").display = False
        notice = self.query_one(Notice)
        if self.choice.kinds:
            goes_on = "What was done is found done; only the rest is planned. " if self.choice.resumes else ""
            notice.say(
                f"{goes_on}Nothing is written yet: first everybody is looked at.",
                "Only repos that have moved since the last look are read. s looks.",
            )
        else:
            notice.say("No media type is chosen.", "1 to 5 take one in, 0 takes all in.")
        self._show()

    def hear(self, news: News) -> None:
        match news:
            case SurveyMoved() if news.ticket == self._ticket:
                self._seen, self._waits_until = news.survey, news.waits_until
                self.query_one("#looking").refresh()
            case SurveyMade() if news.ticket == self._ticket:
                self._made(news)
            case RunEnded():
                self._show()
            case _:
                pass

    def _made(self, news: SurveyMade) -> None:
        self._ticket, self.survey = 0, news.survey
        notice = self.query_one(Notice)
        if news.error:
            notice.trouble(news.error)
        elif news.survey and not news.survey.shares:
            notice.say(
                f"Nothing to do: {figures.plural(news.survey.in_sync, 'user')} in sync, "
                f"{len(news.survey.left_out):,} left out, {len(news.survey.blocked):,} docs blocked."
            )
        self._show()

    # -- what is shown -------------------------------------------------------------------------------

    def _show(self) -> None:
        survey, rows = self.survey, self.query_one("#plan-items", Rows)
        self._items = summary.items(survey) if survey else []
        rows.display = rows.display and bool(self._items)
        rows.show(len(self._items))
        self.query_one("#looking").display = bool(self._ticket)
        table = self.query_one("#summary")
        table.display = bool(survey and survey.shares) and not rows.display
        table.refresh(layout=True)
        if self._ticket or (survey and survey.shares):
            self.query_one(Notice).clear()
        for each in ("#types", "#others", "#looking"):
            self.query_one(each).refresh()
        self._show_facts()
        self._show_buttons()
        self.refresh_bindings()

    def _show_facts(self) -> None:
        survey, lines = self.survey, []
        if survey and survey.shares:
            outlook = self.runner.engine.outlook(survey.costs())
            lines += summary.facts(survey, outlook, self.query_one("#target").size.width)
            if reason := self._no_live():
                lines.append(Content.styled(reason, "bold $live"))
        box = self.query_one("#facts", Static)
        box.display = bool(lines) and not self.query_one("#plan-items").display
        box.update(Content("\n").join(lines))

    def _show_buttons(self) -> None:
        look, items = self.query_one("#look", Button), self.query_one("#items", Button)
        look.display = self.survey is None and not self._ticket
        look.label = f"Look at {figures.plural(self._count, 'user')}"
        look.disabled = not self._may_look
        items.display = bool(self._items)
        items.label = "Summary" if self.query_one("#plan-items").display else "Show users"
        for name, may in (("#dry", self._may_run), ("#live", self._may_run and not self._no_live())):
            button = self.query_one(name, Button)
            button.display, button.disabled = self.survey is not None, not may
        focused = self.focused
        if focused is None or not focused.display or (isinstance(focused, Button) and focused.disabled):
            self.query_one("#cancel").focus()

    @property
    def _count(self) -> int:
        return self.choice.count(len(self.session.users))

    @property
    def _may_look(self) -> bool:
        return bool(self.choice.kinds) and self._count > 0 and not self._ticket

    @property
    def _may_run(self) -> bool:
        return self.survey is not None and bool(self.survey.shares) and not self.session.running

    def _no_live(self) -> str | None:
        """Why it cannot be run live now."""
        if self.session.label.read_only:
            return "This profile is read-only: nothing is run live."
        if self.session.running:
            return "Another run is going on: one at a time."
        return None

    def _looking(self, width: int) -> Content:
        shown = summary.looking(self._seen, self._count, width)
        if self._waits_until > figures.now():
            until = figures.clock(self._waits_until)
            shown = Content.assemble(shown, (f"\nThe PDS wants a pause until {until}.", "$todo"))
        return shown

    # -- actions -------------------------------------------------------------------------------------

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        does = {"look": self.action_look, "items": self.action_items, "dry": self.action_dry}
        does["live"] = self.action_live
        does.get(event.button.id or "", self.action_cancel)()

    @on(Input.Submitted)
    def action_look(self) -> None:
        """Look at everybody who is chosen."""
        if self._may_look:
            self.survey = self._seen = None
            self._ticket = self._ask()
            self._show()

    def _ask(self) -> int:
        """Have everybody looked at; gives the ticket of it."""
        return self.runner.rollouts.survey(self.choice.scope)

    def action_items(self) -> None:
        """Who is left out, what is blocked, who has something to do; or the summary again."""
        rows = self.query_one("#plan-items")
        rows.display = not rows.display
        self._show()
        (rows if rows.display else self.query_one("#cancel")).focus()

    def action_dry(self) -> None:
        """The same rollout with every write refused."""
        self._begin(live=False)

    def action_live(self) -> None:
        """For real, once the number of users was typed."""
        assert self.survey is not None
        self.app.push_screen(CountModal(self.survey), self._confirmed)

    def _confirmed(self, sure: bool | None) -> None:
        if sure and self._may_run and not self._no_live():
            self._begin(live=True)

    def _begin(self, *, live: bool) -> None:
        assert self.survey is not None
        choice = self.choice
        self.dismiss(
            self.runner.rollouts.begin(self.survey, live=live, wanted=choice.wanted, resumes=choice.resumes)
        )

    def action_cancel(self) -> None:
        """Leave; nothing was done."""
        self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What cannot be done now is dim, what makes no sense here is left out."""
        if action == "marked":
            return bool(self.choice.few)
        if action == "look":
            return True if self._may_look else None
        if action == "items":
            return True if self._items else None
        if action == "dry":
            return True if self._may_run else None
        if action == "live":
            return True if self._may_run and not self._no_live() else None
        return True
