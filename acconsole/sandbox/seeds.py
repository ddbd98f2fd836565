"""Where the sandbox's chance comes from: everything made up here is the same at every start."""

from __future__ import annotations

import hashlib
import math
import random
import string
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from bson import ObjectId

NOW = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)
"""The moment at which the data was looked at last: nothing in it is younger."""

T = TypeVar("T")

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
BASE36 = string.digits + string.ascii_lowercase


def rng(*parts: object) -> random.Random:
    """A generator of its own for whatever the parts name."""
    return random.Random("/".join(map(str, parts)))


def digest(*parts: object) -> bytes:
    """32 bytes that depend on the parts alone."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).digest()


def number(*parts: object) -> int:
    """A whole number, 0 to 2^32 - 1, that depends on the parts alone."""
    return int.from_bytes(digest(*parts)[:4])


def object_id(when: datetime, *parts: object) -> ObjectId:
    """An id as Mongo would have given it at `when`."""
    return ObjectId(int(when.timestamp()).to_bytes(4) + digest(*parts)[:8])


def moment(random: random.Random, start: datetime, end: datetime = NOW) -> datetime:
    """A moment between two others, whole milliseconds as Mongo keeps them."""
    milliseconds = (end - start) // timedelta(milliseconds=1)
    return start + timedelta(milliseconds=int(random.random() * milliseconds))


def pick(random: random.Random, things: Sequence[T]) -> T:
    """One of the things. Several times as quick as `random.choice`, and there are many to choose."""
    return things[int(random.random() * len(things))]


class Codes:
    """Short codes in a scattered order, each given once."""

    def __init__(self, alphabet: str, length: int, taken: Collection[str] = ()) -> None:
        self._alphabet, self._length, self._taken = alphabet, length, frozenset(taken)
        self._space = len(alphabet) ** length
        # A stride that shares no factor with the space visits every code before it meets one again.
        self._stride = int(self._space * 0.618) | 1
        while math.gcd(self._stride, self._space) != 1:
            self._stride += 2
        self._at = 0

    def next(self) -> str:
        """A code that was neither given nor taken before. Raises `ValueError` when none is left."""
        while self._at < self._space - 1:
            self._at += 1
            code = self._spell(self._at * self._stride % self._space)
            if code not in self._taken:
                return code
        raise ValueError("no code is left")

    def _spell(self, value: int) -> str:
        letters = ""
        for _ in range(self._length):
            value, letter = divmod(value, len(self._alphabet))
            letters += self._alphabet[letter]
        return letters
