"""A run's progress on stderr: tapes on their way share a line on a terminal, elsewhere each has one."""

from __future__ import annotations

import io
import time

from acconsole.cli.progress import Progress
from acconsole.engine import events
from acconsole.engine.events import Failure
from acconsole.engine.model import Verdict
from acconsole.engine.plan import Action, BlockedItem, Operation, Plan, Tally
from acconsole.engine.windows import Scope
from acconsole.media.base import MediaType
from acconsole.media.conversion import Stage
from tests.engine.cases import USER

TAPES = MediaType.TAPES
OPERATIONS = tuple(
    Operation(Action.CREATE, TAPES, Verdict.MISSING, ref, ref, blobs=("video",)) for ref in "abcd"
)
PLAN = Plan("restore", USER, "pds.test", None, None, (TAPES,), OPERATIONS)
HAPPENING = (
    events.TapeMoved("a", Stage.DOWNLOAD, 500, 0),
    events.TapeMoved("b", Stage.ENCODE, 3, 12),
    events.TapeMade("a", 9_000, 2_000, 6, 0.24, False, ("one frame is \x1b[31mbroken",)),
    events.BlobStored(TAPES, "a", 2_000, True),
    events.ItemFailed(Failure("@jeffrey", TAPES, "b", "b", "no frames")),
    events.ItemBlocked(BlockedItem(TAPES, "c", "video", "no source")),
    events.TapeMoved("d", Stage.UPLOAD, 0, 10),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def said(out: io.StringIO, *, quiet: bool = False) -> list[str]:
    progress = Progress(PLAN, out, quiet=quiet)
    for event in HAPPENING:
        progress.take(event)
    progress.close()
    return out.getvalue().replace("\r\x1b[K", "\n").split("\n")


def test_elsewhere_a_line_a_tape() -> None:
    assert said(io.StringIO()) == [
        "tape a: 2.0 KB of video, one frame is ␛[31mbroken",
        "failed: tapes b no frames",
        "blocked: tapes c: video no source",
        "",
    ]


def test_on_a_terminal_those_on_their_way_share_a_line() -> None:
    lines = [line.strip() for line in said(Terminal())]
    assert "0/4  a download" in lines
    assert "0/4  a download, b encode 25 %" in lines
    assert lines[-2].endswith("1/4  d upload 0 %")


def test_quiet_is_quiet() -> None:
    assert said(Terminal(), quiet=True) == [""]


def test_the_tightest_budget_stands_behind_the_last_batch() -> None:
    out, resets = Terminal(), time.time() + 900
    progress = Progress(PLAN, out, quiet=False)
    progress.take(events.Committed(TAPES, 3, Tally(create=2), "cid", "rev", 0.5))
    progress.take(events.Budget(Scope.POINTS, 5_000, 590, 3_600, resets))
    progress.take(events.Budget(Scope.UPLOADS, 1_000, 990, 86_400, resets))
    assert out.getvalue().endswith("tapes, batch 3: 2 in 0.50 s   points this hour 4,410/5,000")
    progress.take(events.Bypassed())
    assert out.getvalue().endswith("the PDS's rate limits are bypassed\n")
    plain = io.StringIO()
    Progress(PLAN, plain, quiet=False).take(events.Budget(Scope.POINTS, 5_000, 590, 3_600, resets))
    assert plain.getvalue() == ""
