# SPDX-License-Identifier: MIT
"""What is known of qubes: by their declarations alone, and by a look at the machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.fleet import roots
from tesseraqt_lib.model import Fleet, Have, Qube

#: By which features a root says that it runs Whonix; the last two on Qubes 4.2 as well.
WHONIX = {"os-distribution": words.WHONIX, "whonix-gw": "1", "whonix-ws": "1"}


@dataclass(frozen=True)
class Declared:
    """What the declaration alone says of a qube; ``None`` where it does not."""

    fleet: Fleet

    def klass(self, name: str) -> str | None:
        """The class of the qube."""
        qube = self.fleet.all.get(name)
        return None if qube is None else qube.klass or (None if qube.adopt else words.APP)

    def label(self, name: str) -> str | None:
        """The label of the qube."""
        qube = self.fleet.all.get(name)
        return qube.label if qube else None

    def makes_disposables(self, name: str) -> bool | None:
        """Whether disposables are made of the qube."""
        said = self.pref(name, "template_for_dispvms")
        return None if said is None else said == "True"

    def netvm(self, name: str) -> str | None:
        """The qube that gives it network; empty for none."""
        if self.klass(name) == words.TEMPLATE and self.pref(name, "netvm") is None:
            return ""
        return self.pref(name, "netvm")

    def guivm(self, name: str) -> str | None:
        """The qube that shows its windows, and where a person is asked; empty for none."""
        return self.pref(name, "guivm")

    def whonix(self, name: str) -> bool | None:
        """Whether the qube runs Whonix."""
        system = roots.declared_system(self.fleet, name)
        return None if system is None else system == words.WHONIX

    def pref(self, name: str, key: str) -> str | None:
        """A property, where it is declared."""
        qube = self.fleet.all.get(name, Qube(name))
        return qube.prefs.get(key)


@dataclass(frozen=True)
class Observed(Declared):
    """The declared qubes, and what dom0 knows beyond that; nothing that qubes say."""

    dom0: Dom0

    def klass(self, name: str) -> str | None:
        return super().klass(name) or self.dom0.classes().get(name)

    def label(self, name: str) -> str | None:
        have = self.have(name)
        return super().label(name) or (have.label if have else None)

    def netvm(self, name: str) -> str | None:
        """As declared, else as it is, else as Qubes gives it to a new qube."""
        said = super().netvm(name)
        return self.followed(name, "netvm", self.netvm) if said is None else said

    def guivm(self, name: str) -> str | None:
        """As declared, else as it is, else as Qubes gives it to a new qube."""
        said = super().guivm(name)
        return self.followed(name, "guivm", self.guivm) if said is None else said

    def followed(self, name: str, key: str, of: Callable[[str], str | None]) -> str | None:
        """What a qube is served by that does not declare it: as it is, else as the template of a
        disposable has it, else as the machine's own property says.

        :param of: the same of another qube
        """
        have, qube = self.have(name), self.fleet.all.get(name)
        kept = have.prefs.get(key) if have and not self.reset(name, key) else None
        if kept and not kept.default:
            return kept.text
        if qube and qube.klass == words.DISP and qube.template:
            return of(qube.template)
        return self.of_machine(f"default_{key}")

    def reset(self, name: str, key: str) -> bool:
        """Whether the property is declared to be the default one."""
        qube = self.fleet.all.get(name)
        return qube is not None and key in qube.prefs and qube.prefs[key] is None

    def of_machine(self, key: str) -> str:
        """A property of the machine, as declared or as it is."""
        said = self.fleet.globals.get(key)
        return self.dom0.global_properties()[key].text if said is None else said

    def makes_disposables(self, name: str) -> bool | None:
        said, have = super().makes_disposables(name), self.have(name)
        value = have.prefs.get("template_for_dispvms") if have else None
        return said if said is not None or value is None else value.text == "True"

    def whonix(self, name: str) -> bool | None:
        return bool(super().whonix(name))

    def have(self, name: str) -> Have | None:
        """The qube as it is, if it is there."""
        return self.dom0.look(Qube(name))


@dataclass(frozen=True)
class Told(Observed):
    """The same, and what roots say of themselves where the declaration does not."""

    #: Which roots run Whonix, as far as they were asked about.
    asked: dict[str, bool] = field(default_factory=dict)

    def whonix(self, name: str) -> bool | None:
        said = Declared.whonix(self, name)
        if said is not None:
            return said
        root = root_of(self.fleet, self.dom0, name, self.dom0.classes())
        if root not in self.asked and root in self.dom0.classes():
            found = (self.dom0.feature(root, key) == value for key, value in WHONIX.items())
            self.asked[root] = any(found)
        return self.asked.get(root)


def root_of(declared: Fleet, dom0: Dom0, name: str, there: Mapping[str, str]) -> str:
    """The qube whose root volume ``name`` runs, declared or not.

    :param there: every qube of the machine, and its class
    """
    name = roots.origin(declared, name)
    if name in there and there[name] in words.ROOTLESS:
        have = dom0.look(Qube(name))
        if have is not None and have.template:
            return root_of(declared, dom0, have.template, there)
    return name
