"""A run's events come to bars that never go back and to an account of every failure."""

from __future__ import annotations

from typing import Any

from acconsole.console import runview
from acconsole.console.progress import Progress
from acconsole.engine import events
from acconsole.engine.events import Failure, RunResult
from acconsole.engine.model import User, Verdict
from acconsole.engine.plan import Action, BlockedItem, Operation, Plan, Tally
from acconsole.engine.windows import Scope
from acconsole.media.base import MediaType
from acconsole.media.conversion import Stage

KIDLISP, MOODS, TAPES = MediaType.KIDLISP, MediaType.MOODS, MediaType.TAPES
START = 1_000_000.0


def a_plan(kidlisp: int = 300, moods: int = 4) -> Plan:
    counts = ((KIDLISP, kidlisp), (MOODS, moods))
    operations = tuple(
        Operation(Action.CREATE, kind, Verdict.MISSING, f"{kind}{n}", f"{kind}{n}")
        for kind, count in counts
        for n in range(count)
    )
    return Plan("restore", User("auth0|1", "jeffrey"), "pds.test", "r", "c", tuple(MediaType), operations)


def a_result(**known: Any) -> RunResult:
    return RunResult("r1", "restore", True, Tally(create=304), Tally(create=304), **known)


def started() -> Progress:
    progress = Progress(a_plan(), True, START)
    progress.take(events.Started("r1", progress.plan, True), START)
    return progress


def commit(kind: MediaType, count: int) -> events.Committed:
    return events.Committed(kind, 1, Tally(create=count), "bafyreiabcdefghijkl", "3k", 0.1)


def test_batches_move_their_own_bar_and_the_whole() -> None:
    progress = started()
    progress.take(events.BatchStarted(KIDLISP, 1, 200), START + 1)
    assert progress.tracks[KIDLISP].doing == 200
    progress.take(commit(KIDLISP, 200), START + 2)
    assert (progress.tracks[KIDLISP].passed, progress.tracks[KIDLISP].doing) == (200, 0)
    assert (progress.all.passed, progress.all.total) == (200, 304)
    assert progress.points == 600


def test_linking_what_was_created_counts_once() -> None:
    progress = started()
    progress.take(commit(KIDLISP, 200), START + 1)
    progress.take(events.Linked(KIDLISP, 200, 0), START + 1)
    assert progress.all.passed == 200


def test_more_than_planned_moves_the_end_and_never_the_front() -> None:
    progress = started()
    progress.take(commit(MOODS, 4), START + 1)
    progress.take(events.Found(MOODS, Tally(create=2)), START + 2)
    assert (progress.tracks[MOODS].passed, progress.tracks[MOODS].total) == (6, 6)


def test_failures_are_counted_by_cause_and_kept_in_the_log() -> None:
    progress = started()
    for ref in ("a", "b"):
        failure = Failure("@jeffrey", KIDLISP, ref, None, "source too long")
        assert progress.take(events.ItemFailed(failure), START + 1) is failure
    assert progress.failures == {("kidlisp", "source too long"): 2}
    assert progress.tracks[KIDLISP].failed == 2
    assert [line.tone for line in progress.log][-2:] == ["$bad", "$bad"]


def test_what_was_dropped_or_blocked_is_behind_the_bar_too() -> None:
    progress = started()
    progress.take(events.Dropped(KIDLISP, 3, "the doc was deleted"), START + 1)
    assert progress.tracks[KIDLISP].passed == 3
    assert not progress.failures


def test_a_dry_run_moves_the_same_bars_and_counts_the_expected_points() -> None:
    progress = Progress(a_plan(), False, START)
    progress.take(events.Withheld(KIDLISP, Tally(create=300)), START + 1)
    assert progress.tracks[KIDLISP].passed == 300
    assert progress.points == 900


def test_pace_and_time_left() -> None:
    progress = started()
    assert progress.seconds_left(START + 1) is None
    progress.take(commit(KIDLISP, 152), START + 1)
    assert progress.rate(START + 2) == 76
    assert progress.seconds_left(START + 2) == 2
    assert progress.columns(START + 3) == [0, 152, 0, 0]


def test_waiting_is_added_to_the_time_left_and_ends_with_the_next_commit() -> None:
    progress = started()
    progress.take(commit(KIDLISP, 152), START + 2)
    progress.take(events.Waiting(START + 102, "the budget is spent"), START + 2)
    assert progress.seconds_left(START + 2) == 102
    progress.take(commit(KIDLISP, 1), START + 103)
    assert progress.waiting is None


