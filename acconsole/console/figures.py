"""Numbers, times and sizes as the console writes them."""

from __future__ import annotations

import time

UNKNOWN = "…"
NONE = "·"


def now() -> float:
    """The epoch time: the one clock of everything that is shown."""
    return time.time()


def ticks() -> float:
    """Seconds of a clock that never goes back: for what moves on the screen."""
    return time.monotonic()


def number(count: int) -> str:
    """Thousands parted; zero is a dot, so that the numbers that matter stand out."""
    return f"{count:,}" if count else NONE


def short(count: int, width: int) -> str:
    """A number in at most `width` cells: `2,071`, `2071`, `12k`."""
    for text in (number(count), str(count), f"{count // 1000}k", f"{count // 1_000_000}M"):
        if len(text) <= width:
            return text
    return "+" * width


def plural(count: int, noun: str) -> str:
    """`1 record`, `2,068 records`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def age(seconds: float) -> str:
    """How long ago, short: `now`, `12 s`, `3 m`, `2 h`, `4 d`."""
    for limit, unit, name in ((5, 0, "now"), (90, 1, "s"), (5400, 60, "m"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}" if unit else name
    return f"{seconds / 86400:.0f} d"


def span(seconds: float) -> str:
    """A length of time: `0:07`, `3:10`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def short_span(seconds: float) -> str:
    """A length of a tape: `1.6 s`."""
    return f"{seconds:.1f} s"


def roughly(seconds: float) -> str:
    """An estimated length of time, no more exact than it is: `a few seconds`, `about 40 s`, `about 2 h`."""
    if seconds < 5:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds / 5) * 5} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"


def size(count: int) -> str:
    """Bytes for a person: `840 B`, `160 KB`, `4.5 MB`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} KB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def clock(epoch: float) -> str:
    """The time of day of an epoch time, on this machine's clock."""
    return time.strftime("%H:%M:%S", time.localtime(epoch))


def middle(text: str, front: int, back: int) -> str:
    """A long identifier, known by its ends: `did:plc:k3…9x`."""
    return text if len(text) <= front + back + 1 else f"{text[:front]}…{text[-back:]}"
