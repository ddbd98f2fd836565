"""The first line of every screen: where, dry run or LIVE, read-only, health, and the run going on."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import events
from textual.content import Content
from textual.widget import Widget

from acconsole.console.bars import bar
from acconsole.console.inert import inert, visible
from acconsole.console.messages import GlanceKnown, News
from acconsole.console.scan import Scan
from acconsole.console.session import RolloutRun, Run, Session
from acconsole.console.shelf import Shelf

if TYPE_CHECKING:
    from acconsole.console.app import ConsoleApp


class TopBar(Widget):
    """One line; a click on the run goes to it."""

    def __init__(self) -> None:
        super().__init__()
        self._run_from = 1 << 30

    @property
    def session(self) -> Session:
        """What there is to say."""
        return cast("ConsoleApp", self.app).session

    def on_mount(self) -> None:
        cast("ConsoleApp", self.app).news.subscribe(self, self._hear)
        self.set_class(self.session.is_live, "-live")

    def _hear(self, news: News) -> None:
        if not isinstance(news, GlanceKnown):
            self.show()

    def show(self) -> None:
        """Paint the line as things stand now."""
        self.set_class(self.session.is_live, "-live")
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        left = self._left(width)
        run = self.session.run
        room = width - left.cell_length - 2
        right = _run(run, room, self.session.is_live) if run and room >= 12 else Content()
        self._run_from = width - right.cell_length if run and right else 1 << 30
        if self.session.shelf.going_on and not self.session.running and room >= 30:
            right = _conversions(self.session.shelf)
        scan = self.session.scan
        if not right and scan and scan.is_going and room >= 24:
            right = _scan(scan, room)
        gap = " " * max(0, width - left.cell_length - right.cell_length)
        return Content.assemble(left, gap, right)

    def _left(self, width: int) -> Content:
        session, live = self.session, self.session.is_live
        label = session.label
        profile = visible(label.profile, 10 if width < 100 else 24)
        parts: list[Content | str | tuple[str, str]] = [
            (" acconsole ", "bold" if live else "bold $pick"),
            (f" {profile} ", f"bold $badge-text on $profile-{label.colour}"),
            " ",
            (" ◆ LIVE ◆ ", "bold reverse") if live else (" dry run ", "$mute"),
        ]
        if label.read_only:
            parts += [" ", (" read-only ", "bold reverse")]
        parts += ["  ", *self._health("mongo"), "  ", *self._health("pds"), " "]
        return Content.assemble(*parts)

    def _health(self, name: str) -> list[Content | str | tuple[str, str]]:
        health, live = self.session.health, self.session.is_live
        if health is None:
            return [(f"{name} …", "" if live else "$faint")]
        trouble = getattr(health, name)
        if live:
            return [(f"{name} {'✗ down' if trouble else '●'}", "bold")]
        return [(f"{name} ", "$mute"), ("✗ down", "bold $bad") if trouble else ("●", "$good")]

    def on_click(self, event: events.Click) -> None:
        if event.x >= self._run_from:
            cast("ConsoleApp", self.app).action_show_run()


def _conversions(shelf: Shelf) -> Content:
    """The conversions that are going on, which nobody may be looking at."""
    over, all_of_them = shelf.over, len(shelf.conversions)
    shown = bar(10, all_of_them, (over, "$work"), (sum(one.share for one in shelf.going_on), "$work-back"))
    return Content.assemble("converting ", shown, f" {over:,}/{all_of_them:,} ")


def _scan(scan: Scan, room: int) -> Content:
    """The look at everybody that is going on."""
    total = max(scan.total, scan.done)
    counted = f" {scan.done:,}/{total:,} "
    cells = min(16, room - len(counted) - 5)
    return Content.assemble(("scan ", "$mute"), bar(cells, total, (scan.done, "$work")), (counted, "$mute"))


def _run(run: Run | RolloutRun, room: int, live: bool) -> Content:
    """The run that is going on, or how the last one ended."""
    track = run.bar
    name = visible(run.what, max(8, min(28, room - 18)))
    if run.over:
        sign, colour = ("!", "$bad") if run.in_trouble else ("✓", "$mute")
        return Content.assemble((f"{name} ", "$mute"), (sign, colour), " ")
    share = " paused " if run.stop.paused else f" {100 * track.passed // max(track.total, 1):>3} % "
    cells = min(24, room - len(share) - inert(name).cell_length - 1)
    work, rest = ("$live-text", "$live-track") if live else ("$work", "$track")
    shown = bar(cells, track.total, (track.done + track.left_out, work), (track.failed, "$bad"), track=rest)
    return Content.assemble(f"{name} ", shown, share)
