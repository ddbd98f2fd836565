"""Runs of the past for tests, as the journal would tell them; over people of the sandbox."""

from __future__ import annotations

from typing import Any

from acconsole.engine.history import (
    BatchRecord,
    Ending,
    Note,
    OperationRecord,
    Outcome,
    PartRecord,
    RunRecord,
    RunSummary,
)
from acconsole.engine.journal import Beginning, Subject
from acconsole.engine.plan import Action, Tally
from acconsole.media.base import MediaType
from acconsole.sandbox.people import people

NOW = 1_761_000_000.0
HOST = "at.aesthetic.computer"
PEOPLE = {
    person.handle: Subject(person.id, f"@{person.handle}", "did:plc:x", "r", "c") for person in people(20)
}
GOES, MANY, DRY, STOPPED, FAILED, ONE = (f"0192f4a{place}0001" for place in (4, 3, 2, 1, 0, 9))
CID = "bafyreiabcdefghijklmnopqrstuvwxyzdefgh1"
KIDLISP, MOODS = MediaType.KIDLISP, MediaType.MOODS


def a_summary(run: str, ago: float, action: str, ending: Ending, *names: str, **more: Any) -> RunSummary:
    """A run that began so many seconds ago, and unless it goes on took eight."""
    subjects = [PEOPLE[name] for name in names]
    known: dict[str, Any] = {
        "ended": None if ending in (Ending.RUNNING, Ending.DIED) else NOW - ago + 8,
        "live": True,
        "done": Tally(),
        "failed": 0,
        "backup": None,
    }
    return RunSummary(
        run=run,
        began=NOW - ago,
        action=action,
        users=tuple(each.id for each in subjects),
        names=tuple(each.name for each in subjects),
        ending=ending,
        pds=HOST,
        **{**known, **more},
    )


RUNS = (
    a_summary(GOES, 75, "wipe", Ending.RUNNING, "abby"),
    a_summary(
        MANY,
        3_600,
        "rollout",
        Ending.FINISHED,
        *("jeffrey", "casey", "abby", "gus"),
        done=Tally(create=61_000, relink=400),
        failed=2,
        backup=f"/state/runs/{MANY}/jeffrey",
    ),
    a_summary(DRY, 7_200, "restore", Ending.FINISHED, "jeffrey", live=False),
    a_summary(
        STOPPED, 90_000, "undo", Ending.STOPPED, "jeffrey", done=Tally(delete=12), backup="/state/runs/1"
    ),
    a_summary(FAILED, 100_000, "restore", Ending.FAILED, "gus", failed=1),
    a_summary(ONE, 200_000, "restore", Ending.DIED, "abby", done=Tally(create=1)),
)
"""One of each ending, the newest first."""


def an_operation(
    who: str, action: Action, rkey: str, ref: str | None, outcome: Outcome, kind: MediaType = KIDLISP
) -> OperationRecord:
    old, new = (None, CID) if action is Action.CREATE else (CID, f"{CID}2")
    id = PEOPLE[who].id
    linked = outcome is Outcome.CONFIRMED
    return OperationRecord(id, kind, action, ref, rkey, old, new, outcome, linked, None)


def a_batch(
    who: str, number: int, *operations: OperationRecord, commit: str | None = None, refusal: str | None = None
) -> BatchRecord:
    answered = NOW if commit or refusal else None
    rev = "3m3zfixedrev2" if commit else None
    kind = operations[0].kind
    return BatchRecord(PEOPLE[who].id, number, kind, NOW, CID, answered, commit, rev, refusal, operations)


def the_beginning(run: RunSummary, options: dict[str, Any]) -> Beginning:
    subjects = tuple(each for each in PEOPLE.values() if each.id in run.users)
    return Beginning(
        run.run,
        run.began,
        run.action,
        run.live,
        subjects,
        *("sandbox", "admin", "desk", 77, "0.1.0", run.pds),
        options,
    )


def _created(who: str) -> BatchRecord:
    return a_batch(
        who,
        1,
        an_operation(who, Action.CREATE, "3aaa", "d1", Outcome.CONFIRMED),
        an_operation(who, Action.CREATE, "3bbb", "d2", Outcome.UNKNOWN),
        commit=CID,
    )


