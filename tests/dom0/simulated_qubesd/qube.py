# SPDX-License-Identifier: MIT
"""One qube: its document, and the questions that rules ask about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simulated_qubesd import errors, events, properties

if TYPE_CHECKING:
    from simulated_qubesd.fleet import Fleet

NO_VALUE = object()


class Qube(properties.Holder):
    """A qube of the fleet, dom0 included."""

    def __init__(self, fleet: Fleet, document: dict) -> None:
        self.fleet = fleet
        self.doc = document
        self.klass: str = document["klass"]
        self.name: str = document["properties"].get("name", "dom0")

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{self.klass} at {id(self):#x} name={self.name!r} qid={self.qid}>"

    def changed(self) -> None:
        self.fleet.qube_changed(self)

    def fire(self, event: str, **details: object) -> None:
        events.fire(self, event, **details)

    def has(self, name: str) -> bool:
        """The class has that property."""
        return name in self.table

    def qube_at(self, name: str) -> Qube | None:
        """The qube that a property names, if it has the property and names one."""
        target = self.value(name, None)
        return self.fleet[target] if target else None

    @property
    def qid(self) -> int:
        """The number of the qube."""
        return self.value("qid")

    @property
    def template(self) -> Qube | None:
        """The template of the qube."""
        return self.qube_at("template")

    @property
    def netvm(self) -> Qube | None:
        """The qube that networks this one."""
        return self.qube_at("netvm")

    @property
    def provides_network(self) -> bool:
        """Others may be networked through the qube."""
        return bool(self.value("provides_network", False))

    @property
    def is_networked(self) -> bool:
        """The qube reaches a network, or is one."""
        return self.provides_network or self.value("netvm", None) is not None

    @property
    def based_on_it(self) -> Iterator[Qube]:
        """The qubes whose template this one is."""
        return (qube for qube in self.fleet if qube.value("template", None) == self.name)

    @property
    def connected(self) -> Iterator[Qube]:
        """The qubes that this one networks, also those that only do so by default."""
        return (qube for qube in self.fleet if qube.value("netvm", None) == self.name)

    @property
    def is_preload(self) -> bool:
        """Whether it is a disposable that waits for somebody who wants one."""
        return bool(self.value("is_preload", False))

    def drop_preloaded(self) -> None:
        """The disposables that wait are gone (remove_preload_excess in dvmtemplate.py)."""
        waiting = [disposable for disposable in self.based_on_it if disposable.is_preload]
        if self.features.get("preload-dispvm"):
            self.set_feature("preload-dispvm", "")
        for disposable in waiting:
            self.fleet.remove(disposable)

    def downstream(self) -> set[str]:
        """The names of the qubes networked through this one, at any distance."""
        found: set[str] = set()
        todo = [self]
        while todo:
            new = [qube for qube in todo.pop().connected if qube.name not in found]
            found.update(qube.name for qube in new)
            todo.extend(new)
        return found

    # Power

    @property
    def power(self) -> str:
        """The state as admin.vm.List spells it."""
        return self.doc["power"]

    @property
    def is_halted(self) -> bool:
        """Switched off."""
        return self.power == "Halted"

    @property
    def is_running(self) -> bool:
        """Not switched off; true for a paused qube too."""
        return not self.is_halted

    def switch(self, state: str) -> None:
        """The qube is in that state."""
        self.doc["power"] = state
        self.changed()

    # Features and tags

    @property
    def features(self) -> dict[str, str]:
        """To read; written with :meth:`set_feature`."""
        return self.doc["features"]

    @property
    def tags(self) -> list[str]:
        """To read; written with :meth:`add_tag`."""
        return self.doc["tags"]

    def set_feature(self, name: str, value: str) -> None:
        """The feature has the value; a rule may complain after that (Features.__setitem__)."""
        old = self.features.get(name)
        self.fire(f"feature-pre-set:{name}", feature=name, value=value, old=old)
        self.features[name] = value
        self.changed()
        self.fire(f"feature-set:{name}", feature=name, value=value, old=old)

    def remove_feature(self, name: str) -> None:
        """The feature is not set, which it was."""
        del self.features[name]
        self.changed()
        self.fire(f"feature-delete:{name}", feature=name)

    def feature(self, name: str, via: str | None = None, dom0: bool = False) -> str | None:
        """The feature here, or in a qube along a property, or in dom0 (qubes/features.py)."""
        qube: Qube | None = self
        while qube is not None:
            if name in qube.features:
                return qube.features[name]
            qube = qube.qube_at(via) if via else None
        return self.fleet["dom0"].features.get(name) if dom0 else None

    def add_tag(self, tag: str) -> None:
        """The qube has the tag."""
        if tag not in self.tags:
            self.tags.append(tag)
            self.changed()
            self.fire(f"tag-add:{tag}", tag=tag)

    def remove_tag(self, tag: str) -> None:
        """The qube does not have the tag, which it had."""
        if tag not in self.tags:
            message = f"Tag not set for domain {self.name}: {tag}"
            raise errors.Refused("QubesTagNotFoundError", message)
        self.tags.remove(tag)
        self.changed()

    # Devices

    @property
    def pci_assignments(self) -> list[dict]:
        """The PCI devices given to the qube."""
        return self.doc["assignments"].get("pci", [])
