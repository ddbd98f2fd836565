"""Holds on users as documents in Mongo: one for each user, taken by an update that looks and takes at once.

    {"_id": user, "holder": {"run", "part", "user", "host", "pid", "since"}, "until": date, "seen": date}

All its dates are the Mongo server's own (`$$NOW`, within the update): the clocks of the machines that hold
users are never compared with each other. `seen` is when anyone last asked; with `until` it gives how long a
hold still lasts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from acconsole.engine.journal import Holder

COLLECTION = "acconsole_leases"


def taking(holder: Holder, seconds: float, instead_of: str | None) -> list[dict[str, Any]]:
    """The update that makes `holder` the holder, unless another's time is not over; `instead_of`'s is."""
    # As numbers: the sandbox's server does not compare a stored date with `$$NOW` rightly.
    over = {"$lte": [_number("$until"), _number("$$NOW")]}
    run, part = {"$literal": holder.run}, {"$literal": holder.part}
    ours = {"$and": [{"$eq": ["$holder.run", run]}, {"$eq": ["$holder.part", part]}]}
    past = [{"$eq": ["$holder.run", {"$literal": instead_of}]}] if instead_of else []
    free = {"$or": [over, ours, *past]}
    who = {name: getattr(holder, name) for name in ("run", "part", "user", "host", "pid")}
    begun = {"$mergeObjects": [{"$literal": who}, {"since": "$$NOW"}]}
    return [
        {"$set": {"seen": "$$NOW", "free": free}},
        {
            "$set": {
                "holder": {"$cond": ["$free", begun, "$holder"]},
                "until": {"$cond": ["$free", _from_now(seconds), "$until"]},
            }
        },
        {"$unset": "free"},
    ]


def held_by(owner: str, run: str, part: str) -> dict[str, str]:
    """The query for a user's doc while a part of a run holds it."""
    return {"_id": owner, "holder.run": run, "holder.part": part}


def renewing(seconds: float) -> list[dict[str, Any]]:
    """The update that makes a hold last for longer."""
    return [{"$set": {"until": _from_now(seconds)}}]


def holder_of(doc: Mapping[str, Any]) -> Holder:
    """Who holds the user, as a doc says, in this machine's own time. Nothing that it lacks is an error."""
    holder = doc.get("holder")
    found: Mapping[str, Any] = holder if isinstance(holder, Mapping) else {}
    run, user, host = (str(found.get(name, "somebody"))[:100] for name in ("run", "user", "host"))
    pid, part = found.get("pid"), str(found.get("part", ""))[:100]
    until, seen = _seconds(doc.get("until")), _seconds(doc.get("seen"))
    left = max(0.0, until - seen)
    since = _seconds(found.get("since"))
    return Holder(run, user, host, pid if isinstance(pid, int) else 0, since, time.time() + left, part)


def _number(date: str) -> dict[str, Any]:
    return {"$convert": {"input": date, "to": "long", "onError": 0, "onNull": 0}}


def _from_now(seconds: float) -> dict[str, Any]:
    return {"$add": ["$$NOW", int(seconds * 1000)]}


def _seconds(date: object) -> float:
    if not isinstance(date, datetime):
        return 0.0
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
