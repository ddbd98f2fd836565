"""Moods, programs and pieces in the preview: folded, coloured, inert."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from textual.content import Content

from acconsole.console import texts
from acconsole.engine.match import Pair, match
from acconsole.engine.model import RepoRecord, SourceDoc, User
from acconsole.media.base import MediaType
from acconsole.sandbox import words
from tests.console.test_hostile import ALL, TEXTS

JEFFREY = User("auth0|1", "jeffrey", did="did:plc:abc")


def plain(lines: list[Content]) -> list[str]:
    return [line.plain for line in lines]


def test_a_mood_is_folded_at_words_and_at_both_kinds_of_line_ends() -> None:
    lines = texts.mood("so sleepy right now!!\\nbut also pink\nand  electric", 14)
    assert plain(lines) == ["so sleepy ", "right now!!\\n", "but also pink", "and  electric"]


def test_a_word_longer_than_the_line_is_cut() -> None:
    assert plain(texts.mood("a" * 10 + " b", 4)) == ["aaaa", "aaaa", "aa b"]


def test_a_program_has_its_colours() -> None:
    line = texts.kidlisp('(write "hi" 10 x) ; yes', 60)[0]
    styles = {line.plain[span.start : span.end]: str(span.style) for span in line.spans}
    assert styles["write"] == "bold $pick"
    assert styles['"hi"'] == "$good"
    assert styles["10"] == "$todo"
    assert styles["x"] == "$work"
    assert styles["yes"] == "italic $mute"
    assert styles["("] == "$faint"


@pytest.mark.parametrize("text", [*TEXTS, ALL, *words.HOSTILE, words.LONGEST_MOOD, "\x1b[31m\\n" * 700])
@pytest.mark.parametrize("width", [8, 40])
def test_every_line_is_inert_and_fits(text: str, width: int) -> None:
    for lines in (texts.mood(text, width), texts.kidlisp(text, width)):
        for line in lines:
            assert line.plain.isprintable(), ascii(line.plain)
            assert cell_len(line.plain) <= width, ascii(line.plain)


def test_a_source_that_tries_to_have_no_end_has_one() -> None:
    lines = texts.kidlisp("\n" * 50_000, 40)
    assert len(lines) == texts.MAX_LINES
    assert "not shown" in lines[-1].plain


def piece(slug: object, *, published: bool) -> Pair:
    doc = SourceDoc.of(MediaType.PIECES, {"_id": "d1", "slug": slug, "when": "2024-01-01T00:00:00Z"})
    record = RepoRecord(MediaType.PIECES, "3kabc", "bafy", {"ref": "d1", "slug": slug})
    return match(MediaType.PIECES, [doc], [record] if published else [], frozenset()).pairs[0]


def test_a_piece_has_its_links() -> None:
    assert plain(texts.piece(piece("notepat2", published=True), JEFFREY, 80)) == [
        "notepat2",
        "https://aesthetic.computer/@jeffrey/notepat2",
        "at://did:plc:abc/computer.aesthetic.piece/3kabc",
    ]
    guest = User("art-guest", None, did="did:plc:art")
    assert plain(texts.piece(piece("notepat2", published=False), guest, 80)) == [
        "notepat2",
        "https://aesthetic.computer/notepat2",
    ]


def test_a_piece_without_a_slug_says_so() -> None:
    assert plain(texts.piece(piece(None, published=False), JEFFREY, 80)) == [
        "It has no slug that could be shown."
    ]
