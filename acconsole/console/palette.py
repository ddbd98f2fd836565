"""The command palette: what can be done on this screen, from the action registry, and every user."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.dom import DOMNode

from acconsole.console.actions import Action, key_name, of_binding
from acconsole.console.inert import inert, visible

if TYPE_CHECKING:
    from acconsole.console.app import ConsoleApp
    from acconsole.engine.model import User

MOST_USERS = 12
"""Users that are offered for a query, the best first."""


class Commands(Provider):
    """Every enabled action of the screen that the palette was opened on, also where a field takes its key."""

    def _offered(self) -> Iterator[tuple[Action, str, DOMNode]]:
        nodes: list[DOMNode] = [self.screen, self.app]
        if self.focused:
            nodes.insert(0, self.focused)
        seen = set()
        for node in nodes:
            for binding in node.BINDINGS:
                action = of_binding(binding) if isinstance(binding, Binding) else None
                if action is None or not action.label or action.id in seen:
                    continue
                seen.add(action.id)
                if node.check_action(action.verb, ()):
                    yield action, action.keys[0], node

    async def discover(self) -> Hits:
        for action, key, node in self._offered():
            run = partial(self.app.run_action, action.verb, node)
            yield DiscoveryHit(_title(action, key), run, help=action.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action, key, node in self._offered():
            title = _title(action, key)
            if (score := matcher.match(f"{title} {action.help}")) > 0:
                run = partial(self.app.run_action, action.verb, node)
                yield Hit(score, matcher.highlight(title), run, help=action.help)


class People(Provider):
    """Every user by any name; choosing one opens it."""

    async def search(self, query: str) -> Hits:
        finder = cast("ConsoleApp", self.app).session.finder
        if finder is None or not query.strip():
            return
        for place, at in enumerate(finder.find(query, fuzzy=True)[:MOST_USERS]):
            user = finder.users[at]
            # Below the actions of that name, and in the order of the search.
            yield Hit(0.5 - place / 100, _person(user), partial(self._open, user), visible(user.name))

    def _open(self, user: User) -> None:
        # Not imported before the first paint.
        from acconsole.console.screens.user import UserScreen

        self.app.push_screen(UserScreen(user))


def _person(user: User) -> Content:
    known = " · ".join(visible(name, 40) for name in (user.pds_handle, user.code) if name)
    return Content.assemble(inert(user.name, 40), (f"  {known}", "$mute"))


def _title(action: Action, key: str) -> str:
    return f"{action.label.rstrip('…')}  ({key_name(key)})"
