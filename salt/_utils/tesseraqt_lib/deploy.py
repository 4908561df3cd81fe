# SPDX-License-Identifier: MIT
"""Brings one root to its declared system, phase by phase, and stops at the first that fails.

Each phase can be done again: a run that was killed anywhere is finished by the next one.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tesseraqt_lib import dates, failures, guest, power, record, scripts
from tesseraqt_lib.dom0 import Dom0
from tesseraqt_lib.failures import Failed
from tesseraqt_lib.journal import Journal
from tesseraqt_lib.logfile import Log, Progress
from tesseraqt_lib.model import Have, Qube, Step, System
from tesseraqt_lib.record import Part
from tesseraqt_lib.tree import Tree

#: Seconds that a qube gets from its start to the first answer.
PATIENCE = 180.0
#: Seconds between two tries to reach a qube.
PAUSE = 1.0


@dataclass(frozen=True)
class Root:
    """A root, the files that make its system, and how it builds on what the root has."""

    name: str
    tree: Tree
    how: System = field(default_factory=System)


@dataclass(frozen=True)
class Means:
    """What a deployment works with."""

    dom0: Dom0
    read: Callable[[str], str]
    #: Seconds to wait for the first answer.
    patience: float

    @property
    def started(self) -> Journal:
        """The roots that tesseraqt started for a deployment and has not shut down."""
        return Journal(self.dom0.place / "started")

    @property
    def activating(self) -> Journal:
        """The roots that may have another system than dom0 has recorded."""
        return Journal(self.dom0.place / "activating")

    def log(self, name: str) -> Path:
        """Where the log of a root is."""
        return self.dom0.place / "logs" / f"{name}.log"


def not_ours(name: str) -> str:
    """Why nothing is done about a root of somebody else's."""
    return f"{name} is not tesseraqt's: declare it with `adopt: true`"


def done(name: str, means: Means) -> str | None:
    """What was deployed to the root last, if that is known; asked of dom0 alone."""
    if means.activating.begun(name):
        return None
    return means.dom0.feature(name, record.SYSTEM)


def parts_of(name: str, means: Means) -> Mapping[str, Part]:
    """The parts that the root was given last; none if what it has is not known.

    Then a qube that was started since may run anything.
    """
    known = done(name, means) is not None
    return record.read(means.dom0.feature(name, record.PARTS) if known else None)


def dated(name: str, means: Means) -> list[Step]:
    """The step that says since when starts have what was deployed while the root was on."""
    have = means.dom0.look(Qube(name))
    return dates.closing(have, parts_of(name, means)) if have else []


def steps(root: Root, means: Means) -> list[Step]:
    """The first command of a deployment, which sends the tree; none if that was deployed."""
    have = means.dom0.look(Qube(root.name))
    before = done(root.name, means) if have else None
    if before == root.tree.digest:
        left = left_running(root, means)
        return list(power.halted(root.name, have).steps) if left else dated(root.name, means)
    script = scripts.load(means.read, "push")
    size = guest.size(script)
    argv = guest.command(root.name, size, (root.tree.digest, str(len(root.tree.packed))))
    return [Step("system", before, root.tree.digest, argv)]


def left_running(root: Root, means: Means) -> bool:
    """Whether a run that was killed left the root on."""
    have = means.dom0.look(Qube(root.name))
    return means.started.begun(root.name) and have is not None and not have.halted


def put_away(root: Root, means: Means) -> None:
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
    with working(root, means) as work:
        toplevel = work.build(work.probe())
        before = parts_of(root.name, means)
        activate(work, toplevel)
    remember(root, means, before)
    means.activating.finish(root.name)


def activate(work: Deployment, toplevel: str) -> None:
    """The declared system boots next, and runs if that is asked for.

    Whoever is cut off from here on leaves a root of which nobody knows what it has, and what
    dom0 has recorded does not count any more; unless the root says that nothing changed.
    """
    name, notes = work.root.name, work.means.activating
    known, switched = not notes.begun(name), work.root.how.activation == "switch"
    notes.begin(name)
    try:
        (work.switch if switched else work.boot)(toplevel)
    except Failed:
        if known:
            notes.finish(name)
        raise
    if switched:
        work.boot(toplevel)


def remember(root: Root, means: Means, before: Mapping[str, Part]) -> None:
    """dom0 knows what the root has, and since when; the digest, which says all is done, is last.

    :param before: what it had, as far as that is known
    """
    dom0, name = means.dom0, root.name
    dom0.forget(name)
    old = {key: dom0.feature(name, key) for key in (record.PARTS, record.SYSTEM)}
    parts = record.updated(before, root.tree.parts, dates.since(root.how, dom0.look(Qube(name))))
    now = {record.PARTS: record.written(parts), record.SYSTEM: root.tree.digest}
    dom0.carry_out(name, record.steps(name, old, now))


