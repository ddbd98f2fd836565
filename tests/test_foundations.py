"""Errors, text made safe to show, and the folders that come with the package."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acconsole import errors, paths
from acconsole.errors import AcError, Exit
from acconsole.inert import MAX_MARKS, drawn


def branches(root: type[AcError] = AcError) -> list[type[AcError]]:
    return [root, *(each for branch in root.__subclasses__() for each in branches(branch))]


@pytest.mark.parametrize("error", branches(), ids=lambda error: error.__name__)
def test_every_error_says_what_it_is(error: type[AcError]) -> None:
    made = error("what happened", "what to do")
    assert str(made) == made.message == "what happened"
    assert made.hint == "what to do"
    assert made.title
    assert made.exit_status in Exit
    assert error.__name__ in (errors.__doc__ or ""), "the tree in the docstring names every branch"


def test_exit_statuses_are_those_of_the_command_line() -> None:
    assert {status.name: int(status) for status in Exit} == {
        "OK": 0,
        "DIFFERENT": 1,
        "USAGE": 2,
        "UNREACHABLE": 3,
        "ITEMS_FAILED": 4,
        "REFUSED": 5,
        "INTERRUPTED": 130,
    }
    for line in re.findall(r"[├└]── (\w+)\s+(\d)", errors.__doc__ or ""):
        assert getattr(errors, line[0]).exit_status == int(line[1])


def test_what_a_caller_may_do_is_in_the_class() -> None:
    assert errors.Unreachable("x").retryable
    assert errors.Unreachable("x").fatal
    assert errors.Swapped("x").retryable
    assert errors.ReadOnly("x").fatal
    assert not errors.BlobError("x").fatal
    assert errors.BudgetSpent("x", resume_at=5.0).resume_at == 5.0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [bold] text", "plain [bold] text"),
        ("\x1b[31mred", "␛[31mred"),
        ("a\nb\tc\0", "a␊b␉c␀"),
        ("\x7f\x9b", "␡⟨009B⟩"),
        ("\u202egnp.exe", "⟨202E⟩gnp.exe"),
        ("\u2028\u200b\ufeff", "⟨2028⟩⟨200B⟩⟨FEFF⟩"),
        ("\ud800", "⟨D800⟩"),
        ("ünïcode 漢字 😀", "ünïcode 漢字 😀"),
        ("e\u0301", "e\u0301"),
        ("\u0301e", "◌e"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\U0001f469"),
    ],
)
def test_text_that_could_steer_a_terminal_is_drawn(text: str, shown: str) -> None:
    assert drawn(text) == shown


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_whatever_the_text_one_harmless_line_is_shown(text: str) -> None:
    shown = drawn(text)
    shown.encode()
    assert len(shown.splitlines()) <= 1
    assert not [each for each in shown if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert drawn(shown) == shown


def test_marks_do_not_pile_up() -> None:
    assert drawn("a" + "\u0301" * 50).count("\u0301") == MAX_MARKS


def test_the_packages_data() -> None:
    assert (paths.data("styles") / "base.tcss").is_file()
    assert (paths.data("lexicons") / "computer" / "aesthetic" / "mood.json").is_file()
    with pytest.raises(FileNotFoundError, match="without its nonsense"):
        paths.data("nonsense")


def test_config_and_state_are_in_the_home(clean_environment: Path) -> None:
    assert paths.config_file().is_relative_to(clean_environment)
    assert paths.state_dir().is_relative_to(clean_environment)
