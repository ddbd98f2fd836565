"""The rate limits of the sandbox PDS over time, which the contract tests have no hours to wait for."""

from __future__ import annotations

from typing import Any

import pytest

from acconsole.sandbox.pds.limits import WRITE_DAY, WRITE_HOUR, Charge, Limiter, charges
from acconsole.sandbox.pds.sessions import Sessions
from acconsole.sandbox.pds.xrpc import XrpcError


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def _writes(points: int) -> list[Charge]:
    return [Charge(WRITE_HOUR, "did", points), Charge(WRITE_DAY, "did", points)]


def test_a_window_opens_again_when_its_time_is_over() -> None:
    clock = Clock()
    limiter = Limiter(clock)
    limiter.charge(_writes(5000))
    with pytest.raises(XrpcError) as caught:
        limiter.charge(_writes(1))
    assert caught.value.headers["retry-after"] == "3600"
    clock.now += 3600
    assert limiter.charge(_writes(1))["ratelimit-remaining"] == "4999"


def test_the_daily_window_shows_when_it_has_the_least_left() -> None:
    clock = Clock()
    limiter = Limiter(clock)
    for _ in range(7):
        assert limiter.charge(_writes(4900))["ratelimit-policy"] == "5000;w=3600"
        clock.now += 3600
    assert limiter.charge(_writes(600)) == {
        "ratelimit-limit": "35000",
        "ratelimit-remaining": "100",
        "ratelimit-reset": "1700086400",
        "ratelimit-policy": "35000;w=86400",
    }


def test_a_refused_call_is_charged_in_every_window() -> None:
    limiter = Limiter(Clock())
    limiter.charge(_writes(4900))
    with pytest.raises(XrpcError):
        limiter.charge(_writes(600))
    with pytest.raises(XrpcError) as caught:
        limiter.charge([Charge(WRITE_DAY, "did", 29_501)])
    assert caught.value.status == 429


@pytest.mark.parametrize(
    ("nsid", "body", "points"),
    [
        ("com.atproto.repo.createRecord", {}, 3),
        ("com.atproto.repo.putRecord", {}, 2),
        ("com.atproto.repo.deleteRecord", {}, 1),
        ("com.atproto.repo.applyWrites", {"writes": [{"$type": "x#create"}, {"$type": "x#update"}, {}]}, 6),
    ],
)
def test_writes_cost_points(nsid: str, body: dict[str, Any], points: int) -> None:
    assert [charge.points for charge in charges(nsid, "ip", "did", body)] == [points, points, 1]


def test_a_used_refresh_token_has_a_time_of_grace() -> None:
    clock = Clock()
    sessions = Sessions("a secret of at least thirty-two bytes", 7200, clock)
    sessions.start("did")
    (token_id,) = sessions._refreshes
    sessions.refresh(token_id)
    clock.now += 7199
    sessions.refresh(token_id)
    clock.now += 1
    with pytest.raises(XrpcError) as caught:
        sessions.refresh(token_id)
    assert caught.value.error == "ExpiredToken"
