"""Text that users wrote cannot do anything to a screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from acconsole.console.inert import fold, head, inert, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[bold]loud[/bold]", "[bold]loud[/bold]"),
        ("[/x]", "[/x]"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("bell\x07 back\x08 del\x7f", "bell␇ back␈ del␡"),
        ("two\nlines\tand a tab", "two␊lines␉and a tab"),
        ("\x9b2J", "⟨009B⟩2J"),
        ("evil\u202egnp.exe", "evil⟨202E⟩gnp.exe"),
        ("\u2066isolated\u2069", "⟨2066⟩isolated⟨2069⟩"),
        ("zero\u200bwidth\ufeff", "zero⟨200B⟩width⟨FEFF⟩"),
        ("line\u2028separator", "line⟨2028⟩separator"),
        ("lone \ud800 surrogate", "lone ⟨D800⟩ surrogate"),
        ("中文 ok", "中文 ok"),
        ("wide\u3000space, no\u00a0break", "wide  space, no break"),
        ("👨\u200d👩\u200d👧 ❤\ufe0f 👍🏽", "👨👩👧 ❤ 👍"),
        ("a\u0301\u0302\u0303\u0304", "a\u0301\u0302◌◌"),
        ("\u0301first", "◌first"),
    ],
)
def test_signs_stand_for_what_is_not_text(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert inert(text).plain == shown
    assert not inert(text).spans


@given(st.text(max_size=300), st.integers(min_value=0, max_value=40))
def test_never_wider_than_asked_for_and_always_one_line(text: str, width: int) -> None:
    for shown in (visible(text, width), head(text, width)):
        assert cell_len(shown) <= max(width, 0) or width == 0
        assert shown.isprintable()
        assert "\n" not in shown
        assert shown.encode() or not (text and width)


@given(st.text(max_size=300), st.integers(min_value=2, max_value=40), st.integers(min_value=1, max_value=5))
def test_folded_text_stays_in_its_place(text: str, width: int, lines: int) -> None:
    folded = fold(text, width, lines)
    assert 1 <= len(folded) <= lines
    assert all(cell_len(line) <= width and line.isprintable() for line in folded)


def test_cut_in_the_middle_by_cells_not_by_characters() -> None:
    assert visible("abcdefghij", 7) == "abcd…ij"
    assert cell_len(visible("中文字符测试文本", 9)) <= 9
    assert visible("中文字符测试文本", 9).startswith("中文")


def test_folding_keeps_line_breaks_and_says_what_is_left_out() -> None:
    assert fold("one\ntwo", 10, 5) == ["one", "two"]
    assert fold("abcdef", 4, 5) == ["abcd", "ef"]
    assert fold("\n".join("abcdefg"), 20, 3) == ["a", "b", "… 4 more lines"]


def test_a_source_of_fifty_thousand_characters_costs_next_to_nothing() -> None:
    assert cell_len(visible("x\u202e" * 25_000, 30)) <= 30
    assert len(fold("x" * 50_000, 40, 6)) == 6
