# SPDX-License-Identifier: MIT
"""The state ``deployed``: compares by the sha256 of what is declared, and only then acts."""

from __future__ import annotations

from tesseraqt_lib.dom0.semaphore import acquired
from tesseraqt_lib.dom0.tools import StepFailed
from tesseraqt_lib.model import Have, Qube
from tesseraqt_lib.roots import deploy, phases, record
from tesseraqt_lib.roots.failures import Failed
from tesseraqt_lib.roots.phases import Means, Root
from tesseraqt_lib.run import predicted
from tesseraqt_lib.run.converge import Changes, Outcome
from tesseraqt_lib.run.session import Run


def outcome(run: Run, root: Root, jobs: int) -> Outcome:
    """What came of the state: in test mode, it stops here.

    :param jobs: how many roots are worked on at once
    """
    if run.test:
        return predict(root, run.means, predicted.look(run, Qube(root.name)))
    run.take_lock()
    return apply(root, run.means, jobs)


def predict(root: Root, means: Means, foreseen: Have | None) -> Outcome:
    """What ``apply`` would do, and nothing done; a root that is not there yet will be new.

    :param foreseen: the root as it would be by now
    """
    there = means.dom0.look(Qube(root.name)) is not None
    before = deploy.deployed_digest(root.name, means) if there else None
    foreign = foreseen is not None and not foreseen.owned
    if before == root.tree.digest:
        same = predict_deployed(root, means)
        return Outcome(False, phases.not_ours(root.name)) if foreign and same.changes else same
    if foreign:
        return Outcome(False, phases.not_ours(root.name))
    lines = preview_lines(root, means) if there else ()
    text = f"{root.name} would build {root.tree.digest[:12]} and {activation(root)}"
    return Outcome(None, "\n".join((text, *lines)), changes(root, before))


def predict_deployed(root: Root, means: Means) -> Outcome:
    """What ``apply`` would do about a root that has the declared system."""
    if deploy.left_running(root, means):
        return Outcome(None, f"{root.name} would be off again", OFF)
    if deploy.closing_steps(root.name, means):
        return Outcome(None, f"{root.name} is off by now, which would be noted", DATED)
    return as_declared(root)


def preview_lines(root: Root, means: Means) -> tuple[str, ...]:
    """What a root that runs says about the change, or why it says nothing."""
    try:
        return deploy.preview(root, means)
    except Failed as error:
        return (str(error.strerror),)


def activation(root: Root) -> str:
    """How the system comes to run."""
    return "switch to it" if root.how.activation == "switch" else "boot it next"


def apply(root: Root, means: Means, jobs: int) -> Outcome:
    """The root has the declared system; nothing is started if dom0 knows that it has."""
    if means.dom0.look(Qube(root.name)) is None:
        return Outcome(False, f"{root.name} does not exist")
    before = deploy.deployed_digest(root.name, means)
    if before == root.tree.digest and not deploy.left_running(root, means):
        return close_record(root, means)
    try:
        with acquired(means.dom0.place / "jobs", jobs):
            if before == root.tree.digest:
                deploy.shut_down(root, means)
                return Outcome(True, f"{root.name} is as declared, and off again", OFF)
            deploy.deploy(root, means)
    except (Failed, StepFailed) as error:
        return Outcome(False, str(error.strerror), done_despite_failure(root, before, means))
    return Outcome(True, f"{root.name} {when_it_runs(root, means)}", changes(root, before))


def close_record(root: Root, means: Means) -> Outcome:
    """Nothing was to be done but to note that a root is off that was on when it was deployed."""
    means.started.finish(root.name)
    steps = deploy.closing_steps(root.name, means)
    if not steps:
        return as_declared(root)
    try:
        means.dom0.carry_out(root.name, steps)
    except StepFailed as error:
        return Outcome(False, str(error.strerror))
    return Outcome(True, f"{root.name} is off by now: its qubes get what was deployed", DATED)


DATED: Changes = {"parts": {"old": record.OPEN, "new": "dated"}}
OFF: Changes = {"power": {"old": "Running", "new": "Halted"}}


def when_it_runs(root: Root, means: Means) -> str:
    """Since when, or from when on, the root runs what is declared."""
    short = root.tree.digest[:12]
    if root.how.activation == "switch":
        return f"runs {short}, and boots it"
    have = means.dom0.look(Qube(root.name))
    halt = "" if have is None or have.halted else "; it runs what it ran until it is halted"
    return f"boots {short} from its next start on{halt}"


def done_despite_failure(root: Root, before: str | None, means: Means) -> Changes:
    """What was changed in spite of a failure: the system, if only what came after it failed."""
    means.dom0.forget(root.name)
    there = means.dom0.look(Qube(root.name)) is not None
    found = deploy.deployed_digest(root.name, means) if there else before
    return changes(root, before) if before != found == root.tree.digest else {}


def as_declared(root: Root) -> Outcome:
    """Nothing had to be done."""
    return Outcome(True, f"{root.name} has the declared system")


def changes(root: Root, before: str | None) -> Changes:
    """The system that was, and the one that is declared."""
    return {"system": {"old": before, "new": root.tree.digest}}
