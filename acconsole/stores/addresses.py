"""Which addresses out of the database may be asked: public ones, and the hosts that the settings name.

A doc may hold any address. None of them leads into the network that this machine stands in: a name is
resolved first, and what is then asked is the very place that was looked at.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from acconsole.errors import NoObject

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host's name, for a port. Raises `OSError`."""

_BUCKET = "x-any-bucket-x"


async def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host's name, as the system knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


@dataclass(frozen=True, slots=True)
class Asked:
    """What to ask httpx for: the URL, and what goes with it so that the host is asked by its name."""

    url: httpx.URL
    headers: Mapping[str, str] = field(default_factory=dict)
    extensions: Mapping[str, Any] = field(default_factory=dict)


class Gate:
    """`own` are the settings' addresses, of which `{bucket}` may be a part of the host's name."""

    def __init__(self, *own: str, resolve: Resolve = resolved) -> None:
        self._own = [pattern for address in own if (pattern := _origin_pattern(address))]
        self._resolve = resolve

    async def let(self, address: str) -> Asked:
        """What to ask for an address. Raises `NoObject` for one that is not asked, `httpx.ConnectError`."""
        url = _parsed(address)
        if any(pattern.fullmatch(_origin(url)) for pattern in self._own):
            return Asked(url)
        if url.scheme != "https":
            raise _refusal()
        place = _public(await self._addresses(url))
        named = {"Host": url.netloc.decode("ascii")}
        return Asked(url.copy_with(host=place), named, {"sni_hostname": url.raw_host.decode("ascii")})

    async def _addresses(self, url: httpx.URL) -> list[str]:
        try:
            return [str(ipaddress.ip_address(url.host))]
        except ValueError:
            pass
        try:
            return await self._resolve(url.raw_host.decode("ascii"), url.port or 443)
        except (OSError, UnicodeError):
            raise httpx.ConnectError("the host's name is not known") from None


def _public(addresses: list[str]) -> str:
    """The first address, if all of them are public. Raises `NoObject`."""
    if not addresses or not all(map(_is_public, addresses)):
        raise _refusal()
    return addresses[0]


def _is_public(address: str) -> bool:
    place = ipaddress.ip_address(address)
    if isinstance(place, ipaddress.IPv6Address):
        if place.ipv4_mapped:
            place = place.ipv4_mapped
        elif place.sixtofour or place.teredo:
            return False
    return place.is_global and not place.is_multicast


def _parsed(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        raise _refusal() from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise _refusal()
    return url


def _origin(url: httpx.URL) -> str:
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{url.raw_host.decode('ascii')}:{port}"


def _origin_pattern(address: str) -> re.Pattern[str] | None:
    """What the origins look like that a setting allows; None for a setting that is no address."""
    try:
        origin = _origin(_parsed(address.replace("{bucket}", _BUCKET)))
    except NoObject:
        return None
    return re.compile(re.escape(origin).replace(re.escape(_BUCKET), "[a-z0-9][a-z0-9.-]*"))


def _refusal() -> NoObject:
    return NoObject("the address that the doc names is not one that is asked")
