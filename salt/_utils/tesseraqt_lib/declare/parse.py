# SPDX-License-Identifier: MIT
"""Pillar to model: a fleet, as far as it is valid, and what is wrong with the rest.

Nothing past this file sees pillar.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.declare import values
from tesseraqt_lib.declare.containers import DEPLOYMENT, ROOT_KEYS
from tesseraqt_lib.declare.devices import DEFAULT_MODES
from tesseraqt_lib.declare.firewall import DEFAULT, DROP
from tesseraqt_lib.declare.schema import (
    ABSENT,
    CHAIN,
    DECLARATION,
    DOCUMENT,
    FLEET,
    JOBS,
    MODULES,
    RESTARTED,
    RESTARTS,
)
from tesseraqt_lib.model import (
    Chain,
    Device,
    Fleet,
    Package,
    Qube,
    Repository,
    Restarts,
    RunningSystem,
    System,
    Volume,
    Wire,
)
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.shapes.scalars import INVALID

#: Characters of what all roots of a fleet are told, as JSON.
LONGEST_DOCUMENT = 1 << 23
#: Maps that a qube's own declaration adds to, key by key; everything else it replaces.
MERGED = ("prefs", "features", "services", "tags", "volumes")


def fleet(pillar: Any, problems: Problems) -> Fleet:
    """The fleet that ``pillar`` declares, as far as it is valid; the rest is in ``problems``."""
    read = read_shape(FLEET, {} if pillar is None else pillar, problems)
    defaults = read.get("defaults", {})
    return Fleet(
        templates={name: template(name, raw) for name, raw in read.get("templates", {}).items()},
        qubes={
            name: with_all_containers(qube(name, with_defaults(raw, defaults)))
            for name, raw in read.get("qubes", {}).items()
        },
        containers=read.get("containers", {}),
        globals=read.get("globals", {}),
        nixos_only=read.get("nixos_only", "enforce"),
        jobs=read.get("jobs", 4),
        trust=read.get("trust", words.TRUST),
        defaults=qube("", defaults),
    )


def with_all_containers(declared: Qube) -> Qube:
    """The qube as pillar declares it: what containers it has is said there, be it none."""
    return replace(
        declared, all_containers=declared.klass != words.TEMPLATE and not declared.absent
    )


def read_shape(shape: Any, raw: Any, problems: Problems) -> dict[str, Any]:
    """What ``shape`` reads, as far as it is valid."""
    read = shape.read(raw, "", problems)
    return {} if read is INVALID else read


def declaration(name: Any, raw: Mapping[str, Any], problems: Problems) -> Qube:
    """The qube that the arguments of the state ``present`` declare, as far as they are valid."""
    read = read_shape(DECLARATION, raw, problems)
    declared = qube(known_name(name, problems), read)
    if declared.running:
        problems.add("running", "write a state tesseraqt.running; only `false` stands here")
    return replace(declared, existing=read.get("existing", declared.existing))


def absent(name: Any, raw: Mapping[str, Any], problems: Problems) -> Qube:
    """The qube that the arguments of the state ``absent`` declare."""
    return qube(known_name(name, problems), read_shape(ABSENT, raw, problems))


def restarted(name: Any, raw: Mapping[str, Any], problems: Problems) -> RunningSystem:
    """The qube that the arguments of the state ``restarted`` declare, as far as they are valid."""
    return running_system(known_name(name, problems), read_shape(RESTARTED, raw, problems))


def running_system(name: str, read: Mapping[str, Any]) -> RunningSystem:
    """What a qube is to run, of arguments that have their shape."""
    said = (read.get("root", ""), read.get("parts", {}), read.get("restart", "never"))
    return RunningSystem(name, *said)


def chain(raw: Mapping[str, Any], problems: Problems) -> Chain:
    """The qubes that a state halts, or starts again, as far as the arguments are valid."""
    read = read_shape(CHAIN, raw, problems)
    return Chain(read.get("qubes", ()), read.get("for_good", ()), read.get("adopt", ()))


def restarts(raw: Mapping[str, Any], problems: Problems) -> Restarts:
    """What qubes are to run, and which may be restarted, as far as the arguments are valid."""
    read = read_shape(RESTARTS, raw, problems)
    systems = read.get("systems", {}).items()
    said = tuple(running_system(name, one) for name, one in systems)
    return Restarts(said, read.get("qubes", ()))


def known_name(raw: Any, problems: Problems) -> str:
    """The name of a qube, as far as it is one."""
    name = values.QubeName().read(raw, "name", problems)
    return "" if name is INVALID else str(name)


def global_properties(raw: Any, problems: Problems) -> Mapping[str, str | None]:
    """The global properties that a state's arguments declare, as far as they are valid."""
    read = FLEET.fields["globals"].read(raw, "prefs", problems)
    return {} if read is INVALID else dict(read)


