# SPDX-License-Identifier: MIT
"""The order of the steps within one qube: what takes away comes first, what gives comes last.

Whatever fails or dies in between leaves a qube that is nowhere less confined than both before
and declared. Where two things change that cannot be compared, a netvm for another and rules for
others, the qube is without network in between: for neither the old rules in the new network nor
the new rules in the old one were ever declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Have, Qube, Step, Value
from tesseraqt_lib.plan import containers, steps
from tesseraqt_lib.plan.steps import (
    ended_assignments,
    feature_steps,
    firewall_steps,
    new_assignments,
    pref_step,
    service_steps,
    tag_steps,
    volume_steps,
)
from tesseraqt_lib.shapes.scalars import TRUE

#: The feature that says of a qube that it serves others.
SERVICEVM = "servicevm"


def confining(want: Qube, have: Have) -> list[Step]:
    """What a running qube loses at once, and a new one before anything else.

    Its start at boot, its network, the rules for that, and the disposables that it may call.
    """
    rules = list(firewall_steps(want.name, want.firewall, have.firewall))
    return confined(
        (
            *start_at_boot(want, have),
            *detached(want, have, rules),
            *rules,
            *disposables_taken(want, have, rules),
        )
    )


def taking(want: Qube, have: Have) -> list[Step]:
    """What else goes: what others could have of the qube, its devices, features and tags.

    Devices go before the mode that forbids them.
    """
    return confined(
        (
            *(step for step in plain_prefs(want, have) if denies(step)),
            *ended_assignments(want.name, want.devices, have.devices),
            *filter(goes, feature_steps(want.name, want.features, have.features)),
            *filter(goes, service_steps(want.name, want.services, have.features)),
            *filter(goes, tag_steps(want.name, want.tags, have.tags)),
            *containers.taking(want, have),
        )
    )


def widening(want: Qube, have: Have) -> Iterator[Step]:
    """Everything else; devices come after the mode that allows them, then what lets the qube
    reach others, the network when the rules for it stand, and at the very end its start at boot.
    """
    name = want.name
    rules = list(firewall_steps(name, want.firewall, have.firewall))
    yield from root_steps(want, have)
    yield from (step for step in plain_prefs(want, have) if not denies(step))
    yield from features_left(want, have)
    yield from given(service_steps(name, want.services, have.features))
    yield from volume_steps(name, want.volumes, have.volumes)
    yield from new_assignments(name, want.devices, have.devices)
    yield from given(tag_steps(name, want.tags, have.tags))
    yield from containers.giving(want, have)
    yield from reached(want, have, "default_dispvm", disposables_taken(want, have, rules))
    yield from reached(want, have, "netvm", detached(want, have, rules))
    if starts_at_boot(want):
        yield from pref(want, have, "autostart")


def features_left(want: Qube, have: Have) -> Iterator[Step]:
    """The steps for features once those that go are gone and the properties are as declared."""
    gone = filter(goes, feature_steps(want.name, want.features, have.features))
    names = {step.what.removeprefix("features."): step.new for step in gone}
    found = {**have.features, **names}
    there = {name: text for name, text in found.items() if text is not None}
    return feature_steps(want.name, want.features, set_along(want, have, there))


def set_along(want: Qube, have: Have, features: dict[str, str]) -> dict[str, str]:
    """These features, and what qubesd makes of one of them when it sets a property
    (``set_servicevm_feature`` in ``qubes/ext/core_features.py``)."""
    for step in pref(want, have, "provides_network"):
        others = {name: text for name, text in features.items() if name != SERVICEVM}
        return {**others, SERVICEVM: "1"} if is_true(step.new) else others
    return features


def confined(found: Iterable[Step]) -> list[Step]:
    """The steps, as those without which a new qube is not kept."""
    return [replace(step, confines=True) for step in found]


def goes(step: Step) -> bool:
    """Whether a feature, a service or a tag is taken away or turned off."""
    return step.new in (None, "", "off")


def given(found: Iterable[Step]) -> Iterator[Step]:
    """Those of the steps that take nothing away."""
    return (step for step in found if not goes(step))


def denies(step: Step) -> bool:
    """Whether a property is such that others get nothing of the qube, or it names nobody."""
    name = step.what.removeprefix("prefs.")
    if name in words.QUBE_REFERENCES:
        return step.new == ""
    return name in words.SERVES and not is_true(step.new)


def is_true(text: str | None) -> bool:
    """Whether a property that is declared so is on."""
    return text is not None and text.lower() in TRUE


def starts_at_boot(want: Qube) -> bool:
    """Whether the qube starts at boot once it is as declared."""
    return is_true(want.prefs.get("autostart"))


def start_at_boot(want: Qube, have: Have) -> Iterator[Step]:
    """The step after which the qube does not start at boot, where that is declared."""
    if not starts_at_boot(want):
        yield from pref(want, have, "autostart")


def detached(want: Qube, have: Have, rules: list[Step]) -> list[Step]:
    """The step that settles the network before anything is given.

    None where none is declared, and where the rules change too; a new qube gets its own netvm
    at once where it has no rules, because Qubes made it with the default one.
    """
    step = next(pref(want, have, "netvm"), None)
    if step is None or step.new == "":
        return [step] if step else []
    if rules:
        return [apart(want, have, "netvm")] if reaches(have, "netvm") else []
    return [step] if have.unfinished else []


def disposables_taken(want: Qube, have: Have, rules: list[Step]) -> list[Step]:
    """The same for the disposables that the qube may call, where its network changes too.

    A new qube cannot be its own disposable template before it is one.
    """
    step = next(pref(want, have, "default_dispvm"), None)
    if step is None or step.new == "":
        return [step] if step else []
    if have.unfinished and step.new != want.name:
        return [step]
    moved = have.unfinished or rules or any(pref(want, have, "netvm"))
    waits = moved and reaches(have, "default_dispvm")
    return [apart(want, have, "default_dispvm")] if waits else []


def reaches(have: Have, name: str) -> bool:
    """Whether a property names a qube, as far as is known; a new qube has the defaults."""
    there = have.prefs.get(name)
    if there is None:
        return name != "netvm" or have.klass != words.TEMPLATE
    return bool(there.text) or (there.default and have.predicted and have.klass != words.TEMPLATE)


def apart(want: Qube, have: Have, name: str) -> Step:
    """The step after which a property names no qube, until it names the declared one."""
    return pref_step(("qvm-prefs",), (want.name,), name, have.prefs.get(name), "")


def reached(want: Qube, have: Have, name: str, before: list[Step]) -> Iterator[Step]:
    """The step that lets a property name what is declared, if it does not by then."""
    for step in pref(want, have, name):
        if not before:
            yield step
        elif before[0] != step:
            yield replace(step, old="")


def pref(want: Qube, have: Have, name: str) -> Iterator[Step]:
    """The step for one property, if it differs."""
    if name in want.prefs and not steps.same_value(want.prefs[name], have.pref(name)):
        yield pref_step(("qvm-prefs",), (want.name,), name, have.prefs.get(name), want.prefs[name])


def plain_prefs(want: Qube, have: Have) -> Iterator[Step]:
    """The steps for the properties that differ and have no place of their own; those that others
    depend on come first."""
    rank = {name: at for at, name in enumerate(words.FIRST_PREFS)}
    named = set(want.prefs) - {"autostart", "default_dispvm", "netvm"}
    for name in sorted(named, key=lambda name: (rank.get(name, len(rank)), name)):
        yield from pref(want, have, name)


def root_steps(want: Qube, have: Have) -> Iterator[Step]:
    """The steps that give the qube its label and, where it can change, its template."""
    if want.label and want.label != have.label:
        yield pref_step(("qvm-prefs",), (want.name,), "label", Value(have.label, False), want.label)
    if want.template and have.klass in words.ROOTLESS and want.template != have.template:
        old = Value(have.template, False)
        yield pref_step(("qvm-prefs",), (want.name,), "template", old, want.template)
