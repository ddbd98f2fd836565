"""The entries of one run of the past as lines. Pure: an account in, content out."""

from __future__ import annotations

from collections import Counter

from textual.content import Content

from acconsole.console import figures
from acconsole.console.inert import inert
from acconsole.console.past.account import Account, Entry, Item, Section, Share
from acconsole.console.past.facts import did
from acconsole.console.widgets.line import cell
from acconsole.engine.history import BatchRecord, Ending, Note, OperationRecord, Outcome

NOTHING = {
    Section.USERS: "It came to nobody.",
    Section.FAILED: "Nothing failed.",
    Section.BLOCKED: "Nothing was blocked.",
    Section.SKIPPED: "Nothing was skipped.",
    Section.BATCHES: "Nothing was sent.",
    Section.NOTES: "Nothing was noted.",
}
_COLOURS = {Section.FAILED: "$bad", Section.BLOCKED: "$bad", Section.SKIPPED: "$todo"}
_SIGNS = {Section.FAILED: ("✗", "$bad"), Section.BLOCKED: ("!", "$bad"), Section.SKIPPED: ("–", "$todo")}
_NOTED = {"failed": "$bad", "blocked": "$bad", "waiting": "$todo"}
_OUTCOMES = {
    Outcome.CONFIRMED: ("✓", "done", "$good"),
    Outcome.NOT_DONE: ("–", "not done", "$mute"),
    Outcome.UNKNOWN: ("?", "unknown", "$todo"),
}


def tabs(account: Account, here: Section, width: int) -> Content:
    """The names of the lists, each with how much is in it; the one that is shown stands out."""
    parts: list[tuple[str, str]] = [(" ", "")]
    for section in account.lists:
        count = account.count(section)
        parts.append((f" {section.value} ", "bold $background on $pick" if section is here else "$mute"))
        colour = f"bold {_COLOURS.get(section, '')}".strip() if count else "$faint"
        parts += [(f" {figures.number(count)} ", colour), (" ", "")]
    return Content.assemble(*parts).truncate(width, ellipsis=True)


def line(account: Account, entry: Entry, width: int) -> Content:
    """One entry."""
    match entry:
        case Share():
            return _share(entry, width)
        case Item():
            return _item(entry, account.is_over_many, width)
        case BatchRecord():
            return _batch(entry, account.names.get(entry.user, "") if account.is_over_many else "", width)
        case OperationRecord():
            return _operation(entry, width)
        case Note():
            return _note(entry, account.names.get(entry.user, "") if account.is_over_many else "", width)


def _share(share: Share, width: int) -> Content:
    what = did(share.done) or "nothing"
    tries = f", in {share.attempts:,} turns" if share.attempts > 1 else ""
    bad = share.failed or share.ending is not Ending.FINISHED
    return Content.assemble(
        ("! " if bad else "✓ ", "bold $bad" if bad else "bold $good"),
        cell(inert(share.subject.name, 21), 22, "bold", right=False),
        cell(share.ending.value if share.ending else "not ended", 11, "$mute", right=False),
        (f"{share.failed:,} failed  " if share.failed else "", "bold $bad"),
        Content(f"{what}{tries}").truncate(max(width - 50, 12), ellipsis=True),
    )


def _item(item: Item, is_over_many: bool, width: int) -> Content:
    sign, colour = _SIGNS[item.section]
    name = cell(inert(item.name, 17), 18 if is_over_many else 0, "bold", right=False)
    left = Content.assemble(
        (f"{sign} ", f"bold {colour}"),
        name if is_over_many else "",
        cell(inert(item.kind, 9), 10, "$mute", right=False),
        cell(inert(item.id, 25 if width >= 96 else 13), 26 if width >= 96 else 14, right=False),
    )
    return Content.assemble(left, inert(item.reason, max(width - left.cell_length, 4)))


def _batch(batch: BatchRecord, name: str, width: int) -> Content:
    counts = Counter(each.action.value for each in batch.operations)
    what = ", ".join(f"{count:,} {action}" for action, count in counts.items())
    left = Content.assemble(
        cell(f"batch {batch.number:,}" if batch.number else "in Mongo", 10, "bold", right=False),
        cell(inert(name, 17), 18 if name else 0, "bold", right=False),
        cell(batch.kind.value, 10, "$pick", right=False),
        cell(what, 18, right=False),
    )
    return Content.assemble(left, _came_of(batch, max(width - left.cell_length, 4)))


def _came_of(batch: BatchRecord, width: int) -> Content:
    if batch.commit:
        rev = f", rev {batch.rev}" if width >= 48 else ""
        commit = figures.middle(batch.commit, *((10, 6) if width >= 26 else (7, 5)))
        return inert(f"commit {commit}{rev}", width, "$mute")
    if batch.refusal:
        return inert(f"refused: {batch.refusal}", width, "$bad")
    if all(each.outcome is Outcome.CONFIRMED for each in batch.operations):
        return inert("told to Mongo" if not batch.number else "found done", width, "$mute")
    return inert("no answer", width, "$todo")


def _operation(op: OperationRecord, width: int) -> Content:
    sign, word, colour = _OUTCOMES[op.outcome]
    cids = [figures.middle(cid, 7, 5) if cid else "nothing" for cid in (op.old_cid, op.new_cid)]
    about = f"{cids[0]} → {cids[1]}" if width >= 96 and op.old_cid != op.new_cid else ""
    return Content.assemble(
        "  ",
        (f"{sign} ", f"bold {colour}"),
        cell(word, 9, colour, right=False),
        cell(op.action.value, 8, right=False),
        cell(inert(op.rkey, 15), 16, right=False),
        cell(inert(f"doc {op.ref}" if op.ref else "no doc", 29), 30, "$mute", right=False),
        cell("linked" if op.linked else "", 8, "$mute", right=False),
        inert(about, max(width - 75, 1), "$faint"),
    ).truncate(width, ellipsis=True)


def _note(note: Note, name: str, width: int) -> Content:
    left = Content.assemble(
        (f"{figures.clock(note.at)}  ", "$mute"),
        cell(inert(name, 17), 18 if name else 0, "bold", right=False),
        cell(inert(note.what, 9), 10, _NOTED.get(note.what, "$pick"), right=False),
    )
    return Content.assemble(left, inert(_words(note), max(width - left.cell_length, 4)))


def _words(note: Note) -> str:
    told = note.detail
    match note.what:
        case "backup":
            return str(told.get("path", ""))
        case "waiting":
            return f"until {figures.clock(float(told.get('until', 0)))}: {told.get('reason', '')}"
        case "reread":
            return f"{told.get('reason', '')}; {told.get('to_do', 0):,} left to do"
        case _:
            place = [str(told[name]) for name in ("type", "id", "field", "count") if told.get(name)]
            return f"{' '.join(place)}: {told.get('reason', '')}" if place else str(told.get("reason", ""))
