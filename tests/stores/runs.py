"""Runs as a journal is given them: made by hand."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from typing import Any

from acconsole.engine.journal import Beginning, SentBatch, SentWrite, Subject
from acconsole.engine.plan import Action
from acconsole.media.base import MediaType

ADA = Subject("auth0|a", "@ada", "did:plc:a", "rev", "commit")
BOB = Subject("auth0|b", "@bob", "did:plc:b", "rev", "commit")
KIDLISP = MediaType.KIDLISP
RESULT = {
    "done": {"create": 2, "update": 0, "delete": 0, "relink": 0, "blobs": 0},
    "failed": [],
    "blocked": [],
}


def beginning(run: str = "aa0000000001", **changed: Any) -> Beginning:
    """A live run of this very process that begins now."""
    usual = {
        "run": run,
        "began": time.time(),
        "action": "restore",
        "live": True,
        "subjects": (ADA,),
        "profile": "default",
        "login": "root",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "version": "0.1.0",
        "pds": "pds.test",
        "options": {"types": ["kidlisp"]},
    }
    return Beginning(**{**usual, **changed})


def write(number: int, action: Action = Action.CREATE, stored: str | None = None) -> SentWrite:
    """An operation on the doc `ref {number}`."""
    old = None if action is Action.CREATE else f"old {number}"
    new = None if action is Action.DELETE else f"new {number}"
    return SentWrite(action, f"ref {number}", f"rkey {number}", old, new, action is not Action.DELETE, stored)


def batch(run: str, number: int, writes: Sequence[SentWrite], head: str | None = "head") -> SentBatch:
    """A batch of kidlisp."""
    return SentBatch(run, ADA.id, number, KIDLISP, head, tuple(writes))
