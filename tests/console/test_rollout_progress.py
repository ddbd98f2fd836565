"""A rollout's events come to bars that never go back, to sums that are right, and to failures by cause."""

from __future__ import annotations

from acconsole.console.rollout.causes import Cause, cause_of, nameless
from acconsole.console.rollout.lanesview import shape
from acconsole.console.rollout.progress import RolloutProgress
from acconsole.engine import events
from acconsole.engine.model import User
from acconsole.engine.plan import BlockedItem, Tally
from acconsole.engine.rollout import told
from acconsole.engine.windows import DAY, HOUR, Scope
from acconsole.errors import Unreachable
from tests.console.rollouts import (
    BLOBS,
    DEAD,
    KIDLISP,
    PAINTINGS,
    RECORDS,
    a_rollout,
    a_survey,
    began,
    begun,
    commit,
    do_user,
    item_failed,
    moved,
    stored,
    take_all,
)

START = 1_000_000.0


def fronts(progress: RolloutProgress) -> list[float]:
    """How far each bar is, from 0 to 1."""
    tracks = [meter.track for meter in progress.tracks.kinds.values()]
    return [
        track.passed / max(track.total, 1)
        for track in (*tracks, progress.tracks.items, progress.tracks.blobs.track)
    ]


def test_a_user_is_done_once_every_turn_is() -> None:
    survey = a_survey(2, records=10, pictures=3, every=2)
    progress = begun(survey, START)
    first, second = survey.shares
    do_user(progress, first, START + 1)
    do_user(progress, second, START + 1)
    assert progress.done == {second.user.id}
    assert (progress.waiting, progress.on_the_way) == (1, 1)
    assert (progress.turn_number, len(progress.turns), progress.turn_ended) == (1, 2, 2)
    progress.take(told.TurnBegan(BLOBS, 1), START + 2)
    progress.take(began(first, BLOBS), START + 2)
    assert (progress.turn_number, progress.lanes.working, progress.waiting) == (2, 1, 0)
    take_all(progress, [stored(first.user)] * 3, START + 3)
    take_all(progress, [commit(first.user, 3, PAINTINGS), told.UserEnded(first.user, BLOBS)], START + 3)
    assert progress.done == {first.user.id, second.user.id}
    assert fronts(progress) == [1.0] * 4
    assert (progress.tracks.items.done, progress.points) == (23, 69)
    assert not progress.in_trouble


def test_a_dry_run_moves_the_same_bars() -> None:
    survey = a_survey(1, records=0, pictures=3)
    progress = begun(survey, START, live=False)
    (share,) = survey.shares
    progress.take(began(share, BLOBS), START)
    held = events.Withheld(PAINTINGS, Tally(create=3, blobs=3))
    take_all(progress, [moved(share.user, held), told.UserEnded(share.user, BLOBS)], START + 1)
    assert (progress.tracks.items.done, progress.tracks.blobs.track.done) == (3, 3)
    assert progress.done == {share.user.id}


def test_what_failed_is_mended_by_another_try_and_no_bar_goes_back() -> None:
    survey = a_survey(1, records=10, pictures=0)
    progress = begun(survey, START)
    (share,) = survey.shares
    user, seen = share.user, []
    steps = [
        began(share, RECORDS),
        commit(user, 6),
        *[item_failed(user, "the PDS did not answer", f"ref{n}") for n in range(4)],
        told.UserEnded(user, RECORDS, 4, None, START + 20),
    ]
    for event in steps:
        progress.take(event, START + 1)
        seen.append(fronts(progress)[0])
    assert (progress.tracks.items.done, progress.tracks.items.failed) == (6, 4)
    assert (len(progress.again), progress.waiting, progress.in_trouble) == (1, 1, True)
    for event in (began(share, RECORDS, 2), commit(user, 3), item_failed(user, "no", "ref3")):
        progress.take(event, START + 21)
        seen.append(fronts(progress)[0])
    assert (progress.tracks.items.done, progress.tracks.items.failed) == (9, 1)
    assert next(iter(progress.lanes)).tries == 2
    progress.take(told.UserEnded(user, RECORDS, 1), START + 22)
    seen.append(fronts(progress)[0])
    assert seen == sorted(seen)
    assert progress.failed == {user.id}
    assert [(cause.reason, count, users) for cause, count, users in progress.causes.ranked()] == [
        ("No", 1, 1)
    ]


