"""The app: it owns the session and the runner, and tells the screens what the runner found out."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import App
from textual.command import Provider
from textual.signal import Signal

from acconsole import paths
from acconsole.console import figures, theme
from acconsole.console.actions import bindings
from acconsole.console.graphics import Graphics
from acconsole.console.inert import visible
from acconsole.console.messages import News, RunEnded, TapeConverted
from acconsole.console.palette import Commands, People
from acconsole.console.runner import Runner
from acconsole.console.screens.users import UsersScreen
from acconsole.console.session import Label, RolloutRun, Run, Session
from acconsole.console.shelf import Lot

if TYPE_CHECKING:
    from acconsole.console.session import Connect


def _resume_on_a_terminal_only() -> None:
    """A hang-up comes with a SIGCONT, upon which Textual would begin anew on a terminal that is gone."""
    resume = signal.getsignal(signal.SIGCONT)
    if not callable(resume):
        return

    def resumed(number: int, frame: FrameType | None) -> None:
        if os.isatty(0):
            resume(number, frame)

    signal.signal(signal.SIGCONT, resumed)


class _Nowhere:
    """Takes the place of Textual's writer when there is no terminal any more."""

    def write(self, text: str) -> None:
        """Nothing is written."""

    def flush(self) -> None:
        """Nothing is left."""

    def stop(self) -> None:
        """Nothing is going on."""


class ConsoleApp(App[None]):
    """The console on one connection.

    `connect` is called once the first screen stands, with a function that takes what is being waited for,
    a noun; it gives settings and engine for as long as the app runs. `label` is shown before that.
    `graphics`: how pictures are shown.
    What the first screen does not need is imported when it is asked for: the first paint comes sooner.
    """

    TITLE = "acconsole"
    CSS_PATH = sorted(paths.data("styles").rglob("*.tcss"))
    BINDINGS = bindings("app", priority=("leave", "help", "command_palette"))
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {Commands, People}
    AUTO_FOCUS = "*"

    def __init__(
        self,
        label: Label,
        connect: Connect,
        *,
        theme_name: str = theme.DARK.name,
        graphics: Graphics = Graphics.CELLS,
    ) -> None:
        super().__init__()
        for each in (theme.DARK, theme.LIGHT):
            self.register_theme(each)
        self.theme = theme_name
        self.session = Session(label)
        self.runner = Runner(self, self.session, connect)
        self.news: Signal[News] = Signal(self, "news")
        self.graphics = graphics

    def on_mount(self) -> None:
        if threading.current_thread() is threading.main_thread():
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hung_up)
            _resume_on_a_terminal_only()
        self.push_screen(UsersScreen())
        # The first screen paints before anything is connected.
        self.call_after_refresh(self.runner.connect)

    def _hung_up(self) -> None:
        """The terminal is gone: leave as one would by hand, a run settled first."""
        # Whatever is still painted has nowhere to go, and to write to a dead terminal would block for ever.
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        os.close(nowhere)
        # Textual's writer may have died of its last write, and then nobody takes what is queued for it.
        cast(Any, self._driver)._writer_thread = _Nowhere()
        self.exit()

    async def on_unmount(self) -> None:
        await self.runner.close()

    @on(News)
    def _tell(self, news: News) -> None:
        self.news.publish(news)
        if isinstance(news, RunEnded):
            self._run_ended(news.run)
        elif isinstance(news, TapeConverted):
            self._converted()

    def _converted(self) -> None:
        """When the last of the conversions is over, that is told to who is elsewhere."""
        shelf = self.session.shelf
        if self.screen.id != "tapes" and not shelf.going_on:
            done, failed = len(list(shelf.of(Lot.DONE))), len(list(shelf.of(Lot.FAILED)))
            what = f"{figures.plural(done, 'tape')} converted"
            self.notify(f"{what}, {failed:,} failed." if failed else f"{what}.", markup=False)

    def _run_ended(self, run: Run | RolloutRun) -> None:
        if run.live:
            self.runner.rollouts.look_for_died()
            if isinstance(run, RolloutRun):
                self.runner.looking.begin()
        if self._shows(run):
            return
        what = visible(run.what, 40)
        self.notify(
            f"{what}: {'ended with trouble' if run.in_trouble else 'finished'}. g shows it.",
            severity="error" if run.in_trouble else "information",
            markup=False,
        )

    def _shows(self, run: Run | RolloutRun | None) -> bool:
        """Whether the run is what is looked at."""
        return run is not None and getattr(self.screen, "run", None) is run

    # -- actions -------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The run can be shown only when there is one, the tapes once there is a connection."""
        if action == "show_run":
            return self.session.run is not None and not self._shows(self.session.run)
        if action == "show_tapes":
            return self.session.engine is not None and self.screen.id not in ("run", "rollout", "tapes")
        if action == "show_history":
            return self.session.engine is not None and self.screen.id not in ("run", "rollout", "history")
        return True

    def action_show_tapes(self) -> None:
        """Go to everybody's tapes."""
        from acconsole.console.screens.tapes import TapesScreen

        if not self.screen.is_modal:
            self.push_screen(TapesScreen())

    def action_show_history(self) -> None:
        """Go to the runs of the past."""
        from acconsole.console.screens.history import HistoryScreen

        if not self.screen.is_modal:
            self.push_screen(HistoryScreen())

    def action_show_run(self) -> None:
        """Go to the run; back to it, where one came from it."""
        from acconsole.console.screens.rollout import RolloutScreen
        from acconsole.console.screens.run import RunScreen

        run = self.session.run
        if run is None or self._shows(run) or self.screen.is_modal:
            return
        if any(getattr(screen, "run", None) is run for screen in self.screen_stack):
            while not self._shows(run):
                self.pop_screen()
        else:
            self.push_screen(RolloutScreen(run) if isinstance(run, RolloutRun) else RunScreen(run))

    def began(self, run: Run | RolloutRun | None) -> None:
        """A dialog has closed, with the run that it started or with None."""
        if run:
            self.action_show_run()

    def action_help(self) -> None:
        """Every key of this screen."""
        from acconsole.console.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_theme_switch(self) -> None:
        """The other theme."""
        self.theme = theme.LIGHT.name if self.theme == theme.DARK.name else theme.DARK.name

    def action_leave(self) -> None:
        """Leave; a run that is going on is named first."""
        from acconsole.console.modals.leave import LeaveModal

        if not self.session.running:
            self.exit()
        elif not isinstance(self.screen, LeaveModal):
            self.push_screen(LeaveModal(self.session.running), self._left)

    def _left(self, leave: bool | None) -> None:
        if leave:
            self.exit()
