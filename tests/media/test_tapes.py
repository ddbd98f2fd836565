"""Tapes: where their bytes are looked for, and what a record says of that."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acconsole.media import lexicon
from acconsole.media.base import GUEST
from acconsole.media.record import compose
from acconsole.media.sources import GUEST_BUCKET, USER_BUCKET, Source, public_address
from acconsole.media.tapes import (
    source_digest,
    video_source,
    with_zip_url,
    without_a_user,
    zip_sources,
    zip_url,
)
from tests.media.docs import SOTCE, SUB, TAPES, doc, odd_docs, subs

SLUG = "2024.1.2.3.4.5.678"
STORAGE = "sfo3.digitaloceanspaces.com"


def keys(**changed: Any) -> list[str]:
    return [source.path for source in zip_sources(doc(TAPES, **changed))]


@pytest.mark.parametrize("sub", [SUB, SOTCE])
def test_a_users_zip_is_looked_for_in_this_order(sub: str) -> None:
    assert keys(user=sub) == [f"{sub}/{SLUG}.zip", f"{sub}/video/{SLUG}.zip", "tapes/t4P.zip"]
    assert {source.place for source in zip_sources(doc(TAPES))} == {USER_BUCKET}


@pytest.mark.parametrize("user", [None, ..., GUEST])
def test_a_guests_zip(user: Any) -> None:
    assert keys(user=user) == [f"{SLUG}.zip", "tapes/t4P.zip"]
    assert {source.place for source in zip_sources(doc(TAPES, user=user))} == {GUEST_BUCKET}


def test_the_docs_own_bucket() -> None:
    assert {source.place for source in zip_sources(doc(TAPES, bucket="old-bucket"))} == {"old-bucket"}


@pytest.mark.parametrize("folder", ["", "video/", "tape/"])
def test_a_slug_that_begins_with_the_sub_is_a_key_already(folder: str) -> None:
    found = keys(slug=f"{SUB}/{folder}{SLUG}")
    assert found[0] == f"{SUB}/{folder}{SLUG}.zip"
    assert set(found) == {f"{SUB}/{folder}{SLUG}.zip", *keys()}
    assert len(found) == len(set(found))


def test_nobody_elses_folder_is_looked_into() -> None:
    assert keys(slug=f"{SOTCE}/{SLUG}") == keys()


@pytest.mark.parametrize("changed", [{"code": ...}, {"slug": 7}, {"slug": f"a {SUB} b"}])
def test_a_doc_that_gives_no_record_has_no_zip(changed: dict[str, Any]) -> None:
    assert zip_sources(doc(TAPES, **changed)) == []


def test_the_storage_address_of_a_guests_zip() -> None:
    guest = doc(TAPES, user=None, slug="a tape?#1", bucket="old-bucket")
    first, last = zip_sources(guest)
    assert zip_url(guest, first, routes=False) == f"https://old-bucket.{STORAGE}/a%20tape%3F%231.zip"
    assert zip_url(guest, last, routes=False) == f"https://old-bucket.{STORAGE}/tapes/t4P.zip"


def test_no_address_publishes_a_user() -> None:
    tape = doc(TAPES)
    *own, by_code = zip_sources(tape)
    assert [zip_url(tape, source, routes=False) for source in own] == [None, None]
    assert zip_url(tape, by_code, routes=False) == f"https://{USER_BUCKET}.{STORAGE}/tapes/t4P.zip"
    other = doc(TAPES, user="somebody")
    assert zip_url(other, zip_sources(other)[0], routes=False) is None


@pytest.mark.parametrize("user", [SUB, None])
def test_the_short_address_is_for_everybody(user: str | None) -> None:
    tape = doc(TAPES, user=user)
    for source in zip_sources(tape):
        assert zip_url(tape, source, routes=True) == "https://aesthetic.computer/media/tapes/t4P.zip"


@pytest.mark.parametrize("bucket", ["evil.example/", "a b", "127.0.0.1:80/x?", "UPPER", ""])
def test_a_bucket_that_is_none_has_no_address(bucket: str) -> None:
    assert public_address(doc(TAPES, user=None), Source(bucket, "a.zip")) is None


@settings(deadline=None)  # the first record checked waits for the library that checks it
@given(subs, odd_docs(TAPES), st.booleans())
def test_whatever_the_doc_no_user_is_published(sub: str, odd: dict[str, Any], routes: bool) -> None:
    odd = {**odd, "user": sub, "slug": f"{sub}/{odd['slug']}" if isinstance(odd.get("slug"), str) else SLUG}
    for source in zip_sources(odd):
        address = zip_url(odd, source, routes=routes)
        if address is not None:
            assert sub not in address
            assert quote(sub) not in address
            built = compose(TAPES, odd)
            record = with_zip_url(getattr(built, "record", {}), address)
            problem = lexicon.problem(TAPES, record) if record.get("when") else None
            assert problem is None or problem.field != "zipUrl"


def test_a_zip_url_that_publishes_a_user_is_not_kept() -> None:
    for name in (SUB, quote(SUB)):
        record = {"code": "a", "zipUrl": f"https://{USER_BUCKET}.{STORAGE}/{name}/1.zip"}
        assert without_a_user(record) == {"code": "a"}
    kept = {"code": "a", "zipUrl": f"https://{USER_BUCKET}.{STORAGE}/tapes/a.zip"}
    assert without_a_user(kept) == kept
    assert without_a_user({"code": "a"}) == {"code": "a"}


@pytest.mark.parametrize(
    ("address", "usable"),
    [
        ("https://a.example/t.mp4", True),
        ("http://a.example/t.mp4", True),
        ("file:///etc/passwd", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_the_video_that_a_doc_names(address: object, usable: bool) -> None:
    assert video_source(doc(TAPES, mp4Url=address)) == (Source("url", str(address)) if usable else None)


def test_what_decides_the_source_is_in_the_digest() -> None:
    digests = {
        source_digest(doc(TAPES, **changed))
        for changed in (
            {},
            {"slug": "other"},
            {"code": "oth"},
            {"bucket": "other"},
            {"user": None},
            {"mp4Url": "https://a.example/t.mp4"},
            {"when": "2024-01-02T03:04:05Z"},
        )
    }
    assert len(digests) == 7
    same: dict[str, Any] = {"hits": 3, "atproto": {"rkey": "a"}, "thumbnailUrl": "x"}
    assert source_digest(doc(TAPES, **same)) == source_digest(doc(TAPES, bucket=None))
