"""A conversion as it is handed to a worker, here or on a cluster: all that it needs goes along."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from threading import Lock

from acconsole.media.conversion import SETTINGS, Conversion, NoTape, Stage, convert
from acconsole.stores.workerprocess import report

EVERY = 0.1
"""Seconds between two reports of a stage."""

News = tuple[str, str, int, int]
"""What a job reports: its name, the stage, and how far that is, of how much."""


class OtherVersion(Exception):
    """The worker runs an acconsole that would make other videos than ours."""


class EncoderFailed(Exception):
    """The conversion came to an end that nobody has foreseen; the text is the name of the error."""


def convert_job(name: str, settings: str, data: bytes, max_size: int) -> Conversion:
    """A ZIP's video. Raises `NoTape`, `OtherVersion` when it has other settings, `EncoderFailed`."""
    if settings != SETTINGS:
        raise OtherVersion
    tell = Thinned(name, report)
    try:
        made = convert(data, max_size, tell)
    except (NoTape, MemoryError):
        raise
    except Exception as error:  # the edge: libraries that read what strangers made raise what they like
        raise EncoderFailed(type(error).__name__) from error
    tell.rest()
    return made


class Thinned:
    """Takes each frame's progress, from any thread, and passes on what an eye can follow: the newest wins."""

    def __init__(
        self, name: str, heard: Callable[[News], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._heard = heard
        self._clock = clock
        self._lock = Lock()
        self._told: dict[Stage, float] = {}
        self._held: dict[Stage, tuple[int, int]] = {}

    def __call__(self, stage: Stage, done: int, total: int) -> None:
        with self._lock:
            self._held[stage] = (done, total)
            self._pass_on(self._clock())

    def rest(self) -> None:
        """Pass on what was held back: the last of each stage."""
        with self._lock:
            self._pass_on(inf)

    def _pass_on(self, now: float) -> None:
        for stage in tuple(self._held):
            if now - self._told.get(stage, -inf) >= EVERY:
                self._told[stage] = now
                self._heard((self._name, stage.value, *self._held.pop(stage)))
