"""Verification: every verdict and every field, blobs by their bytes, and what a restore says of its work."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from acconsole.engine import status, verify
from acconsole.engine.asking import Asking
from acconsole.engine.cid import blob_cid
from acconsole.engine.events import Failure, RunResult
from acconsole.engine.model import RepoRecord, Snapshot, SourceDoc, User, Verdict
from acconsole.engine.plan import BlockedItem, Plan, Tally
from acconsole.engine.ports import BlobFacts
from acconsole.engine.sync import Engine
from acconsole.engine.verify import Report
from acconsole.engine.written import Verified
from acconsole.errors import AccountError, AcError, Failed, NoObject, Unreachable
from acconsole.media.base import MediaType, Record
from acconsole.media.tapes import NO_SOURCE
from acconsole.sandbox.pds.store import Write
from tests.contract.client import ok
from tests.engine.cases import CID, HELD, OTHER_CID, USER, blob, moved, rkey, source, standing, value_of
from tests.engine.fleets import Fleet, client_of, publish
from tests.engine.test_repo_reading import PIXEL
from tests.faults.checks import Writer, run
from tests.media.docs import KIDLISP, MOODS, PAINTINGS, PIECES, SUB, TAPES
from tests.world import World

JPEG = b"\xff\xd8\xff\xe0 a picture of another kind"
Row = tuple[Any, ...]


def reported(
    docs: Sequence[SourceDoc],
    records: Sequence[RepoRecord],
    *,
    facts: Mapping[str, BlobFacts | Failed] | None = None,
    codes: Collection[str] = (),
    blobs: frozenset[str] = HELD,
    lost: frozenset[str] = frozenset(),
) -> Report:
    """The report on one user who has these docs and records, all of one media type."""
    kind = (docs or records)[0].kind
    snapshot = Snapshot("did:plc:a", "rev", "commit", {kind: tuple(records)}, blobs, None, lost)
    state = status.judge(USER, {kind: docs}, snapshot, None)
    return verify.report(state, verify.chosen(state, codes), facts or {}, codes)


def rows(found: Report | Verified) -> list[Row]:
    return [(each.ref, each.rkey, each.verdict, each.field, each.detail) for each in found.problems]


def lines(found: Report) -> list[tuple[str, str | None, str | None]]:
    return [(item.sign, item.ref, item.rkey) for item in found.items]


def linked(kind: MediaType, ref: str, key: str, **changed: Any) -> SourceDoc:
    return source(kind, ref, atproto={"rkey": key}, **changed)


def test_every_verdict() -> None:
    good, gone = source(MOODS, "synced"), source(MOODS, "tombstone", deleted=True)
    docs = [
        linked(MOODS, "synced", rkey(1)),
        source(MOODS, "missing"),
        linked(MOODS, "unlinked", "elsewhere"),
        linked(MOODS, "stale", rkey(4), mood="the new text"),
        gone,
        source(MOODS, "blocked", mood=""),
    ]
    records = [
        standing(MOODS, rkey(1), value_of(good)),
        standing(MOODS, rkey(2), value_of(good)),
        standing(MOODS, rkey(3), value_of(docs[2])),
        standing(MOODS, rkey(4), value_of(docs[3], text="the old text")),
        standing(MOODS, rkey(5), value_of(source(MOODS, "tombstone"))),
        standing(MOODS, rkey(6), value_of(source(MOODS, "orphan"))),
        standing(MOODS, rkey(7), value_of(source(MOODS, "blocked"))),
    ]
    found = reported(docs, records)
    assert (found.checked, found.in_sync, found.unchecked) == (6, False, 0), "five docs and one orphan"
    assert rows(found) == [
        ("blocked", rkey(7), Verdict.BLOCKED, "mood", "no text"),
        ("missing", None, Verdict.MISSING, None, "there is no record of it"),
        ("orphan", rkey(6), Verdict.ORPHAN, None, "its doc does not exist"),
        (
            "stale",
            rkey(4),
            Verdict.STALE,
            "text",
            'the doc gives "the new text", the record says "the old text"',
        ),
        ("synced", rkey(2), Verdict.DUPLICATE, None, "another record of its doc is the one that stays"),
        ("tombstone", rkey(5), Verdict.TOMBSTONE, None, "its doc is deleted"),
        ("unlinked", rkey(3), Verdict.UNLINKED, "rkey", 'the doc stores "elsewhere"'),
    ]
    assert lines(found) == [
        ("!", "blocked", rkey(7)),
        ("+", "missing", None),
        ("-", "orphan", rkey(6)),
        ("*", "stale", rkey(4)),
        ("=", "synced", rkey(1)),
        ("-", "synced", rkey(2)),
        ("-", "tombstone", rkey(5)),
        ("*", "unlinked", rkey(3)),
    ]


@pytest.mark.parametrize(
    ("kind", "changed", "expected"),
    [
        (MOODS, {"when": moved("2024-01-02T03:04:05.678Z", seconds=4)}, []),
        (
            MOODS,
            {"when": "2024-01-02T03:04:05"},
            [("when", "is not a datetime")],
        ),
        (
            MOODS,
            {"ref": ..., "mongoId": "a"},
            [("ref", 'the doc gives "a", the record has none')],
        ),
        (
            KIDLISP,
            {"source": 7, "acUrl": "https://aesthetic.computer/roz"},
            [
                ("source", 'the doc gives "(wipe blue)", the record says 7'),
                (
                    "acUrl",
                    'the doc gives "https://aesthetic.computer/$roz",'
                    ' the record says "https://aesthetic.computer/roz"',
                ),
            ],
        ),
        (PAINTINGS, {"thumbnail": ...}, [("thumbnail", "is missing")]),
        (
            PAINTINGS,
            {"thumbnail": {"$type": "blob", "ref": {"$link": CID}, "mimeType": "image/jpeg", "size": 9}},
            [("thumbnail", "is declared as image/jpeg, not image/png")],
        ),
        (
            PAINTINGS,
            {"thumbnail": {"$type": "blob", "ref": {"$link": OTHER_CID}, "mimeType": "image/png", "size": 9}},
            [("thumbnail", "is not among the repo's blobs")],
        ),
        (PAINTINGS, {"recordingUrl": "nowhere"}, [("recordingUrl", "is not a uri")]),
        (PAINTINGS, {"recordingUrl": "https://aesthetic.computer/x.zip"}, []),
        (
            TAPES,
            {"video": "a video", "zipUrl": 7},
            [("video", "is not a blob"), ("zipUrl", "is int, not text")],
        ),
        (
            PIECES,
            {"slug": f"{SUB}/prompt"},
            [("slug", f'the doc gives "prompt", the record says "{SUB}/prompt"')],
        ),
    ],
)
def test_every_field(kind: MediaType, changed: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    doc = linked(kind, "a", rkey(1))
    found = reported([doc], [standing(kind, rkey(1), value_of(doc, **changed))])
    assert [(each.field, each.detail) for each in found.problems] == expected
    assert {each.verdict for each in found.problems} <= {Verdict.STALE}
    assert found.in_sync is not bool(expected)
    assert [item.sign for item in found.items] == ["*" if expected else "="]


def test_a_stale_record_that_is_not_linked_either() -> None:
    doc = source(MOODS, "a")
    found = reported([doc], [standing(MOODS, rkey(1), value_of(doc, text="old"))])
    assert [(each.field, each.verdict) for each in found.problems] == [
        ("text", Verdict.STALE),
        ("rkey", Verdict.STALE),
    ]
    assert found.problems[1].detail == "the doc stores none"


def test_each_record_is_held_against_its_lexicon_whoever_it_belongs_to() -> None:
    """Also those that no doc decides about: a further record, an orphan, one of a doc that is blocked."""
    good, bad = linked(PAINTINGS, "a", rkey(1)), source(PAINTINGS, "b", code=None)
    foreign = {"$type": "blob", "ref": {"$link": OTHER_CID}, "mimeType": "image/png", "size": 5}
    records = [
        standing(PAINTINGS, rkey(1), value_of(good, more=foreign)),
        standing(PAINTINGS, rkey(2), value_of(good, slug=7)),
        standing(PAINTINGS, rkey(3), value_of(source(PAINTINGS, "b"), acUrl="x")),
        standing(PAINTINGS, rkey(4), value_of(source(PAINTINGS, "c"), thumbnail=foreign)),
    ]
    found = reported([good, bad], records)
    assert [row[:4] for row in rows(found)] == [
        ("a", rkey(1), Verdict.SYNCED, "more"),
        ("a", rkey(2), Verdict.DUPLICATE, None),
        ("a", rkey(2), Verdict.DUPLICATE, "slug"),
        ("b", rkey(3), Verdict.BLOCKED, "code"),
        ("b", rkey(3), Verdict.BLOCKED, "acUrl"),
        ("c", rkey(4), Verdict.ORPHAN, None),
        ("c", rkey(4), Verdict.ORPHAN, "thumbnail"),
    ]


def test_a_record_that_the_pds_has_lost() -> None:
    doc = linked(MOODS, "a", rkey(1))
    lost = RepoRecord(MOODS, rkey(1), CID, {})
    found = reported([doc], [lost], lost=frozenset({f"{MOODS.nsid}/{rkey(1)}"}))
    assert rows(found) == [("a", rkey(1), Verdict.STALE, None, "the PDS has lost what is in the record")]


def test_a_tape_without_a_source_is_blocked() -> None:
    doc = SourceDoc.of(TAPES, source(TAPES, "a").doc, NO_SOURCE)
    found = reported([doc], [])
    assert rows(found) == [("a", None, Verdict.BLOCKED, "video", "no source")]
    assert found.in_sync


def test_details_are_short_and_inert() -> None:
    same = "the same beginning " * 20
    doc = linked(MOODS, "a", rkey(1), mood=f"{same}[bold]\x1b[31m and then {'x' * 200}")
    record = standing(MOODS, rkey(1), value_of(doc, text=f"{same}\u202e\nother", when={"a": "b" * 200}))
    found = reported([doc], [record])
    text, when = (each.detail for each in found.problems)
    assert text.startswith('the doc gives "…e beginning [bold]␛[31m and then xxx')
    assert text.endswith('the record says "…e beginning ⟨202E⟩␊other"')
    assert max(len(text), len(when)) < 220
    assert text.isprintable()
    assert when.endswith("bbb…")


def facts(record: Record, **changed: Any) -> dict[str, BlobFacts | Failed]:
    named = record["thumbnail"]
    whole = {"cid": named["ref"]["$link"], "size": named["size"], "mime": named["mimeType"], **changed}
    return {named["ref"]["$link"]: BlobFacts(**whole)}


@pytest.mark.parametrize(
    ("changed", "details"),
    [
        ({}, []),
        ({"cid": OTHER_CID}, ["its bytes are not those that the CID names"]),
        ({"size": 1_234}, ["is 1,234 bytes, declared as 1000"]),
        ({"mime": "image/jpeg"}, ['is image/jpeg by its bytes, declared as "image/png"']),
        ({"mime": None}, ['is something else by its bytes, declared as "image/png"']),
    ],
)
@pytest.mark.parametrize("link", [rkey(1), "elsewhere"])
def test_what_only_the_bytes_of_a_blob_tell(changed: dict[str, Any], details: list[str], link: str) -> None:
    doc = linked(PAINTINGS, "a", link)
    value = value_of(doc)
    found = reported([doc], [standing(PAINTINGS, rkey(1), value)], facts=facts(value, **changed))
    own = [each for each in found.problems if each.field != "rkey"]
    assert [(each.field, each.verdict, each.detail) for each in own] == [
        ("thumbnail", Verdict.STALE, detail) for detail in details
    ]
    assert found.in_sync is (not details and link == rkey(1))
    assert found.items[0].sign == ("=" if found.in_sync else "*")


def test_a_blob_that_is_not_there_and_one_that_could_not_be_asked_for() -> None:
    docs = [linked(PAINTINGS, ref, rkey(n), code=ref) for n, ref in enumerate("ab")]
    other = blob(facts_wanted(), ref={"$link": OTHER_CID})
    records = [
        standing(PAINTINGS, rkey(0), value_of(docs[0])),
        standing(PAINTINGS, rkey(1), value_of(docs[1], thumbnail=other)),
    ]
    found = reported(
        docs,
        records,
        facts={CID: NoObject("no such blob"), OTHER_CID: Failed("the disk\x1b is broken")},
        blobs=frozenset({CID, OTHER_CID}),
    )
    assert rows(found) == [
        ("a", rkey(0), Verdict.STALE, "thumbnail", "the PDS does not have the blob"),
        ("b", rkey(1), Verdict.SYNCED, "thumbnail", "could not be fetched: the disk␛ is broken"),
    ]
    assert lines(found) == [("*", "a", rkey(0)), ("!", "b", rkey(1))]
    assert (found.unchecked, found.checked, found.in_sync) == (1, 2, False)


def facts_wanted() -> Any:
    from acconsole.media.paintings import THUMBNAIL

    return THUMBNAIL


def test_codes_narrow_it_to_single_docs() -> None:
    docs = [source(KIDLISP, ref, code=ref) for ref in "abc"] + [source(KIDLISP, "d", code="a", nuked=True)]
    records = [standing(KIDLISP, rkey(1), value_of(source(KIDLISP, "e", code="b")))]
    found = reported(docs, records, codes=("a", "b"))
    assert lines(found) == [("+", "a", None), ("+", "b", None), ("-", "e", rkey(1))]
    assert found.checked == 3


@pytest.mark.parametrize("state", ["none", "inactive", "unreadable"])
def test_of_who_has_no_repo_nothing_is_checked(state: str) -> None:
    docs = [linked(KIDLISP, "b", "x"), source(KIDLISP, "a", code="other"), source(KIDLISP, "c", nuked=True)]
    judged = status.judge(USER, {KIDLISP: docs}, None, AccountError("Gone\x1b.", state=state))
    found = verify.report(judged, verify.chosen(judged, ()), {})
    assert (found.checked, found.in_sync, found.error) == (0, False, "Gone\x1b.")
    assert lines(found) == [("!", "a", None), ("!", "b", "x")]
    (problem,) = found.problems
    assert problem.as_json() == {
        "handle": "jeffrey",
        "user": USER.id,
        "type": None,
        "id": None,
        "rkey": None,
        "verdict": None,
        "field": None,
        "detail": "Gone␛.",
    }
    assert lines(verify.report(judged, [], {}, ("other",))) == [("!", "a", None)]


async def reports(engine: Engine, users: Sequence[User] | None, **how: Any) -> dict[str, Report]:
    async with aclosing(engine.verify(users, **how)) as found:
        return {each.user.id: each async for each in found}


async def test_repos_are_read_anew_and_blobs_once_each(world: World) -> None:
    user, account = await world.person()
    docs = world.give(user, PAINTINGS, 3)
    told: list[int] = []
    async with client_of(world, account) as client, world.engine() as engine:
        stored = ok(await client.upload(PIXEL, "image/png"))["blob"]
        for number, doc in enumerate(docs):
            await publish(client, PAINTINGS, doc, number, thumbnail=stored)
        async for _ in engine.scan():
            pass
        before = engine.pds_requests
        plain = (await reports(engine, [user]))[user.id]
        assert engine.pds_requests - before == 3, "getRepo, and two pages of listBlobs"
        whole = (await reports(engine, [user], blobs=True, told=told.append))[user.id]
        assert engine.pds_requests - before == 7
        everybody = await reports(engine, None)
    assert plain == whole == everybody[user.id]
    assert [each.detail for each in plain.problems] == ["the doc stores none"] * 3
    assert (plain.checked, plain.unchecked) == (3, 0)
    assert told == [1]


async def test_blobs_that_are_disguised_or_lost(sandbox_world: World) -> None:
    """The reference PDS takes no such record; those that are there came by other ways."""
    world = sandbox_world
    user, account = await world.person()
    docs = world.give(user, PAINTINGS, 3)
    store = world.pds.store
    assert store is not None
    store.add_blob(account.did, JPEG, "image/png")
    sizes = {blob_cid(JPEG): len(JPEG), blob_cid(b"never stored"): 12, blob_cid(PIXEL): len(PIXEL)}
    store.add_blob(account.did, PIXEL, "image/png")
    for number, (doc, (cid, size)) in enumerate(zip(docs, sizes.items(), strict=True)):
        found = source(PAINTINGS, **{**doc, "ref": str(doc["_id"])})
        named = {"$type": "blob", "ref": {"$link": cid}, "mimeType": "image/png", "size": size}
        store.write(
            account.did, [Write("create", PAINTINGS.nsid, rkey(number), value_of(found, thumbnail=named))]
        )
        world.database["paintings"].update_one({"_id": doc["_id"]}, {"$set": {"atproto.rkey": rkey(number)}})
    async with world.engine() as engine:
        plain = (await reports(engine, [user]))[user.id]
        whole = (await reports(engine, [user], blobs=True))[user.id]
    assert (plain.in_sync, plain.problems) == (True, ())
    assert [row[1:] for row in rows(whole)] == [
        (rkey(0), "stale", "thumbnail", 'is image/jpeg by its bytes, declared as "image/png"'),
        (rkey(1), "stale", "thumbnail", "the PDS does not have the blob"),
    ]
    assert whole.in_sync is False


async def test_a_user_whose_repo_fails_does_not_end_the_others() -> None:
    made = Fleet(3, troubles={"did:plc:00000001": [Unreachable("Lost."), Unreachable("Lost.")]})
    found = [each async for each in verify.verify(made.ports(), None, (MOODS,))]
    assert [each.checked for each in found] == [1, 0, 1]
    assert found[1].error == "The PDS does not give it, though it answers."


async def test_one_blob_that_the_pds_does_not_give_is_told_of_and_its_absence_ends_it() -> None:
    made = Fleet(1)
    asked: list[str] = []

    async def give(cid: str) -> str:
        asked.append(cid)
        raise Unreachable("Lost.")

    with pytest.raises(Failed, match="though it answers"):
        await Asking(made.ports().repos).for_one(give, "a")
    assert asked == ["a", "a"]
    made.gone = True
    with pytest.raises(Unreachable):
        await Asking(made.ports().repos).for_one(give, "b")


# -- after a restore ---------------------------------------------------------------------------------


async def test_a_restore_is_found_to_be_as_planned(world: World) -> None:
    user, account = await world.person()
    docs = world.give(user, MOODS, 6)
    world.give(user, PIECES, 2)
    async with client_of(world, account) as client, world.engine() as engine:
        await publish(client, MOODS, docs[0], 1, text="old")
        await publish(client, MOODS, docs[1], 2)
        await publish(client, MOODS, docs[2], 3)
        await publish(client, MOODS, docs[2], 4)
        plan = await engine.plan_restore(user)
        result = await run(engine, plan)
        verified = await engine.verify_written(plan, result)
    assert (result.done.create, result.done.update, result.done.relink, result.done.delete) == (5, 1, 2, 1)
    assert verified == Verified(9)
    assert verified.as_json() == {"checked": 9, "problems": []}


async def test_what_is_not_as_planned_is_told(world: World) -> None:
    user, account = await world.person()
    docs = world.give(user, MOODS, 5)
    async with (
        client_of(world, account) as client,
        Writer(world.pds.url, account) as writer,
        world.engine() as engine,
    ):
        await publish(client, MOODS, docs[4], 1)
        await publish(client, MOODS, docs[4], 2)
        plan = await engine.plan_restore(user)
        result = await run(engine, plan)
        keys = {str(doc["_id"]): doc["atproto"]["rkey"] for doc in world.docs(user, MOODS)}
        refs = [str(doc["_id"]) for doc in docs]
        await writer.put(
            MOODS, keys[refs[0]], {"text": "x", "when": "2023-01-01T00:00:00.000Z", "ref": refs[0]}
        )
        world.database["moods"].update_one({"_id": docs[1]["_id"]}, {"$unset": {"atproto": ""}})
        world.database["moods"].update_one({"_id": docs[2]["_id"]}, {"$set": {"deleted": True}})
        world.database["moods"].delete_one({"_id": docs[3]["_id"]})
        await publish(client, MOODS, docs[4], 2)
        verified = await engine.verify_written(plan, result)
    assert verified is not None
    assert (verified.checked, verified.wrong) == (6, 4)
    assert [(each.ref, each.verdict, each.field) for each in verified.problems] == [
        (refs[0], Verdict.STALE, "text"),
        (refs[1], Verdict.UNLINKED, "rkey"),
        (refs[2], Verdict.TOMBSTONE, None),
        (refs[4], Verdict.DUPLICATE, None),
    ]


def _result(**changed: Any) -> RunResult:
    whole = {"run": "r", "action": "restore", "live": True, "planned": Tally(create=2), "done": Tally()}
    return RunResult(**{**whole, **changed})


async def test_what_a_run_told_of_is_not_told_again(sandbox_world: World) -> None:
    user, _ = await sandbox_world.person()
    docs = sandbox_world.give(user, MOODS, 4)
    refs = [str(doc["_id"]) for doc in docs]
    failed = (Failure("@x", MOODS, refs[0], "3jzfcijpj2z2a", "no"),)
    blocked = (("@x", BlockedItem(MOODS, refs[1], "text", "no")),)
    async with sandbox_world.engine() as engine:
        plan = await engine.plan_restore(user)
        verified = await engine.verify_written(plan, _result(failed=failed, blocked=blocked))
    assert verified is not None
    assert (verified.checked, [each.ref for each in verified.problems]) == (2, refs[2:])


@pytest.mark.parametrize(
    "changed",
    [
        {"live": False},
        {"action": "wipe"},
        {"stopped": True},
        {"planned": Tally()},
        {"failed": (Failure("@x", None, None, None, "the login was refused"),)},
    ],
)
async def test_runs_that_leave_nothing_to_verify(changed: dict[str, Any], sandbox_world: World) -> None:
    user, _ = await sandbox_world.person()
    sandbox_world.give(user, MOODS, 1)
    async with sandbox_world.engine() as engine:
        plan = await engine.plan_restore(user)
        before = engine.pds_requests
        assert await engine.verify_written(plan, _result(**changed)) is None
        assert engine.pds_requests == before


async def test_a_repo_that_can_not_be_read_afterwards(sandbox_world: World) -> None:
    user, account = await sandbox_world.person()
    sandbox_world.give(user, MOODS, 1)
    async with sandbox_world.engine() as engine:
        plan: Plan = await engine.plan_restore(user)
        assert sandbox_world.pds.store is not None
        sandbox_world.pds.store.set_status(account.did, "deactivated")
        with pytest.raises(AccountError) as caught:
            await engine.verify_written(plan, _result())
    trouble: AcError = caught.value
    assert "deactivated" in trouble.message
