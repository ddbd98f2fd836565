"""The lines above the list of users: how many there are, what is marked, what could not be read. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from acconsole.console import figures
from acconsole.console.filters import MEANINGS, Filter
from acconsole.console.inert import inert
from acconsole.console.widgets.line import ends

if TYPE_CHECKING:
    from acconsole.console.roster import Roster
    from acconsole.console.scan import Scan
    from acconsole.console.session import Session
    from acconsole.engine.history import RunSummary
    from acconsole.engine.model import User

Part = tuple[str, str]


def tally(session: Session, roster: Roster, width: int, now: float) -> Content:
    """How many are shown and marked; in which order; when everybody was looked at."""
    if not session.users:
        return Content()
    everyone = figures.plural(len(session.users), "user")
    shown = len(roster.shown)
    left: list[Part] = [
        (f" {shown:,} of {everyone}" if shown < len(session.users) else f" {everyone}", "bold")
    ]
    if session.marks:
        left += [("   ● ", "bold $pick"), (_marked(session, roster.shown), "$pick")]
    right: list[Part] = []
    if roster.query and not roster.sort:
        right += [("best match first", "$mute")]
    if session.scan:
        scanned = _scanned(session, session.scan, now)
        if width < 60:
            scanned = scanned.removeprefix("everybody ")
        right += [("   " if right else "", ""), (scanned, "$mute")]
    return ends(Content.assemble(*left), Content.assemble(*right, " "), width)


def _marked(session: Session, shown: Sequence[User]) -> str:
    count = len(session.marks)
    if len(shown) == len(session.users):
        return f"{count:,} marked"
    hidden = count - sum(user.id in session.marks for user in shown)
    return f"{count:,} marked, {hidden:,} hidden" if hidden else f"{count:,} marked"


def _scanned(session: Session, scan: Scan, now: float) -> str:
    if scan.is_going:
        if scan.waits_until > now:
            return f"the PDS wants a pause until {figures.clock(scan.waits_until)}"
        return f"looked at {len(session.glances):,}"
    if scan.trouble or scan.ended_at is None:
        return f"looked at {len(session.glances):,}"
    age = figures.age(now - scan.ended_at)
    return "everybody looked at now" if age == "now" else f"everybody looked at {age} ago"


def trouble(session: Session, width: int, now: float) -> Content | None:
    """Why not everybody could be looked at, and when that is tried again; None while all is well."""
    scan = session.scan
    if not session.users or not scan or not scan.trouble:
        return None
    again = again_in(scan.again_at, now)
    right = Content.assemble(
        ("F5", "bold $pick"), " try again", (f" · {again}" if again else "", "$mute"), " "
    )
    left = Content.styled(f" ! scan stopped at {scan.done:,} of {scan.total:,}: ", "bold $bad")
    room = width - left.cell_length - right.cell_length - 1
    return ends(Content.assemble(left, inert(scan.trouble.message, max(room, 8))), right, width)


def died(runs: Sequence[RunSummary], width: int, now: float) -> Content:
    """The newest run that died, and how to go on from it."""
    if not runs:
        return Content()
    run, more = runs[0], len(runs) - 1
    right = Content.assemble(
        (f"and {more:,} more   " if more else "", "$mute"),
        ("F8", "bold $pick"),
        " go on…   ",
        ("F9", "bold $pick"),
        " let it be ",
    )
    left = Content.assemble(
        (" ! ", "bold $bad"),
        ("A live ", "$todo"),
        inert(f"{run.action} of {run.who}", 40, "bold $todo"),
        (f" died; begun {figures.age(now - run.began)} ago, {run.done.items:,} done", "$todo"),
    )
    return ends(left, right, width)


def again_in(again_at: float | None, now: float) -> str:
    """When something is tried again by itself; empty when it is not."""
    return f"by itself in {figures.span(max(again_at - now, 0))}" if again_at else ""


def nobody(session: Session, roster: Roster) -> tuple[str, str]:
    """Why nobody is shown, and what to do about it."""
    chosen = roster.filter
    if not session.users:
        return "There is nobody in the database.", "Is it the right one? Ctrl+R reads it again."
    if roster.query and chosen:
        return (
            f"Nobody with the filter “{chosen}” goes by that.",
            "Esc clears the search, then the filter.",
        )
    if roster.query:
        return (
            "Nobody goes by that.",
            "Searched: handles, PDS handles, DIDs, user codes and ids. Esc clears.",
        )
    assert chosen is not None
    on = "F2 goes on to the next filter, esc shows everybody."
    if len(session.glances) < len(session.users) and chosen is not Filter.RUNNING:
        looked_at = f"{len(session.glances):,} of {figures.plural(len(session.users), 'user')}"
        return f"Nobody so far: {looked_at} looked at.", on
    return MEANINGS[chosen], on