def test_a_user_that_fails_as_a_whole_takes_the_rest_along() -> None:
    survey = a_survey(2, records=10, pictures=2)
    progress = begun(survey, START)
    for share in survey.shares:
        progress.take(began(share, RECORDS), START)
        progress.take(told.UserEnded(share.user, RECORDS, 0, DEAD.format(share.user.name)), START + 1)
    assert (progress.tracks.items.failed, progress.tracks.items.passed) == (24, 24)
    assert progress.tracks.blobs.track.failed == 4
    ((cause, count, users),) = progress.causes.ranked()
    assert (cause, count, users) == (Cause(None, "The PDS refuses the stored password."), 2, 2)
    assert [hit.user for hit in progress.causes.hits(cause)] == [share.user for share in survey.shares]
    first, before = survey.shares[0], fronts(progress)
    # Whom another run held comes again in the next turn.
    do_user(progress, first, START + 3, BLOBS)
    assert (progress.tracks.items.failed, progress.tracks.items.done) == (22, 2)
    assert progress.failed == {share.user.id for share in survey.shares}
    assert fronts(progress) == before == [1.0] * 4


def test_more_than_was_foreseen_moves_both_ends() -> None:
    survey = a_survey(2, records=10, pictures=0)
    progress = begun(survey, START)
    share = survey.shares[0]
    take_all(progress, [began(share, RECORDS), commit(share.user, 10)], START)
    front = fronts(progress)[0]
    progress.take(commit(share.user, 5), START)
    assert (progress.tracks.items.done, progress.tracks.items.total) == (15, 25)
    assert fronts(progress)[0] >= front


def test_what_turned_out_to_need_nothing_is_behind_the_bar_too() -> None:
    survey = a_survey(1, records=10, pictures=0)
    progress = begun(survey, START)
    (share,) = survey.shares
    progress.take(began(share, RECORDS), START)
    progress.take(moved(share.user, events.Dropped(KIDLISP, 2, "the doc was deleted")), START)
    progress.take(moved(share.user, events.ItemBlocked(BlockedItem(KIDLISP, "r", "code", "missing"))), START)
    assert progress.tracks.items.left_out == 3
    progress.take(told.UserEnded(share.user, RECORDS), START)
    assert (progress.tracks.items.left_out, progress.tracks.items.failed) == (10, 0)


def test_a_user_that_was_stopped_is_not_done() -> None:
    survey = a_survey(1, records=10, pictures=0)
    progress = begun(survey, START)
    (share,) = survey.shares
    stopped = events.RunResult("r", "restore", True, Tally(), Tally(create=4), stopped=True)
    take_all(
        progress,
        [
            began(share, RECORDS),
            commit(share.user, 4),
            moved(share.user, events.Finished(stopped)),
            told.UserEnded(share.user, RECORDS),
        ],
        START,
    )
    assert (progress.done, progress.failed, progress.waiting) == (set(), set(), 1)
    assert progress.tracks.items.passed == 4


def test_lanes_keep_their_places_and_the_sums_are_right_with_everybody() -> None:
    progress = a_rollout(START).progress
    assert progress.users == 4_201
    assert progress.lanes.working == 42
    places = progress.lanes.shown(START, 50)
    assert sum(lane is not None and lane.ended_at is None for lane in places) == 42
    assert progress.lanes.beyond(10) == 42 - sum(
        lane is not None and lane.ended_at is None for lane in places[:10]
    )
    ended = next(at for at, lane in enumerate(places) if lane and lane.ended_at is not None)
    share = progress.survey.shares[-1]
    progress.take(began(share, RECORDS), START)
    lane = progress.lanes.shown(START, 50)[ended]
    assert lane is not None
    assert lane.user == share.user
    assert len(progress.done) + len(progress.failed) + progress.lanes.working + progress.waiting == 4_201
    assert all(lane is None or lane.ended_at is None for lane in progress.lanes.shown(START + 60, 50))


def test_at_the_end_of_everybody_the_bars_are_full() -> None:
    progress = a_rollout(START, users=200, over=True).progress
    assert fronts(progress) == [1.0] * 4
    assert len(progress.done) + len(progress.failed) == 200
    assert (progress.again, progress.lanes.working) == ({}, 0)
    total = progress.tracks.items
    assert (total.done + total.left_out + total.failed, total.total) == (total.total, 200 * 28 + 50 * 3)


