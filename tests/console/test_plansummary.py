"""What a plan says of the videos that it makes."""

from __future__ import annotations

from dataclasses import replace

from acconsole.console import plansummary
from acconsole.engine.model import User, Verdict
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


def test_the_videos_of_a_plan_and_what_the_pds_takes() -> None:
    assert any(
        line.plain.startswith("2 videos are made; one over 5.2 MB is encoded again")
        for line in plansummary.side_facts(plan(2, 5_242_880))
    )
    assert any(line.plain == "1 video is made." for line in plansummary.side_facts(plan(1, None)))
    assert not any("made" in line.plain for line in plansummary.side_facts(plan(0, None)))


def test_a_video_takes_longer_than_a_picture() -> None:
    assert plansummary.seconds(plan(30, None)) > 30 * plansummary.SECONDS_A_VIDEO
