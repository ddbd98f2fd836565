"""From a doc to its record: the one call behind which each media type's module stands."""

from __future__ import annotations

from collections.abc import Callable

from acconsole.media import kidlisp, lexicon, moods, paintings, pieces, tapes
from acconsole.media.base import Blocked, BlockedDoc, Built, Doc, MediaType

_BUILDERS: dict[MediaType, Callable[[Doc], Built]] = {
    MediaType.PAINTINGS: paintings.build,
    MediaType.MOODS: moods.build,
    MediaType.PIECES: pieces.build,
    MediaType.KIDLISP: kidlisp.build,
    MediaType.TAPES: tapes.build,
}


def build(kind: MediaType, doc: Doc) -> Built | Blocked:
    """The record that a doc becomes, valid by its lexicon but for the blobs; or why it cannot become one."""
    built = compose(kind, doc)
    return built if isinstance(built, Blocked) else lexicon.problem(kind, built.record) or built


def compose(kind: MediaType, doc: Doc) -> Built | Blocked:
    """As `build`, without the lexicon's word: for a doc whose record is known to be valid if unchanged."""
    try:
        built = _BUILDERS[kind](doc)
    except BlockedDoc as blocked:
        return blocked.blocked
    built.record["$type"] = kind.nsid
    return built
