# SPDX-License-Identifier: MIT
"""Reads the parts of a qube through ``qubesadmin``, each into what ``model.py`` has for it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from salt.exceptions import CommandExecutionError

from tesseraqt_lib.declare import firewall
from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.model import Device, Qube, Value, Volume

#: Where Qubes keeps the kernels that dom0 gives to qubes (``qubes.config.system_path``).
KERNELS = Path("/var/lib/qubes/vm-kernels")
#: The loaders of a qube's own kernel, by ``virt_mode`` (``is_kernel_from_vm``).
OWN_KERNELS = {"pvh": "pvgrub2-pvh", "pv": "pvgrub2"}

#: How the features start that a qube has before anybody has done anything with it.
BY_ITSELF = ("check-updates", "servicevm", "template-")


#: Those that Qubes changes itself when something else is set: ``qubes/ext/core_features.py``,
#: ``qubes/vm/{dispvm,qubesvm,standalonevm}.py``, ``qubes/vm/mix/{dvmtemplate,net}.py``.
CHANGED_LATER = (
    "boot-mode.",
    "check-updates",
    "deferred-netvm-",
    "internal",
    "preload-dispvm",
    "servicevm",
)


def values(holder: Any) -> dict[str, Value]:
    """Every property of a qube or of the machine; one call with the cache on."""
    if hasattr(holder, "klass"):
        _ = holder.label
    return {
        name: Value(text(getattr(holder, name, None)), holder.property_is_default(name))
        for name in holder.property_list()
    }


def text(value: Any) -> str:
    """A property as ``qvm-prefs`` shows it; none is empty."""
    return "" if value is None else str(value)


def identity(properties: Mapping[str, Value]) -> str:
    """Which qube has these properties, whatever its name: its uuid, before Qubes 4.3 its number."""
    return next((properties[key].text for key in ("uuid", "qid") if key in properties), "")


def told_identity(call: Any, name: str) -> str:
    """The same, asked of qubesd through ``call``; empty if it does not say."""
    for key in ("uuid", "qid"):
        with contextlib.suppress(*tools.refusals()):
            return str(call(name, "admin.vm.property.Get", key).decode("ascii").split(" ")[-1])
    return ""


def bare(vm: Any) -> bool:
    """Whether nothing was done with a qube since its making began: it has no features but those
    that Qubes gives it by itself, and none of its volumes was ever written. A disposable keeps
    nothing anyway."""
    if vm.klass == "DispVM":
        return True
    own = [name for name in vm.features if not name.startswith(BY_ITSELF)]
    kept = [volume for volume in vm.volumes.values() if volume.save_on_stop]
    return not own and not any(volume.revisions for volume in kept)


def lost_with(vm: Any) -> list[str]:
    """How much a qube keeps, and what is known of its last backup, in words."""
    kept = [volume.usage for volume in vm.volumes.values() if volume.save_on_stop]
    saved = text(getattr(vm, "backup_timestamp", None))
    return [f"{sum(kept) / 2**20:.0f} MiB on disk", since(saved)]


def since(seconds: str) -> str:
    """When a qube was backed up last, in words."""
    if not seconds.isdigit() or seconds == "0":
        return "never backed up"
    return time.strftime("backed up %Y-%m-%d", time.gmtime(int(seconds)))


def as_features(services: Mapping[str, str | None]) -> dict[str, str | None]:
    """Services by the names of the features that they are."""
    return {f"service.{name}": value for name, value in services.items()}


def features(
    vm: Any, want: Mapping[str, str | None], known: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Those of the wanted features that the qube has.

    Asking for one that is not there costs a call too, so where several are wanted away, or the
    values of several are known, a list of all names is asked first.

    :param known: values that qubesd has just now said to have set
    """
    names, known = list(want), known or {}
    if max(sum(value is None for value in want.values()), len(known.keys() & want)) > 1:
        there = set(vm.features)
        names = [name for name in names if name in there]
    else:
        known = {}
    found = {name: known[name] if name in known else vm.features.get(name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def set_feature(method: str, name: str, payload: bytes) -> dict[str, str]:
    """What a call has set, if it set a feature whose value stays as it was set."""
    if method != "admin.vm.feature.Set" or name.startswith(CHANGED_LATER):
        return {}
    return {name: payload.decode("utf-8")}


def beginning(vm: Any, starts: tuple[str, ...]) -> dict[str, str]:
    """The features of the qube whose names begin so."""
    names = [name for name in vm.features if name.startswith(starts)]
    return {name: vm.features.get(name, "") for name in names}


def volumes(vm: Any, want: Mapping[str, Volume]) -> dict[str, Volume]:
    """Those of the wanted volumes that the qube has, each as far as it is declared.

    The client asks anew for each thing that is read of a volume.
    """
    there = [vm.volumes[name] for name in want if name in vm.volumes]
    return {one.name: volume(one, want[one.name]) for one in there}


def volume(there: Any, want: Volume) -> Volume:
    """One volume, as far as it is declared."""
    kept = want.revisions_to_keep and str(there.revisions_to_keep)
    return Volume(None if want.size is None else there.size, kept)


def rules(vm: Any) -> tuple[str, ...]:
    """The firewall rules of a qube, in the spelling of ``firewall.py``."""
    vm.firewall.load_rules()
    return tuple(spelled(rule.rule) for rule in vm.firewall.rules)


def spelled(rule: str) -> str:
    """A rule as Qubes tells it; one that cannot be declared (it expires) stays as it is."""
    try:
        return firewall.canonical(firewall.split(rule))
    except firewall.Refused:
        return rule


def assignments(vm: Any, kind: str) -> dict[str, Device]:
    """The devices of one kind that are assigned to a qube, by ``backend:port:identity``."""
    if not hasattr(vm.devices[kind], "get_assigned_devices"):
        raise CommandExecutionError("devices can be declared from Qubes 4.3 on")
    found = {}
    for one in vm.devices[kind].get_assigned_devices():
        options = {key: str(value) for key, value in one.options.items()}
        port = str(one.virtual_device)
        found[port] = Device(port, one.mode.value, options)
    return found


def hotplug(vm: Any, properties: Mapping[str, Value], want: Qube) -> bool:
    """Whether ``maxmem`` can become what is wanted while the qube is as it is.

    What ``use_memory_hotplug`` in ``qubes/vm/qubesvm.py`` decides on, asked only if it matters.
    """
    wanted = want.prefs.get("maxmem", properties.get("maxmem", Value("", True)).text)
    if vm.is_halted() or wanted == properties["maxmem"].text:
        return True
    declared = vm.features.check_with_template("memory-hotplug")
    if declared is not None:
        return bool(declared)
    mode, kernel = properties["virt_mode"].text, properties["kernel"].text
    if mode == "hvm":
        return False
    if kernel in ("", OWN_KERNELS.get(mode)):
        return bool(vm.features.check_with_template("supported-feature.memory-hotplug"))
    return (KERNELS / kernel / "memory-hotplug-supported").exists()
