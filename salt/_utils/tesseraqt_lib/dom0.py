# SPDX-License-Identifier: MIT
"""The only door to Qubes: looks through ``qubesadmin``, acts through the tools.

Reads are cached for one run: one List for the fleet, and for each qube one GetAll, one
tag List, and whatever else its declaration speaks of. After a change the qube is
forgotten, so that the next look is a true one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import qubesadmin
from salt.exceptions import CommandExecutionError

from tesseraqt_lib import look, parts, tools
from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.journal import Journal
from tesseraqt_lib.model import Have, Package, Qube, Step, Value


class StepFailed(CommandExecutionError):  # type: ignore[misc]
    """A step failed: which one, after which others, and what its command said."""

    def __init__(self, step: Step, said: str, done: list[Step]) -> None:
        super().__init__(f"{tools.shown(step.argv)}: {said}")
        self.step = step
        self.done = done


class Dom0:
    """Qubes as this process sees it."""

    def __init__(self, place: Path) -> None:
        """
        :param place: the directory of dom0 where tesseraqt keeps its notes
        """
        self.place = place
        self.begun = Journal(place / "begun")
        self.whole = Journal(place / "whole")
        self.stopped = Journal(place / "stopped")
        self.spool = place / "packages"
        #: When this door was opened, on the clock that nobody can set.
        self.since = time.monotonic()
        self._app: Any = None
        self._tags: dict[str, frozenset[str]] = {}
        self._features: dict[str, dict[str, str | None]] = {}
        self._parts: dict[str, dict[str, str]] = {}

    @property
    def app(self) -> Any:
        """The connection, opened at the first look."""
        if self._app is None:
            with asking("qubesd"):
                self._app = qubesadmin.Qubes()
                self._app.cache_enabled = True
        return self._app

    def classes(self) -> Mapping[str, str]:
        """Every qube on the machine and its class; one call in a run."""
        with asking("the list of qubes"):
            return {vm.name: vm.klass for vm in self.app.domains}

    def labels(self) -> frozenset[str]:
        """The labels that the machine has."""
        with asking("the list of labels"):
            return frozenset(str(label) for label in self.app.labels)

    def feature(self, name: str, feature: str) -> str | None:
        """The value of a feature, or ``None`` when the qube has it not."""
        found = self._features.setdefault(name, {})
        if feature not in found:
            with asking(name):
                found[feature] = self.app.domains[name].features.get(feature)
        return found[feature]

    def tags(self, name: str) -> frozenset[str]:
        """The tags of a qube."""
        if name not in self._tags:
            with asking(name):
                self._tags[name] = frozenset(self.app.domains[name].tags)
        return self._tags[name]

    def state(self, name: str) -> str:
        """The power state of a qube, as the list of qubes said."""
        with asking(name):
            return str(self.app.domains[name].get_power_state())

    def look(self, want: Qube) -> Have | None:
        """The qube of this name as far as ``want`` speaks of it; ``None`` if there is none.

        :raises CommandExecutionError: qubesd did not answer
        """
        with asking(want.name):
            if want.name not in self.app.domains:
                return None
            return self._have(self.app.domains[want.name], want)

    def _have(self, vm: Any, want: Qube) -> Have:
        properties = look.values(vm)
        return Have(
            name=vm.name,
            klass=vm.klass,
            state=vm.get_power_state(),
            tags=self.tags(vm.name),
            template=properties.pop("template", Value("", True)).text,
            label=properties.pop("label", Value("", True)).text,
            prefs=properties,
            features={
                **look.features(vm, {**want.features, **look.as_features(want.services)}),
                **self._own_features(vm, want),
            },
            volumes=look.volumes(vm, want.volumes) if want.volumes else {},
            firewall=() if want.firewall is None else look.rules(vm),
            devices={kind: look.assignments(vm, kind) for kind in want.devices},
            unfinished=self.begun.begun(vm.name),
            half=self.begun.begun(vm.name) and not self.whole.begun(vm.name),
            stopped=self.stopped.begun(vm.name),
            hotplug=look.hotplug(vm, properties, want),
        )

    def _own_features(self, vm: Any, want: Qube) -> dict[str, str]:
        """The flags and wires of a qube that has, or is to have, any."""
        if not (want.containers or want.itself or words.PARTS_TAG in self.tags(vm.name)):
            return {}
        if vm.name not in self._parts:
            self._parts[vm.name] = look.beginning(vm, parts.OWN)
        return self._parts[vm.name]

    def global_properties(self) -> Mapping[str, Value]:
        """The machine's own properties.

        They name dom0, and the client cannot tell the class of a dom0 that it has not seen in
        the list: the next list would end in an AssertionError.
        """
        with asking("the global properties"):
            self.app.domains.refresh_cache()
            # Any of them brings all of them; this one exists in every version.
            _ = self.app.default_template
            return look.values(self.app)

    def forget(self, name: str) -> None:
        """The next look at this qube, and at the list of qubes, asks qubesd."""
        for seen in (self._tags, self._features, self._parts):
            seen.pop(name, None)
        self.app.domains.clear_cache(invalidate_name=name)
        self.app.clear_cache()

    def carry_out(self, name: str, steps: Iterable[Step]) -> list[Step]:
        """All steps are done, in their order.

        :returns: the steps, as they were done
        :raises StepFailed: one of them was not, and those after it were not tried
        """
        todo, app = list(steps), self._plain()
        for at, step in enumerate(todo):
            try:
                self._do(name, step, app)
            except (tools.Failed, OSError) as error:
                back = self._brought_back(name, todo, at, app)
                self._given_up(name)
                raise StepFailed(step, str(error), todo[:at] + back) from error
        self.finished(name)
        self.forget(name)
        return todo

    def _do(self, name: str, step: Step, app: Any) -> None:
        """One step is done; a crash amid it would be known to have left the qube so."""
        if makes(step):
            self.whole.finish(name)
            self.begun.begin(name)
        if halts(step):
            self.stopped.begin(name)
        with self._fetched(step.package):
            tools.run(step, app)
        if makes(step):
            self.whole.begin(name)
        if marks(step):
            self.begun.finish(name)

    def _brought_back(self, name: str, todo: list[Step], at: int, app: Any) -> list[Step]:
        """The qube runs again if it was halted for steps of which one then failed.

        The halt itself may have failed, or only seemed to: then nothing changed in the end.
        """
        again = [step for step in todo[at + 1 :] if step.what == "restart" and not halts(step)]
        if not again or not any(map(halts, todo[: at + 1])):
            return []
        with contextlib.suppress(tools.Failed):
            for step in again:
                tools.run(step, app)
            self.stopped.finish(name)
            return [] if halts(todo[at]) else again
        return []

    def finished(self, name: str) -> None:
        """Nothing that was begun with this qube is unfinished."""
        for journal in (self.begun, self.whole, self.stopped):
            journal.finish(name)

    def _given_up(self, name: str) -> None:
        """Nothing is noted as begun that is not there at all."""
        self.forget(name)
        with contextlib.suppress(CommandExecutionError):
            if name not in self.classes():
                self.finished(name)

    @staticmethod
    def _plain() -> Any:
        """A connection for tools, which look for themselves.

        Not the caching one: with that, qvm-clone ends in an AttributeError and leaves half
        a clone behind (it reads ``default_user`` of dom0, which the cache has not).
        """
        with asking("qubesd"):
            return qubesadmin.Qubes()

    @contextlib.contextmanager
    def _fetched(self, package: Package | None) -> Iterator[None]:
        """The package lies in the spool meanwhile, and what lies there has the declared sha256."""
        if package is None:
            yield
            return
        try:
            self._fetch(package)
            yield
        finally:
            shutil.rmtree(self.spool, ignore_errors=True)

    def _fetch(self, package: Package) -> None:
        """The package is copied to where only root can write, and hashed on its way there:
        what was checked is what ``rpm`` will read."""
        self.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy, part = self.spool / f"{package.sha256}.rpm", self.spool / "part"
        digest = hashlib.sha256()
        with open(package.rpm, "rb") as source, open(part, "wb") as target:
            while block := source.read(1 << 20):
                digest.update(block)
                target.write(block)
        if digest.hexdigest() != package.sha256:
            raise tools.Failed(f"{package.rpm} is not what is declared: {digest.hexdigest()}")
        os.replace(part, copy)


def makes(step: Step) -> bool:
    """Whether the step makes a qube."""
    return step.what == "qube" and step.old is None


def marks(step: Step) -> bool:
    """Whether the step marks a qube as tesseraqt's."""
    return step.what == f"tags.{words.OWNER_TAG}"


def halts(step: Step) -> bool:
    """Whether the step halts a qube only for those that follow."""
    return step.what == "restart" and step.new == "Halted"


@contextlib.contextmanager
def asking(what: str) -> Iterator[None]:
    """Whatever qubesd refuses to tell becomes an error that names ``what`` was asked.

    :raises CommandExecutionError: it refused, or is not there
    """
    try:
        yield
    except tools.refusals() as error:
        raise CommandExecutionError(f"{what}: {tools.cleaned(str(error))}") from error
