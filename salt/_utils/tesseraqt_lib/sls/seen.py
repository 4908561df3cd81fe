# SPDX-License-Identifier: MIT
"""The declared qubes as the machine has them, with their declarations laid over: who needs whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Fleet, Have, Qube, Value
from tesseraqt_lib.plan import predict
from tesseraqt_lib.plan.chain import SERVES, Running

#: What a qube may give up, and not before nobody uses it any more.
GIVEN_UP = ("provides_network", "template_for_dispvms")


@dataclass(frozen=True)
class Seen:
    """What of the machine decides about the order of states, and about more states."""

    #: The declared qubes that are there, by name.
    there: Mapping[str, Have] = field(default_factory=dict)
    #: The netvm of those that are to have the default one; ``None`` if nobody asks.
    default_netvm: str | None = None
    #: Those that are not changed for what they say of themselves.
    refused: frozenset[str] = frozenset()
    #: The qubes that have to be off while others change, each before whoever serves it.
    halted_for_change: tuple[str, ...] = ()

    def off(self, name: str) -> bool:
        """Whether the qube does not run, or is not there."""
        return name not in self.there or self.there[name].halted

    def servers(self, qube: Qube) -> set[str]:
        """The qubes that serve this one once it is as declared."""
        then = self.then(qube)
        known = Running({}, self.default_netvm)
        return {known.server(then, key) for key in SERVES} - {""}

    def then(self, qube: Qube) -> Have:
        """The qube once it is as declared, as far as somebody serves it."""
        klass = qube.klass or words.APP
        have = self.there.get(qube.name) or Have(qube.name, klass, "Halted", frozenset())
        unknown = {"netvm": Value("", True)} if klass in words.ROOTLESS else {}
        said = {key: predict.after_set(qube.prefs[key]) for key in SERVES if key in qube.prefs}
        return replace(have, prefs={**unknown, **have.prefs, **said})

    def leaf_first(self, qubes: Iterable[Qube]) -> list[str]:
        """Their names, each before those that serve it."""
        then = {qube.name: self.then(qube) for qube in qubes}
        return Running(then, self.default_netvm).chain(then)

    def chained(self, fleet: Fleet) -> set[str]:
        """The qubes that may be restarted, if one of them serves another one."""
        kept = [
            qube
            for qube in fleet.qubes.values()
            if qube.restart == "when_needed" and not qube.absent and qube.running is not False
            if qube.name not in self.refused
        ]
        names = {qube.name for qube in kept}
        serves = any(names & self.servers(qube) - {qube.name} for qube in kept)
        return names if serves else set()

    def given_up(self, qube: Qube) -> dict[str, str | None]:
        """Those of the declared properties with which the qube gives up what others may use."""
        have = self.there.get(qube.name)
        return {
            key: qube.prefs[key]
            for key in GIVEN_UP
            if have is not None and key in qube.prefs and qube.prefs[key] != "True"
            if have.is_on(key)
        }

    def awaited_netvm(self, qube: Qube, fleet: Fleet) -> str:
        """The declared netvm of a qube that runs, if it is off and declared to run; else empty.

        Qubes attaches no running qube to one that is off.
        """
        name = qube.prefs.get("netvm") or ""
        server = fleet.all.get(name)
        if self.off(qube.name) or qube.running is False or server is None:
            return ""
        return name if server.running and not server.absent and self.off(name) else ""
