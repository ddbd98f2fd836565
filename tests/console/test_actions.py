"""The registry is whole: every id has its method, and no key does two things in one place."""

from __future__ import annotations

from collections import Counter

import pytest
from textual.dom import DOMNode

from acconsole.console.actions import REGISTRY, bindings
from acconsole.console.app import ConsoleApp
from acconsole.console.modals.confirm import ConfirmModal
from acconsole.console.modals.count import CountModal
from acconsole.console.modals.export import ExportModal
from acconsole.console.modals.leave import LeaveModal
from acconsole.console.modals.plan import PlanModal
from acconsole.console.modals.rollout import RolloutModal
from acconsole.console.screens.failed import FailedScreen
from acconsole.console.screens.help import HelpScreen
from acconsole.console.screens.history import HistoryScreen
from acconsole.console.screens.pastrun import PastRunScreen
from acconsole.console.screens.rollout import RolloutScreen
from acconsole.console.screens.run import RunScreen
from acconsole.console.screens.tapes import TapesScreen
from acconsole.console.screens.user import UserScreen
from acconsole.console.screens.users import UsersScreen
from acconsole.console.screens.verify import VerifyScreen
from acconsole.console.widgets.rows import Rows
from acconsole.console.widgets.verdicts import VerdictTable

OWNERS: dict[str, list[type[DOMNode]]] = {
    "app": [ConsoleApp],
    "confirm": [ConfirmModal, CountModal, LeaveModal],
    "export": [ExportModal],
    "help": [HelpScreen],
    "history": [HistoryScreen],
    "pastrun": [PastRunScreen],
    "list": [Rows],
    "plan": [PlanModal],
    "failed": [FailedScreen],
    "rollout": [RolloutScreen],
    "rolloutplan": [RolloutModal],
    "run": [RunScreen],
    "tapes": [TapesScreen],
    "table": [VerdictTable],
    "user": [UserScreen],
    "users": [UsersScreen],
    "verify": [VerifyScreen],
}


@pytest.mark.parametrize("id", REGISTRY)
def test_every_action_can_be_done(id: str) -> None:
    action = REGISTRY[id]
    for owner in OWNERS[action.area]:
        assert callable(getattr(owner, f"action_{action.verb}", None)), f"{owner.__name__} lacks {id}"
    assert action.help
    assert action.label or not action.rank


@pytest.mark.parametrize("area", OWNERS)
def test_no_key_does_two_things_in_one_area(area: str) -> None:
    keys = Counter(key for action in REGISTRY.values() if action.area == area for key in action.keys)
    assert keys
    assert max(keys.values()) == 1


def test_letters_never_take_priority_over_a_field() -> None:
    taking = [
        each for each in bindings("app", priority=("leave", "help")) if getattr(each, "priority", False)
    ]
    assert {getattr(each, "key", "") for each in taking} == {"ctrl+q", "f1"}
