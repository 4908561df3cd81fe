# SPDX-License-Identifier: MIT
"""What a state reports after a failure is what was done."""

import random_fleets
from tesseraqt_lib.dom0 import tools


def test_a_failed_step_is_not_told_as_done_where_the_look_after_it_refuses(
    mine, minion, monkeypatch
):
    """Somebody takes the qube away from tesseraqt while one of its properties is refused."""
    real = tools.run

    def run(step, app):
        try:
            real(step, app)
        except tools.Failed:
            random_fleets.untag(mine, "work", "tesseraqt")
            random_fleets.untag(mine, "work", "tesseraqt-made-work")
            raise

    monkeypatch.setattr(tools, "run", run)
    mine.inject("fail", at=2, method=r"property\.Set")
    declared = {"template": "nixos", "label": "blue", "prefs": {"memory": 500}}
    answer = minion.single(mine, "present", "work", **declared).results["work"]
    assert answer["result"] is False, answer
    assert answer["changes"] == {"label": {"old": "red", "new": "blue"}}
    assert "memory" not in mine.qube("work")["properties"]