def _many() -> RunRecord:
    jeffrey, casey, abby = (PEOPLE[name].id for name in ("jeffrey", "casey", "abby"))
    failed = {"handle": "casey", "type": "kidlisp", "id": "65f0aa11", "rkey": None}
    result = {
        "failed": [{**failed, "reason": "source too long (50,001 of 50,000)"}],
        "blocked": [{"handle": "wisp", "type": "moods", "id": "77", "field": "when", "reason": "not a date"}],
        "skipped": [
            {"handle": "jeffrey", "type": "moods", "id": "78", "rkey": "3c", "reason": "it was changed since"}
        ],
        "report": f"/state/runs/{MANY}",
    }
    none = Tally().as_json()
    whole = {"handle": "abby", "type": None, "id": None, "rkey": None, "reason": "no answer"}
    return RunRecord(
        RUNS[1],
        the_beginning(
            RUNS[1], {"types": ["moods", "kidlisp"], "prune": True, "limit": None, "concurrency": 50}
        ),
        (
            _created("jeffrey"),
            a_batch("casey", 2, an_operation("casey", Action.UPDATE, "3c", "d3", Outcome.UNKNOWN)),
            a_batch("casey", 0, an_operation("casey", Action.RELINK, "3d", "d4", Outcome.CONFIRMED, MOODS)),
            a_batch(
                "casey",
                4,
                an_operation("casey", Action.DELETE, "3e", None, Outcome.NOT_DONE, MOODS),
                refusal="InvalidSwap",
            ),
        ),
        (),
        (
            Note(NOW, jeffrey, "waiting", {"until": NOW, "reason": "the hour's points are spent"}),
            Note(NOW, jeffrey, "reread", {"reason": "the repo has moved", "to_do": 12}),
            Note(NOW, jeffrey, "backup", {"path": f"/state/runs/{MANY}/jeffrey"}),
            Note(NOW, casey, "backup", {"path": f"/state/runs/{MANY}/casey"}),
            Note(NOW, casey, "dropped", {"type": "moods", "count": 1, "reason": "its doc was deleted"}),
        ),
        (
            PartRecord(jeffrey, 1, NOW, Ending.FINISHED, {"done": {**none, "create": 61_000}, "failed": []}),
            PartRecord(casey, 1, NOW, Ending.FINISHED, {"done": {**none, "relink": 400}, "failed": [failed]}),
            PartRecord(abby, 1, NOW, Ending.FAILED, {"done": none, "failed": [whole]}),
            PartRecord(abby, 2, NOW, Ending.STOPPED, {"done": none, "failed": [whole]}),
        ),
        result,
    )


def _single(run: RunSummary) -> RunRecord:
    batches = (_created(run.names[0].removeprefix("@")),) if run.live else ()
    return RunRecord(run, the_beginning(run, {"types": ["kidlisp"]}), batches, (), (), (), None)


RECORDS = {run.run: _single(run) for run in RUNS} | {MANY: _many()}


def a_record(text: str) -> RunRecord:
    """A run of which every text is this one."""
    run = RunSummary(
        *("r1", NOW - 9, NOW, text, True, ("u1", "u2"), (text, text), Tally(create=1), 1),
        *(Ending.FINISHED, text, text),
    )
    told = dict.fromkeys(("handle", "type", "id", "rkey", "field", "reason", "path"), text)
    subjects = tuple(Subject(id, text, text, text, text) for id in run.users)
    operation = OperationRecord(
        "u1", KIDLISP, Action.UPDATE, text, text, text, f"{text}2", Outcome.UNKNOWN, True, text
    )
    answers = (("", None), (text, None), ("", text))
    return RunRecord(
        run,
        Beginning(
            "r1", NOW, text, True, subjects, text, text, text, 1, text, text, {"types": [text], text: text}
        ),
        tuple(
            BatchRecord("u1", 1, KIDLISP, NOW, text, NOW, commit, text, refusal, (operation,))
            for commit, refusal in answers
        ),
        (),
        tuple(Note(NOW, "u1", what, told) for what in ("failed", "backup", "dropped", text)),
        (PartRecord("u1", 1, NOW, Ending.FAILED, {"done": Tally().as_json(), "failed": [told]}),),
        {"failed": [told], "blocked": [told], "skipped": [told], "report": text},
    )
