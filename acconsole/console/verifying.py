"""The runner's work of verifying some users: each field of each record against its doc."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from textual.worker import Worker

from acconsole.console.messages import VerifyMoved
from acconsole.console.trouble import as_trouble

if TYPE_CHECKING:
    from acconsole.console.runner import Runner
    from acconsole.engine.model import User
    from acconsole.engine.verify import Report
    from acconsole.errors import AcError

COALESCE = 0.15


@dataclass(eq=False, slots=True)
class Verifying:
    """What verifying these users has come to so far."""

    users: Sequence[User]
    reports: list[Report] = field(default_factory=list)
    is_over: bool = False
    trouble: AcError | None = None

    @property
    def checked(self) -> int:
        """How many docs and orphaned records were checked."""
        return sum(report.checked for report in self.reports)

    @property
    def problems(self) -> int:
        """How many things are not as they should be."""
        return sum(len(report.problems) for report in self.reports)


def begin(runner: Runner, verifying: Verifying) -> Worker[None]:
    """Verify; what it finds is in `verifying`, and `VerifyMoved` tells of it. Another one under way ends."""
    return runner.start(partial(_verify, runner, verifying), "verify", exclusive=True)


async def _verify(runner: Runner, verifying: Verifying) -> None:
    told = 0.0
    try:
        async with aclosing(runner.engine.verify(verifying.users)) as reports:
            async for report in reports:
                verifying.reports.append(report)
                if time.monotonic() - told >= COALESCE:
                    told = time.monotonic()
                    runner.post(VerifyMoved())
    except Exception as error:
        verifying.trouble = as_trouble(error)
    finally:
        verifying.is_over = True
        runner.post(VerifyMoved())
