"""`restore --out` and `apply`."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.cli.conftest import Run


def test_a_plan_is_saved_shown_and_run(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    saved = run("restore", "abby", "--moods-only", "--prune", "--out", str(file), "--json")
    assert saved.status == 0, saved
    assert (saved.json["mode"], stat.S_IMODE(file.stat().st_mode)) == ("dry-run", 0o600)
    shown = run("apply", str(file))
    assert shown.status == 0, shown
    assert "dry run" in shown.out
    done = run("apply", str(file), "--live", "--json").json
    assert (done["mode"], done["done"]) == ("live", saved.json["planned"])
    again = run("apply", str(file), "--live", "--json")
    if any(done["done"].values()):
        assert again.status == 5
        assert again.json["error"]["title"] == "The plan is stale"


def test_what_cannot_be_saved_or_applied(run: Run, tmp_path: Path) -> None:
    assert run("restore", "abby", "--out", str(tmp_path / "p"), "--live").status == 2
    assert run("restore", "abby", "--out", str(tmp_path / "not there" / "p")).status == 4
    assert run("apply", str(tmp_path / "none.json")).status == 2
    (tmp_path / "bad.json").write_text(json.dumps({"acconsole_plan": 1, "docs": [], "plan": {}}))
    told = run("apply", str(tmp_path / "bad.json"), "--json")
    assert (told.status, told.json["error"]["title"]) == (2, "That cannot be done")
