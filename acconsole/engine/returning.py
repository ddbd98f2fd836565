"""What goes back to what it was before a run, and what is left as it is, with the reason.

Each thing goes back only where it still is as the run left it. Where it is already back, nothing is to do. A
record never returns for a doc that was deleted, nor beside another that came since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from acconsole.engine import kept
from acconsole.engine.effects import DocEffect, RecordEffect
from acconsole.engine.kept import Kept, KeptRecord
from acconsole.engine.match import Pair
from acconsole.engine.model import Place, RepoRecord, Verdict
from acconsole.engine.plan import Action, Operation, Plan, PutBack, SkippedItem
from acconsole.engine.planning import claimed_ref
from acconsole.engine.status import UserState
from acconsole.engine.stored import is_exact, rkey_in, same, stored_in
from acconsole.errors import BlobError
from acconsole.media.base import Doc, MediaType, is_dead, owner_of
from acconsole.media.lexicon import is_blob

DEAD = "its doc was deleted, and is not published again"
"""The one reason that leaves a doc's stored rkey free to go back."""
CHANGED = "it has changed since"
GONE = "its doc is gone"
ANOTHER = "its doc has another record now"


class Draft:
    """An undo's plan while it is being made."""

    def __init__(self, plan: Plan, state: UserState, held: Kept, docs: Mapping[Place, Doc]) -> None:
        assert state.snapshot is not None
        self._plan = plan
        self._snapshot = state.snapshot
        self._held = held
        self._docs = docs
        self._operations: list[Operation] = []
        self._skipped: list[SkippedItem] = []
        self._standing: dict[Place, RepoRecord] = {
            (each.kind, each.rkey): each for found in state.snapshot.records.values() for each in found
        }
        self._pairs: dict[Place, Pair] = {
            (pair.kind, pair.record.rkey): pair
            for matched in state.types.values()
            for pair in matched.pairs
            if pair.record
        }
        self._rkeys_of: dict[Place, set[str]] = {}
        for (kind, rkey), pair in self._pairs.items():
            ref = pair.doc.ref if pair.doc else claimed_ref(self._standing[kind, rkey].value)
            if ref:
                self._rkeys_of.setdefault((kind, ref), set()).add(rkey)
        self._effects_on: dict[Place, list[RecordEffect]] = {}

    def plan(self, records: Sequence[RecordEffect], docs: Sequence[DocEffect]) -> Plan:
        """The plan that takes these effects back."""
        for each in records:
            self._effects_on.setdefault((each.kind, each.ref or ""), []).append(each)
        for each in records:
            self._take_back(each)
        # A doc goes with its records: where one of them stays as it is, so does what the doc stores.
        staying = {(item.kind, item.ref) for item in self._skipped if item.reason != DEAD}
        for doc in docs:
            if (doc.kind, doc.ref) not in staying:
                self._give_back(doc)
        return replace(
            self._plan,
            rev=self._snapshot.rev,
            commit=self._snapshot.commit,
            operations=tuple(self._operations),
            skipped=tuple(self._skipped),
            records=len(self._standing),
        )

    def _skip(self, kind: MediaType, ref: str | None, rkey: str, reason: str) -> None:
        self._skipped.append(SkippedItem(kind, ref, rkey, reason))

    # -- records -------------------------------------------------------------------------------------

    def _take_back(self, each: RecordEffect) -> None:
        now = self._standing.get((each.kind, each.rkey))
        cid = now.cid if now else None
        if cid == each.before:
            return
        if cid not in each.left:
            self._skip(each.kind, each.ref, each.rkey, CHANGED)
        elif each.before is None:
            verdict = self._pairs[each.kind, each.rkey].verdict
            self._operations.append(
                Operation(Action.DELETE, each.kind, verdict, each.ref, each.rkey, cid, exact=True)
            )
        else:
            self._return(each, each.before, cid)

    def _return(self, each: RecordEffect, before: str, cid: str | None) -> None:
        """The record as it was, unless something stands in its way."""
        old = self._held.record(each.kind, each.rkey, before)
        beside = self._beside(each) if cid is None else []
        reason = self._hindrance(each, old) or (ANOTHER if beside is None else None)
        blobs = self._blobs(old) if old and not reason else ()
        if blobs is None:
            reason = "the backup does not hold its blob, and neither does the PDS"
        if reason or old is None:
            self._skip(each.kind, each.ref, each.rkey, reason or GONE)
            return
        usual = Verdict.MISSING if cid is None else Verdict.STALE
        self._operations.append(
            Operation(
                Action.CREATE if cid is None else Action.UPDATE,
                each.kind,
                Verdict.ORPHAN if old.verdict is Verdict.ORPHAN else usual,
                each.ref,
                each.rkey,
                cid,
                old.value,
                blobs or (),
                exact=True,
                beside=tuple(beside or ()),
            )
        )

    def _hindrance(self, each: RecordEffect, old: KeptRecord | None) -> str | None:
        """Why a record cannot return, if it cannot."""
        if old is None:
            return "; ".join(("the backup does not hold the old record", *self._held.troubles))
        doc = self._docs.get((each.kind, each.ref or ""))
        if doc is not None and is_dead(doc):
            return DEAD
        own = doc is not None and owner_of(doc) == self._plan.user.id
        if not own and old.verdict is not Verdict.ORPHAN:
            return GONE
        return "JSON cannot carry the old record unchanged" if old.value is None else None

    def _blobs(self, old: KeptRecord) -> tuple[str, ...] | None:
        """The fields whose blobs the repo lacks; None when a backup lacks one of them too."""
        lacking = []
        for name, value in (old.value or {}).items():
            cid = value["ref"]["$link"] if is_blob(value) else None
            if cid is None or cid in self._snapshot.blobs:
                continue
            try:
                kept.blob(self._held.folders, cid)
            except BlobError:
                return None
            lacking.append(name)
        return tuple(lacking)

    def _beside(self, each: RecordEffect) -> list[str] | None:
        """The rkeys of the doc's other records, which stay; None when one of them came since the run."""
        place = (each.kind, each.ref or "")
        of_doc = self._effects_on[place]
        standing = self._rkeys_of.get(place, set()) - {other.rkey for other in of_doc if other.before is None}
        # What the backup does not name stood untouched, or came since. A duplicate had such a keeper.
        unnamed = [rkey for rkey in standing if (each.kind, rkey) not in self._held.records]
        return sorted(standing) if len(unnamed) <= self._keepers(of_doc) else None

    def _keepers(self, of_doc: Iterable[RecordEffect]) -> int:
        returning = [other for other in of_doc if other.before is not None]
        old = [self._held.record(other.kind, other.rkey, other.before or "") for other in returning]
        return int(all(found and found.verdict is Verdict.DUPLICATE for found in old))

    # -- docs ----------------------------------------------------------------------------------------

    def _give_back(self, each: DocEffect) -> None:
        doc = self._docs.get((each.kind, each.ref))
        if doc is None:
            return  # it stores nothing any more
        now = stored_in(doc)
        if each.before is None:
            self._skip(each.kind, each.ref, rkey_in(now) or "", self._unknown())
        elif same(now, each.before):
            return
        elif not any(same(now, left) for left in each.left) or owner_of(doc) != self._plan.user.id:
            self._skip(each.kind, each.ref, rkey_in(now) or "", "its stored rkey has changed since")
        elif not (is_exact(each.before) and is_exact(now)):
            self._skip(each.kind, each.ref, rkey_in(now) or "", "what it stored cannot be put back exactly")
        else:
            rkey = rkey_in(each.before) or rkey_in(now) or ""
            back = PutBack(now, each.before)
            self._operations.append(
                Operation(
                    Action.RELINK,
                    each.kind,
                    Verdict.UNLINKED,
                    each.ref,
                    rkey,
                    link=True,
                    exact=True,
                    back=back,
                )
            )

    def _unknown(self) -> str:
        return "; ".join(("the backup does not hold its rkey", *self._held.troubles))
