"""A restore of tapes killed with SIGKILL in the middle, and run again until it is done."""

from __future__ import annotations

import signal
from pathlib import Path

from acconsole.media.base import MediaType
from tests.faults.checks import assert_whole
from tests.faults.test_killed import run_until
from tests.tapehost import tape_host, tape_zip
from tests.world import World


async def test_tapes_killed_in_the_middle_and_run_until_done(sandbox_world: World, tmp_path: Path) -> None:
    world = sandbox_world
    user, _ = await world.person()
    with tape_host() as host:
        world.more = host.settings
        for number, doc in enumerate(world.give(user, MediaType.TAPES, 12)):
            path = f"/storage/user-aesthetic-computer/{user.id}/{doc['slug']}.zip"
            host.objects[path] = tape_zip(number)
        # While some are made and none is written; and between a commit and its rkeys in Mongo.
        for point in ("TapeMade:2", "Committed:1"):
            assert await run_until(world, user, tmp_path, point) == -signal.SIGKILL
        asked = len([path for _, path in host.asked if path.endswith(".zip")])
        assert await run_until(world, user, tmp_path, "never:1") == 0
        again = len([path for _, path in host.asked if path.endswith(".zip")]) - asked
    state = await assert_whole(world, user)
    assert state.counts(MediaType.TAPES).synced == 12
    assert again == 4, "what was confirmed is not made again"
