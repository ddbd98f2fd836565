"""KidLisp's tokens: what they are, and that nothing of a source is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from acconsole.media.highlight import Token, tokens


def named(source: str) -> list[tuple[str, str]]:
    """The tokens but for spaces."""
    return [(kind.value, text) for kind, text in tokens(source) if kind is not Token.SPACE]


def test_a_program() -> None:
    source = '(wipe "light blue") ; the sky\n(later spin $roz) (ink 255 -0.5 50%) 1.5s... word'
    assert named(source) == [
        ("paren", "("),
        ("call", "wipe"),
        ("string", '"light blue"'),
        ("paren", ")"),
        ("comment", "; the sky"),
        ("paren", "("),
        ("call", "later"),
        ("word", "spin"),
        ("word", "$roz"),
        ("paren", ")"),
        ("paren", "("),
        ("call", "ink"),
        ("number", "255"),
        ("number", "-0.5"),
        ("number", "50%"),
        ("paren", ")"),
        ("number", "1.5s..."),
        ("word", "word"),
    ]


def test_what_is_not_closed_ends_with_its_line() -> None:
    assert named('"open\n(') == [("string", '"open'), ("paren", "(")]
    assert named("))((") == [("paren", each) for each in "))(("]


@given(st.text())
def test_put_together_they_are_the_source(source: str) -> None:
    assert "".join(text for _, text in tokens(source)) == source
