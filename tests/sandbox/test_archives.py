"""ZIPs of tapes: every shape that real ones have, and where they lie."""

from __future__ import annotations

import io
import json
import wave
import zipfile
from typing import Any

import httpx
import pytest
from PIL import Image

from acconsole.media.base import MediaType
from acconsole.sandbox import archives, media
from acconsole.sandbox.catalogue import Catalogue
from acconsole.sandbox.docs import TAPE_ODDITIES, MongoDoc
from acconsole.sandbox.holdings import video
from tests.sandbox.matching import holding_of, holdings

SEEDS = [f"t{index}" for index in range(40)]


def opened(code: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(archives.tape(code)))


def frames(tape: zipfile.ZipFile) -> list[str]:
    return [name for name in tape.namelist() if name.startswith("frame")]


def timing(tape: zipfile.ZipFile) -> Any:
    return json.loads(tape.read("timing.json")) if "timing.json" in tape.namelist() else None


@pytest.fixture(scope="module")
def tapes() -> list[zipfile.ZipFile]:
    return [opened(code) for code in SEEDS]


def test_a_tape_is_always_the_same_and_no_two_are() -> None:
    assert archives.tape("t1") == archives.tape("t1") != archives.tape("t2")


@pytest.mark.parametrize("code", ["9Yo", "Eue"])
def test_the_two_known_tapes_are_regular(code: str) -> None:
    tape = opened(code)
    rows = timing(tape)
    assert [row["filename"] for row in rows] == frames(tape)
    assert [row["frame"] for row in rows] == list(range(len(rows)))
    assert frames(tape)[0] == "frame-00000.png"
    assert rows[1]["timestamp"] == rows[0]["duration"] > 0


def test_frames_are_pictures_of_one_size_and_differ() -> None:
    tape = opened("9Yo")
    data = [tape.read(name) for name in frames(tape)]
    assert 24 <= len(data) <= 84
    assert len(set(data)) > len(data) / 2
    assert len({Image.open(io.BytesIO(each)).size for each in data}) == 1


def test_every_name_of_frames_is_in_use(tapes: list[zipfile.ZipFile]) -> None:
    assert {frames(tape)[0] for tape in tapes} == {"frame-00000.png", "frame000000.png", "frame-0.png"}


def test_every_shape_of_timing_is_in_use(tapes: list[zipfile.ZipFile]) -> None:
    rows = [timing(tape) for tape in tapes]
    lists = [set(each[0]) for each in rows if isinstance(each, list)]
    assert {"frame", "filename", "duration", "timestamp"} in lists
    assert {"filename", "duration", "timestamp"} in lists
    assert {"frame", "duration", "timestamp"} in lists
    assert None in rows
    whole = next(each for each in rows if isinstance(each, dict))
    assert set(whole["frames"][0]) == {"index", "duration", "timestamp"}
    assert whole["totalDuration"] == sum(each["duration"] for each in whole["frames"])


def test_one_timing_is_shorter_than_the_frames() -> None:
    tape = opened("tSh")
    assert 0 < len(timing(tape)) < len(frames(tape))


def test_some_tapes_have_sound_as_long_as_they_are(tapes: list[zipfile.ZipFile]) -> None:
    with_sound = [tape for tape in tapes if "soundtrack.wav" in tape.namelist()]
    assert 5 < len(with_sound) < 35
    for tape in with_sound:
        metadata = json.loads(tape.read("metadata.json"))
        with wave.open(io.BytesIO(tape.read("soundtrack.wav"))) as sound:
            assert sound.getnframes() / sound.getframerate() == pytest.approx(
                metadata["totalDuration"], abs=0.01
            )
        assert metadata["frameCount"] == len(frames(tape))


def test_recordings_show_the_painting_grow() -> None:
    with zipfile.ZipFile(io.BytesIO(archives.recording("a code"))) as recording:
        steps = json.loads(recording.read("painting.json"))
        pictures = [recording.read(f"{each['step']} - {each['label']}.png") for each in steps]
    assert len(set(pictures)) == len(pictures) == 4


def test_videos_differ_by_code_and_stay_videos() -> None:
    one, two = video("abc"), video("abd")
    assert one != two
    assert one[4:8] == b"ftyp"
    assert one.endswith(b"\x00\x00\x00\x0bfreeabc")


def places(doc: MongoDoc) -> list[str]:
    """Where a tape's ZIP may lie, in the order in which it is looked for."""
    owner, slug = doc.get("user"), doc["slug"]
    own = [f"{owner}/{slug}.zip", f"{owner}/video/{slug}.zip"] if owner else [f"{slug}.zip"]
    return [f"/storage/{doc['bucket']}/{key}" for key in (*own, f"tapes/{doc['code']}.zip")]


async def test_a_tape_lies_in_one_of_its_places_and_some_in_none() -> None:
    catalogue = Catalogue()
    for holding in holdings():
        catalogue.add(holding)
    found: dict[str, list[bool]] = {}
    transport = httpx.ASGITransport(media.create_app(catalogue))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as host:
        for doc in [doc for holding in holdings() for doc in holding.docs[MediaType.TAPES]]:
            answers = [await host.head(path) for path in places(doc)]
            found[doc["code"]] = [answer.status_code == 200 for answer in answers]
            by_code = await host.head(f"/media/tapes/{doc['code']}.zip")
            assert (by_code.status_code == 200) == any(found[doc["code"]])
        videos = [await host.get(f"/media/tapes/{code}.mp4") for code in TAPE_ODDITIES]
    assert [answer.status_code for answer in videos].count(200) == 1
    assert found["9Yo"][0] or found["9Yo"][-1]
    assert found["tCz"] == [False, True]
    assert not any(found["tNz"])
    assert not any(found["tMp"])
    assert sum(not any(each) for each in found.values()) == 2
    assert all(sum(each) <= 1 for each in found.values())


def test_the_doc_without_a_zip_names_its_video() -> None:
    doc = next(doc for doc in holding_of("art").docs[MediaType.TAPES] if "mp4Url" in doc)
    assert TAPE_ODDITIES[doc["code"]] == "only the video"
    assert doc["mp4Url"].endswith(f"/media/tapes/{doc['code']}.mp4")
