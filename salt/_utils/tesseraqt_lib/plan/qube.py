# SPDX-License-Identifier: MIT
"""From what is wanted and what is there to the steps between. Pure: nothing here acts.

Every step carries the command that makes it (``qvm-prefs -- work netvm sys-net``), so a
plan can be read, compared, pasted into a terminal, and run. Deciding never looks again:
what a plan was made from is all that it knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tesseraqt_lib import marks
from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Have, Package, Plan, Qube, Step
from tesseraqt_lib.plan import confinement, power
from tesseraqt_lib.plan.power import shutdown
from tesseraqt_lib.plan.predict import after_creation
from tesseraqt_lib.plan.steps import tag_steps


def present(
    want: Qube,
    have: Have | None,
    source: Have | None = None,
    spool: str = "",
    unreachable: str = "",
) -> Plan:
    """The steps that make ``want`` true.

    ``source`` is the qube that a clone is made of, as far as it can be seen; ``spool`` is
    the directory in which a checked package is found when its step runs;
    ``unreachable`` is the wanted netvm if it is off.
    """
    if have is None:
        return created(want, source, spool)
    too_small, grown = shrinking(want, have, unmade), shrinking(want, have, made_larger)
    if why := (*ownership(want, have), *unchangeable(want, have), *too_small):
        return Plan(want.name, refusals=why)
    if have.half and want.made_whole:
        return recreated(want, have, source, spool)
    plan = changed(want, have, unreachable)
    return replace(plan, notes=(*plan.notes, *grown))


def absent(
    want: Qube, have: Have | None, users: Sequence[str] = (), lost: Sequence[str] = ()
) -> Plan:
    """The steps after which there is no qube of this name.

    ``users`` says who names it and stays (``netvm of work``): qubesd would refuse then;
    ``lost`` what goes with it.
    """
    if have is None:
        return Plan(want.name)
    why = [
        *(*ownership(want, have), *protection(want, have)),
        *(*still_used(want.name, users), *still_on(want, have)),
    ]
    if why:
        return Plan(want.name, refusals=tuple(why))
    stop = () if have.halted else shutdown(want.name, have.state)
    what = ", ".join((have.klass, *lost))
    remove = Step("qube", what, None, ("qvm-remove", "--force", "--", want.name))
    return Plan(want.name, (*stop, *released(have), remove), adopts=want.adopt)


def still_used(name: str, users: Sequence[str]) -> list[str]:
    """Why a qube that others name cannot go; empty if nobody does."""
    return [f"{name} is still {', '.join(users)}: change that first"] if users else []


def references_to(have: Have, name: str) -> list[str]:
    """As what a qube names another, where that is set and not a default."""
    keys = [key for key in words.QUBE_REFERENCES if key in have.prefs]
    set_ = [key for key in keys if not have.prefs[key].default and have.prefs[key].text == name]
    return [*(["template"] if have.template == name else []), *set_]


def still_on(want: Qube, have: Have) -> list[str]:
    """Why a qube that runs cannot go; empty if it is off, or may be halted for this."""
    if have.halted or want.running is False:
        return []
    return [
        f"{want.name} is {have.state.lower()}: halt it (qvm-shutdown --wait {want.name}),"
        " or declare `running: false` beside `absent: true`, and apply again"
    ]


def released(have: Have) -> Iterator[Step]:
    """The step that lets go of a template which came as a package: qubesd keeps those."""
    if have.is_on("installed_by_rpm"):
        argv = ("qvm-prefs", "--", have.name, "installed_by_rpm", "False")
        yield Step("prefs.installed_by_rpm", "True", "False", argv)


def created(want: Qube, source: Have | None, spool: str) -> Plan:
    """The steps that make a qube that is not there."""
    if cannot := missing_for_creation(want):
        return Plan(want.name, refusals=(cannot,))
    create = creation(want, spool)
    new = replace(after_creation(want, source), unfinished=True)
    if why := tuple(shrinking(want, new, anyhow)):
        return Plan(want.name, refusals=why)
    return Plan(want.name, (create, *changed(want, new).steps))


def changed(want: Qube, have: Have, unreachable: str = "") -> Plan:
    """The steps that set what differs: a new qube is confined before it is marked, and what
    confines a qube that runs does not wait for its halt."""
    first, taken = confinement.confining(want, have), confinement.taking(want, have)
    owned, last = ownership_steps(want, have), [*confinement.widening(want, have)]
    if have.unfinished:
        first = [*first, *taken, *owned]
    else:
        first, last = [*owned, *first], [*taken, *last]
    rest = power.halted_if_needed(want, have, last, unreachable)
    steps = (*first, *rest.steps)
    if not rest.refusals and steps and marks.owner(want.name, have.tags) == "adopted":
        steps = (*marked(want.name, marks.ADOPTED, have), *steps)
    return rest if rest.refusals else replace(rest, steps=steps, adopts=want.adopt)


def recreated(want: Qube, half: Have, source: Have | None, spool: str) -> Plan:
    """The steps that throw away half a copy, which tesseraqt itself left, and copy again."""
    if not half.halted:
        return Plan(want.name, refusals=(f"{want.name} is half made and runs: halt it first",))
    again = created(want, source, spool)
    remove = Step("qube", "half made", None, ("qvm-remove", "--force", "--", want.name))
    return again if again.refusals else replace(again, steps=(remove, *again.steps))


def missing_for_creation(want: Qube) -> str:
    """Why a qube that is not there cannot be made from this declaration; empty if it can."""
    if want.existing:
        return (
            f"{want.name} is not on this machine: give it `clone:` or `install:`,"
            " or install it and apply again"
        )
    if want.clone or want.install:
        return ""
    klass = want.klass or words.APP
    if klass in words.ROOTLESS and not want.template:
        return f"{want.name} does not exist, and its declaration has no `template:` to make it from"
    if klass != words.TEMPLATE and not want.label:
        return f"{want.name} does not exist, and its declaration has no `label:` to make it with"
    return ""


def creation(want: Qube, spool: str) -> Step:
    """The step that makes the qube, bare."""
    name = want.name
    if want.clone:
        return Step("qube", None, f"clone of {want.clone}", ("qvm-clone", "--", want.clone, name))
    if isinstance(want.install, Package):
        copy = f"{spool}/{want.install.sha256}.rpm"
        argv = ("qvm-template", "--yes", "install", "--nogpgcheck", "--", copy)
        return Step("qube", None, f"installed from {want.install.rpm}", argv, package=want.install)
    if want.install:
        only = ("--repoid", want.install.name) if want.install.name else ()
        spec = f"{name}-{want.install.version}" if want.install.version else name
        argv = ("qvm-template", "--yes", *only, "install", "--", spec)
        return Step("qube", None, f"installed from {want.install.name or 'a repository'}", argv)
    klass = want.klass or words.APP
    template = ("--template", want.template) if want.template else ()
    label = ("--label", want.label or "black")
    argv = ("qvm-create", "--class", klass, *template, *label, "--", name)
    return Step("qube", None, f"{klass} on {want.template}" if want.template else klass, argv)


def ownership(want: Qube, have: Have) -> list[str]:
    """Why this existing qube is not tesseraqt's to change; empty if it is."""
    if have.owned or want.adopt:
        return []
    return [not_ours(have)]


