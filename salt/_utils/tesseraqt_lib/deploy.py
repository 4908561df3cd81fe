# SPDX-License-Identifier: MIT
"""Brings one root to its declared system, phase by phase, and stops at the first that fails.

Each phase can be done again: a run that was killed anywhere is finished by the next one.
What is known to be done is a feature of the qube that only dom0 writes, after the last
phase; nothing that a qube says about itself ever counts as done.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from salt.exceptions import CommandExecutionError

from tesseraqt_lib import guest, scripts
from tesseraqt_lib import plan as planner
from tesseraqt_lib.dom0 import Dom0
from tesseraqt_lib.journal import Journal
from tesseraqt_lib.logfile import Log, Progress
from tesseraqt_lib.model import Have, Qube, Step
from tesseraqt_lib.tree import Tree

#: What was deployed last, by the sha256 of its tree, and when.
SYSTEM, SINCE = "x-tesseraqt-system", "x-tesseraqt-since"
#: Seconds that a qube gets from its start to the first answer.
PATIENCE = 180.0
#: Less than this, in KiB, is not worth a try.
LEAST_FREE = 1 << 20

FAILED = {
    "busy": "another deployment still works in it; wait for that to end, and apply again",
    "space": "its disk is full: grow its root volume",
    "damaged": "what was sent did not arrive whole",
    "tree": "what was sent before is gone from it; apply again",
    "profile": "nix could not make the new system a generation",
    "generation": "it has no such generation",
}
BUILD = {
    1: "its configuration does not evaluate",
    100: "something does not build",
    101: "a build took longer than nix allows",
    102: "a download has not the declared hash",
    104: "a build is not deterministic, and was to be checked for that",
}
SWITCH = {
    1: "its boot entry could not be written, or a check before that failed",
    2: "its activation script failed",
    3: "systemd could not reload its units",
    4: "the system is active, but some units failed",
    100: "the new system needs a restart of the qube",
}


class Failed(CommandExecutionError):  # type: ignore[misc]
    """A phase failed: the root, why, and the last lines of its log."""


@dataclass(frozen=True)
class Root:
    """A root, the files that make its system, and how it builds on what the root has."""

    name: str
    tree: Tree
    #: ``auto`` for what is found, ``file`` for configuration.nix, else a name in the flake.
    configuration: str = "auto"
    generations: int = 5


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

    def log(self, name: str) -> Path:
        """Where the log of a root is."""
        return self.dom0.place / "logs" / f"{name}.log"


def done(root: Root, means: Means) -> str | None:
    """What was deployed to the root last, if anything was; asked of dom0 alone."""
    return means.dom0.feature(root.name, SYSTEM)


def left_running(root: Root, means: Means) -> bool:
    """Whether a run that was killed left the root on."""
    return means.started.begun(root.name)


def put_away(root: Root, means: Means) -> None:
    """A root that a killed run left on is off."""
    log = Log(means.log(root.name))
    try:
        Deployment(root, means, Progress(root.name, log)).stop()
    finally:
        log.close()


def deploy(root: Root, means: Means) -> None:
    """The root boots its declared system next, and runs only if it did before.

    :raises Failed: it does not; what it booted before it still boots
    """
    with working(root, means) as work:
        work.build(work.probe())
        work.record()


@contextlib.contextmanager
def working(root: Root, means: Means) -> Iterator[Deployment]:
    """The root is on; afterwards it is off again if it was off before.

    :raises Failed: something went wrong with it
    """
    log = Log(means.log(root.name))
    try:
        work = Deployment(root, means, Progress(root.name, log))
        work.start()
        try:
            yield work
        finally:
            work.stop()
    except guest.NoAnswer as error:
        raise Failed(f"{error}\nsee {log.path}") from error
    finally:
        log.close()


class Deployment:
    """One root on its way."""

    def __init__(self, root: Root, means: Means, progress: Progress) -> None:
        self.root, self.means, self.progress = root, means, progress

    def start(self) -> None:
        """The root runs; that it was off is remembered beyond the death of this process."""
        have = self._look()
        if have.halted:
            self.progress.phase("starting")
            self.means.started.begin(self.root.name)
        self.means.dom0.carry_out(have.name, planner.running(have.name, have).steps)

    def stop(self) -> None:
        """The root is off again if it was off before."""
        if self.means.started.begun(self.root.name):
            self.progress.phase("shutting down")
            self.means.dom0.forget(self.root.name)
            have = self._look()
            self.means.dom0.carry_out(have.name, planner.halted(have.name, have).steps)
            self.means.started.finish(self.root.name)

    def probe(self) -> Mapping[str, str]:
        """What the root is, once it answers; it is a NixOS that can build.

        The agent of a qube is there only some time after its start, so who does not answer
        at all is asked again for a while. Who answers nonsense is not.
        """
        self.progress.phase("waiting for an answer")
        end = time.monotonic() + self.means.patience
        while True:
            try:
                found = self.ask("probe").values
                break
            except guest.NoAnswer as error:
                if error.said or time.monotonic() > end:
                    raise
            time.sleep(1)
        if why := unfit(found, self.root.configuration):
            raise Failed(f"{self.root.name}: {why}")
        return found

    def build(self, found: Mapping[str, str]) -> None:
        """The declared system is what boots next."""
        tree, name = self.root.tree, self.root.configuration
        kind = found["configuration"] if name == "auto" else "file" if name == "file" else "flake"
        self.progress.phase("sending")
        self.ask("push", tree.digest, str(len(tree.packed)), data=io.BytesIO(tree.packed))
        self.progress.phase("building")
        built = self.ask("build", tree.digest, kind, name)
        self.check("build", built, BUILD)
        self.progress.phase("activating")
        keep = str(self.root.generations)
        active = self.ask("activate", tree.digest, built.values.get("toplevel", ""), keep)
        self.check("activate", active, SWITCH)

    def record(self) -> None:
        """dom0 knows what the root has now."""
        name = self.root.name
        self.progress.phase("recording")
        # In this order: the second one says that all is done.
        said = {SINCE: str(int(time.time())), SYSTEM: self.root.tree.digest}
        steps = [
            Step(f"features.{key}", None, value, ("qvm-features", "--", name, key, value))
            for key, value in said.items()
        ]
        self.means.dom0.carry_out(name, steps)

    def _look(self) -> Have:
        have = self.means.dom0.look(Qube(self.root.name))
        if have is None:
            raise Failed(f"{self.root.name} does not exist")
        if not have.owned:
            raise Failed(f"{have.name} is not tesseraqt's: declare it with `adopt: true`")
        return have

    def ask(self, name: str, *arguments: str, data: io.BytesIO | None = None) -> guest.Answer:
        """The script ran in the root, and says that it did its work."""
        script = scripts.load(self.means.read, name)
        answer = guest.ask(self.root.name, script, arguments, data, self.progress.heard)
        if failed := answer.values.get(guest.FAILED):
            raise Failed(self._told(name, FAILED[failed], answer.lines))
        return answer

    def check(self, name: str, answer: guest.Answer, words: Mapping[int, str]) -> None:
        """The phase ended well, by what the root says about itself.

        :raises Failed: it says otherwise, or does not say
        """
        code = int(answer.values["code"])
        if code == 0 and (name != "build" or "toplevel" in answer.values):
            return
        why = words.get(code, f"it ended with code {code}")
        if "out_of_memory" in answer.values:
            why = "it ran out of memory: raise its `maxmem`"
        elif int(answer.values.get("free", LEAST_FREE)) < LEAST_FREE // 16:
            why = FAILED["space"]
        raise Failed(self._told(name, why, answer.lines))

    def _told(self, phase: str, why: str, lines: tuple[str, ...]) -> str:
        log = self.means.log(self.root.name)
        return "\n".join((f"{self.root.name}: {phase}: {why}", *lines, f"see {log}"))


def unfit(found: Mapping[str, str], configuration: str) -> str:
    """Why a root that answered so cannot be built on; empty if it can."""
    if found["system"] != "nixos":
        return "it does not run NixOS"
    if found["nix"] == "none":
        return "it has no nix, or not the tools that every NixOS has"
    if found["configuration"] == "none":
        return "it has neither /etc/nixos/flake.nix nor /etc/nixos/configuration.nix"
    if configuration not in ("auto", "file") and found["configuration"] != "flake":
        return f"there is no flake in /etc/nixos, which {configuration} would be in"
    if int(found["free"]) < LEAST_FREE:
        return f"only {int(found['free']) >> 10} MiB are free in it: grow its root volume"
    return ""
