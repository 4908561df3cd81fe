# SPDX-License-Identifier: MIT
"""What can go wrong in a root, from its words and the exit codes of its programs to sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from salt.exceptions import CommandExecutionError

#: Less than this, in KiB, is not worth a try.
LEAST_FREE = 1 << 20

FAILED = {
    "busy": "another deployment still works in it; wait for that to end, and apply again",
    "space": "its disk is full: grow its root volume",
    "damaged": "what was sent did not arrive whole",
    "tree": "what was sent before is gone from it; apply again",
    "profile": "nix could not make the new system a generation",
    "generation": "it has no such generation",
    "switch": "it could not begin to activate the new system",
}
#: ``nix-build`` (its manual, "exit status").
BUILD = {
    1: "its configuration does not evaluate",
    100: "something does not build",
    101: "a build took longer than nix allows",
    102: "a download has not the declared hash",
    104: "a build is not deterministic, and was to be checked for that",
}
#: ``switch-to-configuration`` (``switch-to-configuration-ng/src/main.rs``, and the Perl before it).
SWITCH = {
    1: "its boot entry could not be written, or a check before that failed",
    2: "its activation script failed",
    3: "systemd could not reload its units",
    4: "the system is active, but some units failed",
    100: "the new system needs a restart of the qube",
}
#: How NixOS names an option that it has not, if a name in it has a dot; never what is decided by.
DOTTED = re.compile(r"option `[^']*\"([^\"']*\.[^\"']*)\"[^']*' does not exist")


class Failed(CommandExecutionError):  # type: ignore[misc]
    """A phase failed: the root, why, and the last lines of its log."""


def of_build(values: Mapping[str, str]) -> str:
    """Why the build gave no system; empty if it did."""
    if values["code"] == "0" and "toplevel" in values:
        return ""
    if "out_of_memory" in values:
        return "it ran out of memory: raise its `maxmem`"
    if int(values["free"]) < LEAST_FREE // 16:
        return FAILED["space"]
    return named(BUILD, values["code"])


def hints(log: Iterable[str]) -> list[str]:
    """What people get wrong most in option data, where NixOS' own words do not help."""
    names = dict.fromkeys(name for line in log for name in DOTTED.findall(line))
    return [
        f"{name!r} is one name there: only a key of the first level of `config` is a path, below "
        f"it write maps in maps ({': {'.join(name.split('.'))}: ...{'}' * name.count('.')})"
        for name in names
    ]


def of_boot(values: Mapping[str, str]) -> str:
    """Why the system is not what boots next; empty if it is."""
    return named(SWITCH, values["code"])


def of_switch(values: Mapping[str, str]) -> str:
    """Why the system that was activated is not active any more; empty if it is."""
    if "unfinished" in values:
        return "its activation takes longer than `confirm`; the system before it comes back"
    if "lost" in values and values["code"] == "0":
        return "the system before it runs again, as after a restart of the qube"
    if values["code"] == "0" and values["failed_units"] == "0" and "back" not in values:
        return ""
    why = named(SWITCH, values["code"]) or "units failed that did not fail before"
    if values["code"] == "0" and values["failed_units"] == "0":
        why = "nobody confirmed in time that all was well"
    if "back" not in values:
        return f"{why}, and it does not say whether it went back: look at it"
    went = "it went back to the system before" if values["back"] == "0" else "going back failed too"
    return f"{why}; {went}"


def named(words: Mapping[int, str], code: str) -> str:
    """What an exit code means; nothing if it is 0."""
    return "" if code == "0" else words.get(int(code), f"it ended with code {code}")


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
