"""Reading again: after doubt, what of the plan is still to do is matched anew against what is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from acconsole.engine import events
from acconsole.engine.model import Place, Snapshot, SourceDoc, Verdict
from acconsole.engine.plan import Action, Operation, Tally
from acconsole.engine.planning import claimed_ref
from acconsole.engine.ports import Link
from acconsole.engine.status import docs_by_place, read_docs
from acconsole.engine.tasks import together
from acconsole.errors import Swapped, Uncertain
from acconsole.media.base import Doc, MediaType

if TYPE_CHECKING:
    from acconsole.engine.apply import UserRun


class Reconciler:
    """Knows the repo and the docs as the run last read them, and keeps its pending operations true to them.

    `blobs`: the CIDs that the repo holds. `touched`: what this run has written or linked, by doc. `own`:
    deletes of what this very run has created. `uncleared`: the docs whose rkeys a wipe has still to clear.
    """

    def __init__(self, run: UserRun) -> None:
        self._run = run
        self.did = run.plan.user.did or ""
        self.blobs: set[str] = set()
        self.touched: dict[tuple[MediaType, str | None], list[Operation]] = {}
        self.own: set[Place] = set()
        self.uncleared: list[Place] = list(run.plan.unlink)
        self._snapshot: Snapshot | None = None
        self._docs: dict[MediaType, list[SourceDoc]] | None = None

    @property
    def snapshot(self) -> Snapshot:
        assert self._snapshot is not None, "a live run begins with a snapshot"
        return self._snapshot

    def adopt(self, snapshot: Snapshot) -> None:
        """Take a snapshot as what the repo is now."""
        self._snapshot = snapshot
        self._run.head, self._run.rev = snapshot.commit, snapshot.rev
        self.blobs |= snapshot.blobs

    def wrote(self, operations: Sequence[Operation]) -> None:
        """Keep in mind what this run has done to docs' records."""
        for op in operations:
            if op.action is not Action.DELETE:
                self.touched.setdefault((op.kind, op.ref), []).append(op)

    def is_duplicate(self, operation: Operation) -> bool:
        """Whether a delete takes a duplicate, or what this run created: neither counts against the limit."""
        return operation.verdict is Verdict.DUPLICATE or operation.key in self.own

    def linked(self, kind: MediaType, links: Sequence[Link]) -> None:
        """Keep the docs that were read true to what Mongo was just told."""
        if self._docs is None:
            return
        rkeys = {link.ref: link.rkey for link in links}
        self._docs[kind] = [
            replace(doc, rkey=rkeys.get(doc.ref, doc.rkey)) for doc in self._docs.get(kind, [])
        ]

    async def read_docs(self) -> None:
        """Read the docs again that the plan is matched with."""
        run = self._run
        self._docs = {
            kind: await run.patience.of(
                read_docs, run.world, run.plan.user, kind, retry_blocked=run.plan.retry_blocked
            )
            for kind in run.way.kinds
        }

    async def read_again(self, why: Uncertain) -> None:
        """Read the repo, and Mongo too unless only another writer was first, and match what is left."""
        run = self._run
        if self._docs is None or not isinstance(why, Swapped):
            await self.read_docs()
        snapshot = await run.patience.of(run.world.repos.snapshot, self.did)
        await self.take(snapshot, why.message, failed=not isinstance(why, Swapped))
        await run.save()

    async def caught_up(self, operations: Sequence[Operation]) -> bool:
        """Whether what another writer just did leaves all pending operations as they are.

        Then the batch may follow at once upon the new head: a whole reading would be too slow to get a
        word in beside a busy writer. What it cannot see, the second look at the end does. Deletes always
        want the whole reading.
        """
        run = self._run
        if run.rev is None or not all(map(run.way.may_follow, operations)):
            return False
        news = await run.patience.of(run.world.repos.news, self.did, run.rev)
        pending = {op.ref for op in run.pending.values()}
        if any(claim is None or claim in pending for claim in map(claimed_ref, news.records)):
            return False
        run.head, run.rev = news.commit.cid, news.commit.rev
        return True

    async def take(self, snapshot: Snapshot, reason: str, *, failed: bool = False) -> None:
        """Match anew, and keep of the pending operations what is still to do. The rest is for `Reread`."""
        self.adopt(snapshot)
        run = self._run
        assert self._docs is not None
        fresh = run.way.still_to_do(run.pending.values(), self._docs, snapshot)
        standing = {
            (found.kind, found.rkey): found.cid for each in snapshot.records.values() for found in each
        }
        fresh |= {op.key: op for op in run.pending.values() if op.key in self.own & standing.keys()}
        for op in list(run.pending.values()):
            self._renew(op, fresh.get(op.key), standing)
        run.emit(events.Reread(reason, len(run.pending), failed))

    def _renew(self, op: Operation, now: Operation | None, standing: dict[Place, str]) -> None:
        run = self._run
        written = op.action in (Action.CREATE, Action.UPDATE)
        if now is None:
            self._nothing_left(op, standing)
        elif written and now.action is Action.RELINK and now.rkey == op.rkey:
            # The commit was made and its answer lost. The link is missing, and counts as nothing new.
            run.pending[op.key] = now
            run.quiet.add(op.key)
            self._found(op, now.cid)
        else:
            run.pending[op.key] = now

    def _nothing_left(self, op: Operation, standing: dict[Place, str]) -> None:
        cid = standing.get((op.kind, op.rkey))
        if self._run.way.is_done(op, cid):
            self._run.pending.pop(op.key, None)
            self._found(op, cid)
        else:
            self._run.drop(op, self._run.way.moot)

    def _found(self, op: Operation, cid: str | None) -> None:
        counts = {action.value: int(action is op.action) for action in Action}
        self.wrote([op])
        self._run.scribe.found(op, cid)
        self._run.emit(events.Found(op.kind, Tally(**counts)))

    async def second_look(self) -> bool:
        """At the end of a live run: whether something is to do for what this very run wrote.

        A doc may have died while its record was on the way: the record goes again. And the site's own
        writers publish a doc without looking: their record may have come beside this run's.
        """
        run = self._run
        if not self.touched:
            return False
        kinds = list({kind for kind, _ in self.touched})
        latest, *dead = await together(
            run.patience.of(run.world.repos.latest, self.did),
            *(run.patience.of(run.world.docs.dead, run.plan.user.id, kind) for kind in kinds),
        )
        for kind, refs in zip(kinds, dead, strict=True):
            for ref in refs:
                self._take_back(self.touched.pop((kind, ref), ()), "its doc was deleted meanwhile")
        if latest.cid != run.head:
            await self.read_docs()
            assert self._docs is not None
            self.adopt(await run.patience.of(run.world.repos.snapshot, self.did))
            self._take_back(run.way.in_the_way(self.touched, self.snapshot), "its doc got another record")
            left = run.way.more_to_do(self.touched, self._docs, self.snapshot)
            run.pending |= {op.key: op for op in left}
            await run.save()
        return bool(run.pending)

    def _take_back(self, operations: Iterable[Operation], reason: str) -> None:
        """What this run has created goes again."""
        for op in operations:
            if op.action is Action.CREATE and (op.kind, op.rkey) not in self.own:
                gone = replace(op, action=Action.DELETE, verdict=Verdict.TOMBSTONE, record=None, blobs=())
                self._run.pending[gone.key] = gone
                self.own.add(gone.key)
                self._run.left_out(op, reason)

    async def links_to_clear(self) -> list[tuple[MediaType, str, Doc]]:
        """The docs whose rkeys are to be cleared, as they are now, for the backup."""
        run = self._run
        docs = await run.patience.of(docs_by_place, run.world, self.uncleared)
        return [(kind, ref, doc) for (kind, ref), doc in docs.items()]
