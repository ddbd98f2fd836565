"""Who lives in the sandbox: people with handles and accounts in every state that real ones are in."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Any

from acconsole.media.base import GUEST
from acconsole.sandbox.seeds import digest, number, pick, rng
from acconsole.sandbox.words import HANDLE_HEADS, HANDLE_TAILS, user_code

DOMAIN = ".at.aesthetic.computer"
STALE_DOMAIN = ".pds.aesthetic.computer"
_RESERVED = frozenset({"admin", "about", "support", "www"})


class Account(StrEnum):
    """What a login with the stored name and password meets."""

    OK = "ok"
    NONE = "none"
    DEAD_PASSWORD = "dead password"
    DEACTIVATED = "deactivated"
    TAKEN_DOWN = "takendown"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Person:
    """One person, or the guest account. `flat`: the user doc holds the account in the older, flat fields."""

    id: str
    handle: str | None
    code: str
    joined: datetime
    account: Account
    pds_handle: str | None
    flat: bool = False

    @property
    def did(self) -> str | None:
        if self.account is Account.NONE:
            return None
        return f"did:plc:{base64.b32encode(digest('did', self.id)).decode().lower()[:24]}"

    @property
    def stored_password(self) -> str:
        """The password in the user doc."""
        return digest("password", self.id).hex()[:20]

    @property
    def password(self) -> str:
        """The password that the PDS takes."""
        return self.stored_password[::-1] if self.account is Account.DEAD_PASSWORD else self.stored_password

    @property
    def is_guest(self) -> bool:
        return self.id == GUEST

    @property
    def has_repo(self) -> bool:
        """Whether the PDS knows the account, in whatever state."""
        return self.account not in (Account.NONE, Account.GONE)

    def user_doc(self) -> dict[str, Any]:
        """The doc in `users`."""
        doc: dict[str, Any] = {"_id": self.id, "code": self.code, "when": self.joined}
        if self.account is Account.NONE:
            return doc
        if self.flat:
            return doc | {
                "atproto_did": self.did,
                "atproto_handle": self.pds_handle,
                "atproto_password": self.stored_password,
            }
        created = "created" if number("created", self.id) % 3 else "createdAt"
        atproto: dict[str, Any] = {
            "did": self.did,
            "handle": self.pds_handle,
            "password": self.stored_password,
            created: datetime(2025, 9, 2, 8, 30, tzinfo=UTC),
        }
        if number("syncedAt", self.id) % 4 == 0:
            atproto["syncedAt"] = datetime(2025, 10, 12, 4, 12, tzinfo=UTC)
        return doc | {"atproto": atproto}


@dataclass(frozen=True, slots=True)
class _Sketch:
    """What is settled about a person before the rest is made up. A `handle` of None: never chose one."""

    handle: str | None
    account: Account = Account.OK
    code: str = ""
    flat: bool = False
    tenant: str = "auth0"
    domain: str = DOMAIN


_CAST = (
    _Sketch("jeffrey", code="ac23vowan"),
    _Sketch("jefferson", code="ac24bilet"),
    _Sketch("jef.art", code="ac25nocoj"),
    *map(_Sketch, ("abby", "ana.w", "bit", "casey", "dot", "e_4", "flo", "gus", "hana", "i.k")),
    _Sketch("wisp", Account.NONE),
    _Sketch("rook", Account.DEAD_PASSWORD),
    _Sketch("lull", Account.DEACTIVATED),
    _Sketch("zed.tv", Account.TAKEN_DOWN),
    _Sketch("vanished", Account.GONE),
    _Sketch(None),
    _Sketch(None, Account.NONE),
    _Sketch("olden", domain=STALE_DOMAIN),
    _Sketch("flatcap", flat=True),
    _Sketch("amelia", tenant="sotce-auth0"),
    _Sketch("sotcenaut", Account.NONE, tenant="sotce-auth0"),
    _Sketch("a.b"),
    _Sketch("a_b"),
    _Sketch("moth"),
    _Sketch("Moth"),
    _Sketch("k7"),
    _Sketch("admin"),
    _Sketch("ac25nocoj"),
)
"""First the people whom the docs name; then one for each way in which an account or a handle is odd:
`a.b` and `a_b` meet when they are sanitised, `moth` and `Moth` differ by case, `k7` is too short and `admin`
reserved for a PDS handle, the last one's handle is another person's code."""


def guest() -> Person:
    """The guest account, which owns every doc without a user."""
    joined = datetime(2022, 3, 1, tzinfo=UTC)
    return Person(GUEST, None, "ac22guest", joined, Account.OK, f"art{DOMAIN}")


def people(count: int) -> Iterator[Person]:
    """The first `count` people, jeffrey first, each with a PDS handle that nobody else has."""
    handles: set[str] = {f"art{DOMAIN}"}
    codes: set[str] = {sketch.code for sketch in _CAST}
    for index, sketch in enumerate(_sketches(count)):
        random = rng("person", index)
        joined = datetime(2021, 11, 3, tzinfo=UTC) if index == 0 else _joined(random.random())
        code = sketch.code
        while not code or (code in codes and not sketch.code):
            code = user_code(random, joined.year)
        codes.add(code)
        pds_handle = _pds_handle(sketch, code, handles)
        handles.add(pds_handle)
        user_id = f"{sketch.tenant}|{digest('sub', index).hex()[:24]}"
        named = None if sketch.account is Account.NONE else pds_handle
        yield Person(user_id, sketch.handle, code, joined, sketch.account, named, sketch.flat)


def _joined(share: float) -> datetime:
    """More people joined late than early."""
    start, end = datetime(2022, 6, 1, tzinfo=UTC), datetime(2025, 9, 30, tzinfo=UTC)
    return start + timedelta(seconds=int((end - start).total_seconds() * math.pow(share, 0.6)))


def _pds_handle(sketch: _Sketch, code: str, taken: set[str]) -> str:
    """The handle in small letters and without `.` and `_`; the code where the PDS would not have that."""
    label = (sketch.handle or code).lower().replace(".", "-").replace("_", "-")
    if len(label) < 3 or label in _RESERVED or f"{label}{sketch.domain}" in taken:
        label = code
    return f"{label}{sketch.domain}"


def _sketches(count: int) -> Iterator[_Sketch]:
    yield from _CAST[:count]
    taken = {sketch.handle.casefold() for sketch in _CAST if sketch.handle}
    for index in range(len(_CAST), count):
        yield _passer_by(index, taken)


def _passer_by(index: int, taken: set[str]) -> _Sketch:
    random = rng("passer-by", index)
    dice = random.random()
    account = next((state for limit, state in _RATES if dice < limit), Account.OK)
    return _Sketch(
        None if random.random() < 0.015 else _new_handle(random, taken),
        account,
        flat=random.random() < 0.03,
        tenant="sotce-auth0" if random.random() < 0.03 else "auth0",
        domain=STALE_DOMAIN if random.random() < 0.01 else DOMAIN,
    )


_RATES = (
    (0.020, Account.NONE),
    (0.030, Account.DEAD_PASSWORD),
    (0.035, Account.DEACTIVATED),
    (0.038, Account.TAKEN_DOWN),
)


def _new_handle(random: Random, taken: set[str]) -> str:
    while True:
        head, tail = pick(random, HANDLE_HEADS), pick(random, HANDLE_TAILS)
        ending = "" if random.random() < 0.4 else str(int(random.random() * 100))
        handle = f"{head}{pick(random, ('', '', '.', '_'))}{tail}{ending}"
        if len(handle) <= 16 and handle not in taken:
            taken.add(handle)
            return handle
