"""What a plan says of the videos that it makes."""

from __future__ import annotations

from dataclasses import replace

from textual.content import Content

from acconsole.console import plansummary
from acconsole.engine.budgets import Budgets
from acconsole.engine.model import User, Verdict
from acconsole.engine.outlook import Cost, outlook
from acconsole.engine.plan import Action, Operation, Plan
from acconsole.media.base import MediaType

TAPES = MediaType.TAPES
BLOBS = ("video", "thumbnail")


def plan(videos: int, limit: int | None) -> Plan:
    operations = [
        Operation(Action.CREATE, TAPES, Verdict.MISSING, f"{n}", f"{n}", blobs=BLOBS) for n in range(videos)
    ]
    made = Plan("restore", User("u"), "pds.test", None, None, (TAPES,), tuple(operations))
    return replace(made, blob_limit=limit)


def side_facts(made: Plan) -> list[Content]:
    return plansummary.side_facts(made, outlook([Cost.of(made)], Budgets(), 0))


def test_the_videos_of_a_plan_and_what_the_pds_takes() -> None:
    assert any(
        line.plain.startswith("2 videos are made; one over 5.2 MB is encoded again")
        for line in side_facts(plan(2, 5_242_880))
    )
    assert any(line.plain == "1 video is made." for line in side_facts(plan(1, None)))
    assert not any("made" in line.plain for line in side_facts(plan(0, None)))


def test_the_last_line_is_the_outlook() -> None:
    assert side_facts(plan(30, None))[-1].plain == "90 points of 5,000 an hour; takes about 65 s."
    assert len(side_facts(plan(0, None))) == 0
