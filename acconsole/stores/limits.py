"""What the PDS's answers tell of its rate limits."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from acconsole.engine.ports import Window

_POLICY = re.compile(r"\s*(\d+)\s*;\s*w=(\d+)")
_POINTS_FROM = 3_600
"""Windows of an hour and more count a repo's points; the shorter ones count an address's requests."""


class Windows:
    """The windows that answers have told of, by their policy: each answer shows only the tightest."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Window] = {}

    def read(self, scope: str, headers: Mapping[str, str]) -> None:
        """Take in one answer's `ratelimit-…` headers; an answer without them says nothing."""
        policy = _POLICY.match(headers.get("ratelimit-policy", ""))
        try:
            remaining, reset = int(headers["ratelimit-remaining"]), float(headers["ratelimit-reset"])
        except (KeyError, ValueError):
            return
        if policy:
            limit, seconds = int(policy[1]), int(policy[2])
            self._known[limit, seconds] = Window(scope, limit, seconds, remaining, reset)

    def points(self) -> list[Window]:
        """The windows in which a repo's writes are counted."""
        return [window for window in self._known.values() if window.seconds >= _POINTS_FROM]


def resumes_at(headers: Mapping[str, str]) -> float:
    """When a refused request may be tried again, as an epoch time: by its headers, else in a minute."""
    for name, base in (("ratelimit-reset", 0.0), ("retry-after", time.time())):
        try:
            return base + float(headers[name])
        except (KeyError, ValueError):
            continue
    return time.time() + 60
