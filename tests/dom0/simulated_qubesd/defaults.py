# SPDX-License-Identifier: MIT
"""The values that properties of a qube have while nobody sets them (qubes/vm/qubesvm.py)."""

from collections.abc import Callable

from simulated_qubesd import errors
from simulated_qubesd.properties import Holder
from simulated_qubesd.qube import Qube


def system(name: str) -> Callable[[Qube], object]:
    """The global property of that name."""
    return lambda qube: qube.fleet.value(name)


def template_or(name: str, otherwise: object) -> Callable[[Qube], object]:
    """What the template has, else ``otherwise`` (_default_with_template)."""

    def value(qube: Qube) -> object:
        template = qube.template
        if template is not None:
            return template.value(name)
        return otherwise(qube) if callable(otherwise) else otherwise

    return value


def virt_mode(qube: Qube) -> str:
    """Full virtualisation for PCI devices, else what the template uses."""
    if qube.pci_assignments:
        return "hvm"
    return qube.template.value("virt_mode") if qube.template else "pvh"


def maxmem(qube: Qube) -> int:
    """Ten times the memory, within half the host; none with PCI devices or without an agent."""
    if not _can_balance_memory(qube):
        return 0
    if qube.template is not None:
        return qube.template.value("maxmem")
    wanted = qube.value("memory") * 10 if qube.features.get("os") == "Linux" else 4000
    return min(wanted, qube.fleet.doc["host"]["memory_kib"] // 1024 // 2)


def _can_balance_memory(qube: Qube) -> bool:
    if qube.pci_assignments:
        return False
    if qube.value("virt_mode") != "hvm":
        return True
    if not qube.feature("qrexec", via="template"):
        return False
    return not _announces_services(qube) or bool(
        qube.feature("supported-service.meminfo-writer", via="template")
    )


def _announces_services(qube: Qube | None) -> bool:
    while qube is not None:
        if any(name.startswith("supported-service.") for name in qube.features):
            return True
        qube = qube.template
    return False


def kernelopts(qube: Qube) -> str:
    """The built-in options, or the template's while the qube has no PCI device."""
    if not qube.value("kernel"):
        return ""
    if qube.pci_assignments:
        s0ix = qube.fleet["dom0"].features.get("suspend-s0ix")
        return " qubes_exp_pm_use_suspend=1" if s0ix else ""
    return qube.template.value("kernelopts") if qube.template else "swiotlb=2048"


def bootmode(qube: Qube) -> str:
    """The mode that the features of the qube or of its template choose."""
    active = qube.features.get("boot-mode.active")
    if active is not None and _is_bootmode(qube, active):
        return active
    while qube.template is not None:
        mode = qube.template.value("appvm_default_bootmode", None)
        if mode is not None and _is_bootmode(qube, mode):
            return mode
        qube = qube.template
    return "default"


def _is_bootmode(qube: Qube, mode: str) -> bool:
    options = qube.feature(f"boot-mode.kernelopts.{mode}", via="template")
    return mode == "default" or options is not None


def appvm_default_bootmode(qube: Qube) -> str:
    """The mode that the template announces for the qubes based on it."""
    return qube.features.get("boot-mode.appvm-default", "default")


def keyboard_layout(qube: Qube) -> str:
    """The layout of the qube that shows this one's windows."""
    guivm = qube.qube_at("guivm")
    return guivm.value("keyboard_layout", "us++") if guivm else "us++"


def icon(qube: Qube) -> str:
    """The name of the icon, from class and label (BaseVM.icon, AppVM.icon)."""
    label = qube.value("label")
    if qube.klass == "TemplateVM" or (qube.klass == "AppVM" and qube.value("template_for_dispvms")):
        return f"templatevm-{label}"
    if qube.features.get("servicevm"):
        return f"servicevm-{label}"
    kind = {"DispVM": "dispvm", "StandaloneVM": "standalonevm"}.get(qube.klass, "appvm")
    return f"{kind}-{label}"


def updateable(qube: Qube) -> bool:
    """The qube has a root of its own."""
    return not qube.has("template")


def xid(qube: Qube) -> int:
    """The number that Xen gave, -1 while halted."""
    return qube.doc.get("xid", -1) if qube.is_running else -1


def stubdom_xid(qube: Qube) -> int:
    """The number of the device model of a running HVM qube."""
    return xid(qube) + 1 if qube.is_running and qube.value("virt_mode") == "hvm" else -1


def start_time(qube: Qube) -> str | None:
    """When the qube was started."""
    return qube.doc.get("start_time") if qube.is_running else None


def is_preload(qube: Qube) -> bool:
    """The template of the disposable keeps a list of those that wait (DispVM.is_preload)."""
    return qube.name in qube.template.features.get("preload-dispvm", "").split(" ")


def of_template(qube: Qube) -> str:
    """The template itself (DispVM.default_dispvm)."""
    if qube.template is None:
        raise errors.NoValue("template")
    return qube.template.name


def pool(fleet: Holder) -> str:
    """The pool called default, else the one in /var/lib/qubes (_default_pool in qubes/app.py)."""
    pools = fleet.fleet.doc["pools"]
    if "default" in pools:
        return "default"
    for name, config in pools.items():
        if config.get("dir_path") == "/var/lib/qubes":
            return name
    raise errors.NoValue("default_pool")
