"""The command palette: what can be done on this screen, from the action registry."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from acconsole.console.actions import Action, key_name, of_binding


class Commands(Provider):
    """Every enabled action of the screen that the palette was opened on."""

    def _offered(self) -> Iterator[tuple[Action, str]]:
        seen = set()
        for key, active in self.screen.active_bindings.items():
            action = of_binding(active.binding)
            if action and action.label and active.enabled and action.id not in seen:
                seen.add(action.id)
                yield action, key

    async def discover(self) -> Hits:
        for action, key in self._offered():
            run = partial(self.app.simulate_key, key)
            yield DiscoveryHit(_title(action, key), run, help=action.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action, key in self._offered():
            title = _title(action, key)
            if (score := matcher.match(f"{title} {action.help}")) > 0:
                run = partial(self.app.simulate_key, key)
                yield Hit(score, matcher.highlight(title), run, help=action.help)


def _title(action: Action, key: str) -> str:
    return f"{action.label.rstrip('…')}  ({key_name(key)})"