def test_an_end_before_its_time_leaves_the_bars_where_they_are() -> None:
    run = a_rollout(START)
    passed = run.progress.tracks.items.passed
    run.progress.end(START, Unreachable("Mongo does not answer.", "Look at it."))
    assert run.progress.lanes.working == 0
    assert run.progress.tracks.items.passed == passed
    assert run.in_trouble


def test_pace_and_time_left_leave_pauses_out() -> None:
    survey = a_survey(2, records=1_000, pictures=0)
    progress = begun(survey, START)
    share = survey.shares[0]
    progress.take(began(share, RECORDS), START)
    assert progress.seconds_left(START + 5) is None
    progress.take(commit(share.user, 500), START + 5)
    assert progress.seconds_left(START + 5) == 15
    assert progress.pace.records_a_second(START + 5) == 100
    progress.holding.begin(START + 5)
    assert progress.seconds_left(START + 65) is None
    progress.holding.end(START + 65)
    assert progress.seconds_left(START + 65) == 15
    assert sum(progress.pace.columns(START + 65)) == 0


def test_who_waits_is_told_of_once_and_shared_budgets_have_a_gauge() -> None:
    survey = a_survey(3)
    progress = begun(survey, START)
    for share in survey.shares:
        progress.take(began(share, RECORDS), START)
        progress.take(moved(share.user, events.Waiting(START + 60, "the budget is spent")), START)
    assert all(lane.waits == START + 60 for lane in progress.lanes)
    assert sum("waits until" in line.text for line in progress.log) == 1
    user = survey.shares[0].user
    progress.take(moved(user, events.Budget(Scope.POINTS, 5_000, 1, HOUR, START + 60)), START)
    assert progress.gauges.tightest(START) is None
    progress.take(moved(user, events.Budget(Scope.UPLOADS, 1_000, 170, DAY, START + 60)), START)
    gauge = progress.gauges.tightest(START)
    assert gauge is not None
    assert gauge.used == 830
    progress.take(commit(user, 1), START + 61)
    assert next(iter(progress.lanes)).waits is None


def test_a_cut_of_the_crew_is_told_of_until_all_are_at_work_again() -> None:
    progress = begun(a_survey(3), START)
    for limit, reason in ((33, "the PDS answers 502"), (34, "the PDS is quick"), (22, "no answer")):
        progress.take(told.CrewChanged(limit, 50, reason), START)
    cuts = [progress.cut]
    assert [cut and cut.reason for cut in cuts] == ["no answer"]
    assert [line.text for line in progress.log if "at once" in line.text] == [
        "33 users at once: the PDS answers 502",
        "22 users at once: no answer",
    ]
    progress.take(told.CrewChanged(50, 50, "the PDS is quick"), START)
    progress.take(told.CrewChanged(45, 45, "asked for"), START)
    assert progress.cut is None
    assert progress.log[-1].text == "45 users at once: asked for"


def test_a_reason_is_the_same_with_everybody() -> None:
    guest = User("art-guest", None, "art.at.test", "did:plc:guest")
    assert nameless("art has no account on the PDS.", guest) == "has no account on the PDS."
    assert nameless("No part of art is there.", guest) == "No part is there."
    rook = User("auth0|1", "rook", "rook.at.test", "did:plc:rook")
    assert nameless("The account did:plc:rook is deactivated.", rook) == "The account is deactivated."
    assert nameless("The account of @rook is deactivated.", rook) == "The account is deactivated."


def test_an_item_s_own_details_are_no_part_of_its_cause() -> None:
    first, second = (share.user for share in a_survey(2).shares)
    reasons = {first: "Storage (a.png) answers 404.", second: "Storage (b.png) answers 404."}
    causes = {
        cause_of(events.Failure(user.name, PAINTINGS, "1", None, reason), user)
        for user, reason in reasons.items()
    }
    assert causes == {Cause(PAINTINGS, "Storage answers 404.")}


def test_lanes_are_wide_where_they_fit() -> None:
    assert shape(80, 5, 50) == (3, 5)
    assert shape(120, 13, 50) == (4, 13)
    assert shape(200, 23, 50) == (4, 13)
    assert shape(80, 5, 1) == (1, 1)
    assert shape(20, 1, 50) == (1, 1)
