# SPDX-License-Identifier: MIT
"""What the machine says of the qubes at both ends of wires, where the declaration does not."""

from __future__ import annotations

from dataclasses import dataclass, field

from tesseraqt_lib import borders, machine
from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.borders import Declared
from tesseraqt_lib.dom0 import Dom0
from tesseraqt_lib.model import Fleet, Have, Qube
from tesseraqt_lib.problems import Problems

#: By which features a root says that it runs Whonix; the last two on Qubes 4.2 as well.
WHONIX = {"os-distribution": words.WHONIX, "whonix-gw": "1", "whonix-ws": "1"}


def check(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Nothing is wrong with any wire between two qubes, by all that can be known of them."""
    borders.check(Seen(declared, dom0), problems)


@dataclass(frozen=True)
class Seen(Declared):
    """The declared qubes, and what the machine says beyond that."""

    dom0: Dom0
    #: Which roots run Whonix, as far as they were asked about.
    asked: dict[str, bool] = field(default_factory=dict)

    def klass(self, name: str) -> str | None:
        return super().klass(name) or self.dom0.classes().get(name)

    def label(self, name: str) -> str | None:
        have = self.have(name)
        return super().label(name) or (have.label if have else None)

    def netvm(self, name: str) -> str | None:
        """As declared, else as it is, else as Qubes gives it to a new qube."""
        said, have = super().netvm(name), self.have(name)
        if said is not None:
            return said
        kept = have.prefs.get("netvm") if have and not self.reset(name, "netvm") else None
        if kept and not kept.default:
            return kept.text
        qube = self.fleet.all.get(name)
        if qube and qube.klass == words.DISP and qube.template:
            return self.netvm(qube.template)
        return self.default_netvm()

    def reset(self, name: str, key: str) -> bool:
        """Whether the property is declared to be the default one."""
        qube = self.fleet.all.get(name)
        return qube is not None and key in qube.prefs and qube.prefs[key] is None

    def default_netvm(self) -> str:
        """The netvm of qubes that have none of their own, as declared or as it is."""
        said = self.fleet.globals.get("default_netvm")
        return self.dom0.global_properties()["default_netvm"].text if said is None else said

    def makes_disposables(self, name: str) -> bool | None:
        said, have = super().makes_disposables(name), self.have(name)
        value = have.prefs.get("template_for_dispvms") if have else None
        return said if said is not None or value is None else value.text == "True"

    def whonix(self, name: str) -> bool | None:
        said = super().whonix(name)
        if said is not None:
            return said
        root = machine.root_of(self.fleet, self.dom0, name, self.dom0.classes())
        if root not in self.asked and root in self.dom0.classes():
            found = (self.dom0.feature(root, key) == value for key, value in WHONIX.items())
            self.asked[root] = any(found)
        return self.asked.get(root)

    def have(self, name: str) -> Have | None:
        """The qube as it is, if it is there."""
        return self.dom0.look(Qube(name))
