"""Filling the sandbox PDS in process, and what goes on in it side by side."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from acconsole.media import tid
from acconsole.sandbox.pds.repo import TidClock
from acconsole.sandbox.pds.store import Account, PdsStore, Write
from acconsole.sandbox.pds.xrpc import XrpcError
from tests.contract.client import Car

MOOD = "computer.aesthetic.mood"
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"


def _moods(count: int) -> list[tuple[str, str, dict[str, Any]]]:
    rkeys = [tid.encode(1_577_836_800_000_000 + number, 7) for number in range(count)]
    return [(MOOD, rkey, {"text": f"mood {number}"}) for number, rkey in enumerate(rkeys)]


def _car(store: PdsStore, account: Account) -> Car:
    actor = store.find(account.did)
    assert actor is not None
    return Car.read(actor.repo.car())


def test_a_did_comes_from_the_handle_alone() -> None:
    first, second = (PdsStore().create_account("Jeffrey.at.aesthetic.computer", "x") for _ in range(2))
    assert first == second
    assert first.handle == "jeffrey.at.aesthetic.computer"
    assert first.did.startswith("did:plc:")
    assert len(first.did) == len("did:plc:") + 24


def test_a_did_may_be_given_and_names_are_taken_once() -> None:
    store = PdsStore()
    account = store.create_account("jeffrey.test", "x", did="did:plc:ordered")
    assert account.did == "did:plc:ordered"
    with pytest.raises(ValueError, match="taken"):
        store.create_account("JEFFREY.test", "x")
    with pytest.raises(ValueError, match="taken"):
        store.create_account("other.test", "x", did="did:plc:ordered")


def test_a_load_is_one_commit() -> None:
    store = PdsStore()
    account = store.create_account("jeffrey.test", "x")
    commit = store.load(account.did, _moods(500))
    car = _car(store, account)
    assert len(car.records) == 500
    assert car.commit["rev"] == commit.rev


def test_equal_loads_give_equal_trees() -> None:
    roots = set()
    for _ in range(2):
        store = PdsStore()
        account = store.create_account("jeffrey.test", "x")
        store.load(account.did, _moods(50))
        roots.add(_car(store, account).commit["data"])
    assert len(roots) == 1


def test_writes_in_process_know_no_limit_of_200() -> None:
    store = PdsStore()
    account = store.create_account("jeffrey.test", "x")
    store.load(account.did, _moods(300))
    store.write(account.did, [Write("delete", MOOD, rkey) for _, rkey, _ in _moods(250)])
    assert len(_car(store, account).records) == 50


def test_a_write_that_cannot_be_changes_nothing() -> None:
    store = PdsStore()
    account = store.create_account("jeffrey.test", "x")
    before = store.load(account.did, _moods(1))
    with pytest.raises(XrpcError):
        store.write(account.did, [Write("create", MOOD, "new", {"text": "x"}), Write("delete", MOOD, "none")])
    actor = store.find(account.did)
    assert actor is not None
    assert actor.repo.head == before


def test_a_blob_is_stored_and_named() -> None:
    store = PdsStore()
    account = store.create_account("jeffrey.test", "x")
    blob = store.add_blob(account.did, PNG, "text/plain")
    assert (blob["mimeType"], blob["size"]) == ("image/png", len(PNG))
    store.load(account.did, [("computer.aesthetic.painting", "3jzfcijpj2z2a", {"thumbnail": blob})])
    actor = store.find(account.did)
    assert actor is not None
    assert actor.blobs.listed(10, "") == [blob["ref"]["$link"]]
    assert actor.blobs.missing(10, "") == []


def test_a_load_may_name_a_blob_that_is_missing() -> None:
    store = PdsStore()
    one, other = store.create_account("one.test", "x"), store.create_account("other.test", "x")
    blob = store.add_blob(other.did, PNG, "image/png")
    store.load(one.did, [("computer.aesthetic.painting", "3jzfcijpj2z2a", {"thumbnail": blob})])
    actor = store.find(one.did)
    assert actor is not None
    cid = blob["ref"]["$link"]
    assert actor.blobs.missing(10, "") == [(cid, "computer.aesthetic.painting/3jzfcijpj2z2a")]
    assert actor.blobs.get(cid) is None


def test_reads_and_other_repos_go_on_while_a_repo_is_written() -> None:
    store = PdsStore()
    busy, free = store.create_account("busy.test", "x"), store.create_account("free.test", "x")
    store.load(busy.did, _moods(3))
    actor = store.find(busy.did)
    assert actor is not None
    with actor.lock:
        late = [Write("create", MOOD, "late", {"text": "x"})]
        writer = threading.Thread(target=store.write, args=(busy.did, late))
        writer.start()
        store.load(free.did, _moods(3))
        assert len(_car(store, busy).records) == 3
    writer.join(timeout=10)
    assert len(_car(store, busy).records) == 4


def test_many_writers_of_one_repo_lose_nothing() -> None:
    store = PdsStore()
    account = store.create_account("jeffrey.test", "x")

    def write(number: int) -> None:
        for _, rkey, record in _moods(20):
            store.write(account.did, [Write("create", MOOD, f"{rkey}-{number}", record)])

    writers = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=30)
    assert len(_car(store, account).records) == 100


def test_the_lost_record_is_the_reference_pds_own_mistake() -> None:
    """The rule by which a block is let go, spelled out: see the contract tests for the PDS that set it."""
    store = PdsStore()
    account = store.create_account("jeffrey.test", "x")
    texts = {"a": "1", "b": "2", "c": "2"}
    store.load(account.did, [(MOOD, rkey, {"text": text}) for rkey, text in texts.items()])
    store.write(account.did, [Write("update", MOOD, "a", {"text": "2"}), Write("delete", MOOD, "b")])
    assert set(_car(store, account).records) == {f"{MOOD}/a", f"{MOOD}/c"}
    store.write(account.did, [Write("update", MOOD, "a", {"text": "3"}), Write("delete", MOOD, "c")])
    assert set(_car(store, account).records) == {f"{MOOD}/a"}


def test_revs_rise_even_when_the_clock_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_700_000_000_000_000_000)
    clock = TidClock()
    revs = [clock.next() for _ in range(3)]
    assert revs == sorted(set(revs))