def not_ours(have: Have) -> str:
    """That this qube is not tesseraqt's, and how it can become so."""
    how = "declare `adopt: true` to hand it over"
    if marks.owner(have.name, have.tags) == "copy":
        whose = ", ".join(marks.others(have.tags, ""))
        return f"{have.name} is a copy of a qube of tesseraqt's (it has the tag {whose}): {how}"
    return f"{have.name} exists and is not tesseraqt's (it has no tag {marks.OWNER_TAG!r}): {how}"


def guarded(plan: Plan, have: Have | None) -> Plan:
    """The plan, but a refusal if it is about a qube that is there and that nobody handed over."""
    if have is None or have.owned or plan.adopts or not plan.steps:
        return plan
    return Plan(plan.name, refusals=(not_ours(have),))


def protection(want: Qube, have: Have) -> list[str]:
    """Why a protected qube cannot go; empty if it is none, or if that is taken back."""
    if want.protect is False or not (want.protect or marks.PROTECTED in have.tags):
        return []
    return [f"{want.name} is protected: declare `protect: false` beside `absent: true`"]


def unchangeable(want: Qube, have: Have) -> list[str]:
    """What is wanted that no existing qube can become."""
    why = []
    if want.klass and want.klass != have.klass:
        why.append(
            f"{want.name} is class {have.klass} and cannot become {want.klass}:"
            " remove it (its data goes with it) or declare it as it is"
        )
    if have.predicted:
        return why
    missing = [("property", name) for name in want.prefs if name not in have.prefs]
    missing += [("volume", name) for name in want.volumes if name not in have.volumes]
    return why + [f"{want.name} has no {what} {name!r}" for what, name in missing]


def shrinking(want: Qube, have: Have, told: Callable[[Have, str, int], bool]) -> list[str]:
    """Which volumes are declared smaller than they are; no volume ever shrinks.

    ``told`` picks them by the qube, the name and the size that the volume has.
    """
    return [
        f"{want.name}: volume {name!r} has {there.size} bytes and cannot shrink to {volume.size}"
        for name, volume in want.volumes.items()
        if (there := have.volumes.get(name)) and 0 < (volume.size or 0) < (there.size or 0)
        if told(have, name, there.size or 0)
    ]


def anyhow(have: Have, name: str, size: int) -> bool:
    """Of a qube that is still to be made, any volume."""
    return True


def made_larger(have: Have, name: str, size: int) -> bool:
    """Whether somebody made the volume larger than Qubes does, and so it has what is declared."""
    return size > words.NEW_VOLUMES.get(have.klass, {}).get(name, 0)


def unmade(have: Have, name: str, size: int) -> bool:
    """Whether the volume is as Qubes makes it: none as small as declared could be had at all."""
    return not made_larger(have, name, size)


def ownership_steps(want: Qube, have: Have) -> Iterator[Step]:
    """The steps that mark the qube as tesseraqt's own, the tag for everybody last; what a copy
    has brought along of its source's goes."""
    name, known = want.name, marks.owner(want.name, have.tags)
    if have.unfinished or known not in ("made", "adopted"):
        start = marks.MADE if have.unfinished else marks.ADOPTED
        yield from marked(name, start, have)
        yield from tag_steps(name, {marks.OWNER_TAG: True}, have.tags)
    protect = bool(want.protect) if have.unfinished else want.protect
    if protect is not None:
        yield from tag_steps(name, {marks.PROTECTED: protect}, have.tags)


def marked(name: str, start: str, have: Have) -> Iterator[Step]:
    """The steps after which the qube has its mark, and no other one."""
    own = marks.mark(start, name)
    yield from tag_steps(name, {own: True}, have.tags)
    yield from tag_steps(name, dict.fromkeys(marks.others(have.tags, own), False), have.tags)
