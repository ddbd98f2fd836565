"""Choosing among the users: filters, the order, marks."""

from __future__ import annotations

from textual import on

from acconsole.console.filters import Filter
from acconsole.console.roster import Column, Sort
from acconsole.console.screens.usertable import UserTable
from acconsole.console.widgets.filters import FilterBar
from acconsole.console.widgets.heads import Heads
from acconsole.console.widgets.rows import Rows


class UserChoosing(UserTable):
    """The actions that choose; what is done with the chosen is in `users`."""

    # -- filters and order ---------------------------------------------------------------------------

    @on(FilterBar.Chosen)
    def _filter_clicked(self, event: FilterBar.Chosen) -> None:
        self.choose(event.chosen)

    def choose(self, chosen: Filter | None) -> None:
        """Show those whom a filter finds; when it is chosen already, everybody again."""
        self.roster.filter = None if chosen is self.roster.filter else chosen
        self.list_anew(top=self.roster.filter is not None)
        self.refresh_bindings()

    @on(Heads.Clicked)
    def _head_clicked(self, event: Heads.Clicked) -> None:
        columns = (column for first, last, column in self.columns.spots if first <= event.x < last)
        if column := next(columns, None):
            here = self.order
            self.sort(here.turned if here and here.column is column else Sort.by(column))

    def sort(self, sort: Sort | None) -> None:
        """Show them in another order; by handle upwards is the order that they have of themselves."""
        self.roster.sort = None if sort == Sort(Column.USER) else sort
        self.list_anew(top=True)

    def action_filter(self) -> None:
        """The next filter that finds somebody; after the last, everybody."""
        filters = list(Filter)
        after = filters.index(self.roster.filter) + 1 if self.roster.filter else 0
        self.choose(next((each for each in filters[after:] if self.session.found(each)), None))

    def action_filter_0(self) -> None:
        """Everybody."""
        self.choose(None)

    def action_filter_1(self) -> None:
        """Who is out of sync."""
        self.choose(Filter.OUT_OF_SYNC)

    def action_filter_2(self) -> None:
        """Who has no account."""
        self.choose(Filter.NO_ACCOUNT)

    def action_filter_3(self) -> None:
        """Whose account is inactive."""
        self.choose(Filter.INACTIVE)

    def action_filter_4(self) -> None:
        """Who has blocked docs."""
        self.choose(Filter.BLOCKED)

    def action_filter_5(self) -> None:
        """Who has tombstones."""
        self.choose(Filter.TOMBSTONES)

    def action_filter_6(self) -> None:
        """Whom a run is working on."""
        self.choose(Filter.RUNNING)

    def action_filter_7(self) -> None:
        """Of whom reading or a run failed."""
        self.choose(Filter.FAILED)

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.sort((self.order or Sort()).next)

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.sort((self.order or Sort()).turned)

    # -- marks ---------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark the user under the cursor or unmark, and go on to the next one."""
        if self.selected:
            marks, id = self.session.marks, self.selected.id
            if id in marks:
                del marks[id]
            else:
                marks[id] = None
            self.query_one(Rows).action_down()
            self._marked()

    def action_mark_shown(self) -> None:
        """Mark all who are shown; when all of them are marked, unmark them."""
        marks, shown = self.session.marks, [user.id for user in self.roster.shown]
        if all(id in marks for id in shown):
            for id in shown:
                del marks[id]
        else:
            marks.update(dict.fromkeys(shown))
        self._marked()

    def action_unmark(self) -> None:
        """Unmark everybody."""
        self.session.marks.clear()
        self._marked()

    def _marked(self) -> None:
        self.repaint()
        self.refresh_bindings()
