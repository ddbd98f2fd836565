"""Which addresses out of the database are asked: public ones, and the hosts that the settings name."""

from __future__ import annotations

import httpx
import pytest

from acconsole.errors import NoObject
from acconsole.stores.addresses import Gate

NAMES = {
    "public.example": ["93.184.216.34"],
    "six.example": ["2606:2800:220:1::1"],
    "inside.example": ["10.0.0.7"],
    "both.example": ["93.184.216.34", "127.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "tunnel.example": ["2002:7f00:1::"],
    "nobody.example": [],
    "127.1": ["127.0.0.1"],
    "2130706433": ["127.0.0.1"],
    "xn--bcher-kva.example": ["93.184.216.35"],
}


async def resolve(host: str, port: int) -> list[str]:
    if host not in NAMES:
        raise OSError("no such name")
    return NAMES[host]


@pytest.fixture
def gate() -> Gate:
    return Gate("http://127.0.0.1:4000/site", "http://{bucket}.localhost:9000", resolve=resolve)


@pytest.mark.parametrize(
    ("address", "asked", "host"),
    [
        ("https://public.example/a%20b.mp4?c=d", "https://93.184.216.34/a%20b.mp4?c=d", "public.example"),
        ("https://public.example:8443/a", "https://93.184.216.34:8443/a", "public.example:8443"),
        ("https://six.example/a", "https://[2606:2800:220:1::1]/a", "six.example"),
        ("https://93.184.216.34/a", "https://93.184.216.34/a", "93.184.216.34"),
        ("https://bücher.example/a", "https://93.184.216.35/a", "xn--bcher-kva.example"),
    ],
)
async def test_a_public_host_is_asked_by_name_at_the_place_that_was_looked_at(
    gate: Gate, address: str, asked: str, host: str
) -> None:
    what = await gate.let(address)
    assert (str(what.url), what.headers) == (asked, {"Host": host})
    assert what.extensions == {"sni_hostname": host.partition(":")[0]}


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:4000/anything",
        "http://a-bucket.localhost:9000/a.mp4",
        "http://a.b.localhost:9000/a.mp4",
    ],
)
async def test_the_settings_own_hosts_are_asked_as_they_are(gate: Gate, address: str) -> None:
    what = await gate.let(address)
    assert (str(what.url), dict(what.headers), dict(what.extensions)) == (address, {}, {})


@pytest.mark.parametrize(
    "address",
    [
        "http://public.example/a",
        "https://127.0.0.1:4000/a",
        "http://127.0.0.1:4001/a",
        "http://127.0.0.1/a",
        "http://localhost:9000/a",
        "http://a-bucket.localhost:9001/a",
        "http://a/b.localhost:9000/a",
        "http://a-bucket.localhost:9000@public.example/a",
        "https://127.0.0.1/a",
        "https://127.1/a",
        "https://2130706433/a",
        "https://[::1]/a",
        "https://[::ffff:10.0.0.1]/a",
        "https://10.1.2.3/a",
        "https://169.254.169.254/latest",
        "https://100.64.0.1/a",
        "https://0.0.0.0/a",
        "https://224.0.0.1/a",
        "https://[fe80::1]/a",
        "https://[fd00::1]/a",
        "https://inside.example/a",
        "https://both.example/a",
        "https://mapped.example/a",
        "https://tunnel.example/a",
        "https://nobody.example/a",
        "https://somebody:secret@public.example/a",
        "file:///etc/passwd",
        "ftp://public.example/a",
        "https:///a",
        "https://[::1",
        "https://a\x00b/",
        "",
        "a.mp4",
    ],
)
async def test_no_other_address_is_asked(gate: Gate, address: str) -> None:
    with pytest.raises(NoObject) as caught:
        await gate.let(address)
    assert "secret" not in caught.value.message


async def test_a_name_that_is_not_known_may_be_known_later(gate: Gate) -> None:
    with pytest.raises(httpx.ConnectError):
        await gate.let("https://gone.example/a")


async def test_a_setting_that_is_no_address_allows_nothing() -> None:
    with pytest.raises(NoObject):
        await Gate("nonsense", "http://[::1/{bucket}", resolve=resolve).let("http://127.0.0.1/a")
