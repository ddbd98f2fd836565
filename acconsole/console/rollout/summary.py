"""What a rollout is to do, in words and numbers. Pure: a survey in, content out."""

from __future__ import annotations

from collections import Counter

from textual.content import Content

from acconsole.console import figures
from acconsole.console.bars import bar
from acconsole.console.inert import inert
from acconsole.console.rollout.causes import nameless
from acconsole.console.widgets.line import cell, ends
from acconsole.engine.guard import usual_limit
from acconsole.engine.model import User
from acconsole.engine.outlook import Limits, Outlook
from acconsole.engine.plan import BlockedItem, SkippedItem
from acconsole.engine.rollout.survey import Share, Survey
from acconsole.media.base import MediaType

_KIND = 10
_COLUMNS = (
    ("create", "+create", "$todo"),
    ("update", "*update", "$todo"),
    ("delete", "delete", "$bad"),
    ("relink", "~relink", "$todo"),
    ("blobs", "blobs", ""),
)


def looking(survey: Survey | None, total: int, width: int) -> Content:
    """How far the look at everybody is."""
    looked = survey.looked if survey else 0
    found = f"{len(survey.shares):,} with something to do" if survey else "…"
    counts = f" {looked:,}/{max(total, looked):,}"
    head = Content.assemble(("Looking at everybody  ", "bold"), (found, "$mute"))
    shown = bar(max(width - len(counts), 4), max(total, looked), (looked, "$work"))
    return Content("\n").join([head, Content.assemble(shown, counts)])


def table(survey: Survey, width: int) -> Content:
    """What is to be done: a line a media type, a column an operation, and the sum first."""
    column = min(11, (width - _KIND) // (len(_COLUMNS) + 2))
    labels = ["users", *(label for _, label, _ in _COLUMNS), "!block"]
    heads = Content.assemble(" " * _KIND, *(cell(label, column, "$mute") for label in labels))
    kinds: list[MediaType | None] = [kind for kind in survey.scope.kinds if _touches(survey, kind)]
    return Content("\n").join([heads, *(_line(survey, kind, column) for kind in [None, *kinds])])


def _touches(survey: Survey, kind: MediaType) -> bool:
    blocked = any(item.kind is kind for _, item in survey.blocked)
    return blocked or any(kind in share.tallies for share in survey.shares)


def _line(survey: Survey, kind: MediaType | None, column: int) -> Content:
    users = sum(kind is None or kind in share.tallies for share in survey.shares)
    blocked = sum(kind in (None, item.kind) for _, item in survey.blocked)
    counts = survey.tally(kind).as_json()
    figured = [(users, ""), *((counts[name], colour) for name, _, colour in _COLUMNS), (blocked, "$bad")]
    weight = "bold " if kind is None else ""
    cells = [
        cell(figures.number(count), column, f"{weight}{colour}".strip() if count else "$faint")
        for count, colour in figured
    ]
    return Content.assemble(cell(kind or "all", _KIND, "bold" if kind is None else "", right=False), *cells)


def facts(survey: Survey, outlook: Outlook, width: int) -> list[Content]:
    """What else there is to know before it is run."""
    lines = [_looked(survey).truncate(width, ellipsis=True)]
    if deletes := survey.tally().delete:
        backup = "backups are written and read back first."
        lines.append(
            Content.assemble(("Deletes ", "bold $bad"), f"{figures.plural(deletes, 'record')}; {backup}")
        )
    if over := sum(is_over_limit(share) for share in survey.shares):
        lose = f"{figures.plural(over, 'user')} would lose more than a tenth of the records"
        lines.append(Content.styled(f"{lose}: refused here; look at each alone.", "$bad"))
    if survey.blocked:
        whose = figures.plural(len({name for name, _ in survey.blocked}), "user")
        docs = figures.plural(len(survey.blocked), "blocked doc")
        lines.append(Content(f"{docs} of {whose} stay as they are; the list says why."))
    if survey.skipped:
        count = figures.plural(len(survey.skipped), "item")
        lines.append(Content(f"{count} changed since: skipped, the list says why."))
    if survey.shares:
        lines.append(Content(_cost(outlook)))
    return lines


def _looked(survey: Survey) -> Content:
    rest = "with nothing to take back" if survey.undoes else "in sync"
    text = f"{figures.plural(survey.looked, 'user')} looked at: {survey.in_sync:,} {rest}"
    if not survey.left_out:
        return Content(f"{text}.")
    reasons = Counter(nameless(reason, user).rstrip(".") for user, reason in survey.left_out)
    ranked = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
    parts = [inert(f"{count:,} {reason}", 48) for reason, count in ranked]
    left_out = (f", {len(survey.left_out):,} left out: ", "$todo")
    return Content.assemble(text, left_out, Content(" · ").join(parts))


def _cost(outlook: Outlook) -> str:
    """Points are of each user's own budget, uploads of everybody's."""
    head = f"{outlook.points:,} points of the users' own budgets, {figures.plural(outlook.uploads, 'upload')}"
    takes = figures.roughly(outlook.work)
    if outlook.limits is Limits.BYPASSED:
        return f"{head}; the rate limits are bypassed; {takes}."
    if outlook.waits:
        return f"{head}; pauses for the rate limits, done about {figures.clock(outlook.ends)[:5]}."
    return f"{head}; {takes}."


def is_over_limit(share: Share) -> bool:
    """Whether a user would lose more records than goes without saying."""
    return share.capped > usual_limit(share.records)


Item = tuple[User, str] | tuple[str, BlockedItem] | tuple[str, SkippedItem] | Share
"""One line: a user left out and why, a blocked doc or what an undo skips and whose it is, or a user with
something to do."""


def items(survey: Survey) -> list[Item]:
    """Who is left out, what is blocked or skipped, then who has something to do."""
    return [*survey.left_out, *survey.blocked, *survey.skipped, *survey.shares]


def item_line(item: Item, width: int) -> Content:
    """One item as a line."""
    if isinstance(item, Share):
        return _share(item, width)
    whose, what = item
    if isinstance(what, BlockedItem):
        about = f"{what.kind} {what.ref[-6:]}: {what.field}: {what.reason}"
        return _entry("!", "$bad", "blocked", str(whose), about, width)
    if isinstance(what, SkippedItem):
        about = f"{what.kind} {(what.ref or what.rkey)[-6:]}: {what.reason}"
        return _entry("–", "$todo", "skipped", str(whose), about, width)
    assert isinstance(whose, User)
    return _entry("–", "$todo", "left out", whose.name, what, width)


def _entry(sign: str, colour: str, word: str, name: str, about: str, width: int) -> Content:
    return Content.assemble(
        (f"{sign} ", f"bold {colour}"),
        cell(word, 9, right=False),
        cell(inert(name, 17), 18, "bold", right=False),
        inert(about, max(width - 29, 4), "$mute"),
    )


def _share(share: Share, width: int) -> Content:
    counts = share.tally.as_json()
    words = [f"{name} {count:,}" for name, count in counts.items() if count]
    left = _entry("+", "$todo", "to do", share.user.name, ", ".join(words), width)
    over = Content.styled("too many deletes ", "bold $bad") if is_over_limit(share) else Content()
    return ends(left, over, width) if over else left
