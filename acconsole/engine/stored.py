"""The rkeys that docs store, as text: what is kept of them before they change, to be put back exactly.

The text is the JSON of a doc's `atproto` and `at`, of those that are there; `NOTHING` where neither is. What
JSON cannot hold stands in it as MongoDB's extended JSON, which the store reads back
(https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from acconsole.media.base import Doc, rkey_of

NAMES = ("atproto", "at")
NOTHING = "{}"


def stored_in(doc: Doc) -> str:
    """What a doc stores."""
    return as_text({name: doc[name] for name in NAMES if name in doc})


def as_text(value: Mapping[str, Any]) -> str:
    """Values of Mongo's as JSON. Text that cannot be UTF-8 comes out escaped."""
    return json.dumps(value, default=extended)


def extended(value: object) -> dict[str, Any]:
    """A value that JSON lacks, as extended JSON; one that is of no known kind by the name of its type."""
    if isinstance(value, datetime):
        since = value.replace(tzinfo=value.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
        milliseconds = since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000
        return {"$date": {"$numberLong": str(milliseconds)}}
    name = type(value).__name__
    return {"$oid": str(value)} if name == "ObjectId" else {_UNKNOWN: name}


_UNKNOWN = "$unknown"


def is_exact(text: str) -> bool:
    """Whether a text holds all that was stored, so that it can be put back."""
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:  # Mongo held bytes that are no UTF-8
        return False
    return f'"{_UNKNOWN}"' not in text


def same(one: str, other: str) -> bool:
    """Whether two texts say the same, in whichever order."""
    return one == other or bool(json.loads(one) == json.loads(other))


def rkey_in(text: str) -> str | None:
    """The rkey that a text names, as a doc's would."""
    return rkey_of(json.loads(text))


def after_link(before: str, rkey: str, uri: str) -> tuple[str, str]:
    """What a doc may store once `Docs.link` has told it of an rkey: where nothing stood in the way, and else.

    The two differ in an `at` that names another record, which only the second takes away.
    """
    stored = json.loads(before)
    atproto = stored.get("atproto")
    kept = atproto if isinstance(atproto, dict) else {}
    linked = {**stored, "atproto": {**kept, "rkey": rkey, "uri": uri}}
    at = stored.get("at")
    named = isinstance(at, dict) and at.get("rkey") == rkey
    return json.dumps(linked), json.dumps({name: linked[name] for name in linked if name != "at" or named})
