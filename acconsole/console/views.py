"""What is previewed of a pair: a wish, and what came of it so far. Only data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image
    from textual.content import Content

    from acconsole.engine.match import Pair
    from acconsole.engine.model import User
    from acconsole.media.film import Box, Film


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be previewed, for how much room: `box` is in pixels, two a cell one above the other.

    `source`: where a tape's pictures are to come from, `zip`, `published` or `made`; None for the first of
    the three that there is, the one just made before the others.
    """

    user: User
    pair: Pair
    box: Box
    source: str | None = None

    @property
    def columns(self) -> int:
        """How wide a text may be, beside its scrollbar."""
        return self.box[0] - 1


@dataclass(frozen=True, slots=True)
class Still:
    """A picture and what is known of it. `size` is that of its file, in bytes."""

    picture: Image.Image = field(repr=False)
    cid: str
    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class Side:
    """One of two pictures, or why there is none; `awaited` while that is not known yet.

    `failed`: another look may find it.
    """

    still: Still | None = None
    note: str = ""
    awaited: bool = False
    failed: bool = False

    @property
    def picture(self) -> Image.Image | None:
        """The picture, if it is there."""
        return self.still.picture if self.still else None


@dataclass(frozen=True, slots=True)
class PaintingView:
    """A painting's thumbnail as it is on the PDS, and the one that would be built."""

    published: Side
    built: Side

    @property
    def is_awaited(self) -> bool:
        """Whether one of them is still to come."""
        return self.published.awaited or self.built.awaited

    @property
    def same(self) -> bool:
        """Whether both are there and are the same bytes."""
        left, right = self.published.still, self.built.still
        return left is not None and right is not None and left.cid == right.cid

    @property
    def size(self) -> int:
        """Bytes that the pictures take."""
        stills = [side.still for side in (self.published, self.built) if side.still]
        return sum(still.picture.width * still.picture.height * 4 for still in stills)


SOURCES = {"made": "the MP4 just made", "zip": "the ZIP", "published": "the MP4 on the PDS"}


@dataclass(frozen=True, slots=True)
class TapeView:
    """A tape's film, where it is from, a key of SOURCES, and the bytes of that.

    `is_awaited` while it comes, with so many bytes `done`. `lacking` says why it cannot be had from where it
    was looked for before.
    """

    film: Film | None = None
    source: str = ""
    size: int = 0
    is_awaited: bool = False
    done: int = 0
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TextView:
    """A text as lines, or None while they are made."""

    lines: Sequence[Content] | None

    @property
    def is_awaited(self) -> bool:
        """Whether they are still to come."""
        return self.lines is None


View = PaintingView | TapeView | TextView
