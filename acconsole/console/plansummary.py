"""A plan in words and numbers. Pure: a plan in, content out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from textual.content import Content

from acconsole.console import figures
from acconsole.console.inert import inert
from acconsole.console.verdicts import colour_of
from acconsole.console.widgets.line import cell
from acconsole.engine.outlook import Outlook
from acconsole.engine.plan import Action, BlockedItem, Operation, Plan, SkippedItem
from acconsole.media.base import MediaType

_KIND = 10
_Column = tuple[str, str, str]
_COLUMNS: tuple[_Column, ...] = (
    ("create", "+ create", "$todo"),
    ("update", "* update", "$todo"),
    ("delete", "delete", "$bad"),
    ("relink", "~ relink", "$todo"),
    ("blobs", "blobs", ""),
    ("blocked", "! blocked", "$bad"),
)


def title(plan_action: str, name: Content) -> Content:
    """`Restore @jeffrey`."""
    return Content.assemble(plan_action.capitalize(), " ", name)


def table(plan: Plan, width: int) -> Content:
    """What is planned: a line a media type, a column an operation, and the sum first."""
    shown = [each for each in _COLUMNS if plan.action != "wipe" or each[0] in ("delete", "relink")]
    column = min(11, (width - _KIND) // len(_COLUMNS))
    labels = ["~ unlink" if (plan.action, name) == ("wipe", "relink") else label for name, label, _ in shown]
    heads = Content.assemble(" " * _KIND, *(cell(label[:column], column, "$mute") for label in labels))
    kinds: list[MediaType | None] = [kind for kind in plan.kinds if _touches(plan, kind)]
    return Content("\n").join([heads, *(_line(plan, kind, shown, column) for kind in [None, *kinds])])


def _touches(plan: Plan, kind: MediaType) -> bool:
    return plan.tally(kind).items > 0 or any(item.kind is kind for item in plan.blocked)


def _line(plan: Plan, kind: MediaType | None, shown: Sequence[_Column], column: int) -> Content:
    counts = plan.tally(kind).as_json()
    counts["blocked"] = sum(kind in (None, item.kind) for item in plan.blocked)
    cells = [
        cell(figures.number(counts[name]), column, _weight(colour, kind) if counts[name] else "$faint")
        for name, _, colour in shown
    ]
    return Content.assemble(cell(kind or "all", _KIND, "bold" if kind is None else "", right=False), *cells)


def _weight(colour: str, kind: MediaType | None) -> str:
    return f"bold {colour}".strip() if kind is None else colour


def facts(plan: Plan, outlook: Outlook) -> list[Content]:
    """What else there is to know before it is run: what is deleted, the backup, points and time."""
    deleted = _deleted(plan)
    return [deleted, *side_facts(plan, outlook)] if deleted else side_facts(plan, outlook)


def side_facts(plan: Plan, outlook: Outlook) -> list[Content]:
    """The facts but for what is deleted."""
    lines = []
    if plan.destroys:
        lines.append(Content("A backup is written and read back first."))
    if plan.blocked:
        lines.append(
            Content(f"{figures.plural(len(plan.blocked), 'blocked doc')} left out; the items say why.")
        )
    if plan.skipped:
        count = figures.plural(len(plan.skipped), "item")
        lines.append(Content(f"{count} changed since: skipped, the items say why."))
    if plan.videos:
        lines.append(_videos(plan))
    if not plan.is_empty:
        lines.append(Content(outlook.words(figures.roughly)))
    return lines


def _videos(plan: Plan) -> Content:
    """How many videos are made, and what becomes of one that the PDS would not take."""
    made = "1 video is made" if plan.videos == 1 else f"{plan.videos:,} videos are made"
    if plan.blob_limit is None:
        return Content(f"{made}.")
    return Content(f"{made}; one over {figures.size(plan.blob_limit)} is encoded again to fit the PDS.")


def _deleted(plan: Plan) -> Content | None:
    verdicts = Counter(op.verdict for op in plan.operations if op.action is Action.DELETE)
    if not verdicts:
        return None
    if plan.undoes:
        made = f"{figures.plural(verdicts.total(), 'record')} that run {plan.undoes.run} made."
        return Content.assemble(("Deletes ", "bold $bad"), made)
    parts = [f"{count:,} {verdict.value}" for verdict, count in verdicts.items()]
    return Content.assemble(
        ("Deletes ", "bold $bad"), figures.plural(verdicts.total(), "record"), f": {', '.join(parts)}."
    )


Item = Operation | BlockedItem | SkippedItem | tuple[MediaType, str]
"""One line of a plan in full: an operation, a doc left out, what an undo skips, or a doc whose stored rkey a
wipe clears."""

_BACK = {
    Action.CREATE: ("+", "$todo", "the run deleted it"),
    Action.UPDATE: ("*", "$todo", "becomes what it was"),
    Action.DELETE: ("-", "$bad", "the run made it"),
    Action.RELINK: ("~", "$todo", "the doc stores what it stored"),
}
"""What an undo does, as sign, colour and words."""
_ORDER = {Action.DELETE: 0, Action.UPDATE: 2, Action.RELINK: 3, Action.CREATE: 4}


def items(plan: Plan) -> list[Item]:
    """The plan in full, what is deleted or left out first."""
    operations = sorted(plan.operations, key=lambda op: _ORDER[op.action])
    deletes = sum(op.action is Action.DELETE for op in operations)
    first, rest = operations[:deletes], operations[deletes:]
    return [*first, *plan.blocked, *plan.skipped, *rest, *plan.unlink]


def item_line(item: Item, width: int) -> Content:
    """One item as a line."""
    if isinstance(item, BlockedItem):
        return _blocked(item, width)
    if isinstance(item, SkippedItem):
        name = (item.ref or item.rkey)[-6:]
        return _entry("–", "$todo", "skipped", item.kind, name, item.reason, width)
    if isinstance(item, Operation):
        return _operation(item, width)
    kind, ref = item
    return _entry("~", "$todo", "unlink", kind, ref[-6:], "takes the stored rkey out of the doc", width)


def _blocked(item: BlockedItem, width: int) -> Content:
    return _entry("!", "$bad", "left out", item.kind, item.ref[-6:], f"{item.field}: {item.reason}", width)


def _operation(op: Operation, width: int) -> Content:
    code = (op.record or {}).get("code")
    name = code if isinstance(code, str) else (op.ref or op.rkey)[-6:]
    if op.exact:
        sign, colour, about = _BACK[op.action]
        return _entry(sign, colour, op.action.value, op.kind, name, about, width)
    about = op.verdict.value
    if op.fields:
        about += f": {', '.join(op.fields)}"
    return _entry(op.verdict.sign, colour_of(op.verdict), op.action.value, op.kind, name, about, width)


def _entry(
    sign: str, colour: str, action: str, kind: MediaType, name: str, about: str, width: int
) -> Content:
    return Content.assemble(
        (f"{sign} ", f"bold {colour}"),
        cell(action, 9, right=False),
        cell(kind.value, 10, "$mute", right=False),
        cell(inert(name, 12), 13, "bold", right=False),
        inert(about, max(width - 34, 4), "$mute"),
    )
