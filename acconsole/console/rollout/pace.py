"""How fast a rollout goes, and how long the rest takes at a guess. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Set

from acconsole.console.progress import RATE_SECONDS, RATE_WINDOW
from acconsole.console.rollout.tracks import Tracks
from acconsole.engine.outlook import RECORDS_A_SECOND, SECONDS_A_PICTURE, SECONDS_A_VIDEO
from acconsole.media.base import MediaType

WITH_BLOBS = {MediaType.PAINTINGS, MediaType.TAPES}
SOONEST = 3.0
"""Seconds before which nothing is foretold, nor while too little is done, but for a turn that is slow."""
SLOW = 30.0
LEAST = 0.01


class Pace:
    """Records and blobs a second; `videos` are those that have to be made."""

    def __init__(self, tracks: Tracks, started_at: float, videos: int) -> None:
        self._tracks = tracks
        self._started_at = self._turn_at = started_at
        self._turn_from = self._held_before = 0.0
        self._kinds: tuple[MediaType, ...] = ()
        self._records: Counter[int] = Counter()
        self._blobs: Counter[int] = Counter()
        self.videos = videos
        self.videos_made = 0
        self.ended_at: float | None = None

    def turn(self, kinds: Iterable[MediaType], now: float, held: float) -> None:
        """These media types have their turn: the pace is measured anew."""
        self._kinds = tuple(kinds)
        self._turn_at, self._turn_from, self._held_before = now, self._work(set(self._kinds))[0], held

    def put(self, now: float, records: int) -> None:
        """So many records are done."""
        self._count(self._records, now, records)

    def put_blobs(self, now: float, blobs: int) -> None:
        """So many blobs are stored."""
        self._count(self._blobs, now, blobs)

    @staticmethod
    def _count(seconds: Counter[int], now: float, count: int) -> None:
        seconds[int(now)] += count
        if len(seconds) > 2 * RATE_SECONDS:
            for second in [each for each in seconds if each < now - RATE_SECONDS]:
                del seconds[second]

    def records_a_second(self, now: float) -> float:
        """Over the last few seconds."""
        return self._rate(self._records, now)

    def blobs_a_second(self, now: float) -> float:
        """Over the last few seconds."""
        return self._rate(self._blobs, now)

    def _rate(self, seconds: Counter[int], now: float) -> float:
        now = self.ended_at or now
        since = max(self._started_at, now - RATE_WINDOW)
        recent = sum(count for second, count in seconds.items() if second >= int(since))
        return recent / max(now - since, 0.25)

    def columns(self, now: float) -> list[int]:
        """Records in each of the last seconds, oldest first."""
        last = int(self.ended_at or now)
        first = max(int(self._started_at), last - RATE_SECONDS + 1)
        return [self._records[second] for second in range(first, last + 1)]

    def seconds_left(self, now: float, held: float) -> float | None:
        """This turn at its own pace, `held` seconds of pauses left out, and a guess for the turns to come.

        None when it cannot be told yet.
        """
        spent = now - self._turn_at - (held - self._held_before)
        kinds = set(self._kinds)
        (passed, total), (later_passed, later_total) = self._work(kinds), self._work(set(MediaType) - kinds)
        share = (passed - self._turn_from) / max(total - self._turn_from, 1.0)
        if share <= 0 or spent < (SOONEST if share >= LEAST else SLOW):
            return None
        left = max(0.0, total - passed) * spent / (passed - self._turn_from)
        return left + max(0.0, later_total - later_passed) / RECORDS_A_SECOND

    def _work(self, kinds: Set[MediaType]) -> tuple[float, float]:
        """What is behind and what there is in all, in records: a blob takes as long as many of them."""
        tracks = [meter.track for kind, meter in self._tracks.kinds.items() if kind in kinds]
        passed, total = sum(track.passed for track in tracks), sum(track.total for track in tracks)
        if not kinds & WITH_BLOBS:
            return passed, total
        blobs, made = self._tracks.blobs.track, min(self.videos_made, self.videos)
        blob, video = RECORDS_A_SECOND * SECONDS_A_PICTURE, RECORDS_A_SECOND * SECONDS_A_VIDEO
        return (
            passed + blob * blobs.passed + video * made,
            total + blob * blobs.total + video * self.videos,
        )
