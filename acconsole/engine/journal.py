"""What a run writes down in the journal: that it begins, each batch before it is sent, and what became of it.

`history` says how it is read.
"""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acconsole import __version__
from acconsole.engine.plan import Action, Plan
from acconsole.media.base import MediaType


@dataclass(frozen=True, slots=True)
class Subject:
    """A user whom a run is about, and where the repo stood when the plan was made."""

    id: str
    name: str
    did: str | None
    rev: str | None
    commit: str | None

    @classmethod
    def of(cls, plan: Plan) -> Subject:
        """The user whom a plan is about."""
        user = plan.user
        return cls(user.id, user.name, user.did, plan.rev, plan.commit)


@dataclass(frozen=True, slots=True)
class Beginning:
    """A run as it begins: what it is to do, to whom, who runs it and where. Times are epoch seconds.

    A run over many users begins without any of them: each is written down as the run comes to it.
    """

    run: str
    began: float
    action: str
    live: bool
    subjects: tuple[Subject, ...]
    profile: str
    login: str
    host: str
    pid: int
    version: str
    pds: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def now(
        cls,
        run: str,
        action: str,
        pds: str,
        subjects: tuple[Subject, ...] = (),
        *,
        live: bool,
        profile: str,
        options: Mapping[str, Any],
    ) -> Beginning:
        """The beginning of a run of this process."""
        here = (login(), socket.gethostname(), os.getpid(), __version__)
        return cls(run, time.time(), action, live, subjects, profile, *here, pds, options)


@dataclass(frozen=True, slots=True)
class SentWrite:
    """One operation of a batch, as it is sent. `link`: Mongo is to be told of `rkey`.

    `stored`: what the doc stored before, as JSON of its `atproto` and `at`; None for nothing. `puts`: what it
    is to store afterwards, in the same form, where that is not a new `rkey` but what it stored once.
    """

    action: Action
    ref: str | None
    rkey: str
    old_cid: str | None
    new_cid: str | None
    link: bool
    stored: str | None
    puts: str | None = None


@dataclass(frozen=True, slots=True)
class SentBatch:
    """A batch that is about to be sent upon the commit `head`. Relinks go to Mongo: no head, number 0."""

    run: str
    user: str
    number: int
    kind: MediaType
    head: str | None
    writes: tuple[SentWrite, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the PDS said to a batch: the commit and the head that it was built on at last, or a refusal."""

    commit: str | None = None
    rev: str | None = None
    head: str | None = None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class FoundWrite:
    """An operation that was found done: a record that stands with `cid`, or for a delete none any more."""

    action: Action
    kind: MediaType
    ref: str | None
    rkey: str
    cid: str | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a user: the run, the login and host that it was begun by, and until when. Epoch seconds.

    `part` tells the workers of one run from each other; it is empty where the run has but one.
    """

    run: str
    user: str
    host: str
    pid: int
    since: float
    until: float
    part: str = ""


def login() -> str:
    """The name of who runs this process, as far as the system knows it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name in the environment, and none for the number
        return str(os.getuid())
