# SPDX-License-Identifier: MIT
"""Rules about changing properties (qubes/vm/*.py, qubes/vm/mix/*.py, qubes/app.py)."""

from collections.abc import Iterator

from simulated_qubesd import errors, volumes
from simulated_qubesd.events import SYSTEM, on
from simulated_qubesd.fleet import Fleet
from simulated_qubesd.properties import Holder
from simulated_qubesd.qube import Qube

_APPVM = frozenset({"AppVM"})
_BASED_ON_TEMPLATE = frozenset({"AppVM", "DispVM"})
_MAKES_DISPOSABLES = frozenset({"AppVM", "StandaloneVM"})
_MADE_FROM = ("template", "default_dispvm", "management_dispvm")


def kernel_is_installed(fleet: Fleet, kernel: str | None) -> None:
    """dom0 has the kernel (validate_kernel in qubes/app.py)."""
    if kernel and kernel not in fleet.doc["kernels"]:
        raise errors.bad_property_value(f"Kernel {kernel!r} not installed")


@on("property-pre-set:kernel")
def a_qube_boots_an_installed_kernel(qube: Qube, new: str, **_) -> None:
    """The kernel exists before it is chosen."""
    kernel_is_installed(qube.fleet, new)


@on("property-pre-set:default_kernel", klass=SYSTEM)
def the_default_kernel_is_installed(fleet: Fleet, new: str, **_) -> None:
    """The same for the system."""
    kernel_is_installed(fleet, new)


@on("property-pre-set:template", klass=_BASED_ON_TEMPLATE)
def template_changes_only_while_halted(qube: Qube, **_) -> None:
    """Even to the template that it has (AppVM.on_property_pre_set_template)."""
    if not qube.is_halted:
        raise errors.not_halted(qube.name, "Cannot change template while qube is running")


@on("property-pre-set:template", klass=_APPVM)
def template_stays_while_disposables_run(qube: Qube, new: str, old: str, **_) -> None:
    """Their roots come from it (__on_pre_property_set_template in dvmtemplate.py)."""
    if not qube.value("template_for_dispvms") or new == old:
        return
    if any(one.is_running and not one.is_preload for one in qube.based_on_it):
        raise errors.in_use(
            "('Cannot change template while there are running disposables "
            "based on this disposable template',)"
        )
    qube.drop_preloaded()


@on("property-pre-reset:template", klass=_BASED_ON_TEMPLATE)
def template_cannot_be_unset(qube: Qube, **_) -> None:
    """There is no default for it (AppVM.on_property_pre_reset_template)."""
    default = qube.fleet.value("default_template", None)
    if default is None or qube.klass == "DispVM":
        raise errors.bad_value("Cannot unset template")
    raise errors.bad_value(
        f"Cannot unset template. You can set it to the current default ({default}) instead"
    )


@on("property-set:template", klass=_BASED_ON_TEMPLATE)
def root_comes_from_the_new_template(qube: Qube, **_) -> None:
    """Snapshots are taken from its volumes, also for the disposables of the qube."""
    volumes.follow_template(qube)
    for disposable in qube.based_on_it:
        volumes.follow_template(disposable)


def _hotplugs_memory(qube: Qube) -> bool:
    """``use_memory_hotplug``; no kernel that dom0 has here says that it can."""
    said = qube.feature("memory-hotplug", via="template")
    mode, kernel = qube.value("virt_mode"), qube.value("kernel")
    own = not kernel or kernel == {"pvh": "pvgrub2-pvh", "pv": "pvgrub2"}.get(mode)
    if said is None and own and mode != "hvm":
        said = qube.feature("supported-feature.memory-hotplug", via="template")
    return bool(said)


@on("property-pre-set:maxmem")
def maxmem_changes_only_while_halted(qube: Qube, new: int, old: int, **_) -> None:
    """Unless memory can be hot-plugged; qubesd trips over its own message."""
    if new != old and not qube.is_halted and not _hotplugs_memory(qube):
        raise errors.Broken(
            f"Can't change maxmem of VM {qube}, because it isn't Halted and "
            "memory hotplug is forbidden"
        )


def users(qube: Qube) -> tuple[list[str], list[tuple[str, str]]]:
    """Global properties, and qubes with explicit ones, that name the qube (get_qube_prop_deps)."""
    system = list(_naming(qube.fleet, qube))
    others = [
        (other.name, name)
        for other in qube.fleet
        if other is not qube
        for name in _naming(other, qube)
        if not other.is_default(name) and not _goes_along(other, name, qube)
    ]
    return system, others


def _goes_along(other: Qube, name: str, qube: Qube) -> bool:
    """Whether a preloaded disposable names its own template, which does not count."""
    of_its_own = other.value("template", None) == qube.name
    return of_its_own and name in _MADE_FROM and other.is_preload


def _naming(holder: Holder, qube: Qube) -> Iterator[str]:
    for name, prop in holder.table.items():
        if prop.kind == "vm" and holder.value(name, None) == qube.name:
            yield name


@on(
    "property-pre-set:template_for_dispvms",
    "property-pre-reset:template_for_dispvms",
    klass=_MAKES_DISPOSABLES,
)
def a_disposable_template_in_use_stays_one(
    qube: Qube, new: bool = False, old: bool = False, **_
) -> None:
    """Neither the system nor a qube may lose it (__on_pre_set_dvmtemplate in dvmtemplate.py)."""
    if new or not old:
        return
    system, others = users(qube)
    properties = ["default_dispvm", "management_dispvm"]
    if set(system) & set(properties):
        raise errors.in_use(
            "Cannot change template_for_dispvms to False while it is in use by the system "
            f"by any of these properties: {', '.join(properties)}"
        )
    properties.append("template")
    if {name for _other, name in others} & set(properties):
        raise errors.in_use(
            "Cannot change template_for_dispvms to False while it is the disposable template "
            f"of a qube by any of these properties: {', '.join(properties)}"
        )
    qube.drop_preloaded()


@on("property-pre-set:clockvm", klass=SYSTEM)
def the_clock_is_synchronised_in_the_new_qube(fleet: Fleet, new: str | None, **_) -> None:
    """Its service ``clocksync`` is on, unless somebody decided otherwise (qubes/app.py)."""
    if new is not None and "service.clocksync" not in fleet[new].features:
        fleet[new].set_feature("service.clocksync", "1")


@on("property-set:clockvm", klass=SYSTEM)
def and_no_longer_in_the_old_one(fleet: Fleet, new: str | None, old: str | None, **_) -> None:
    """The service of the qube that had that task is unset."""
    if old != new and old and fleet[old].features.get("service.clocksync"):
        fleet[old].remove_feature("service.clocksync")
