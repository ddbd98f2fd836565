"""How a PDS can lose a record for ever, answering 200; and what comes near it and is harmless."""

from __future__ import annotations

from tests.contract.client import KIDLISP, Client, create, delete, ok, rkeys, update

FIRST, SECOND = rkeys(2)


async def _two_records(client: Client) -> None:
    ok(await client.apply([create(FIRST, "one"), create(SECOND, "two")]))


async def _sources(client: Client) -> dict[str, str]:
    """What the repo holds, by CAR and by listRecords, which must agree."""
    listed = {rkey: value["source"] for rkey, value in (await client.listed()).items()}
    car = {path.rpartition("/")[2]: value["source"] for path, value in (await client.car()).records.items()}
    assert listed == car
    return listed


async def test_a_value_deleted_at_one_rkey_and_put_at_a_later_one_is_lost(client: Client) -> None:
    await _two_records(client)
    ok(await client.apply([update(SECOND, "one"), delete(FIRST)]))
    assert await _sources(client) == {}
    assert set((await client.car()).leaves) == {f"{KIDLISP}/{SECOND}"}


async def test_two_values_swapped_are_both_lost(client: Client) -> None:
    await _two_records(client)
    ok(await client.apply([update(FIRST, "two"), update(SECOND, "one")]))
    assert await _sources(client) == {}


async def test_a_value_deleted_at_one_rkey_and_put_at_an_earlier_one_is_lost(client: Client) -> None:
    await _two_records(client)
    ok(await client.apply([update(FIRST, "two"), delete(SECOND)]))
    assert await _sources(client) == {}


async def test_a_record_moved_to_an_earlier_rkey_is_lost(client: Client) -> None:
    ok(await client.apply([create(SECOND, "two")]))
    ok(await client.apply([create(FIRST, "two"), delete(SECOND)]))
    assert await _sources(client) == {}


async def test_an_update_without_change_does_not_hold_what_its_equal_lets_go(client: Client) -> None:
    ok(await client.apply([create(FIRST, "same"), create(SECOND, "same")]))
    ok(await client.apply([update(SECOND, "same"), delete(FIRST)]))
    assert await _sources(client) == {}


async def test_the_same_in_two_commits_is_harmless(client: Client) -> None:
    await _two_records(client)
    ok(await client.apply([update(SECOND, "one")]))
    ok(await client.apply([delete(FIRST)]))
    assert await _sources(client) == {SECOND: "one"}


async def test_a_swap_over_a_third_value_in_commits_of_its_own_is_harmless(client: Client) -> None:
    await _two_records(client)
    for write in (update(FIRST, "three"), update(SECOND, "one"), update(FIRST, "two")):
        ok(await client.apply([write]))
    assert await _sources(client) == {FIRST: "two", SECOND: "one"}


async def test_deleting_one_of_two_equal_records_is_harmless(client: Client) -> None:
    ok(await client.apply([create(FIRST, "same"), create(SECOND, "same")]))
    ok(await client.apply([delete(FIRST)]))
    assert await _sources(client) == {SECOND: "same"}


async def test_a_lost_record_can_be_deleted_and_made_anew(client: Client) -> None:
    await _two_records(client)
    ok(await client.apply([update(FIRST, "two"), update(SECOND, "one")]))
    ok(await client.apply([delete(FIRST), delete(SECOND)]))
    ok(await client.apply([create(FIRST, "one"), create(SECOND, "two")]))
    assert await _sources(client) == {FIRST: "one", SECOND: "two"}
