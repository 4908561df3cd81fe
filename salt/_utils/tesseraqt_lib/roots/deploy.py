# SPDX-License-Identifier: MIT
"""Brings one root to its declared system, phase by phase, and stops at the first that fails.

Each phase can be done again: a run that was killed anywhere is finished by the next one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from tesseraqt_lib.guest import ask, command, scripts
from tesseraqt_lib.guest.log import Log, NoLog, Progress
from tesseraqt_lib.model import Qube, Step
from tesseraqt_lib.plan import power
from tesseraqt_lib.roots import phases, record
from tesseraqt_lib.roots.failures import Failed
from tesseraqt_lib.roots.phases import Deployment, Means, Root
from tesseraqt_lib.roots.record import Part


def deployed_digest(name: str, means: Means) -> str | None:
    """What was deployed to the root last, if that is known; asked of dom0 alone."""
    return means.dom0.feature(name, record.SYSTEM)


def deployed_parts(name: str, means: Means) -> Mapping[str, Part]:
    """The parts that the root was given last; none if what it has is not known.

    Then a qube that was started since may run anything.
    """
    known = deployed_digest(name, means) is not None
    return record.read(means.dom0.feature(name, record.PARTS) if known else None)


def closing_steps(name: str, means: Means) -> list[Step]:
    """The step that says since when starts have what was deployed while the root was on."""
    have = means.dom0.look(Qube(name))
    return record.closing_steps(have, deployed_parts(name, means)) if have else []


def steps(root: Root, means: Means) -> list[Step]:
    """The first command of a deployment, which sends the tree; none if that was deployed."""
    have = means.dom0.look(Qube(root.name))
    before = deployed_digest(root.name, means) if have else None
    if before == root.tree.digest:
        left = left_running(root, means)
        return (
            list(power.halted(root.name, have).steps) if left else closing_steps(root.name, means)
        )
    script = scripts.load(means.read, "push")
    size = ask.size(script)
    argv = command.command(root.name, size, (root.tree.digest, str(len(root.tree.packed))))
    return [Step("system", before, root.tree.digest, argv)]


def left_running(root: Root, means: Means) -> bool:
    """Whether a run that was killed left the root on."""
    return phases.left_on(means, means.dom0.look(Qube(root.name)))


def shut_down(root: Root, means: Means) -> None:
    """A root that a killed run left on is off."""
    log = Log(means.log(root.name))
    try:
        Deployment(root, means, Progress(root.name, log)).stop()
    finally:
        log.close()


def deploy(root: Root, means: Means) -> None:
    """The root boots its declared system next, and runs only if it did before.

    Only what was shut down after that can reach other qubes, so that is recorded last.

    :raises Failed: it does not; what it booted before it still boots
    """
    with powered_on(root, means) as work:
        toplevel = work.build(work.probe())
        before = deployed_parts(root.name, means)
        activate(work, toplevel)
    record_deployed(root, means, before)


def activate(work: Deployment, toplevel: str) -> None:
    """The declared system boots next, and runs if that is asked for.

    Whoever is cut off from here on leaves a root of which nobody knows what it has, so dom0
    has no record of that meanwhile; unless the root says that nothing changed.
    """
    name, dom0, switched = work.root.name, work.means.dom0, work.root.how.activation == "switch"
    known = dom0.feature(name, record.SYSTEM)
    if known is not None:
        dom0.carry_out(name, [record.unset(name, record.SYSTEM, known)])
    try:
        (work.switch if switched else work.boot)(toplevel)
    except Failed:
        if known is not None:
            dom0.carry_out(name, record.steps(name, {record.SYSTEM: None}, {record.SYSTEM: known}))
        raise
    if switched:
        work.boot(toplevel)


def record_deployed(root: Root, means: Means, before: Mapping[str, Part]) -> None:
    """dom0 knows what the root has, and since when; the digest, which says all is done, is last.

    :param before: what it had, as far as that is known
    """
    dom0, name = means.dom0, root.name
    dom0.forget(name)
    old = {key: dom0.feature(name, key) for key in (record.PARTS, record.SYSTEM)}
    parts = record.updated(
        before, root.tree.parts, record.start_of(root.how, dom0.look(Qube(name)))
    )
    now = {record.PARTS: record.written(parts), record.SYSTEM: root.tree.digest}
    dom0.carry_out(name, record.steps(name, old, now))


@contextlib.contextmanager
def powered_on(root: Root, means: Means) -> Iterator[Deployment]:
    """The root is on; afterwards it is off again if it was off before.

    :raises Failed: something went wrong with it
    """
    log = Log(means.log(root.name))
    try:
        work = Deployment(root, means, Progress(root.name, log))
        try:
            work.start()
            yield work
        finally:
            work.stop()
    except ask.NoAnswer as error:
        raise Failed(f"{error}\nsee {log.path}") from error
    finally:
        log.close()


def build(root: Root, means: Means) -> tuple[str, ...]:
    """The declared system is in the root's store, and nothing else is changed.

    :returns: what activating it at once would do, in the words of the root
    :raises Failed: it could not be built
    """
    with powered_on(root, means) as work:
        work.build(work.probe())
        return work.preview()


def preview(root: Root, means: Means) -> tuple[str, ...]:
    """What activating the declared system at once would do, if the root runs and has it built.

    :raises Failed: the root did not say
    """
    have = means.dom0.look(Qube(root.name))
    if have is None or have.state != "Running" or not have.owned:
        return ()
    try:
        progress = Progress(root.name, NoLog())
        return Deployment(root, means, progress, command.by_qrexec_client).preview()
    except ask.NoAnswer as error:
        raise Failed(str(error)) from error
