"""The lists of a rollout, line by line: failures, who is tried again or left out, the log. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from textual.content import Content

from acconsole.console import figures, runview
from acconsole.console.inert import inert
from acconsole.console.rollout.causes import Cause, Hit
from acconsole.console.rollout.progress import Again, RolloutProgress
from acconsole.console.widgets.line import cell
from acconsole.engine.model import User


class Lower(StrEnum):
    """What the list shows."""

    FAILURES = "failures"
    AGAIN = "again"
    LEFT_OUT = "left out"
    LOG = "log"


NOTHING = {
    Lower.FAILURES: "Nothing has failed.",
    Lower.AGAIN: "Nobody waits for another try.",
    Lower.LEFT_OUT: "Nobody was left out.",
    Lower.LOG: "Nothing to tell yet.",
}


def tabs(progress: RolloutProgress, here: Lower, kinds: Sequence[Lower], width: int) -> Content:
    """The names of the lists, each with how much is in it; the one that is shown stands out."""
    found = {
        Lower.FAILURES: sum(count for _, count, _ in progress.causes.ranked()),
        Lower.AGAIN: len(progress.again),
        Lower.LEFT_OUT: len(progress.survey.left_out),
        Lower.LOG: 0,
    }
    colours = {Lower.FAILURES: "$bad", Lower.AGAIN: "$todo", Lower.LEFT_OUT: "$todo"}
    parts: list[tuple[str, str]] = [(" ", "")]
    for kind in kinds:
        parts.append((f" {kind.value} ", "bold $background on $pick" if kind is here else "$mute"))
        if kind is not Lower.LOG:
            count = found[kind]
            parts.append((f" {figures.number(count)} ", f"bold {colours[kind]}" if count else "$faint"))
        parts.append(("  ", ""))
    hint = " by cause; enter: whose" if here is Lower.FAILURES and found[here] else ""
    return Content.assemble(*parts, (hint, "$faint")).truncate(width, ellipsis=True)


@dataclass(frozen=True, slots=True)
class Rowset:
    """What is listed now: so that a line that was chosen is the one that was seen."""

    kind: Lower
    causes: Sequence[tuple[Cause, int, int]] = ()
    again: Sequence[Again] = ()
    left_out: Sequence[tuple[User, str]] = ()
    lines: int = 0

    @classmethod
    def of(cls, progress: RolloutProgress, kind: Lower) -> Rowset:
        match kind:
            case Lower.FAILURES:
                return cls(kind, causes=progress.causes.ranked())
            case Lower.AGAIN:
                return cls(kind, again=sorted(progress.again.values(), key=lambda each: each.due))
            case Lower.LEFT_OUT:
                return cls(kind, left_out=progress.survey.left_out)
            case Lower.LOG:
                return cls(kind, lines=len(progress.log))

    @property
    def count(self) -> int:
        return len(self.causes) + len(self.again) + len(self.left_out) + self.lines

    def same(self, before: Rowset, index: int) -> int:
        """Where the line is now that had this index before; the index as it is, when it is gone."""
        keys, old = self._keys, before._keys
        return keys.index(old[index]) if index < len(old) and old[index] in keys else index

    @property
    def _keys(self) -> list[object]:
        return [
            *(cause for cause, _, _ in self.causes),
            *(each.user.id for each in self.again),
            *(user.id for user, _ in self.left_out),
        ]

    def user(self, index: int) -> User | None:
        """The user of a line, where it is about one."""
        if index >= self.count:
            return None
        if self.again:
            return self.again[index].user
        return self.left_out[index][0] if self.left_out else None

    def line(self, progress: RolloutProgress, index: int, now: float, width: int) -> Content:
        """One line."""
        if index >= self.count:
            return Content()
        match self.kind:
            case Lower.FAILURES:
                return _cause(*self.causes[index], width)
            case Lower.AGAIN:
                return _again(self.again[index], now, width)
            case Lower.LEFT_OUT:
                user, reason = self.left_out[index]
                return Content.assemble(_name(user), inert(reason, max(width - 20, 8), "$mute"))
            case Lower.LOG:
                return (
                    runview.log_line(progress.log[index], width) if index < len(progress.log) else Content()
                )


def _name(user: User) -> Content:
    return cell(inert(user.name, 18), 20, "bold", right=False)


def _cause(cause: Cause, count: int, users: int, width: int) -> Content:
    whose = figures.plural(users, "user")
    if cause.kind and count > users:
        whose = f"{count:,} of {whose}"
    return Content.assemble(
        cell(whose, 18, "bold $bad"),
        "  ",
        cell(cause.what if cause.kind else "", 10 if cause.kind else 0, "$mute", right=False),
        inert(cause.reason, max(width - 20 - (10 if cause.kind else 0), 8)),
    )


def _again(again: Again, now: float, width: int) -> Content:
    due = figures.span(max(again.due - now, 0))
    return Content.assemble(
        _name(again.user),
        cell(f"in {due}", 8, "$todo"),
        cell(f"try {again.tries + 1}", 8, "$mute"),
        "  ",
        inert(again.reason, max(width - 38, 8), "$mute"),
    )


def hit_line(hit: Hit, cause: Cause, width: int) -> Content:
    """One user of a cause: who, and which items."""
    items = ", ".join(ref[-8:] for ref in hit.refs)
    more = f" and {hit.count - len(hit.refs):,} more" if hit.refs and hit.count > len(hit.refs) else ""
    repo = hit.user.pds_handle or hit.user.did or ""
    if cause.kind is None:
        return Content.assemble(_name(hit.user), inert(repo, max(width - 20, 8), "$mute"))
    return Content.assemble(
        _name(hit.user),
        cell(f"{hit.count:,}", 6, "bold $bad"),
        "  ",
        inert(f"{items}{more}", max(width - 28, 8), "$mute"),
    )
