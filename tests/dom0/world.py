# SPDX-License-Identifier: MIT
"""A test's handle on a simulated dom0: make one, look at it, make things go wrong in it."""

from __future__ import annotations

import copy
import json
import os
import shutil
from pathlib import Path
from typing import Any

import simulated_qubesd
import starting_fleet
from simulated_qubesd import creation, power
from simulated_qubesd.accounting import Accounting
from simulated_qubesd.faults import Faults
from simulated_qubesd.fleet import Fleet
from simulated_qubesd.qube import Qube
from simulated_qubesd.store import Store
from template_packages import Package

HERE = Path(__file__).resolve().parent
#: Where qrexec policy is, below the directory of the world.
POLICY = Path("etc/qubes/policy.d")
_DIFFERENT_EACH_TIME = ("qid", "uuid", "dispid")


class World:
    """One simulated dom0 in a directory.

    What the methods here do is neither recorded as a call nor subject to faults.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        self._accounting = Accounting(str(path))
        self._faults = Faults(str(path))
        self._fleet = Fleet(Store(str(path)))

    @classmethod
    def create(cls, path: str | os.PathLike) -> World:
        """A freshly installed dom0 in that directory, whatever was there before.

        It is the one that the contract tests start from, with as little as will do: the templates
        fedora-42, nixos and whonix-workstation-18, sys-net, sys-firewall (both running) and the two
        disposable templates of Qubes. :meth:`complete` adds the rest.
        """
        simulated_qubesd.forget(str(path))
        shutil.rmtree(path, ignore_errors=True)
        _install(Path(path))
        return cls(path)

    def complete(self) -> World:
        """What the installer offers besides: debian-13, and Whonix with its extension of qubesd.

        sys-whonix runs; whonix-workstation-18-dvm and anon-whonix are there.
        """
        with self._fleet as fleet:
            fleet.doc["addons"] = ["whonix"]
            fleet.changed()
            _add_templates(fleet, starting_fleet.MORE_TEMPLATES)
            for qube in fleet:
                if qube.name.startswith("whonix-"):
                    qube.add_tag("whonix-updatevm")
            _add_appvms(fleet, starting_fleet.MORE_QUBES)
            power.start(fleet["sys-whonix"])
        return self

    # To act in it

    def environ(self) -> dict[str, str]:
        """The environment of a process that is to be in this dom0."""
        return {
            **os.environ,
            "TESSERAQT_DOM0": str(self.path),
            "PYTHONPATH": _prepended(HERE, "PYTHONPATH"),
            "PATH": _prepended(HERE / "bin", "PATH"),
        }

    def activate(self, monkeypatch: Any) -> World:
        """This process, and those that it starts, are in this dom0 until the test ends."""
        for name in ("TESSERAQT_DOM0", "PYTHONPATH", "PATH"):
            monkeypatch.setenv(name, self.environ()[name])
        monkeypatch.syspath_prepend(str(HERE))
        return self

    # What was asked of it

    def calls(self) -> list[dict]:
        """Every Admin API call so far, oldest first."""
        return self._accounting.read()

    def writes(self) -> list[dict]:
        """The calls that may have changed something."""
        return [call for call in self.calls() if call["writing"]]

    def forget_calls(self) -> None:
        """Counting starts anew."""
        with self._fleet:
            self._accounting.forget()

    # What goes wrong in it

    def inject(self, kind: str, at: int = 1, **details: Any) -> None:
        """A fault (see simulated_qubesd/faults.py) happens in the ``at``-th matching call."""
        with self._fleet:
            self._faults.add({"kind": kind, "at": at, "count": "writes", **details})

    def went_wrong(self) -> bool:
        """Whether a fault has happened."""
        return any(fault.get("fired") for fault in self._faults.read())

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        with self._fleet:
            self._faults.clear()

    # What it holds

    def qubes(self) -> list[str]:
        """The names of all qubes, dom0 first."""
        with self._fleet as fleet:
            power.settle(fleet)
            return [qube.name for qube in fleet]

    def qube(self, name: str) -> dict:
        """Everything about one qube, with nothing left out."""
        with self._fleet as fleet:
            power.settle(fleet)
            return copy.deepcopy(fleet[name].doc)

    def snapshot(self) -> dict:
        """Everything but what differs each time; equal if the worlds are."""
        with self._fleet as fleet:
            power.settle(fleet)
            state = {"system": fleet.doc, "qubes": {qube.name: qube.doc for qube in fleet}}
            state = json.loads(json.dumps(state))
        for key in ("last_xid", "clone_tokens", "going_down"):
            state["system"].pop(key, None)
        for document in state["qubes"].values():
            _plain(document)
        return state

    @property
    def policy(self) -> Path:
        """The directory of qrexec policy."""
        return self.path / POLICY

    # To change it from outside

    def add_qube(
        self,
        name: str,
        klass: str = "AppVM",
        template: str = "",
        label: str = "red",
        **settings: Any,
    ) -> None:
        """One more qube; ``properties``, ``features``, ``tags``, ``power`` as in :meth:`edit`."""
        with self._fleet as fleet:
            creation.create(fleet, klass, template, creation.Wish(name, label))
            _settle(fleet[name], settings)

    def edit(self, name: str, **settings: Any) -> None:
        """The qube has these ``properties``, ``features`` (None unsets) and ``tags`` too.

        Any other key replaces a part of its document, and no rule is asked: that is how a test
        makes a world which no client could make.
        """
        with self._fleet as fleet:
            _settle(fleet[name], settings)

    def edit_system(self, **settings: Any) -> None:
        """The same for what belongs to no qube.

        ``silent_refusals=True`` makes qubesd that of Qubes 4.3 in one respect: requests that are
        malformed or prohibited get an empty reply.
        """
        with self._fleet as fleet:
            fleet.doc["properties"].update(settings.pop("properties", {}))
            fleet.doc.update(settings)
            fleet.changed()

    def publish(self, name: str, repository: str = "qubes-templates-itl", **details: Any) -> Path:
        """A template package is in that repository (see template_packages.py)."""
        return Package(name, **details).write(self.path / "repositories" / repository)

    def power(self, name: str, state: str) -> None:
        """The qube is ``Running`` (its netvms too), ``Halted``, ``Paused``, …"""
        with self._fleet as fleet:
            qube = fleet[name]
            if state == "Running" and qube.is_halted:
                power.start(qube)
            elif state == "Halted" and qube.is_running:
                power.stopped(qube)
            else:
                qube.switch(state)


def _settle(qube: Qube, settings: dict[str, Any]) -> None:
    document = qube.doc
    document["properties"].update(settings.pop("properties", {}))
    for feature, value in settings.pop("features", {}).items():
        document["features"][feature] = value
        if value is None:
            del document["features"][feature]
    for tag in settings.pop("tags", ()):
        qube.add_tag(tag)
    document.update(settings)
    qube.changed()


def _plain(document: dict) -> None:
    for key in ("xid", "start_time", "attached"):
        document.pop(key, None)
    for name in _DIFFERENT_EACH_TIME:
        document["properties"].pop(name, None)
    document["tags"].sort()
    document["features"] = dict(sorted(document["features"].items()))


def _prepended(path: Path, variable: str) -> str:
    rest = [part for part in os.environ.get(variable, "").split(os.pathsep) if part]
    return os.pathsep.join([str(path), *(part for part in rest if part != str(path))])


def _install(path: Path) -> None:
    """The starting fleet is in the directory, made as a client would make it."""
    (path / "qubes").mkdir(parents=True)
    (path / POLICY).mkdir(parents=True)
    store = Store(str(path))
    store.write(
        {"globals": starting_fleet.system_document(), "qubes/dom0": starting_fleet.dom0_document()}
    )
    store.forget()
    with Fleet(store) as fleet:
        _add_templates(fleet, starting_fleet.TEMPLATES)
        fleet.set("default_template", "fedora-42")
        _add_appvms(fleet, starting_fleet.QUBES)
        for key, value in starting_fleet.GLOBALS.items():
            fleet.set(key, value)
        power.start(fleet["sys-firewall"])
    store.close()


def _add_templates(fleet: Fleet, templates: dict[str, dict[str, str]]) -> None:
    for name, features in templates.items():
        qube = creation.create(fleet, "TemplateVM", "", creation.Wish(name, "black"))
        qube.features.update(features)


def _add_appvms(fleet: Fleet, qubes: dict[str, tuple[str, str, str, str]]) -> None:
    for name, (template, label, properties, features) in qubes.items():
        qube = creation.create(fleet, "AppVM", template, creation.Wish(name, label))
        for pair in properties.split():
            key, _, value = pair.partition("=")
            qube.set_from(key, value.encode())
        for pair in features.split():
            qube.set_feature(*pair.split("="))
