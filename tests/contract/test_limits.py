"""Rate limits: what is counted, what the headers tell, and what a refusal costs."""

from __future__ import annotations

import time

import httpx

from tests.contract.client import Client, create, delete, ok, refused, rkeys, update


def _told(answer: httpx.Response) -> tuple[int, int, str]:
    """The limit, what remains, and the policy that the headers tell."""
    headers = answer.headers
    return int(headers["ratelimit-limit"]), int(headers["ratelimit-remaining"]), headers["ratelimit-policy"]


async def test_the_headers_show_the_window_with_the_least_left(limited: Client) -> None:
    answer = await limited.get("com.atproto.server.describeServer")
    limit, remaining, policy = _told(answer)
    assert (limit, policy) == (3000, "3000;w=300")
    assert 0 < remaining < 3000
    assert 0 < int(answer.headers["ratelimit-reset"]) - time.time() <= 300


async def test_get_repo_has_a_window_of_its_own(limited: Client) -> None:
    before = _told(await limited.get("com.atproto.server.describeServer"))
    answer = await limited.get("com.atproto.sync.getRepo", did=limited.did)
    limit, _, policy = _told(answer)
    after = _told(await limited.get("com.atproto.server.describeServer"))
    assert (limit, policy) == (6000, "6000;w=300")
    assert before[1] - after[1] == 1


async def test_logins_are_counted_by_account(limited: Client) -> None:
    body = {"identifier": limited.account.handle, "password": limited.account.password}
    answer = await limited.post("com.atproto.server.createSession", body, token=None)
    assert _told(answer) == (30, 29, "30;w=300")


async def test_a_create_costs_three_points_an_update_two_a_delete_one(limited: Client) -> None:
    keys = rkeys(200)
    # The writes' window shows once less of it is left than of the requests' one.
    batches = [
        [create(rkey, f"source {rkey}") for rkey in keys],
        [update(rkey, f"other {rkey}") for rkey in keys],
        [update(rkey, f"third {rkey}") for rkey in keys],
        [update(rkey, f"fourth {rkey}") for rkey in keys],
        [update(rkey, f"fifth {rkey}") for rkey in keys],
    ]
    for batch in batches[:-1]:
        ok(await limited.apply(batch))
    answer = await limited.apply(batches[-1])
    ok(answer)
    assert _told(answer) == (5000, 5000 - 200 * (3 + 4 * 2), "5000;w=3600")
    answer = await limited.apply([delete(rkey) for rkey in keys])
    ok(answer)
    assert _told(answer) == (5000, 2600, "5000;w=3600")
    assert 0 < int(answer.headers["ratelimit-reset"]) - time.time() <= 3600


async def test_a_refused_batch_burns_the_points_that_were_left(limited: Client) -> None:
    keys = rkeys(1800)
    for start in range(200, 1800, 200):
        ok(await limited.apply([create(rkey) for rkey in keys[start : start + 200]]))
    # 200 points are left, and the batch would cost 600.
    answer = await limited.apply([create(rkey) for rkey in keys[:200]])
    assert refused(answer, 429, "RateLimitExceeded") == "Rate Limit Exceeded"
    assert _told(answer) == (5000, 0, "5000;w=3600")
    assert 0 < int(answer.headers["retry-after"]) <= 3600
    refused(await limited.apply([delete(keys[-1])]), 429, "RateLimitExceeded")
    assert set(await limited.listed()) == set(keys[200:])


async def test_uploads_are_counted_by_the_day(limited: Client) -> None:
    answer = await limited.upload(b"words", "text/plain")
    limit, remaining, policy = _told(answer)
    assert (limit, policy) == (1000, "1000;w=86400")
    assert remaining < 1000


async def test_the_bypass_key_is_free_of_limits(limited: Client) -> None:
    assert limited.pds.bypass_key
    limited.http.headers["x-ratelimit-bypass"] = limited.pds.bypass_key
    answer = await limited.apply([create(rkey) for rkey in rkeys(200)])
    ok(answer)
    assert "ratelimit-limit" not in answer.headers
