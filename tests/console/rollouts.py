"""Rollouts for tests, made of the events that the engine would tell."""

from __future__ import annotations

from collections.abc import Sequence

from acconsole.console.rollout.progress import RolloutProgress
from acconsole.console.session import RolloutRun
from acconsole.engine import events
from acconsole.engine.events import Event, Failure
from acconsole.engine.model import User
from acconsole.engine.plan import Tally
from acconsole.engine.rollout import told
from acconsole.engine.rollout.account import RolloutResult, UserEnd
from acconsole.engine.rollout.crew import Control
from acconsole.engine.rollout.survey import Scope, Share, Survey
from acconsole.media.base import MediaType

PAINTINGS, MOODS, PIECES, KIDLISP = (
    MediaType.PAINTINGS,
    MediaType.MOODS,
    MediaType.PIECES,
    MediaType.KIDLISP,
)
RECORDS = (MOODS, PIECES, KIDLISP)
BLOBS = (PAINTINGS, MediaType.TAPES)
RUN = "0192f4a3b5c6"
DEAD = "The PDS refuses the stored password of {}."


def a_user(number: int) -> User:
    names = ("abby", "ana.w", "bit", "casey", "dot", "e_4", "flo", "gus", "hana", "i.k", "jefferson")
    name = f"{names[number % len(names)]}{number or ''}"
    return User(f"auth0|{number:06}", name, f"{name}.at.test", f"did:plc:{number:024}", f"ac24{number:05}")


def a_share(user: User, records: int = 20, pictures: int = 2) -> Share:
    """What a user has to do: kidlisp, and paintings with a blob each."""
    tallies = {KIDLISP: Tally(create=records), PAINTINGS: Tally(create=pictures, blobs=pictures)}
    kept = {kind: tally for kind, tally in tallies.items() if tally.items}
    return Share(user, kept, 0, 0, records + pictures)


def a_survey(
    users: int = 10, *, records: int = 20, pictures: int = 2, every: int = 1, limit: int | None = None
) -> Survey:
    """A survey in which so many users have the same to do, but pictures only `every` so manieth."""
    survey = Survey(Scope(limit=limit), "pds.test", looked=users + 3, in_sync=2)
    survey.shares = [
        a_share(a_user(number), records, pictures if number % every == 0 else 0) for number in range(users)
    ]
    survey.left_out = [(User("auth0|none", "wisp"), "@wisp has no account on the PDS.")]
    return survey


def begun(survey: Survey, now: float, *, live: bool = True) -> RolloutProgress:
    """A rollout in its first turn."""
    progress = RolloutProgress(survey, live, now)
    progress.take(told.RolloutStarted(RUN, survey, live), now)
    progress.take(told.TurnBegan(RECORDS, len(survey.shares)), now)
    return progress


def began(share: Share, kinds: tuple[MediaType, ...], attempt: int = 1) -> told.UserBegan:
    expected = sum((share.tallies[kind] for kind in kinds if kind in share.tallies), Tally())
    return told.UserBegan(share.user, kinds, attempt, expected)


def moved(user: User, event: Event) -> told.UserMoved:
    return told.UserMoved(user, event)


def commit(user: User, count: int, kind: MediaType = KIDLISP) -> told.UserMoved:
    return moved(user, events.Committed(kind, 1, Tally(create=count), "bafyreiabcdefgh", "3k", 0.1))


def stored(user: User) -> told.UserMoved:
    return moved(user, events.BlobStored(PAINTINGS, "65f0", 8_000, True))


def item_failed(user: User, reason: str, ref: str = "65f0aa11", kind: MediaType = KIDLISP) -> told.UserMoved:
    return moved(user, events.ItemFailed(Failure(user.name, kind, ref, None, reason)))


def take_all(progress: RolloutProgress, told_events: Sequence[Event], now: float) -> None:
    for event in told_events:
        progress.take(event, now)


def do_user(
    progress: RolloutProgress, share: Share, now: float, kinds: tuple[MediaType, ...] = RECORDS
) -> None:
    """One turn of a user, to its good end."""
    progress.take(began(share, kinds), now)
    for kind in kinds:
        if tally := share.tallies.get(kind):
            for _ in range(tally.blobs):
                progress.take(stored(share.user), now)
            progress.take(commit(share.user, tally.items, kind), now)
    progress.take(told.UserEnded(share.user, kinds), now)


def a_rollout(now: float, users: int = 4_201, *, over: bool = False, live: bool = True) -> RolloutRun:
    """A rollout in the middle of its first turn, or at its end, with failures of several kinds."""
    survey = a_survey(users, records=28, pictures=3, every=4)
    start, done = now - 41, users * 54 // 100
    progress = begun(survey, start, live=live)
    control = Control(50)
    shares = iter(survey.shares)
    for number in range(done):
        do_user(progress, next(shares), start + 1 + 39 * number / done)
    for _ in range(3):
        user = (share := next(shares)).user
        progress.take(began(share, RECORDS), now - 9)
        progress.take(told.UserEnded(user, RECORDS, 0, DEAD.format(user.name)), now - 8)
    source = next(shares)
    progress.take(began(source, RECORDS), now - 7)
    progress.take(item_failed(source.user, "source too long (50,001 of 50,000)"), now - 7)
    progress.take(told.UserEnded(source.user, RECORDS, 1), now - 7)
    later = next(shares)
    progress.take(began(later, RECORDS), now - 6)
    progress.take(
        told.UserEnded(later.user, RECORDS, 0, "The PDS answers 502 to a login.", now + 14), now - 6
    )
    for number in range(50):
        progress.take(began(share := next(shares), RECORDS), now - 2)
        progress.take(commit(share.user, 1 + number * 7 % 27), now - 1)
    for each in list(progress.lanes)[::7]:
        progress.take(commit(each.user, 28 - each.passed), now - 1)
        progress.take(told.UserEnded(each.user, RECORDS), now - 1)
    run = RolloutRun(survey, live, progress, control)
    if over:
        for lane in list(progress.lanes):
            take_all(progress, [commit(lane.user, 28 - lane.passed), told.UserEnded(lane.user, RECORDS)], now)
        do_user(progress, later, now)
        for share in shares:
            do_user(progress, share, now)
        progress.take(told.TurnBegan(BLOBS, users // 4), now)
        for share in survey.shares:
            if PAINTINGS in share.tallies and share.user.id not in progress.failed:
                do_user(progress, share, now, BLOBS)
        end(run, now)
    return run


def end(run: RolloutRun, now: float, why: str | None = None) -> None:
    """The rollout comes to its end."""
    progress = run.progress
    failures = (Failure("@e_4", KIDLISP, "65f0", None, "source too long (50,001 of 50,000)"),)
    done = Tally(create=61_400)
    result = RolloutResult(
        RUN,
        "rollout",
        run.live,
        run.survey.tally(),
        done,
        failures,
        seconds=now - progress.started_at,
        backup=f"/state/runs/{RUN}",
        stopped=why is not None,
        looked=run.survey.looked,
        in_sync=run.survey.in_sync,
        ends=((UserEnd.DONE, 4_197), (UserEnd.FAILED, 4), (UserEnd.LEFT_OUT, 1), (UserEnd.NOT_BEGUN, 0)),
        why=why,
        checked=61_400,
        report=f"/state/runs/{RUN}",
    )
    progress.take(told.RolloutFinished(result), now)
    progress.end(now)
    run.over = True