def test_the_tightest_budget_that_is_still_open_is_shown() -> None:
    progress = started()
    assert "this hour" not in runview.pace(progress, START, 120).plain
    hour = events.Budget(Scope.POINTS, 5_000, 590, 3_600, START + 60)
    uploads = events.Budget(Scope.UPLOADS, 1_000, 170, 86_400, START + 9_000)
    for told in (hour, uploads, events.Budget(Scope.POINTS, 35_000, 30_590, 86_400, START + 9_000)):
        progress.take(told, START)
    assert "points this hour ██████████████   4,410/5,000" in runview.pace(progress, START + 1, 120).plain
    assert "uploads today" in runview.pace(progress, START + 61, 120).plain
    progress.take(events.Waiting(START + 3_600, "the budget is spent"), START)
    assert runview.pace(progress, START, 80).plain.endswith("points this hour 4,410/5,000    waits 1:00:00")
    progress.take(events.Bypassed(), START + 62)
    assert runview.pace(progress, START + 62, 120).plain.endswith("limits bypassed")


def test_the_end_fills_the_bars_unless_it_was_stopped() -> None:
    whole, stopped = started(), started()
    whole.take(events.Finished(a_result()), START + 5)
    stopped.take(events.Finished(a_result(stopped=True)), START + 5)
    assert whole.all.passed == whole.all.total
    assert stopped.all.passed == 0
    assert whole.ended_at == START + 5


def test_a_failed_login_leaves_the_bars_where_they_were() -> None:
    progress = started()
    failure = Failure("@jeffrey", None, None, None, "wrong password")
    progress.take(events.ItemFailed(failure), START + 1)
    progress.take(events.Finished(a_result(failed=(failure,))), START + 1)
    assert progress.all.passed == 0
    assert progress.failures == {("@jeffrey", "wrong password"): 1}


def a_plan_of_tapes(*codes: str) -> Plan:
    operations = tuple(
        Operation(
            Action.CREATE,
            TAPES,
            Verdict.MISSING,
            f"ref of {code}",
            f"3{code}",
            record={"code": code},
            blobs=("video", "thumbnail"),
        )
        for code in codes
    )
    return Plan("restore", User("auth0|1", "jeffrey"), "pds.test", "r", "c", (TAPES,), operations)


def test_tapes_are_seen_on_their_way_until_their_blobs_are_stored() -> None:
    progress = Progress(a_plan_of_tapes("9Yo", "Eue"), True, START)
    videos = progress.videos
    assert progress.plan.videos == 2
    for stage, done in ((Stage.DOWNLOAD, 5), (Stage.ENCODE, 4), (Stage.DECODE, 9), (Stage.ENCODE, 9)):
        progress.take(events.TapeMoved("ref of 9Yo", stage, done, 10), START + 1)
    progress.take(events.TapeMoved("ref of Eue", Stage.DOWNLOAD, 0, 0), START + 1)
    assert [videos.name(ref) for ref in videos.on_the_way] == ["9Yo", "Eue"]
    share = videos.on_the_way["ref of 9Yo"].share
    assert 0.8 < share < 0.9
    made = events.TapeMade("ref of 9Yo", 210_000, 64_000, 48, 1.6, True, ("a frame was broken",))
    progress.take(made, START + 2)
    assert (videos.made, len(videos.on_the_way)) == (1, 2)
    assert [(line.text, line.tone) for line in progress.log][-3:] == [
        ("9Yo  48 frames  1.6 s  ZIP 210 KB → MP4 64 KB", ""),
        ("9Yo: encoded again, coarser, to fit the PDS", "$todo"),
        ("9Yo: a frame was broken", "$todo"),
    ]
    progress.take(events.TapeMoved("ref of 9Yo", Stage.UPLOAD, 1, 10), START + 2)
    assert videos.on_the_way["ref of 9Yo"].share >= share
    for _ in range(2):
        assert "ref of 9Yo" in videos.on_the_way
        progress.take(events.BlobStored(TAPES, "ref of 9Yo", 64_000, True), START + 2)
    assert list(videos.on_the_way) == ["ref of Eue"]


def test_a_tape_that_fails_or_is_blocked_is_no_longer_on_its_way() -> None:
    progress = Progress(a_plan_of_tapes("9Yo", "Eue", "tNz"), True, START)
    for ref in ("ref of 9Yo", "ref of Eue", "ref of tNz"):
        progress.take(events.TapeMoved(ref, Stage.DOWNLOAD, 1, 2), START + 1)
    failure = Failure("@jeffrey", TAPES, "ref of 9Yo", None, "too long")
    progress.take(events.ItemFailed(failure), START + 1)
    progress.take(events.ItemBlocked(BlockedItem(TAPES, "ref of tNz", "video", "no source")), START + 1)
    assert list(progress.videos.on_the_way) == ["ref of Eue"]
    progress.end(START + 2)
    assert progress.videos.on_the_way == {}


def test_tapes_are_named_in_few_lines() -> None:
    codes = [f"t{n:02}" for n in range(12)]
    progress = Progress(a_plan_of_tapes(*codes), True, START)
    for n, code in enumerate(codes):
        progress.take(events.TapeMoved(f"ref of {code}", Stage.ENCODE, n, 12), START + 1)
    lines = runview.videos(progress, 80, 5).plain.split("\n")
    assert len(lines) == 5
    assert "0/12 made" in lines[0]
    assert "12 on their way" in lines[0]
    assert lines[1].strip().startswith("t11")
    assert lines[1].rstrip().endswith("encode")
