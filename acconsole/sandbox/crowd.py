"""Everybody else's holdings: most are in sync, some nearly, about one in seven far from it."""

from __future__ import annotations

from random import Random

from acconsole.media.base import MediaType
from acconsole.sandbox.docs import MongoDoc
from acconsole.sandbox.publish import Publisher
from acconsole.sandbox.stale import STALE

_SHARES = {
    # How likely a person has docs of the type at all, and how many the median of those has.
    MediaType.PAINTINGS: (0.80, 4.0),
    MediaType.MOODS: (0.60, 3.0),
    MediaType.PIECES: (0.10, 1.5),
    MediaType.KIDLISP: (0.35, 4.0),
    MediaType.TAPES: (0.06, 1.5),
}
_MOST = 90


def fill(to: Publisher, random: Random) -> None:
    """The docs and records of a person with a repo."""
    dice = random.random()
    unpublished = 0.5 + random.random() / 2 if dice < 0.15 else 0.0
    spoilt = 0.08 if 0.15 <= dice < 0.40 else 0.0
    for kind, count in _counts(random):
        for _ in range(count):
            doc = to.author.write(kind)
            if random.random() < unpublished:
                to.keep(kind, doc)
            elif random.random() < spoilt:
                _spoil(to, random, kind, doc)
            else:
                to.publish(kind, doc)
        if random.random() < 0.1:
            to.many(to.forget, kind, 1)


def hoard(to: Publisher, random: Random, *, linked: bool) -> None:
    """The docs of a person without a repo; `linked`: they name records of one that is gone."""
    for kind, count in _counts(random):
        to.many(to.lose if linked else to.keep, kind, count)


def _counts(random: Random) -> list[tuple[MediaType, int]]:
    """How many docs of each type: few for most people, many for a few."""
    return [
        (kind, min(_MOST, int(median * random.lognormvariate(0, 0.9)) + 1))
        for kind, (share, median) in _SHARES.items()
        if random.random() < share
    ]


def _spoil(to: Publisher, random: Random, kind: MediaType, doc: MongoDoc) -> None:
    dice = random.random()
    if dice < 0.35:
        to.keep(kind, doc)
    elif dice < 0.60:
        to.unlink(kind, doc)
    elif dice < 0.70:
        to.duplicate(kind, doc)
    elif dice < 0.80:
        to.bury(kind, doc)
    elif dice < 0.85:
        to.orphan(kind, doc)
    else:
        to.spoil(kind, doc, random.choice(list(STALE[kind])))
