"""A rollout's account: what failed is kept, and told once."""

from __future__ import annotations

from acconsole.engine.events import Failure, RunResult
from acconsole.engine.plan import Tally
from acconsole.engine.rollout.account import Account
from acconsole.errors import Unreachable
from tests.console.rollouts import PAINTINGS, RECORDS, a_survey


def test_a_run_that_ends_early_keeps_the_items_that_failed_before() -> None:
    survey = a_survey(1)
    user = survey.shares[0].user
    account = Account(survey, [RECORDS, (PAINTINGS,)])
    item = Failure(user.name, PAINTINGS, "1", None, "Storage answers 404.")
    whole = Failure.of_user(user.name, Unreachable("The PDS does not answer."))
    result = RunResult(
        run="1",
        action="restore",
        live=True,
        planned=Tally(create=2),
        done=Tally(),
        failed=(item, whole),
        blocked=(),
        skipped=(),
        pds_requests=1,
        points=0,
        seconds=1.0,
        backup=None,
        stopped=False,
        resume_at=None,
    )
    account.took(user, (PAINTINGS,), result)
    account.failed(user, (PAINTINGS,), whole)
    assert account.rows[user.id].failed == [item, whole]
    later = Failure.of_user(user.name, Unreachable("Mongo does not answer."))
    account.failed(user, (PAINTINGS,), later)
    assert account.rows[user.id].failed == [later]
