"""Everything that can be done, once: key bindings, footer, command palette and help are made from here.

An id is `area.verb`; the area is a screen (or `app`, `list`), and the verb names its `action_…` method.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done. `keys`: Textual key names, the first one is shown.

    `label` stands in the footer, `help` in the palette and on the help screen; `rank` orders the footer,
    0 leaves it out.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    rank: int = 50

    @property
    def area(self) -> str:
        return self.id.partition(".")[0]

    @property
    def verb(self) -> str:
        return self.id.partition(".")[2]


_ALL = (
    Action("users.open", ("enter",), "open", "Open the user under the cursor", 10),
    Action(
        "users.search", ("slash",), "search", "Type to search: handle, PDS handle, DID, user code or id", 11
    ),
    Action("users.reread", ("R",), "re-read", "Read the users in view again", 20),
    Action("users.clear", ("escape",), "clear", "Clear the search, then go to the list", 30),
    Action("users.retry", ("f5",), "try again", "Connect again, or read the list of users again", 40),
    Action("user.restore", ("r",), "restore…", "Plan what brings the PDS to what Mongo says", 10),
    Action("user.wipe", ("w",), "wipe…", "Plan to delete the records of the chosen media type", 12),
    Action("user.filter", ("f",), "next verdict", "Show the docs of the next verdict that occurs", 14),
    Action("user.every", ("a",), "all verdicts", "Show the docs of every verdict", 16),
    Action("user.pane", ("d",), "details", "Show the details of the selected item, or the list again", 18),
    Action("user.play", ("p",), "play/pause", "Let the tape move or stand still", 19),
    Action("user.other", ("o",), "other source", "Play the tape from the ZIP, or from the MP4", 19),
    Action("user.reread", ("R", "f5"), "re-read", "Read the user again", 20),
    Action("user.back", ("escape",), "back", "Go back", 92),
    Action("tapes.mark", ("space",), "mark", "Mark the tape under the cursor, or take the mark off", 10),
    Action("tapes.every", ("a",), "all to do", "Mark every tape that a restore would mend, or none", 16),
    Action(
        "tapes.convert", ("c",), "convert", "Convert the marked tapes or this one, and publish nothing", 14
    ),
    Action("tapes.restore", ("r",), "restore…", "Plan to publish marked tapes, one owner's, or this one", 13),
    Action("tapes.play", ("p",), "play/pause", "Let the tape move or stand still", 15),
    Action("tapes.other", ("o",), "other source", "Play it from the ZIP, or from the MP4", 17),
    Action("tapes.stop", ("s",), "stop", "Stop the conversions that are going on", 11),
    Action("tapes.pane", ("d",), "details", "Show the selected tape, or the list again", 20),
    Action("tapes.reread", ("R", "f5"), "re-read", "Read everybody's tapes again", 22),
    Action("tapes.back", ("escape",), "back", "Go back; conversions go on", 92),
    Action("plan.items", ("i",), "items", "Show each operation of the plan, or the summary again", 10),
    Action("plan.prune", ("x",), "prune", "Whether tombstones and orphans are deleted too", 12),
    Action(
        "plan.blocked", ("b",), "retry", "Whether docs that had no source before are looked for again", 13
    ),
    Action("plan.toggle_1", ("1",), "", "Take paintings in or out", 0),
    Action("plan.toggle_2", ("2",), "", "Take moods in or out", 0),
    Action("plan.toggle_3", ("3",), "", "Take pieces in or out", 0),
    Action("plan.toggle_4", ("4",), "", "Take kidlisp in or out", 0),
    Action("plan.toggle_5", ("5",), "", "Take tapes in or out", 0),
    Action("plan.toggle_all", ("0",), "all types", "Take every media type in", 14),
    Action("plan.dry", ("D",), "dry run", "Run the plan with every write refused", 20),
    Action("plan.live", ("L",), "run live", "Run the plan for real; a wipe asks for the handle first", 22),
    Action("plan.retry", ("f5",), "plan again", "Read everything again and make the plan anew", 30),
    Action("plan.cancel", ("escape",), "cancel", "Leave without doing anything", 92),
    Action("confirm.cancel", ("escape",), "cancel", "Leave without doing anything", 92),
    Action("run.stop", ("s",), "stop", "Stop after the batch on its way; a second time: cancel at once", 10),
    Action("run.back", ("escape",), "back", "Leave the screen; a run goes on", 92),
    Action("help.back", ("escape", "question_mark", "f1"), "back", "Close the help", 92),
    Action("list.up", ("up", "k"), "", "One line up", 0),
    Action("list.down", ("down", "j"), "", "One line down", 0),
    Action("list.page_up", ("pageup",), "", "One page up", 0),
    Action("list.page_down", ("pagedown",), "", "One page down", 0),
    Action("list.first", ("home",), "", "To the first line", 0),
    Action("list.last", ("end",), "", "To the last line", 0),
    Action("table.up", ("up", "k"), "", "The media type above", 0),
    Action("table.down", ("down", "j"), "", "The media type below", 0),
    Action("table.left", ("left", "h"), "", "The verdict to the left", 0),
    Action("table.right", ("right", "l"), "", "The verdict to the right", 0),
    Action("app.show_tapes", ("t", "f3"), "tapes", "Go to everybody's tapes", 82),
    Action("app.show_run", ("g",), "the run", "Go to the run that is going on, or to the last one", 70),
    Action(
        "app.command_palette", ("colon", "ctrl+p"), "commands", "Search everything that can be done here", 80
    ),
    Action("app.theme_switch", ("T",), "", "Switch between the dark and the light theme", 0),
    Action(
        "app.help", ("question_mark", "f1"), "help", "Every key of this screen, and what the signs mean", 90
    ),
    Action("app.leave", ("ctrl+q", "q"), "quit", "Leave the console; asks first while a run is going on", 95),
)

REGISTRY = {action.id: action for action in _ALL}


def bindings(area: str, *, priority: Iterable[str] = ()) -> list[BindingType]:
    """The key bindings of an area, in the registry's order; `priority` verbs before any widget's."""
    return [
        Binding(
            key,
            action.verb,
            action.label,
            show=action.rank > 0 and place == 0,
            priority=action.verb in priority and not _is_typed(key),
            id=action.id if place == 0 else f"{action.id}.{place}",
        )
        for action in _ALL
        if action.area == area
        for place, key in enumerate(action.keys)
    ]


def _is_typed(key: str) -> bool:
    """Whether the key writes a character: in a field it must go on doing so."""
    return len(key) == 1 or key in ("slash", "colon", "question_mark", "space")


def of_binding(binding: Binding) -> Action | None:
    """The action that a binding was made from, by its id."""
    if not binding.id:
        return None
    return REGISTRY.get(".".join(binding.id.split(".")[:2]))


_KEY_NAMES = {
    "slash": "/",
    "escape": "esc",
    "question_mark": "?",
    "colon": ":",
    "ctrl+q": "^q",
    "ctrl+p": "^p",
    "f1": "F1",
    "f3": "F3",
    "f5": "F5",
}


def key_name(key: str) -> str:
    """A key as it is written on the screen."""
    return _KEY_NAMES.get(key, key)
