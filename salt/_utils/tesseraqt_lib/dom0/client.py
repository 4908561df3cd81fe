# SPDX-License-Identifier: MIT
"""The only door to Qubes: looks through ``qubesadmin``, acts through the tools.

Reads are cached for one run: one List for the fleet, and for each qube one GetAll, one
tag List, and whatever else its declaration speaks of. After a change the qube is
forgotten, so that the next look is a true one.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from salt.exceptions import CommandExecutionError

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.dom0 import read, template_rpm, tools, undo
from tesseraqt_lib.dom0.connection import asking, connected, heard
from tesseraqt_lib.dom0.kinds import copies, halts, makes, marks
from tesseraqt_lib.dom0.notes import Notes
from tesseraqt_lib.dom0.tools import StepFailed
from tesseraqt_lib.fleet import containers
from tesseraqt_lib.model import Have, Qube, Step, Value

#: Seconds within which qubesd is not asked again whether there is a qube.
SAME_MOMENT = 1.0


class NotOurs(CommandExecutionError):  # type: ignore[misc]
    """A step was asked for on a qube that tesseraqt neither made nor was told to adopt."""


class Dom0:
    """Qubes as this process sees it."""

    def __init__(self, place: Path) -> None:
        """
        :param place: the directory of dom0 where tesseraqt keeps its notes
        """
        self.place = place
        self.begun = Notes(place / "begun")
        self.whole = Notes(place / "whole")
        self.stopped = Notes(place / "stopped")
        self.spool = place / "packages"
        #: When this door was opened, on the clock that nobody can set.
        self.since = time.monotonic()
        #: How often anything was forgotten, so that whoever keeps what was seen knows its age.
        self.changes = 0
        self._app: Any = None
        self._listed = -SAME_MOMENT
        #: The features that qubesd has just now said to have set.
        self._set: dict[str, dict[str, str]] = {}
        self._properties: dict[str, dict[str, Value]] = {}
        self._tags: dict[str, frozenset[str]] = {}
        self._features: dict[str, dict[str, str | None]] = {}
        self._parts: dict[str, dict[str, str]] = {}
        self._seen = (self._set, self._properties, self._tags, self._features, self._parts)

    @property
    def app(self) -> Any:
        """The connection, opened at the first look."""
        if self._app is None:
            self._app = heard(connected(), self._asked)
            self._app.cache_enabled = True
        return self._app

    def _asked(self, method: str, *_: object) -> None:
        """When the list of qubes was asked for last is noted."""
        if method == "admin.vm.List":
            self._listed = time.monotonic()

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
        properties = self._values(vm)
        which = read.identity(properties)
        return Have(
            name=vm.name,
            klass=vm.klass,
            state=vm.get_power_state(),
            tags=self.tags(vm.name),
            template=properties.pop("template", Value("", True)).text,
            label=properties.pop("label", Value("", True)).text,
            prefs=properties,
            features=self._wanted_features(vm, want),
            volumes=read.volumes(vm, want.volumes) if want.volumes else {},
            firewall=() if want.firewall is None else read.rules(vm),
            devices={kind: read.assignments(vm, kind) for kind in want.devices},
            unfinished=self._unfinished(vm, which),
            half=self._unfinished(vm, which) and self.whole.about(vm.name) is None,
            stopped=self.stopped.begun(vm.name, which),
            identity=which,
            hotplug=read.hotplug(vm, properties, want),
        )

    def _values(self, vm: Any) -> dict[str, Value]:
        """The properties of a qube, for whoever takes some of them out."""
        if vm.name not in self._properties:
            self._properties[vm.name] = read.values(vm)
        return dict(self._properties[vm.name])

    def _wanted_features(self, vm: Any, want: Qube) -> dict[str, str]:
        """The features that a declaration speaks of, and those of tesseraqt's own."""
        names = {**want.features, **read.as_features(want.services)}
        known = self._set.pop(vm.name, {})
        return {**read.features(vm, names, known), **self._own_features(vm, want)}

    def _unfinished(self, vm: Any, which: str) -> bool:
        """Whether the making of this very qube was begun and not finished.

        Whoever dies in the very call that makes a qube has not noted which one it is.
        """
        about = self.begun.about(vm.name)
        return about == which if about else about is not None and read.bare(vm)

    def _own_features(self, vm: Any, want: Qube) -> dict[str, str]:
        """The flags and wires of a qube that has, or is to have, any."""
        if not (want.containers or want.itself or words.CONTAINERS_TAG in self.tags(vm.name)):
            return {}
        if vm.name not in self._parts:
            self._parts[vm.name] = read.beginning(vm, containers.OWN)
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
            return read.values(self.app)

    def forget_everything(self) -> None:
        """Every look from now on asks qubesd."""
        self.changes += 1
        self._app = None
        for seen in self._seen:
            seen.clear()

    def look_again(self, name: str) -> None:
        """The next look at this qube asks qubesd, unless it was said a moment ago that there is
        none, and nothing was done since."""
        if time.monotonic() - self._listed >= SAME_MOMENT or name in self.app.domains:
            self.forget(name)

    def forget(self, name: str) -> None:
        """The next look at this qube, and at the list of qubes, asks qubesd."""
        self.changes += 1
        self._listed = -SAME_MOMENT
        for seen in self._seen:
            seen.pop(name, None)
        self.app.domains.clear_cache(invalidate_name=name)
        self.app.clear_cache()

    def carry_out(self, name: str, steps: Iterable[Step], adopts: bool = False) -> list[Step]:
        """All steps are done, in their order.

        :param adopts: whether the qube is declared to be taken over
        :returns: the steps, as they were done
        :raises NotOurs: the qube is there, is not tesseraqt's, and is not to be taken over
        :raises StepFailed: one of them was not, and those after it were not tried
        """
        if not (adopts or self.owned_or_none(name)):
            raise NotOurs(f"{name} is not tesseraqt's: declare `adopt: true` to hand it over")
        todo, found = list(steps), dict[str, str]()
        app = heard(connected(), lambda *call: found.update(read.set_feature(*call)))
        for at, step in enumerate(todo):
            try:
                self._do(name, step, app)
            except (tools.Failed, OSError) as error:
                if step.argv[0] == "qvm-template" and self.begun.about(name) is not None:
                    # It runs by itself, so nobody could note which qube it made.
                    self.begun.begin(name, read.told_identity(app.qubesd_call, name))
                kept = [] if undo.withdrawn(name, todo, at, app) else todo[:at]
                back = undo.brought_back(todo, at, app)
                if back is not None:
                    self.stopped.finish(name)
                self._given_up(name)
                raise StepFailed(step, str(error), kept + (back or [])) from error
        if not any(map(halts, todo[-1:])):
            self.finished(name)
        # Qubes starts the netvms of a qube with it, and removes some disposables that are off.
        if any(step.what in ("power", "restart") for step in todo):
            self.forget_everything()
        self.forget(name)
        # Nobody else has changed a qube by then that was made in this very moment.
        self._set[name] = found if any(map(makes, todo)) else {}
        return todo

    def owned_or_none(self, name: str) -> bool:
        """Whether there is no qube of this name that is not tesseraqt's."""
        have = self.look(Qube(name))
        return have is None or have.owned

    def _do(self, name: str, step: Step, app: Any) -> None:
        """One step is done; a crash amid it would be known to have left the qube so."""
        if makes(step):
            self.whole.finish(name)
            self.begun.begin(name, "")
            app = self._making(name, step, app)
        if halts(step):
            self.stopped.begin(name, read.told_identity(app.qubesd_call, name))
        with template_rpm.fetched(step.package, self.spool):
            tools.run(step, app)
        if makes(step):
            self.whole.begin(name, self.begun.about(name) or "")
        if marks(step):
            self.begun.finish(name)

    def _making(self, name: str, step: Step, app: Any) -> Any:
        """A connection that notes what becomes of the making of a qube as soon as qubesd says so.

        A tool that copies makes many calls after the one that makes it, and what is noted may be
        removed. What qubesd refused to make, somebody else may have made.
        """

        def made(method: str, *_: object) -> None:
            if method.startswith("admin.vm.Create") and copies(step):
                self.begun.begin(name, read.told_identity(app.qubesd_call, name))

        def refused(method: str) -> None:
            if method.startswith("admin.vm.Create"):
                self.begun.finish(name)

        return heard(connected(), made, refused)

    def finished(self, name: str) -> None:
        """Nothing that was begun with this qube is unfinished."""
        for notes in (self.begun, self.whole, self.stopped):
            notes.finish(name)

    def _given_up(self, name: str) -> None:
        """Nothing is noted as begun that is not there at all."""
        self.forget(name)
        with contextlib.suppress(CommandExecutionError):
            if name not in self.classes():
                self.finished(name)
