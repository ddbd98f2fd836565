"""Record keys: TIDs computed from the doc alone (https://atproto.com/specs/tid).

A TID is 64 bits in base 32, most significant first: a zero, 53 bits of microseconds since the epoch,
10 bits of clock id. Mongo's dates stop at milliseconds, so the three digits below them and the clock id
are taken from a hash of the doc's id: whoever computes the key of a doc, and however often, gets the same.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta

_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_TID = re.compile(r"[234567abcdefghij][234567a-z]{12}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_tid(text: str) -> bool:
    """Whether the text is a TID by the specification's syntax."""
    return _TID.fullmatch(text) is not None


def encode(microseconds: int, clock_id: int) -> str:
    """The TID of a time (0 to 2^53 - 1 microseconds since the epoch) and a clock id (0 to 1023).

    Raises `ValueError` outside these ranges.
    """
    if not 0 <= microseconds < 1 << 53 or not 0 <= clock_id < 1 << 10:
        raise ValueError("out of a TID's range")
    number = microseconds << 10 | clock_id
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))


def decode(tid: str) -> tuple[int, int]:
    """The microseconds since the epoch and the clock id of a TID. Raises `ValueError` when it is none."""
    if not is_tid(tid):
        raise ValueError("not a TID")
    number = 0
    for character in tid:
        number = number << 5 | _VALUES[character]
    return number >> 10, number & 1023


def tid_for(ref: str, when: datetime, attempt: int = 0) -> str:
    """The TID of the doc `ref` made at `when`; a higher `attempt` gives the next of its fixed sequence.

    Attempts tell two docs apart that fall on the same TID.
    """
    seed = ref if attempt == 0 else f"{ref}\0{attempt}"
    digest = int.from_bytes(hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()[:8])
    milliseconds = (when - _EPOCH) // timedelta(milliseconds=1)
    return encode(milliseconds * 1000 + digest % 1000, digest // 1000 % 1024)
