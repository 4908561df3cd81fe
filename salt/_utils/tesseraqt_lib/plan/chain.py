# SPDX-License-Identifier: MIT
"""Who needs whom to run, among the qubes that run: the graph that power follows. Pure.

qubesd shuts no qube down through which running ones have their network, sound or windows
(``qubes/vm/mix/net.py``, ``qubes/ext/audio.py``, ``qubes/ext/gui.py``), and changes the template of
no disposable template of which disposables run (``qubes/vm/mix/dvmtemplate.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Have, Value

#: As what a qube may serve another one, and how that is said.
SERVES = {"netvm": "netvm", "audiovm": "AudioVM", "guivm": "GuiVM"}


@dataclass(frozen=True)
class Running:
    """The qubes that run, by name, and the netvm of those that have the default one."""

    qubes: Mapping[str, Have]
    default_netvm: str | None = None

    def served(self, name: str) -> dict[str, str]:
        """Whom the qube serves directly, each with as what."""
        return {
            have.name: role
            for have in self.qubes.values()
            for key, role in SERVES.items()
            if have.name != name and self.server(have, key) == name
        }

    def server(self, have: Have, key: str) -> str:
        """The qube that serves this one as ``key``; empty for none.

        A preloaded disposable keeps neither its netvm nor its AudioVM from being shut down.
        """
        if is_preload(have) and key != "guivm":
            return ""
        if key == "netvm":
            return netvm_of(have, self.default_netvm)
        return have.pref(key).text

    def disposables(self, name: str) -> list[str]:
        """The disposables that keep the template of their own template from changing."""
        return [
            have.name
            for have in self.qubes.values()
            if have.klass == words.DISP and have.template == name and not is_preload(have)
        ]

    def chain(self, names: Iterable[str]) -> list[str]:
        """These qubes and all that they serve in the end, each before whoever serves it."""
        found: dict[str, None] = {}
        for name in sorted(names):
            self._collect(name, found, frozenset())
        return list(found)

    def _collect(self, name: str, found: dict[str, None], above: frozenset[str]) -> None:
        """Whom the qube serves is found before the qube itself."""
        if name in found or name in above or name not in self.qubes:
            return
        for other in sorted(self.served(name)):
            self._collect(other, found, above | {name})
        found[name] = None


def is_preload(have: Have) -> bool:
    """Whether Qubes keeps this disposable ready for somebody who may want one."""
    return have.is_on("is_preload")


def netvm_of(have: Have, default: str | None) -> str:
    """The netvm of a qube.

    :param default: the default one as it is by then; ``None`` if it is as the qube shows it
    """
    netvm = have.prefs.get("netvm", Value("", False))
    follows = netvm.default and have.klass != words.TEMPLATE
    return default if follows and default is not None else netvm.text


def goes_when_halted(have: Have) -> bool:
    """Whether Qubes removes the qube once it is off, so that it cannot be started again."""
    return have.is_on("auto_cleanup")
