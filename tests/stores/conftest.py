"""What tests of worker processes share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.stores.jobs import Lifeline


@pytest.fixture
def new_lifeline(tmp_path: Path) -> Iterator[Callable[[str], Lifeline]]:
    """Makes a lifeline of a name; it is let go of at the end."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(closing(Lifeline(tmp_path / name)))


@pytest.fixture
def lifeline(new_lifeline: Callable[[str], Lifeline]) -> Lifeline:
    return new_lifeline("lifeline")
