"""The media host: what it has under which address, and what it draws."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from PIL import Image

from acconsole.media import paintings
from acconsole.media.base import MediaType, is_dead
from acconsole.media.sources import GUEST_BUCKET, Source
from acconsole.media.thumbnail import NoPicture, thumbnail
from acconsole.sandbox import media, pictures
from acconsole.sandbox.catalogue import Catalogue, Work
from acconsole.sandbox.docs import PICTURE_FAULTS
from tests.sandbox.matching import holding_of, holdings


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    made = Catalogue()
    for holding in holdings():
        made.add(holding)
    return made


@pytest.fixture
async def host(catalogue: Catalogue) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(media.create_app(catalogue))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        yield client


def docs(name: str, kind: MediaType = MediaType.PAINTINGS) -> Iterator[dict[str, Any]]:
    """The docs of a person that have what an address is made of."""
    return (doc for doc in holding_of(name).docs[kind] if "code" in doc and isinstance(doc["slug"], str))


def address(source: Source) -> str:
    path = quote(source.path, safe="/:@")
    return f"/{path}" if source.place == "site" else f"/storage/{source.place}/{path}"


def picture(response: httpx.Response) -> Image.Image:
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/png"
    image = Image.open(io.BytesIO(response.content))
    image.load()
    return image


@pytest.mark.parametrize("name", ["jeffrey", "e_4", "art"])
async def test_each_live_painting_can_be_had_from_every_source(host: httpx.AsyncClient, name: str) -> None:
    handle = None if name == "art" else name
    for doc in [doc for doc in docs(name) if not is_dead(doc)][:40]:
        for source in paintings.picture_sources(doc, handle):
            response = await host.head(address(source))
            fails = source.path.startswith("api/pixel") and media.pixel_fails(doc["code"])
            assert response.status_code == (500 if fails else 200), source


async def test_the_site_makes_thumbnails(host: httpx.AsyncClient) -> None:
    doc = next(doc for doc in docs("jeffrey") if not media.pixel_fails(doc["code"]))
    slug = doc["slug"].rsplit("/", 1)[-1]
    response = await host.get(f"/api/pixel/512:contain/@jeffrey/painting/{slug}.png")
    assert picture(response).size == (512, 512)
    assert thumbnail(response.content, paintings.THUMBNAIL.max_size) == response.content


async def test_some_thumbnails_cannot_be_made(host: httpx.AsyncClient) -> None:
    failing = [doc for doc in docs("jeffrey") if media.pixel_fails(doc["code"])]
    assert 10 < len(failing) < 80
    response = await host.get(f"/api/pixel/512:contain/@jeffrey/painting/{failing[0]['slug']}.png")
    assert response.status_code == 500
    assert picture(await host.get(f"/media/paintings/{failing[0]['code']}"))


async def test_a_painting_is_the_same_wherever_it_is_had(host: httpx.AsyncClient) -> None:
    doc = next(docs("jeffrey"))
    _, by_code, stored = (address(source) for source in paintings.picture_sources(doc, "jeffrey"))
    answers = [await host.get(path) for path in (by_code, f"{by_code}.png", stored)]
    assert picture(answers[0]).size != (512, 512)
    assert len({answer.content for answer in answers}) == 1


def test_paintings_are_distinct_and_always_the_same() -> None:
    drawn = [pictures.painting(f"seed {index}") for index in range(60)]
    assert len(set(drawn)) == 60
    assert len({Image.open(io.BytesIO(data)).size for data in drawn}) > 5
    assert drawn[7] == pictures.painting("seed 7")


@pytest.mark.parametrize(("size", "inside"), [((64, 32), (512, 256)), ((1000, 2000), (256, 512))])
def test_contain_keeps_the_proportion(size: tuple[int, int], inside: tuple[int, int]) -> None:
    contained = pictures.contain(Image.new("RGB", size, "white"))
    assert contained.size == (512, 512)
    left, top, right, bottom = contained.getchannel("A").getbbox() or (0, 0, 0, 0)
    assert (right - left, bottom - top) == inside


async def test_a_third_of_the_paintings_have_a_recording(host: httpx.AsyncClient) -> None:
    found = []
    for doc in docs("jeffrey"):
        source = paintings.recording_source(doc)
        assert source
        stored, by_code = (
            await host.head(address(source)),
            await host.head(f"/media/paintings/{doc['code']}.zip"),
        )
        assert stored.status_code == by_code.status_code
        found.append(stored.status_code)
    assert 0.25 < found.count(200) / len(found) < 0.42
    assert set(found) == {200, 404}


async def test_published_recordings_are_there(host: httpx.AsyncClient) -> None:
    entries = [entry.value for entry in holding_of("art").entries if "recordingUrl" in entry.value]
    assert entries
    for value in entries:
        path = value["recordingUrl"].removeprefix("https://aesthetic.computer")
        assert (await host.head(path)).status_code == 200


async def test_a_guest_painting_with_a_colon_has_its_recording(host: httpx.AsyncClient) -> None:
    doc = next(doc for doc in docs("art") if ":" in doc["slug"])
    source = paintings.recording_source(doc)
    assert source
    response = await host.get(address(source))
    assert response.headers["content-type"] == "application/zip"
    assert "painting.json" in zipfile.ZipFile(io.BytesIO(response.content)).namelist()


async def test_head_draws_nothing(host: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(work: Work) -> bytes:
        raise AssertionError(f"drew {work}")

    monkeypatch.setattr(media, "draw", refuse)
    response = await host.head(f"/media/paintings/{next(docs('jeffrey'))['code']}.png")
    assert response.status_code == 200
    assert response.headers["content-type"] == "image/png"
    assert "content-length" not in response.headers


async def test_tapes_and_videos_are_had_in_parts(host: httpx.AsyncClient) -> None:
    for path in ("/media/tapes/tCz.zip", "/media/tapes/tMp.mp4", f"/storage/{GUEST_BUCKET}/tapes/tCz.zip"):
        whole = await host.get(path)
        head = await host.head(path)
        assert head.headers["accept-ranges"] == "bytes"
        assert int(head.headers["content-length"]) == len(whole.content) > 1_000
        assert head.content == b""
        for asked, part in (
            ("bytes=0-9", whole.content[:10]),
            ("bytes=-7", whole.content[-7:]),
            ("bytes=1000-", whole.content[1000:]),
            (f"bytes=10-{10**9}", whole.content[10:]),
            (f"bytes=-{10**9}", whole.content),
        ):
            answer = await host.get(path, headers={"Range": asked})
            assert (answer.status_code, answer.content) == (206, part)
            first = len(whole.content) - len(part) if asked != "bytes=0-9" else 0
            told = f"bytes {first}-{first + len(part) - 1}/{len(whole.content)}"
            assert answer.headers["content-range"] == told
        beyond = await host.get(path, headers={"Range": f"bytes={10**9}-"})
        assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole.content)}")
        assert (await host.get(path, headers={"Range": "lines=1-2"})).content == whole.content


@pytest.mark.parametrize(
    "path",
    [
        "/media/paintings/nobody",
        "/media/paintings/nobody.zip",
        "/media/tapes/nobody.zip",
        "/api/pixel/512:contain/@jeffrey/painting/1999.1.1.png",
        "/api/pixel/512:contain/@nobody/painting/1999.1.1.png",
        "/storage/user-aesthetic-computer/auth0%7Cnobody/painting/1.png",
        "/storage/no-such-bucket/a.png",
        "/elsewhere",
    ],
)
async def test_what_is_not_there_is_not_found(host: httpx.AsyncClient, path: str) -> None:
    assert (await host.get(path)).status_code == 404


async def test_codes_are_case_sensitive(host: httpx.AsyncClient) -> None:
    known = {doc["code"] for each in holdings() for doc in each.docs[MediaType.PAINTINGS] if "code" in doc}
    code = next(code for code in known if code.swapcase() not in known)
    assert (await host.head(f"/media/paintings/{code}")).status_code == 200
    assert (await host.head(f"/media/paintings/{code.swapcase()}")).status_code == 404


async def test_three_paintings_have_no_usable_picture(host: httpx.AsyncClient) -> None:
    gus = {doc["code"]: doc for doc in docs("gus")}
    reasons = {}
    for code, fault in PICTURE_FAULTS.items():
        for source in paintings.picture_sources(gus[code], "gus"):
            response = await host.get(address(source))
            if response.status_code != 200:
                continue
            with pytest.raises(NoPicture) as caught:
                thumbnail(response.content, paintings.THUMBNAIL.max_size)
            reasons[fault] = str(caught.value)
    assert set(reasons) == {"not an image", "a billion pixels"}


def test_the_huge_png_is_small_and_its_header_is_valid() -> None:
    data = media.huge_png()
    width, height = struct.unpack(">II", data[16:24])
    assert width * height == 1_000_000_000
    assert len(data) < 1000
