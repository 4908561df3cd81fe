# SPDX-License-Identifier: MIT
"""One root on its way to its declared system: what is asked of it in each phase."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.dom0.notes import Notes
from tesseraqt_lib.guest import ask as guest_ask
from tesseraqt_lib.guest import command, scripts
from tesseraqt_lib.guest.log import Progress
from tesseraqt_lib.model import Have, Qube, System
from tesseraqt_lib.plan import power
from tesseraqt_lib.plan.containers import start_time
from tesseraqt_lib.roots import failures
from tesseraqt_lib.roots.failures import Failed
from tesseraqt_lib.roots.tree import Tree

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
    def started(self) -> Notes:
        """The roots that tesseraqt started for a deployment and has not shut down."""
        return Notes(self.dom0.place / "started")

    def log(self, name: str) -> Path:
        """Where the log of a root is."""
        return self.dom0.place / "logs" / f"{name}.log"


def not_ours(name: str) -> str:
    """Why nothing is done about a root of somebody else's."""
    return f"{name} is not tesseraqt's: declare it with `adopt: true`"


def run_of(have: Have) -> str:
    """Which qube this is, and since when it runs."""
    return f"{have.identity} {start_time(have)}"


def left_on(means: Means, have: Have | None) -> bool:
    """Whether a run that was killed left the root on, and nobody has restarted it since."""
    return have is not None and not have.halted and means.started.begun(have.name, run_of(have))


class Deployment:
    """One root on its way."""

    def __init__(
        self,
        root: Root,
        means: Means,
        progress: Progress,
        way: command.Way = command.by_qvm_run,
    ) -> None:
        self.root, self.means, self.progress, self.way = root, means, progress, way
        self.was_off = False

    def start(self) -> None:
        """The root runs; that it was off is remembered beyond the death of this process, but
        for this very run of it: who starts it later may want to work in it."""
        have = self._look()
        if have.halted:
            self.progress.phase("starting")
            self.was_off = True
        self.means.dom0.carry_out(have.name, power.running(have.name, have).steps)
        if self.was_off:
            self.means.started.begin(self.root.name, run_of(self._look()))

    def stop(self) -> None:
        """The root is off again if it was off before."""
        self.means.dom0.forget(self.root.name)
        if self.was_off or left_on(self.means, self.means.dom0.look(Qube(self.root.name))):
            self.progress.phase("shutting down")
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

    def reach(self, name: str, *arguments: str, patience: float) -> guest_ask.Answer:
        """The script ran in the root, which may not be there yet, or not again.

        Who does not answer at all is asked again for a while. Who answers nonsense is not.
        """
        end = time.monotonic() + patience
        while True:
            try:
                return self.ask(name, *arguments)
            except guest_ask.NoAnswer as error:
                if error.said or time.monotonic() > end:
                    raise
            time.sleep(PAUSE)

    def ask(self, name: str, *arguments: str, data: io.BytesIO | None = None) -> guest_ask.Answer:
        """The script ran in the root, and says that it did its work."""
        script = scripts.load(self.means.read, name)
        answer = guest_ask.ask(
            self.root.name, script, arguments, data, *self.progress.ears, self.way
        )
        if failed := answer.values.get(guest_ask.FAILED):
            raise Failed(self._told(name, failures.FAILED[failed], answer.lines))
        return answer

    def check(
        self, name: str, answer: guest_ask.Answer, judge: Callable[[Mapping[str, str]], str]
    ) -> None:
        """The phase ended well, by what the root says about itself.

        :raises Failed: it says otherwise
        """
        if why := judge(answer.values):
            raise Failed(self._told(name, why, answer.lines))

    def _told(self, phase: str, why: str, lines: tuple[str, ...]) -> str:
        log = self.means.log(self.root.name)
        told = (f"{self.root.name}: {phase}: {why}", *lines, *failures.hints(lines), f"see {log}")
        return "\n".join(told)
