"""The error tree, and the exit status of each branch.

    AcError                     title, message, hint; retryable, fatal, retry_after
    ├── UsageError         2    a command, a handle or a run that makes no sense
    │   ├── SettingsError       a setting that is missing, unknown or malformed
    │   ├── UnknownHandle       nobody goes by that name; lists near matches
    │   ├── AmbiguousHandle     several people go by that name
    │   └── UnknownRun          the journal has no such run; lists near matches
    ├── Unreachable        3    Mongo, the PDS or storage does not answer; worth another try
    ├── Refused            5    a gate said no; nothing was written
    │   ├── ReadOnly
    │   ├── StalePlan
    │   ├── TooManyDeletes
    │   ├── Unconfirmed
    │   ├── Held                another run holds the user, or has taken over from this one
    │   └── JournalError        the journal cannot be written or read; no live run goes on without it
    └── Failed             4    something in reach went wrong
        ├── AccountError        this user's account cannot be used: none, inactive, dead password
        ├── BlobError           a picture or video that cannot be fetched, made or stored
        │   └── NoObject        what was asked for is surely not there
        ├── BackupError         a backup that was not written or does not read back
        ├── BudgetSpent         a rate limit leaves no room; says when it will
        ├── Uncertain           a write whose outcome is not known: read again, match again
        │   ├── Opaque          the PDS said no more than that it failed: perhaps one bad record
        │   └── Swapped         another writer moved the repo first
        └── WriteRefused        the PDS understood a write and will not have it

Nobody matches on an error's text: what a caller may do with an error is in its class and its three
behaviours. No message ever holds a secret; an SDK's or a driver's own text is not passed on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class Exit(IntEnum):
    """The exit statuses of the command line."""

    OK = 0
    DIFFERENT = 1
    USAGE = 2
    UNREACHABLE = 3
    ITEMS_FAILED = 4
    REFUSED = 5
    INTERRUPTED = 130


@dataclass(eq=False)
class AcError(Exception):
    """The root. `message` is one paragraph for a person, `hint` says what to do about it.

    `retryable`: the same call may succeed later. `fatal`: going on with the run is pointless.
    `retry_after`: seconds until another try makes sense, when that is known.
    """

    message: str
    hint: str = ""
    retryable: bool = field(default=False, kw_only=True)
    fatal: bool = field(default=False, kw_only=True)
    retry_after: float | None = field(default=None, kw_only=True)

    title = "Something went wrong"
    exit_status = Exit.ITEMS_FAILED

    def __str__(self) -> str:
        return self.message


class UsageError(AcError):
    title = "That cannot be done"
    exit_status = Exit.USAGE


class SettingsError(UsageError):
    title = "A setting is wrong"


class UnknownHandle(UsageError):
    title = "Nobody goes by that name"


class AmbiguousHandle(UsageError):
    title = "Several people go by that name"


class UnknownRun(UsageError):
    title = "There is no such run"


@dataclass(eq=False)
class Unreachable(AcError):
    retryable: bool = field(default=True, kw_only=True)
    fatal: bool = field(default=True, kw_only=True)

    title = "Cannot connect"
    exit_status = Exit.UNREACHABLE


@dataclass(eq=False)
class Refused(AcError):
    fatal: bool = field(default=True, kw_only=True)

    title = "Refused"
    exit_status = Exit.REFUSED


class ReadOnly(Refused):
    title = "Read-only"


class StalePlan(Refused):
    title = "The plan is stale"


class TooManyDeletes(Refused):
    title = "Too many deletes"


class Unconfirmed(Refused):
    title = "Not confirmed"


class Held(Refused):
    title = "Another run holds the user"


class JournalError(Refused):
    title = "No journal"


class Failed(AcError):
    title = "Failed"


@dataclass(eq=False)
class AccountError(Failed):
    """`state`: `none` (no account), `inactive` (deactivated, taken down, gone), `unreadable`, `password`."""

    state: str = field(default="none", kw_only=True)
    fatal: bool = field(default=True, kw_only=True)

    title = "The account cannot be used"


class BlobError(Failed):
    title = "No picture"


class NoObject(BlobError):
    title = "Not there"


@dataclass(eq=False)
class BackupError(Failed):
    fatal: bool = field(default=True, kw_only=True)

    title = "No backup"


@dataclass(eq=False)
class BudgetSpent(Failed):
    """`resume_at`: when the window that binds opens again, in seconds since the epoch."""

    resume_at: float = field(default=0.0, kw_only=True)
    retryable: bool = field(default=True, kw_only=True)
    fatal: bool = field(default=True, kw_only=True)

    title = "The rate limit is spent"


@dataclass(eq=False)
class Uncertain(Failed):
    retryable: bool = field(default=True, kw_only=True)

    title = "The answer was lost"


class Opaque(Uncertain):
    title = "The PDS failed"


class Swapped(Uncertain):
    title = "Another writer was first"


class WriteRefused(Failed):
    title = "The PDS refused the write"
