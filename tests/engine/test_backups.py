"""Backups of a run that comes to the same user more than once."""

from __future__ import annotations

import json
from pathlib import Path

from acconsole.engine import kept
from acconsole.engine.draft import Choice
from acconsole.engine.events import Stop
from acconsole.engine.journal import Beginning
from acconsole.engine.kept import Whose
from acconsole.engine.rollout import part
from acconsole.engine.rollout.part import Order
from acconsole.media.base import MediaType
from tests.faults.checks import Writer
from tests.world import World


async def test_a_later_part_leaves_the_earlier_ones_as_they_are(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, account = await world.person()
    docs = world.give(user, MediaType.MOODS, 2)
    places: set[str] = set()
    old = [{"text": f"old {number}", "when": "2023-01-01T00:00:00.000Z"} for number in range(2)]
    async with Writer(world.pds.url, account) as writer, world.engine(state=tmp_path) as engine:
        run = Beginning.now("aa0000000001", "rollout", engine.host, live=True, profile="p", options={})
        await engine._world.journal.begin(run)
        for attempt, (doc, record) in enumerate(zip(docs, old, strict=True), 1):
            await writer.create(MediaType.MOODS, {**record, "ref": str(doc["_id"])})
            order = Order(run, user, (MediaType.MOODS,), Choice(), attempt, None, True, 60.0)
            done = await part.do(engine._world, order, read_only=False, emit=lambda _: None, stop=Stop())
            assert done.result
            places.add(str(done.result.backup))
    (place,) = places
    folder = Path(place)
    manifests = [json.loads((folder / name).read_text()) for name in ("manifest.json", "manifest-2.json")]
    assert [len(each["records"]) for each in manifests] == [1, 1]
    assert (folder / "before-2.car").exists()
    held = kept.read([str(folder)], Whose(run.run, user.id, user.did, run.pds))
    texts = {
        each.value["text"] for records in held.records.values() for each in records.values() if each.value
    }
    assert (texts, held.troubles) == ({"old 0", "old 1"}, ())