def with_defaults(raw: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """``raw`` with what it leaves open taken from ``defaults``, as far as that fits its class.

    A TemplateVM takes none, wherever it stands: most of them would give it a network.
    """
    klass = raw.get("class", words.APP)
    if raw.get("absent") or klass == words.TEMPLATE:
        return dict(raw)
    fitting = dict(defaults) if klass == words.APP else without(defaults, "template")
    for key in MERGED:
        common = without(defaults.get(key, {}), *unfit(key, klass))
        fitting[key] = {**common, **raw.get(key, {})}
    return {**fitting, **without(raw, *MERGED)}


def unfit(key: str, klass: str) -> tuple[str, ...]:
    """What of the defaults below ``key`` does not exist on qubes of this class."""
    if key == "prefs":
        return tuple(name for name, owners in words.ONLY_ON.items() if klass not in owners)
    return words.TEMPLATES_VOLUMES.get(klass, ()) if key == "volumes" else ()


def without(found: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """``found`` without ``keys``."""
    return {key: value for key, value in found.items() if key not in keys}


def template(name: str, read: Mapping[str, Any]) -> Qube:
    """The template that a validated map declares."""
    made = qube(name, {**read, "class": words.TEMPLATE})
    return replace(made, existing=made.clone is None and made.install is None)


def qube(name: str, read: Mapping[str, Any]) -> Qube:
    """The qube that a validated map declares."""
    autostart = {"autostart": read["autostart"]} if "autostart" in read else {}
    chosen = read.get("containers", {})
    # An empty TemplateVM is made only where it is clear that one is wanted.
    named = read.get("class") == words.TEMPLATE and not {"label", "clone", "install"} & read.keys()
    return Qube(
        name=name,
        klass=read.get("class"),
        template=read.get("template"),
        label=read.get("label"),
        clone=read.get("clone"),
        install=origin(read["install"]) if "install" in read else None,
        os=read.get("os"),
        prefs={**read.get("prefs", {}), **autostart},
        features=read.get("features", {}),
        services={key: on_off(flag) for key, flag in read.get("services", {}).items()},
        tags={key: bool(flag) for key, flag in read.get("tags", {}).items()},
        volumes={key: volume(raw) for key, raw in read.get("volumes", {}).items()},
        firewall=firewall(read),
        devices=devices(read.get("devices", {})),
        containers=tuple(name for name in chosen if name != words.ITSELF),
        all_containers="containers" in read,
        itself=words.ITSELF in chosen,
        wires=wires(chosen),
        nixos=system(read["nixos"]) if "nixos" in read else None,
        running=read.get("running"),
        restart=read.get("restart", "never"),
        existing=named,
        adopt=read.get("adopt", False),
        absent=read.get("absent", False),
        protect=read.get("protect"),
    )


def wires(chosen: Mapping[str, Mapping[str, Any]]) -> dict[str, Wire]:
    """The wires of the containers of a qube, by container and slot."""
    return {
        f"{container}.{slot}": Wire(**wire)
        for container, slots in chosen.items()
        for slot, wire in slots.items()
        if "to" in wire
    }


def origin(read: Mapping[str, Any]) -> Repository | Package:
    """Where a template is installed from."""
    if "rpm" in read:
        return Package(read["rpm"], read.get("sha256", ""))
    return Repository(read.get("repository"), read.get("version"))


def system(read: Mapping[str, Any]) -> System:
    """What is declared of the NixOS of a root."""
    how = {key: value for key, value in read.items() if key not in ROOT_KEYS}
    return System({key: read[key] for key in ROOT_KEYS if key in read}, **how)


def deployment(raw: Mapping[str, Any], jobs: Any, problems: Problems) -> tuple[System, int]:
    """How a root is built and activated, and how many at once, as far as that is valid."""
    return System(**read_shape(DEPLOYMENT, raw, problems)), JOBS.read(jobs, "jobs", problems)


def document(raw: Any, problems: Problems) -> Any:
    """The data of a document that may be JSON."""
    if not isinstance(raw, str):
        return raw
    if len(raw) > LONGEST_DOCUMENT:
        problems.add("system", f"is longer than {LONGEST_DOCUMENT} characters")
        return {}
    try:
        return json.loads(raw)
    except ValueError as error:
        problems.add("system", f"is no JSON: {error}")
    except RecursionError:
        problems.add("system", "is nested too deeply")
    return {}


def told(raw: Any, problems: Problems) -> dict[str, Any]:
    """What a root is told: of its containers, and of itself."""
    read = DOCUMENT.read(raw, "system", problems)
    return {} if read is INVALID else read


def modules(raw: Any, problems: Problems) -> tuple[str, ...]:
    """The sources of NixOS modules that a state names; none if it names none."""
    read = MODULES.read([] if raw is None else raw, "modules", problems)
    return () if read is INVALID else tuple(read)


def on_off(flag: bool | None) -> str | None:
    """A service flag as ``qvm-service`` stores it."""
    return None if flag is None else "1" if flag else ""


def volume(read: Mapping[str, Any]) -> Volume:
    """What is declared of a volume."""
    return Volume(read.get("size"), read.get("revisions_to_keep"))


def firewall(read: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The declared rules; null means what a new qube has, and no rule at all is a drop.

    After the last rule Qubes drops anyway, but it takes no empty list.
    """
    if "firewall" not in read:
        return None
    return DEFAULT if read["firewall"] is None else read["firewall"] or DROP


def devices(read: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Device]]:
    """The declared assignments, by kind and port."""
    return {
        kind: {port: device(kind, port, raw) for port, raw in ports.items()}
        for kind, ports in read.items()
    }


def device(kind: str, port: str, read: Mapping[str, Any] | None) -> Device:
    """A declared assignment; null means that there is none."""
    mode = DEFAULT_MODES.get(kind, "auto-attach")
    if read is None:
        return Device(port, mode, absent=True)
    return Device(port, read.get("mode", mode), read.get("options", {}))
