"""The made-up data: the same at every start, of the right size, and with every trouble in it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from acconsole.engine.model import Verdict
from acconsole.media import tid
from acconsole.media.base import GUEST, MediaType, parse_when, rkey_of
from acconsole.sandbox.holdings import Holding
from acconsole.sandbox.population import Population
from acconsole.sandbox.stale import STALE
from acconsole.sandbox.words import HOSTILE, LONGEST_MOOD
from tests.sandbox.matching import holding_of, holdings, matched


@pytest.fixture(scope="module")
def jeffrey() -> Holding:
    return holding_of("jeffrey")


@pytest.fixture(scope="module")
def guest() -> Holding:
    return holding_of("art")


def digest(holdings: Iterable[Holding]) -> str:
    whole = hashlib.sha256()
    for holding in holdings:
        for part in (holding.person.user_doc(), holding.docs, holding.entries, sorted(holding.blobs)):
            whole.update(repr(part).encode())
    return whole.hexdigest()


def docs_of(holdings: Iterable[Holding], kind: MediaType) -> Iterator[dict[str, Any]]:
    for holding in holdings:
        yield from holding.docs[kind]


def test_the_data_is_the_same_at_every_start() -> None:
    script = (
        "from tests.sandbox.matching import holdings\n"
        "from tests.sandbox.test_population import digest\n"
        "print(digest(holdings()))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    again = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert again.stdout.strip() == digest(holdings())


def test_fewer_users_are_the_first_of_more() -> None:
    few = list(Population(20).holdings())
    assert len(few) == 21
    assert digest(few) == digest(holdings()[:21])


def test_jeffrey_is_there_at_full_size(jeffrey: Holding) -> None:
    found = matched(jeffrey)
    paintings, moods, pieces, kidlisp, tapes = (found[kind].counts.as_json() for kind in MediaType)
    none = dict.fromkeys(Verdict, 0)
    assert jeffrey.person.handle == "jeffrey"
    assert paintings == none | {
        "docs": 395,
        "records": 376,
        "synced": 361,
        "missing": 19,
        "unlinked": 5,
        "stale": 7,
        "tombstone": 2,
        "orphan": 1,
        "blocked": 3,
    }
    assert moods == none | {
        "docs": 226,
        "records": 226,
        "synced": 221,
        "stale": 4,
        "tombstone": 1,
        "blocked": 1,
    }
    assert pieces == none | {"docs": 26, "records": 26, "synced": 22, "unlinked": 1, "stale": 3}
    assert kidlisp == none | {
        "docs": 2220,
        "records": 171,
        "synced": 168,
        "missing": 2049,
        "stale": 1,
        "duplicate": 2,
        "blocked": 2,
    }
    assert tapes == none | {"docs": 0, "records": 0}


def test_jeffrey_has_every_verdict(jeffrey: Holding) -> None:
    assert {pair.verdict for each in matched(jeffrey).values() for pair in each.pairs} == set(Verdict)


def test_jeffreys_docs_are_blocked_for_reasons_of_their_own(jeffrey: Holding) -> None:
    blocked = [pair.blocked for each in matched(jeffrey).values() for pair in each.pairs if pair.blocked]
    assert {(each.field, each.reason) for each in blocked} == {
        ("code", "no code"),
        ("when", "not a date"),
        ("slug", "is int, not text"),
        ("mood", "no text"),
        ("source", "too long (50,001 of 50,000 bytes)"),
    }


def test_the_guest_account(guest: Holding) -> None:
    found = {kind: each.counts for kind, each in matched(guest).items()}
    assert guest.person.id == GUEST
    assert found[MediaType.TAPES].docs == 32
    assert found[MediaType.PAINTINGS].docs == 1004
    assert 0 < found[MediaType.PAINTINGS].missing < 500
    assert found[MediaType.KIDLISP].docs > 100
    assert found[MediaType.PIECES].docs == 12
    assert found[MediaType.MOODS].docs == 0
    assert {"9Yo", "Eue"} <= {doc["code"] for doc in guest.docs[MediaType.TAPES]}


def test_guests_docs_have_no_user_or_null(guest: Holding) -> None:
    docs = [doc for each in guest.docs.values() for doc in each]
    without = sum("user" not in doc for doc in docs)
    assert 0.4 < without / len(docs) < 0.6
    assert all(doc.get("user") is None for doc in docs)


@pytest.mark.parametrize(
    ("kind", "cause"), [(kind, cause) for kind, causes in STALE.items() for cause in causes], ids=str
)
def test_each_cause_makes_a_record_stale(kind: MediaType, cause: str) -> None:
    owner = holding_of("art" if kind is MediaType.TAPES else "i.k")
    position = list(STALE[kind]).index(cause)
    stale = [pair for pair in matched(owner)[kind].pairs if pair.verdict is Verdict.STALE]
    assert len(stale) == len(STALE[kind])
    assert stale[position].fields


def test_records_without_a_ref_are_found_by_id_by_rkey_and_by_code() -> None:
    pairs = [pair for each in matched(holding_of("i.k")).values() for pair in each.pairs]
    without = [pair for pair in pairs if pair.record and "ref" not in pair.record.value]
    assert all(pair.doc for pair in without)
    by_id = [pair for pair in without if pair.record and "mongoId" in pair.record.value]
    by_code = [pair for pair in without if pair.doc and pair.doc.rkey is None]
    assert by_id
    assert by_code
    assert len(without) > len(by_id) + len(by_code)


@pytest.mark.parametrize(
    ("handle", "verdict", "at_least"),
    [
        ("ana.w", Verdict.STALE, 12),
        ("casey", Verdict.UNLINKED, 61),
        ("dot", Verdict.DUPLICATE, 18),
        ("flo", Verdict.MISSING, 40),
        ("jef.art", Verdict.TOMBSTONE, 9),
        ("jef.art", Verdict.ORPHAN, 3),
        ("hana", Verdict.BLOCKED, 2),
        ("rook", Verdict.MISSING, 3),
    ],
)
def test_each_known_trouble_has_its_person(handle: str, verdict: Verdict, at_least: int) -> None:
    assert sum(each.counts.of(verdict) for each in matched(holding_of(handle)).values()) >= at_least


@pytest.mark.parametrize("handle", ["jefferson", "abby", "bit"])
def test_some_are_wholly_in_sync(handle: str) -> None:
    counts = [each.counts for each in matched(holding_of(handle)).values()]
    assert sum(each.synced for each in counts) == sum(each.docs for each in counts) > 0


def test_most_people_are_in_sync_and_some_are_far_from_it() -> None:
    in_sync = far = 0
    crowd = [holding for holding in holdings()[35:] if holding.person.has_repo]
    for holding in crowd:
        counts = [each.counts for each in matched(holding).values()]
        docs, to_do = sum(each.docs for each in counts), sum(each.to_do for each in counts)
        in_sync += to_do == 0
        far += to_do > docs / 3
    assert in_sync / len(crowd) > 0.5
    assert 0.05 < far / len(crowd) < 0.25


def test_texts_that_break_screens_are_among_the_moods(jeffrey: Holding) -> None:
    texts = {doc.get("mood") for doc in jeffrey.docs[MediaType.MOODS]}
    assert set(HOSTILE) <= texts
    assert LONGEST_MOOD in texts
    assert len(LONGEST_MOOD) == 5000


def test_old_docs_are_odd_in_the_known_ways() -> None:
    paintings = list(docs_of(holdings(), MediaType.PAINTINGS))
    moods = list(docs_of(holdings(), MediaType.MOODS))
    tapes = list(docs_of(holdings(), MediaType.TAPES))
    assert any("bucket" not in doc for doc in paintings)
    assert any(isinstance(doc["when"], str) and doc["when"].endswith("Z") for doc in paintings)
    assert any(str(doc["slug"]).startswith("auth0|") for doc in paintings)
    assert any(":" in str(doc["slug"]) for doc in docs_of(holdings()[:1], MediaType.PAINTINGS))
    assert any("mood" not in doc and "text" in doc for doc in moods)
    assert any("at" in doc and "atproto" not in doc for doc in tapes)
    assert any("atproto" in doc and "at" not in doc for doc in tapes)
    assert any("mp4Url" in doc for doc in tapes)


def test_ids_codes_and_rkeys_are_unique() -> None:
    for kind in MediaType:
        docs = list(docs_of(holdings(), kind))
        codes = [doc["code"] for doc in docs if "code" in doc]
        assert len({doc["_id"] for doc in docs}) == len(docs)
        assert len(set(codes)) == len(codes)
    for holding in holdings():
        rkeys = [(entry.kind, entry.rkey) for entry in holding.entries]
        assert len(set(rkeys)) == len(rkeys)
        assert all(tid.is_tid(rkey) for _, rkey in rkeys)


def test_newer_records_have_the_rkeys_that_their_docs_give(jeffrey: Holding) -> None:
    linked = [doc for doc in jeffrey.docs[MediaType.KIDLISP] if rkey_of(doc)]
    own = 0
    for doc in linked:
        when = parse_when(doc["when"])
        assert when
        own += rkey_of(doc) == tid.tid_for(str(doc["_id"]), when)
    assert 0.4 < own / len(linked) < 0.8


def test_people_without_a_repo_have_docs_and_no_records() -> None:
    without = [holding for holding in holdings() if not holding.person.has_repo]
    assert any(any(holding.docs.values()) for holding in without)
    assert not any(holding.entries for holding in without)
