"""Everything that can be done, once: key bindings, footer, command palette and help are made from here.

An id is `area.verb`; the area is a screen (or `app`, `list`), and the verb names its `action_…` method.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from acconsole.console.keynames import KEY_NAMES


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
        "users.search",
        ("slash",),
        "search",
        "Type to search: handle, PDS handle, DID, user code or id; a word after ! must not fit",
        11,
    ),
    Action("users.mark", ("space", "insert"), "mark", "Mark the user under the cursor, or unmark", 12),
    Action("users.filter", ("f", "f2"), "filter", "Show those whom the next filter finds", 13),
    Action("users.sort", ("s", "f4"), "sort", "Sort by the next column", 14),
    Action("users.verify", ("v",), "verify", "Check each field of the marked users, or of this one", 15),
    Action("users.mark_shown", ("a",), "mark all", "Mark all who are shown, or unmark them", 16),
    Action("users.unmark", ("u",), "unmark", "Unmark everybody, the hidden too", 17),
    Action("users.scan", ("ctrl+r",), "scan", "Look at everybody again", 18),
    Action("users.export", ("e",), "export…", "Write the table as it is shown to a file", 19),
    Action("users.rollout", ("o", "f7"), "rollout…", "Restore everybody, or the marked users", 20),
    Action("users.resume", ("f8",), "go on…", "Plan to go on from the run that died", 8),
    Action("users.let_be", ("f9",), "let it be", "Say no more of the run that died", 31),
    Action("users.reverse", ("S", "f6"), "turn", "Turn the order round", 21),
    Action("users.reread", ("R",), "re-read", "Read the users in view again", 22),
    Action("users.copy", ("y",), "copy handle", "Copy the handle to the clipboard", 23),
    Action("users.copy_did", ("Y",), "copy DID", "Copy the DID to the clipboard", 24),
    Action("users.clear", ("escape",), "clear", "Clear the search, then the filter, then go to the list", 30),
    Action("users.retry", ("f5",), "try again", "Connect again, or read again what could not be read", 9),
    Action("users.filter_0", ("0",), "everybody", "Show everybody", 0),
    Action("users.filter_1", ("1",), "out of sync", "Show who is out of sync, or everybody again", 0),
    Action("users.filter_2", ("2",), "no account", "Show who has no account, or everybody again", 0),
    Action("users.filter_3", ("3",), "inactive", "Show whose account is inactive, or everybody again", 0),
    Action("users.filter_4", ("4",), "blocked", "Show who has blocked docs, or everybody again", 0),
    Action("users.filter_5", ("5",), "tombstones", "Show who has tombstones, or everybody again", 0),
    Action("users.filter_6", ("6",), "running", "Show whom a run is working on, or everybody again", 0),
    Action("users.filter_7", ("7",), "failed", "Show of whom reading or a run failed, or everybody again", 0),
    Action("export.csv", ("c",), "CSV", "Write a table for a spreadsheet", 10),
    Action("export.json", ("j",), "JSON", "Write a list for scripts", 11),
    Action("export.place", ("w",), "where", "The folder of exports, or the one that acconsole runs in", 12),
    Action("export.cancel", ("escape",), "cancel", "Write nothing", 92),
    Action("verify.open", ("enter",), "open", "Open the user of this line", 10),
    Action("verify.again", ("R", "f5"), "again", "Verify them again", 20),
    Action("verify.back", ("escape",), "back", "Go back; what is still being verified is left", 92),
    Action("user.restore", ("r",), "restore…", "Plan what brings the PDS to what Mongo says", 10),
    Action("user.wipe", ("w",), "wipe…", "Plan to delete the records of the chosen media type", 12),
    Action("user.filter", ("f",), "next verdict", "Show the docs of the next verdict that occurs", 14),
    Action("user.every", ("a",), "all verdicts", "Show the docs of every verdict", 16),
    Action("user.pane", ("d",), "details", "Show the details of the selected item, or the list again", 18),
    Action("user.play", ("p",), "play/pause", "Let the tape move or stand still", 19),
    Action("user.other", ("o",), "other source", "Play the tape from the ZIP, or from the MP4", 19),
    Action("user.history", ("h", "f10"), "history", "The runs that were about this user, and undo", 15),
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
    Action("history.open", ("enter",), "open", "Show the run in full", 10),
    Action("history.undo", ("u",), "undo…", "Plan to take the run back", 11),
    Action("history.live", ("f",), "live only", "Show live runs alone, or dry runs too", 12),
    Action("history.only", ("o",), "one user", "Show the runs of this user alone, or everybody's again", 13),
    Action("history.copy", ("y",), "copy id", "Copy the run's id to the clipboard", 20),
    Action("history.reread", ("R", "f5"), "re-read", "Read the journal again", 22),
    Action("history.back", ("escape",), "back", "Go back", 92),
    Action("pastrun.open", ("enter",), "open user", "Open the user whom this line is about", 10),
    Action("pastrun.undo", ("u",), "undo…", "Plan to take the run back", 11),
    Action("pastrun.undo_user", ("U",), "undo one…", "Plan to take it back for this line's user alone", 12),
    Action("pastrun.next", ("f", "right"), "next list", "Another list of what the run did", 13),
    Action("pastrun.previous", ("left",), "", "The list before", 0),
    Action("pastrun.copy", ("y",), "copy id", "Copy the run's id to the clipboard", 20),
    Action("pastrun.copy_place", ("Y",), "copy backup", "Copy the folder of the backup to the clipboard", 21),
    Action("pastrun.reread", ("R", "f5"), "re-read", "Read the run again", 22),
    Action("pastrun.back", ("escape",), "back", "Back to the runs", 92),
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
    Action("run.pause", ("p",), "pause", "Hold it up after the batch on its way, or let it go on", 9),
    Action("run.stop", ("s",), "stop", "Stop after the batch on its way; a second time: cancel at once", 10),
    Action("run.back", ("escape",), "back", "Leave the screen; a run goes on", 92),
    Action("rollout.open", ("enter",), "open", "Whose failures these are, or the user under the cursor", 8),
    Action("rollout.pause", ("p",), "pause", "Hold it up after the batches on their way, or go on", 9),
    Action("rollout.stop", ("s",), "stop", "Stop after the batches on their way; again: cancel at once", 10),
    Action("rollout.fewer", ("minus",), "fewer", "Work on fewer users at once", 12),
    Action("rollout.more", ("plus", "equals_sign"), "more", "Work on more users at once", 13),
    Action("rollout.next", ("f", "right"), "list", "Failures, users to be tried again, the log", 14),
    Action("rollout.previous", ("left",), "", "The list before", 0),
    Action("rollout.retry", ("r",), "failed again…", "Plan it for those of whom something failed", 10),
    Action("rollout.resume", ("o",), "go on…", "Plan to go on with what is left", 11),
    Action("rollout.everybody", ("e",), "everybody…", "The canary is done: plan it for everybody", 12),
    Action("rollout.back", ("escape",), "back", "Leave the screen; the rollout goes on", 92),
    Action("failed.open", ("enter",), "open", "Open the user under the cursor", 10),
    Action("failed.back", ("escape",), "back", "Back to the rollout", 92),
    Action("rolloutplan.look", ("s", "f5"), "look", "Look at everybody who is chosen; nothing is written", 9),
    Action("rolloutplan.items", ("i",), "users", "Who is left out, what is blocked, who has what to do", 10),
    Action("rolloutplan.first", ("n",), "first n", "Only the first so many users, as a canary", 11),
    Action("rolloutplan.marked", ("m",), "marked", "Only the chosen users, or everybody", 12),
    Action("rolloutplan.prune", ("x",), "prune", "Whether tombstones and orphans are deleted too", 13),
    Action(
        "rolloutplan.blocked",
        ("b",),
        "retry",
        "Whether docs that had no source before are looked for again",
        14,
    ),
    Action("rolloutplan.toggle_1", ("1",), "", "Take paintings in or out", 0),
    Action("rolloutplan.toggle_2", ("2",), "", "Take moods in or out", 0),
    Action("rolloutplan.toggle_3", ("3",), "", "Take pieces in or out", 0),
    Action("rolloutplan.toggle_4", ("4",), "", "Take kidlisp in or out", 0),
    Action("rolloutplan.toggle_5", ("5",), "", "Take tapes in or out", 0),
    Action("rolloutplan.toggle_all", ("0",), "all types", "Take every media type in", 15),
    Action("rolloutplan.dry", ("D",), "dry run", "Run it with every write refused", 20),
    Action("rolloutplan.live", ("L",), "run live", "Run it for real; the number of users is asked for", 22),
    Action("rolloutplan.cancel", ("escape",), "cancel", "Leave without doing anything", 92),
    Action("help.back", ("escape", "question_mark", "f1"), "back", "Close the help", 92),
    Action("list.up", ("up", "k"), "", "One line up", 0),
    Action("list.down", ("down", "j"), "", "One line down", 0),
    Action("list.page_up", ("pageup",), "", "One page up", 0),
    Action("list.page_down", ("pagedown",), "", "One page down", 0),
    Action("list.first", ("home",), "", "To the first line", 0),
    Action("list.last", ("end",), "", "To the last line", 0),
    Action("table.up", ("up", "k"), "", "The media type above", 0),
    Action("table.down", ("down", "j"), "", "The media type below", 0),
    Action("table.left", ("left",), "", "The verdict to the left", 0),
    Action("table.right", ("right",), "", "The verdict to the right", 0),
    Action("app.show_tapes", ("t", "f3"), "tapes", "Go to everybody's tapes", 82),
    Action("app.show_history", ("h", "f10"), "history", "Past runs: one in full, undo", 83),
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


def key_name(key: str) -> str:
    """A key as it is written on the screen."""
    return KEY_NAMES.get(key, key)
