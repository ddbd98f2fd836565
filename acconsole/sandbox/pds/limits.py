"""Rate limits as the reference PDS has them: fixed windows that begin with their first use.

Every window of a call is charged, also those beside the one that refuses; and a refused call's points
are spent like any other's. The answer's headers show the window with the least left.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from acconsole.sandbox.pds.xrpc import XrpcError

_DAY, _HOUR, _MINUTE = 86400, 3600, 60


@dataclass(frozen=True, slots=True)
class Window:
    """So many points in so many seconds."""

    name: str
    points: int
    seconds: int


EVERYTHING = Window("global-ip", 3000, 5 * _MINUTE)
GET_REPO = Window("getRepo", 6000, 5 * _MINUTE)
CREATE_ACCOUNT = Window("createAccount", 100, 5 * _MINUTE)
SESSION_DAY = Window("createSession-day", 300, _DAY)
SESSION = Window("createSession", 30, 5 * _MINUTE)
UPLOAD = Window("uploadBlob", 1000, _DAY)
WRITE_HOUR = Window("repo-write-hour", 5000, _HOUR)
WRITE_DAY = Window("repo-write-day", 35000, _DAY)

_WRITE_POINTS = {
    "com.atproto.repo.createRecord": 3,
    "com.atproto.repo.putRecord": 2,
    "com.atproto.repo.deleteRecord": 1,
}


@dataclass(frozen=True, slots=True)
class Charge:
    """Points to take from one key's share (an IP's, an account's) of a window."""

    window: Window
    key: str
    points: int = 1


@dataclass(slots=True)
class _Use:
    ends: float
    points: int = 0


class Limiter:
    """The windows of all keys."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._uses: dict[tuple[str, str], _Use] = {}

    def charge(self, charges: Sequence[Charge]) -> dict[str, str]:
        """Takes the points and gives the answer's headers. Raises `XrpcError` 429 when one has too few."""
        states = [(charge, self._spend(charge)) for charge in charges if charge.points > 0]
        if not states:
            return {}
        for charge, use in states:
            if use.points > charge.window.points:
                retry = {"retry-after": str(math.ceil(use.ends - self._now()))}
                raise XrpcError(
                    429, "RateLimitExceeded", "Rate Limit Exceeded", self._headers(charge.window, use) | retry
                )
        charge, use = min(states, key=lambda state: state[0].window.points - state[1].points)
        return self._headers(charge.window, use)

    def _spend(self, charge: Charge) -> _Use:
        now = self._now()
        use = self._uses.get((charge.window.name, charge.key))
        if use is None or use.ends <= now:
            use = self._uses[charge.window.name, charge.key] = _Use(now + charge.window.seconds)
        use.points += charge.points
        return use

    def _headers(self, window: Window, use: _Use) -> dict[str, str]:
        return {
            "ratelimit-limit": str(window.points),
            "ratelimit-remaining": str(max(0, window.points - use.points)),
            "ratelimit-reset": str(int(use.ends)),
            "ratelimit-policy": f"{window.points};w={window.seconds}",
        }


def charges(nsid: str, ip: str, did: str | None, body: Any) -> list[Charge]:
    """What a call of a method is charged."""
    if nsid == "com.atproto.sync.getRepo":
        return [Charge(GET_REPO, ip)]
    everything = Charge(EVERYTHING, ip)
    if nsid == "com.atproto.server.createAccount":
        return [Charge(CREATE_ACCOUNT, ip), everything]
    if nsid == "com.atproto.server.createSession":
        key = f"{body.get('identifier')}-{ip}"
        return [Charge(SESSION_DAY, key), Charge(SESSION, key), everything]
    if nsid == "com.atproto.repo.uploadBlob":
        return [Charge(UPLOAD, ip), everything]
    points = _write_points(nsid, body)
    if points and did:
        return [Charge(WRITE_HOUR, did, points), Charge(WRITE_DAY, did, points), everything]
    return [everything]


def _write_points(nsid: str, body: Any) -> int:
    if nsid != "com.atproto.repo.applyWrites":
        return _WRITE_POINTS.get(nsid, 0)
    kinds = {"create": 3, "update": 2}
    return sum(kinds.get(str(write.get("$type")).rpartition("#")[2], 1) for write in body.get("writes", ()))
