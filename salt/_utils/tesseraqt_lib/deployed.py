# SPDX-License-Identifier: MIT
"""The state ``deployed``: compares by the sha256 of what is declared, and only then acts."""

from __future__ import annotations

from tesseraqt_lib import deploy
from tesseraqt_lib.converge import Changes, Outcome
from tesseraqt_lib.deploy import Means, Root
from tesseraqt_lib.dom0 import StepFailed
from tesseraqt_lib.model import Qube
from tesseraqt_lib.turns import turn


def predict(root: Root, means: Means) -> Outcome:
    """What ``apply`` would do, and nothing done; a root that is not there yet will be new."""
    there = means.dom0.look(Qube(root.name)) is not None
    before = deploy.done(root, means) if there else None
    if before == root.tree.digest:
        return as_declared(root)
    text = f"{root.name} would build {root.tree.digest[:12]} and boot it next"
    return Outcome(None, text, changes(root, before))


def apply(root: Root, means: Means, jobs: int) -> Outcome:
    """The root has the declared system; nothing is started if dom0 knows that it has."""
    if means.dom0.look(Qube(root.name)) is None:
        return Outcome(False, f"{root.name} does not exist")
    before = deploy.done(root, means)
    if before == root.tree.digest and not deploy.left_running(root, means):
        return as_declared(root)
    try:
        with turn(means.dom0.place / "turns", jobs):
            if before == root.tree.digest:
                deploy.put_away(root, means)
                return Outcome(True, f"{root.name} is as declared, and off again", {"power": OFF})
            deploy.deploy(root, means)
    except (deploy.Failed, StepFailed) as error:
        return Outcome(False, str(error.strerror), left_behind(root, before, means))
    text = f"{root.name} boots {root.tree.digest[:12]} from its next start on"
    return Outcome(True, text, changes(root, before))


OFF = {"old": "Running", "new": "Halted"}


def left_behind(root: Root, before: str | None, means: Means) -> Changes:
    """What was changed in spite of a failure: the system, if only what came after it failed."""
    means.dom0.forget(root.name)
    there = means.dom0.look(Qube(root.name)) is not None
    now = deploy.done(root, means) if there else before
    return changes(root, before) if now != before else {}


def as_declared(root: Root) -> Outcome:
    """Nothing had to be done."""
    return Outcome(True, f"{root.name} has the declared system")


def changes(root: Root, before: str | None) -> Changes:
    """The system that was, and the one that is declared."""
    return {"system": {"old": before, "new": root.tree.digest}}
