"""The holdings that are written by hand: jeffrey, the guest account, and people with one trouble each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from acconsole.media.base import MediaType
from acconsole.sandbox.docs import GUEST_TAPES, PICTURE_FAULTS, TAPE_ODDITIES
from acconsole.sandbox.publish import Publisher
from acconsole.sandbox.words import HOSTILE, LONGEST_MOOD, TOO_MANY_BYTES

PAINTINGS, MOODS, PIECES, KIDLISP, TAPES = MediaType


def jeffrey(to: Publisher) -> None:
    """395 paintings, 226 moods, 26 pieces, 2,220 kidlisp, no tapes; every verdict is among them."""
    _jeffreys_paintings(to)
    _jeffreys_moods(to)
    _jeffreys_kidlisp(to)
    to.many(to.publish, PIECES, 22)
    to.many(to.unlink, PIECES, 1)
    to.spoil_each(PIECES)
    to.many(to.forget, PIECES, 1)
    to.many(to.forget, TAPES, 1)


def _jeffreys_paintings(to: Publisher) -> None:
    to.many(to.publish, PAINTINGS, 359)
    to.disguise(to.author.painting())
    to.many(to.lose_blob, PAINTINGS, 1)
    to.many(to.unlink, PAINTINGS, 5)
    to.spoil_each(PAINTINGS)
    to.many(to.keep, PAINTINGS, 15)
    to.many(to.lose, PAINTINGS, 4)
    to.keep(PAINTINGS, to.author.painting(code=None))
    to.keep(PAINTINGS, to.author.painting(when="the day before yesterday"))
    to.keep(PAINTINGS, to.author.painting(slug=20230824))
    to.many(to.bury, PAINTINGS, 2)
    to.many(to.orphan, PAINTINGS, 1)
    to.many(to.forget, PAINTINGS, 3)


def _jeffreys_moods(to: Publisher) -> None:
    for text in (*HOSTILE, LONGEST_MOOD):
        to.publish(MOODS, to.author.mood(mood=text))
    to.publish(MOODS, to.author.mood(mood="the newer field wins", text="the older field"))
    to.many(to.publish, MOODS, 221 - len(HOSTILE) - 2)
    to.spoil_each(MOODS)
    to.keep(MOODS, to.author.mood(mood=""))
    to.many(to.bury, MOODS, 1)
    to.many(to.forget, MOODS, 4)


def _jeffreys_kidlisp(to: Publisher) -> None:
    write = to.author.kidlisp
    to.many(to.publish, KIDLISP, 166)
    to.many(to.duplicate, KIDLISP, 2)
    stale = write(code="q2x", source="(def x 10) (later spin)", when=datetime(2025, 10, 16, 9, 5, tzinfo=UTC))
    to.spoil(KIDLISP, stale, "old source")
    to.many(to.keep, KIDLISP, 2_047)
    gray = datetime(2025, 10, 17, 21, 10, 12, 84000, tzinfo=UTC)
    to.keep(KIDLISP, write(code="4bd", source='(wipe "gray") (ink rainbow)', when=gray))
    blue = datetime(2025, 10, 17, 23, 43, 1, 377000, tzinfo=UTC)
    to.keep(KIDLISP, write(code="roz", source="(wipe blue) (ink yellow) (line)", when=blue))
    to.keep(KIDLISP, write(source="(wipe pink) ".ljust(50_001, ";")))
    to.keep(KIDLISP, write(code=None))
    to.many(to.forget, KIDLISP, 12)


def guest(to: Publisher) -> None:
    """What nobody is named for: 1,004 paintings, 616 of them published, 32 tapes, KidLisp and pieces."""
    to.many(to.publish, PAINTINGS, 600)
    to.many(to.unlink, PAINTINGS, 12)
    to.many(to.duplicate, PAINTINGS, 2)
    to.many(to.keep, PAINTINGS, 388)
    to.spoil(PAINTINGS, to.author.painting(), "only code")
    to.many(to.lose_blob, PAINTINGS, 1)
    to.many(to.bury, PAINTINGS, 3)
    to.many(to.publish, KIDLISP, 90)
    to.many(to.keep, KIDLISP, 40)
    to.many(to.publish, PIECES, 9)
    to.many(to.keep, PIECES, 3)
    _guest_tapes(to)


def _guest_tapes(to: Publisher) -> None:
    to.many(to.publish, TAPES, 17)
    to.many(to.unlink, TAPES, 2)
    to.spoil_each(TAPES)
    for code in (*GUEST_TAPES, *TAPE_ODDITIES):
        video = to.author.video_address(code) if code == "tMp" else None
        to.keep(TAPES, to.author.tape(code=code, mp4Url=video))
    to.many(to.keep, TAPES, 3)
    to.many(to.bury, TAPES, 1)


def _jefferson(to: Publisher) -> None:
    to.many(to.publish, PAINTINGS, 14)
    to.many(to.publish, MOODS, 3)
    to.many(to.publish, KIDLISP, 41)


def _jef_art(to: Publisher) -> None:
    """Deleted moods and nuked paintings were published again, and some docs were removed outright."""
    to.many(to.publish, PAINTINGS, 22)
    to.many(to.bury, PAINTINGS, 5)
    to.many(to.bury, MOODS, 4)
    to.many(to.orphan, MOODS, 3)


def _abby(to: Publisher) -> None:
    to.many(to.publish, PAINTINGS, 9)
    to.many(to.publish, MOODS, 14)
    to.many(to.publish, KIDLISP, 3)


def _ana(to: Publisher) -> None:
    """Moods were created again, empty."""
    to.many(to.publish, MOODS, 20)
    for _ in range(12):
        to.spoil(MOODS, to.author.mood(), "emptied")


def _bit(to: Publisher) -> None:
    to.many(to.publish, MOODS, 2)


def _casey(to: Publisher) -> None:
    """A script lost nearly all rkeys when it was stopped."""
    to.many(to.publish, PAINTINGS, 2)
    to.many(to.unlink, PAINTINGS, 61)


def _dot(to: Publisher) -> None:
    """A script ran twice."""
    to.many(to.duplicate, MOODS, 12)
    to.many(to.duplicate, PAINTINGS, 6)


def _e_4(to: Publisher) -> None:
    to.many(to.publish, TAPES, 2)
    to.many(to.keep, TAPES, 3)
    to.many(to.publish, PIECES, 4)


def _flo(to: Publisher) -> None:
    """A list was cut off at 100."""
    to.many(to.publish, MOODS, 100)
    to.many(to.keep, MOODS, 40)


def _gus(to: Publisher) -> None:
    """Three of the paintings have no picture that can be used."""
    to.many(to.publish, PAINTINGS, 7)
    for code in PICTURE_FAULTS:
        to.keep(PAINTINGS, to.author.painting(code=code))
    to.many(to.keep, PAINTINGS, 2)


def _hana(to: Publisher) -> None:
    """Texts that would break a screen which believed them."""
    for text in HOSTILE:
        to.keep(MOODS, to.author.mood(mood=text))
    to.keep(MOODS, to.author.mood(mood=TOO_MANY_BYTES))
    to.keep(MOODS, to.author.mood(mood=7))
    to.keep(KIDLISP, to.author.kidlisp(source='(write "[/x] [bold] \x1b[31m \u202e")'))
    to.keep(PIECES, to.author.piece(slug="[red]a-piece[/]"))


def _i_k(to: Publisher) -> None:
    """Records as they were in every earlier form."""
    for kind in (PAINTINGS, MOODS, PIECES, KIDLISP):
        to.spoil_each(kind)


def _rook(to: Publisher) -> None:
    """There is something to publish, and the stored password is refused."""
    to.many(to.publish, MOODS, 6)
    to.many(to.keep, MOODS, 3)


CAST: dict[str, Callable[[Publisher], None]] = {
    "jeffrey": jeffrey,
    "jefferson": _jefferson,
    "jef.art": _jef_art,
    "abby": _abby,
    "ana.w": _ana,
    "bit": _bit,
    "casey": _casey,
    "dot": _dot,
    "e_4": _e_4,
    "flo": _flo,
    "gus": _gus,
    "hana": _hana,
    "i.k": _i_k,
    "rook": _rook,
}
"""By handle."""
