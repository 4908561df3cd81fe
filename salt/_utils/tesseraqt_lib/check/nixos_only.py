# SPDX-License-Identifier: MIT
"""The rule that every declared qube runs NixOS or Whonix, by declaration or by its root's word."""

from __future__ import annotations

import functools
from collections.abc import Callable

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.check import facts
from tesseraqt_lib.check.references import path_of
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.fleet import roots
from tesseraqt_lib.model import Fleet
from tesseraqt_lib.problems import Problems


def check_declared(declared: Fleet, problems: Problems) -> None:
    """No qube is declared to run anything but NixOS or Whonix, where that is the rule."""
    for name, qube_ in declared.all.items():
        if not qube_.absent and roots.declared_system(declared, name) == words.OTHER:
            report(declared, name, "does not run NixOS", problems, problems.add)


def report(
    declared: Fleet,
    name: str,
    text: str,
    problems: Problems,
    enforce: Callable[[str, str], None],
) -> None:
    """Told as a problem, a warning, or not at all, as ``nixos_only`` says.

    It is told of the qube that the root comes from, once for all that run it.

    :param enforce: what is done, with the path and the text, where the rule is enforced
    """
    at = path_of(declared, roots.origins(declared, name)[-1])
    if declared.nixos_only == "enforce":
        how = "; declare only NixOS and Whonix qubes, or set `nixos_only: warn`"
        enforce(at, f"{text}{how}")
    elif declared.nixos_only == "warn":
        problems.warn(at, text)


def check_observed(declared: Fleet, dom0: Dom0, problems: Problems) -> None:
    """Every declared qube runs NixOS or Whonix, by declaration or by its template's word.

    The word of a root speaks against the qubes that run it, and against nothing else.
    """
    if declared.nixos_only == "off":
        return
    there = dom0.classes()
    asked: dict[str, str | None] = {}
    for name, qube in declared.all.items():
        if qube.absent or roots.declared_system(declared, name) is not None:
            continue
        root = facts.root_of(declared, dom0, name, there)
        if there.get(root) not in words.ROOTED:
            continue  # not there, or no template: told already
        if root not in asked:
            asked[root] = dom0.feature(root, "os-distribution")
        if asked[root] not in (words.NIXOS, words.WHONIX):
            refuse = functools.partial(problems.refuse, name)
            report(declared, name, reported(root, asked[root]), problems, refuse)


def reported(root: str, system: str | None) -> str:
    """What a root says of itself, where that is neither NixOS nor Whonix."""
    if system:
        return f"its root {root!r} reports {system!r}"
    return f"its root {root!r} does not say what it runs (declare it with `os: nixos` if it does)"
