# SPDX-License-Identifier: MIT
"""What can be wrong with the names by which qubes name each other."""

from __future__ import annotations

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.fleet import references
from tesseraqt_lib.model import Fleet, Qube
from tesseraqt_lib.problems import Problems


def path_of(declared: Fleet, name: str) -> str:
    """Where the declaration called ``name`` stands in pillar."""
    return f"templates.{name}" if name in declared.templates else f"qubes.{name}"


def place(declared: Fleet, naming: Qube, found: references.Reference) -> str:
    """Where the reference stands: in the qube's own declaration, or in the defaults."""
    if naming.name in declared.qubes and found in references.references(declared.defaults):
        return f"defaults.{found.key}"
    return f"{path_of(declared, naming.name)}.{found.key}"


def class_of(declared: Fleet, qube: Qube, problems: Problems) -> str | None:
    """The class of a declared qube; ``None`` where that is not said, or said wrongly.

    A qube without one is made as an AppVM, and an adopted one is what it is.
    """
    if qube.klass or qube.adopt or f"{path_of(declared, qube.name)}.class" in problems.blamed:
        return qube.klass
    return words.APP


def check(declared: Fleet, problems: Problems) -> None:
    """Every declared qube that another names is of the right kind and stays there."""
    for naming in declared.all.values():
        for found in () if naming.absent else references.references(naming):
            target = declared.all.get(found.name)
            if target is not None and (why := misfit(declared, found, naming, target, problems)):
                problems.value(place(declared, naming, found), found.name, why)
    for key in words.GLOBAL_REFERENCES:
        target = declared.all.get(declared.globals.get(key) or "")
        if target is not None and (why := global_misfit(declared, key, target, problems)):
            problems.value(f"globals.{key}", target.name, why)
    cycles(declared, problems)
    power(declared, problems)
    default_cycle(declared, problems)


def misfit(
    declared: Fleet, found: references.Reference, naming: Qube, target: Qube, problems: Problems
) -> str:
    """Why ``target`` cannot be what ``naming`` uses it for; empty if it can."""
    if target.absent:
        return "is declared absent"
    klass, use = class_of(declared, target, problems), found.key.removeprefix("prefs.")
    if found.key == "clone":
        return not_template(klass)
    if found.key == "template":
        own = class_of(declared, naming, problems)
        if own == words.DISP:
            return disposable_misfit(declared, klass, target, problems)
        return not_template(klass) if own else ""
    if use == "netvm" and target.name != naming.name:  # itself: told as a cycle of one
        return lacks(declared, target, "provides_network", "provides no network", problems)
    if use in words.DISPOSABLE_REFERENCES:
        return disposable_misfit(declared, klass, target, problems)
    return ""


def global_misfit(declared: Fleet, key: str, target: Qube, problems: Problems) -> str:
    """Why ``target`` cannot be this global property; empty if it can."""
    klass = class_of(declared, target, problems)
    if target.absent:
        return "is declared absent"
    if key == "default_template":
        return not_template(klass)
    if key == "default_netvm":
        return lacks(declared, target, "provides_network", "provides no network", problems)
    if key in words.DISPOSABLE_REFERENCES:
        return disposable_misfit(declared, klass, target, problems)
    return ""


def not_template(klass: str | None) -> str:
    """Why a qube of this class is no template; empty if it may be one."""
    return f"is class {klass}, and not TemplateVM" if klass not in (None, words.TEMPLATE) else ""


def disposable_misfit(declared: Fleet, klass: str | None, target: Qube, problems: Problems) -> str:
    """Why disposables cannot be made from ``target``; empty if they can or that is not said."""
    if klass and klass not in words.DISPOSABLE_SOURCES:
        return f"is class {klass}; disposables are made from an AppVM or StandaloneVM"
    return lacks(declared, target, "template_for_dispvms", "is no disposable template", problems)


def lacks(declared: Fleet, target: Qube, pref: str, what: str, problems: Problems) -> str:
    """``what``, where ``target`` is not declared to have the property; empty if it may."""
    at = f"{path_of(declared, target.name)}.prefs"
    known = {at, f"{at}.{pref}", "defaults.prefs", f"defaults.prefs.{pref}"} & problems.blamed
    unsaid = target.adopt and pref not in target.prefs
    if target.prefs.get(pref) == "True" or unsaid or known:
        return ""
    return f"{what}: give it `prefs: {{{pref}: true}}`"


def cycles(declared: Fleet, problems: Problems) -> None:
    """No qube is, through others, its own netvm or template."""
    kept = {name: qube for name, qube in declared.all.items() if not qube.absent}
    for key, what in (("prefs.netvm", "netvms"), ("template", "templates"), ("clone", "clones")):
        for found in references.cycles(kept, key):
            at = f"{path_of(declared, found[0])}.{key}"
            problems.add(at, f"a cycle of {what}: {' -> '.join(found)}")


def power(declared: Fleet, problems: Problems) -> None:
    """No qube is to be off through which one has its network that is to run."""
    for name, qube in sorted(declared.qubes.items()):
        for gate in gates(declared, qube) if qube.running and not qube.absent else ():
            if gate.running is False:
                at = f"{path_of(declared, gate.name)}.running"
                problems.add(at, f"is false, and {name!r}, which has its network by it, is to run")


def gates(declared: Fleet, qube: Qube) -> list[Qube]:
    """The declared qubes through which a qube has its network, the nearest first."""
    found: list[Qube] = []
    name = qube.prefs.get("netvm") or ""
    while name in declared.all and declared.all[name] not in found:
        found.append(declared.all[name])
        name = found[-1].prefs.get("netvm") or ""
    return found


def default_cycle(declared: Fleet, problems: Problems) -> None:
    """The default netvm does not get its own network through the default netvm.

    qubesd refuses that (``qubes.app._setter_default_netvm``).
    """
    first = declared.globals.get("default_netvm")
    name, seen = first, set[str]()
    while name and name in declared.all and name not in seen:
        seen.add(name)
        qube = declared.all[name]
        at = f"{path_of(declared, name)}.prefs.netvm"
        if follows_default(qube) and at not in problems.blamed:
            how = "give it a netvm of its own, or none"
            problems.add(at, f"is the default, which is {first!r}, which needs {name!r}: {how}")
        name = qube.prefs.get("netvm")


def follows_default(qube: Qube) -> bool:
    """Whether the qube's netvm is the default one."""
    if qube.absent or qube.klass == words.TEMPLATE:
        return False
    unsaid = "netvm" not in qube.prefs
    return not qube.adopt if unsaid else qube.prefs["netvm"] is None
