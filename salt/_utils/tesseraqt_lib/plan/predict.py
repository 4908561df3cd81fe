# SPDX-License-Identifier: MIT
"""What a qube will be: right after it is made, and once its declaration is true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.declare.firewall import DEFAULT
from tesseraqt_lib.fleet import containers as fleet_containers
from tesseraqt_lib.fleet import devices
from tesseraqt_lib.model import Device, Have, Qube, Settings, Step, Value, Volume
from tesseraqt_lib.plan import containers as plan_containers
from tesseraqt_lib.plan.chain import goes_when_halted
from tesseraqt_lib.plan.steps import Devices

#: A start that is only predicted: later than everything that has a date by now.
LATER = "999999999999"
OUTDATED = f"features.{fleet_containers.OUTDATED}"


def after_creation(want: Qube, source: Have | None) -> Have:
    """The qube as it is right after its creation, as far as that is certain.

    A copy has the settings, tags, features, rules and devices of its source
    (``qubesadmin.app.QubesBase.clone_vm``). Of what is not certain nothing is assumed,
    so that whatever is declared of it gets set.
    """
    klass = want.klass or (words.TEMPLATE if want.clone or want.install else words.APP)
    if source is not None:
        return copy_of(source, want, klass)
    unknown = bool(want.install)
    sizes = {} if unknown else words.NEW_VOLUMES[klass]
    return Have(
        want.name,
        klass,
        "Halted",
        words.BLANK_TAGS,
        template=(want.template or "") if klass in words.ROOTLESS else "",
        label="" if unknown else want.label or "black",
        firewall=() if unknown else DEFAULT,
        volumes={name: Volume(size) for name, size in sizes.items()},
        predicted=True,
    )


def copy_of(source: Have, want: Qube, klass: str) -> Have:
    """The qube that gets the settings of ``source`` as its own.

    Only ``qvm-clone`` keeps the label and copies all volumes, though not how many revisions
    of them are kept; a StandaloneVM gets the root volume; a disposable gets no devices.
    """
    return replace(
        source,
        name=want.name,
        klass=klass,
        state="Halted",
        template=(want.template or "") if klass in words.ROOTLESS else "",
        tags=source.tags | words.BLANK_TAGS,
        label=source.label if want.clone else want.label or source.label,
        features=copied_features(source) if want.clone else source.features,
        volumes=copied_volumes(source, want, klass),
        devices={} if klass == words.DISP else source.devices,
        unfinished=False,
        half=False,
        stopped=False,
        predicted=True,
    )


def copied_features(source: Have) -> Mapping[str, str]:
    """The features of a clone: its properties come first, and one of them brings a feature."""
    serves = {"servicevm": "1"} if source.is_on("provides_network") else {}
    return {**serves, **source.features}


def copied_volumes(source: Have, want: Qube, klass: str) -> dict[str, Volume]:
    """The volumes that a copy has of its own, as far as their sizes are known."""
    sizes = sizes_only(source.volumes)
    if want.clone or klass == words.DISP:
        return sizes if want.clone else {}
    fresh = {name: Volume(size) for name, size in words.PRIVATE.items()}
    return {**{name: one for name, one in sizes.items() if name == "root"}, **fresh}


def sizes_only(volumes: Mapping[str, Volume]) -> dict[str, Volume]:
    """The volumes without their revisions, of which a copy keeps as many as its pool says."""
    return {name: Volume(one.size) for name, one in volumes.items()}


def after_power(have: Have, step: Step) -> Have | None:
    """The qube once it is started or halted so; ``None`` if Qubes removes it then.

    Whoever starts now has whatever was deployed before.
    """
    if step.new == "Halted" and goes_when_halted(have):
        return None
    started = {"start_time": Value(LATER, False)} if step.argv[0] == "qvm-start" else {}
    return replace(
        have,
        state=str(step.new),
        prefs={**have.prefs, **started},
        stopped=step.what == "restart" and step.new == "Halted",
    )


def after_steps(want: Qube, have: Have, steps: Iterable[Step]) -> Have:
    """The qube as it is once ``steps`` have made ``want`` true; for runs that only predict."""
    steps = tuple(steps)
    noted = [step.new for step in steps if step.what == OUTDATED]
    services = {f"service.{name}": text for name, text in want.services.items()}
    return replace(
        have,
        template=want.template if want.template and have.template else have.template,
        label=want.label or have.label,
        prefs={**have.prefs, **{name: after_set(text) for name, text in want.prefs.items()}},
        features=without_none(
            {
                **have.features,
                **want.features,
                **services,
                **plan_containers.features(want, have),
                **({fleet_containers.OUTDATED: noted[-1]} if noted else {}),
            }
        ),
        tags=tagged(have.tags, steps),
        volumes={**have.volumes, **grown(want.volumes, have.volumes)},
        firewall=have.firewall if want.firewall is None else want.firewall,
        devices={**have.devices, **reassigned(want.devices, have.devices)},
    )


def tagged(have: frozenset[str], steps: Iterable[Step]) -> frozenset[str]:
    """The tags as the steps leave them."""
    found = [step for step in steps if step.what.startswith("tags.")]
    added = {step.what.removeprefix("tags.") for step in found if step.new is not None}
    gone = {step.what.removeprefix("tags.") for step in found if step.new is None}
    return (have | added) - gone


def grown(want: Mapping[str, Volume], have: Mapping[str, Volume]) -> dict[str, Volume]:
    """The declared volumes, with what was there where nothing is declared."""
    found = {}
    for name, volume in want.items():
        old = have.get(name, Volume())
        kept = volume.revisions_to_keep or old.revisions_to_keep
        sizes = [size for size in (volume.size, old.size) if size is not None]
        found[name] = Volume(max(sizes, default=None), kept)
    return found


def reassigned(want: Devices, have: Devices) -> dict[str, dict[str, Device]]:
    """The declared kinds of devices, as they are assigned by then."""
    return {kind: devices.after(kind, found, have.get(kind, {})) for kind, found in want.items()}


def after_set(text: str | None) -> Value:
    """A property that was set, or reset."""
    return Value(text or "", text is None)


def without_none(found: Settings) -> dict[str, str]:
    """Only what is there."""
    return {name: text for name, text in found.items() if text is not None}
