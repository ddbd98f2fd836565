"""Where a painting's bytes lie: buckets, keys, the site first, recordings."""

from __future__ import annotations

from typing import Any

import pytest

from acconsole.media.paintings import picture_sources, recording_source, recording_url
from acconsole.media.sources import Source, bucket_of, key_of
from tests.media.docs import PAINTINGS, SUB, doc

USER, GUEST = "user-aesthetic-computer", "art-aesthetic-computer"
SLUG = "2024.1.2.3.4.5.678"


@pytest.mark.parametrize(
    ("fields", "bucket"),
    [
        ({}, USER),
        ({"user": ...}, GUEST),
        ({"user": None}, GUEST),
        ({"user": "art-guest"}, GUEST),
        ({"bucket": "elsewhere"}, "elsewhere"),
        ({"user": None, "bucket": "elsewhere"}, "elsewhere"),
        ({"bucket": ""}, USER),
        ({"bucket": 7}, USER),
        ({"bucket": None, "user": None}, GUEST),
    ],
)
def test_buckets(fields: dict[str, Any], bucket: str) -> None:
    assert bucket_of(doc(PAINTINGS, **fields)) == bucket


def test_keys() -> None:
    assert key_of(doc(PAINTINGS), "a.zip", "b.zip") == f"{SUB}/a.zip"
    assert key_of(doc(PAINTINGS, user=None), "a.zip", "b.zip") == "b.zip"


def test_a_users_picture() -> None:
    """The site's thumbnail, then its media route, then the object itself."""
    assert picture_sources(doc(PAINTINGS), "jeffrey") == [
        Source("site", f"api/pixel/512:contain/@jeffrey/painting/{SLUG}.png"),
        Source("site", "media/paintings/aB3"),
        Source(USER, f"{SUB}/painting/{SLUG}.png"),
    ]


def test_a_guests_picture_is_the_slug_before_the_colon() -> None:
    assert picture_sources(doc(PAINTINGS, user=None, slug="image:recording"), None) == [
        Source("site", "media/paintings/aB3"),
        Source(GUEST, "image.png"),
    ]


def test_without_handle_or_code_there_is_the_object() -> None:
    assert picture_sources(doc(PAINTINGS, code=...), None) == [Source(USER, f"{SUB}/painting/{SLUG}.png")]
    assert picture_sources(doc(PAINTINGS, code=7), None)[0].place == USER


def test_a_prefixed_slug_names_its_object_once() -> None:
    sources = picture_sources(doc(PAINTINGS, slug=f"{SUB}/painting/{SLUG}"), None)
    assert sources[-1] == Source(USER, f"{SUB}/painting/{SLUG}.png")


def test_recordings() -> None:
    assert recording_source(doc(PAINTINGS)) == Source(USER, f"{SUB}/{SLUG}.zip")
    assert recording_source(doc(PAINTINGS, user=None, slug="image:recording")) == Source(
        GUEST, "recording.zip"
    )
    assert recording_url("aB3") == "https://aesthetic.computer/media/paintings/aB3.zip"


@pytest.mark.parametrize("slug", ["image", "image:"])
def test_a_guests_painting_without_a_recording(slug: str) -> None:
    assert recording_source(doc(PAINTINGS, user=None, slug=slug)) is None