@contextlib.contextmanager
def working(root: Root, means: Means) -> Iterator[Deployment]:
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
    except guest.NoAnswer as error:
        raise Failed(f"{error}\nsee {log.path}") from error
    finally:
        log.close()


class Deployment:
    """One root on its way."""

    def __init__(
        self, root: Root, means: Means, progress: Progress, way: guest.Way = guest.by_qvm_run
    ) -> None:
        self.root, self.means, self.progress, self.way = root, means, progress, way

    def start(self) -> None:
        """The root runs; that it was off is remembered beyond the death of this process."""
        have = self._look()
        if have.halted:
            self.progress.phase("starting")
            self.means.started.begin(self.root.name)
        self.means.dom0.carry_out(have.name, power.running(have.name, have).steps)

    def stop(self) -> None:
        """The root is off again if it was off before."""
        if self.means.started.begun(self.root.name):
            self.progress.phase("shutting down")
            self.means.dom0.forget(self.root.name)
            have = self._look()
            self.means.dom0.carry_out(have.name, power.halted(have.name, have).steps)
            self.means.started.finish(self.root.name)

    def probe(self) -> Mapping[str, str]:
        """What the root is, once it answers; it is a NixOS that can build."""
        self.progress.phase("waiting for an answer")
        found = self.reach("probe", patience=self.means.patience).values
        if why := failures.unfit(found, self.root.how.configuration):
            raise Failed(f"{self.root.name}: {why}")
        return found

    def build(self, found: Mapping[str, str]) -> str:
        """The declared system is in the store; where."""
        tree, name = self.root.tree, self.root.how.configuration
        kind = found["configuration"] if name == "auto" else "file" if name == "file" else "flake"
        self.progress.phase("sending")
        self.ask("push", tree.digest, str(len(tree.packed)), data=io.BytesIO(tree.packed))
        self.progress.phase("building")
        built = self.ask("build", tree.digest, kind, name)
        self.check("build", built, failures.of_build)
        return built.values["toplevel"]

    def switch(self, toplevel: str) -> None:
        """The declared system is active, and a fresh call has found it well."""
        seconds = str(self.root.how.confirm)
        self.progress.phase("switching")
        self.ask("switch", self.root.tree.digest, toplevel, seconds)
        self.progress.phase("confirming")
        answer = self.reach("confirm", seconds, patience=float(self.root.how.confirm))
        self.check("switch", answer, failures.of_switch)

    def boot(self, toplevel: str) -> None:
        """The declared system is what boots next."""
        self.progress.phase("activating")
        keep = str(self.root.how.generations)
        active = self.ask("activate", self.root.tree.digest, toplevel, keep)
        self.check("activate", active, failures.of_boot)

    def preview(self) -> tuple[str, ...]:
        """What activating the declared system at once would do; nothing if it is not built."""
        answer = self.ask("preview", self.root.tree.digest)
        return answer.lines if answer.values["built"] == "yes" else ()

    def _look(self) -> Have:
        have = self.means.dom0.look(Qube(self.root.name))
        if have is None:
            raise Failed(f"{self.root.name} does not exist")
        if not have.owned:
            raise Failed(not_ours(have.name))
        return have

    def reach(self, name: str, *arguments: str, patience: float) -> guest.Answer:
        """The script ran in the root, which may not be there yet, or not again.

        Who does not answer at all is asked again for a while. Who answers nonsense is not.
        """
        end = time.monotonic() + patience
        while True:
            try:
                return self.ask(name, *arguments)
            except guest.NoAnswer as error:
                if error.said or time.monotonic() > end:
                    raise
            time.sleep(PAUSE)

    def ask(self, name: str, *arguments: str, data: io.BytesIO | None = None) -> guest.Answer:
        """The script ran in the root, and says that it did its work."""
        script = scripts.load(self.means.read, name)
        answer = guest.ask(self.root.name, script, arguments, data, *self.progress.ears, self.way)
        if failed := answer.values.get(guest.FAILED):
            raise Failed(self._told(name, failures.FAILED[failed], answer.lines))
        return answer

    def check(
        self, name: str, answer: guest.Answer, judge: Callable[[Mapping[str, str]], str]
    ) -> None:
        """The phase ended well, by what the root says about itself.

        :raises Failed: it says otherwise
        """
        if why := judge(answer.values):
            raise Failed(self._told(name, why, answer.lines))

    def _told(self, phase: str, why: str, lines: tuple[str, ...]) -> str:
        log = self.means.log(self.root.name)
        return "\n".join((f"{self.root.name}: {phase}: {why}", *lines, f"see {log}"))
