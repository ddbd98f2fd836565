"""The last line of every screen: what can be done here, from the action registry."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from acconsole.console.actions import Action, key_name, of_binding


class KeyBar(Widget):
    """As many actions as fit, the most important first; a click on one does it."""

    def __init__(self) -> None:
        super().__init__()
        self._spots: list[tuple[int, int, str]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._hear)

    def _hear(self, _: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        self._spots = []
        parts: list[tuple[str, str]] = [(" ", "")]
        x = 1
        for action, key, enabled in self._fitting(width - 1):
            name = key_name(key)
            self._spots.append((x, x + len(name) + 1 + len(action.label), key))
            parts += [(name, "bold $pick" if enabled else "$faint")]
            parts += [(f" {action.label}", "$foreground" if enabled else "$faint"), ("   ", "")]
            x += len(name) + len(action.label) + 4
        return Content.assemble(*parts)

    def _fitting(self, width: int) -> list[tuple[Action, str, bool]]:
        found: dict[str, tuple[Action, str, bool]] = {}
        for key, active in self.screen.active_bindings.items():
            action = of_binding(active.binding)
            if action and action.rank and action.id not in found:
                found[action.id] = (action, key, active.enabled)
        ranked = sorted(found.values(), key=lambda each: each[0].rank)
        # Help and quit stay whatever else has to go: they are the way to the rest.
        kept = [each for each in ranked if each[0].rank >= 90]
        room = width - sum(_width(each) for each in kept)
        chosen = list(kept)
        chosen += [each for each in ranked if each not in kept and (room := room - _width(each)) >= 0]
        return sorted(chosen, key=lambda each: each[0].rank)

    def on_click(self, event: events.Click) -> None:
        for first, last, key in self._spots:
            if first <= event.x < last:
                self.app.simulate_key(key)


def _width(each: tuple[Action, str, bool]) -> int:
    return len(key_name(each[1])) + len(each[0].label) + 4
