"""What holds of matching whatever the docs and the records are."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from acconsole.engine.match import match
from acconsole.engine.model import Verdict
from acconsole.engine.plan import Action
from acconsole.engine.planning import restore, wipe
from acconsole.media.base import MediaType
from tests.engine.cases import HELD, Repo, repos, settled

SPREAD = {Verdict.SYNCED, Verdict.MISSING, Verdict.UNLINKED, Verdict.STALE, Verdict.BLOCKED}


@given(repos())
def test_each_live_doc_has_one_verdict(repo: Repo) -> None:
    counts = repo.matched().counts
    assert counts.docs == sum(not doc.dead for doc in repo.docs)
    assert counts.synced + counts.missing + counts.unlinked + counts.stale + counts.blocked == counts.docs
    judged = [pair.doc.ref for pair in repo.matched().pairs if pair.doc and pair.verdict in SPREAD]
    assert sorted(judged) == sorted(doc.ref for doc in repo.docs if not doc.dead)


@given(repos())
def test_each_record_is_in_one_pair(repo: Repo) -> None:
    paired = Counter(pair.record.rkey for pair in repo.matched().pairs if pair.record)
    assert paired == Counter(record.rkey for record in repo.records)
    assert repo.matched().counts.records == len(repo.records)


@given(repos())
def test_the_counts_are_those_of_the_pairs(repo: Repo) -> None:
    matched = repo.matched()
    counted = Counter(pair.verdict for pair in matched.pairs)
    assert all(matched.counts.of(verdict) == counted[verdict] for verdict in Verdict)


@given(repos(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_read_does_not_matter(repo: Repo, random: Random) -> None:
    docs, records = list(repo.docs), list(repo.records)
    random.shuffle(docs)
    random.shuffle(records)
    matched = match(repo.kind, docs, records, HELD)
    assert matched.counts == repo.matched().counts
    assert set(map(repr, matched.pairs)) == set(map(repr, repo.matched().pairs))
    planned = restore(matched, docs, records, HELD, prune=True)
    again = restore(repo.matched(), repo.docs, repo.records, HELD, prune=True)
    assert [sorted(map(repr, each)) for each in planned] == [sorted(map(repr, each)) for each in again]


@given(repos())
def test_nothing_that_was_read_is_changed(repo: Repo) -> None:
    before = repr(repo)
    restore(repo.matched(), repo.docs, repo.records, HELD, prune=True)
    wipe(repo.matched(), repo.docs)
    assert repr(repo) == before


@given(repos(), st.booleans())
def test_a_plans_operations_have_keys_and_rkeys_of_their_own(repo: Repo, prune: bool) -> None:
    operations, _ = restore(repo.matched(), repo.docs, repo.records, HELD, prune=prune)
    assert len({op.key for op in operations}) == len(operations)
    assert len({op.rkey for op in operations}) == len(operations)
    taken = {record.rkey for record in repo.records}
    assert all((op.rkey in taken) is (op.action is not Action.CREATE) for op in operations)


@given(repos(), st.booleans())
def test_each_verdict_has_its_operation(repo: Repo, prune: bool) -> None:
    matched = repo.matched()
    operations, blocked = restore(matched, repo.docs, repo.records, HELD, prune=prune)
    count, verdicts = Counter(op.action for op in operations), matched.counts
    unbuilt = len(blocked) - verdicts.blocked
    assert count[Action.CREATE] + count[Action.UPDATE] + unbuilt == verdicts.missing + verdicts.stale
    assert count[Action.RELINK] == verdicts.unlinked
    pruned = verdicts.tombstone + verdicts.orphan if prune else 0
    assert count[Action.DELETE] == verdicts.duplicate + pruned
    assert unbuilt == 0 or repo.kind == "tapes"


@given(repos())
def test_a_wipe_takes_every_record_and_clears_every_rkey(repo: Repo) -> None:
    operations, unlink = wipe(repo.matched(), repo.docs)
    assert {op.rkey for op in operations} == {record.rkey for record in repo.records}
    assert {op.action for op in operations} <= {Action.DELETE}
    stored = {doc.ref for doc in repo.docs if "atproto" in doc.doc or "at" in doc.doc}
    assert {ref for _, ref in unlink} == stored


@given(repos())
def test_after_a_restore_nothing_is_left_to_do(repo: Repo) -> None:
    assume(repo.kind is not MediaType.TAPES)  # what waits for a video stays to do
    after = settled(repo)
    operations, _ = restore(after.matched(), after.docs, after.records, HELD, prune=True)
    assert operations == []
    assert after.matched().counts.to_do == 0


@given(repos())
def test_a_dead_doc_is_never_published(repo: Repo) -> None:
    dead = {doc.ref for doc in repo.docs if doc.dead}
    operations, blocked = restore(repo.matched(), repo.docs, repo.records, HELD, prune=True)
    assert not dead & {op.ref for op in operations if op.action is not Action.DELETE}
    assert not dead & {item.ref for item in blocked}
