# SPDX-License-Identifier: MIT
"""The extension that Whonix brings along, where it is installed (qubes-core-admin-addon-whonix)."""

from simulated_qubesd.events import on
from simulated_qubesd.qube import Qube

_DEFAULT_GATEWAY = "sys-whonix"
_DEFAULT_DISPOSABLE = "whonix-workstation-18-dvm"


def _is(qube: Qube | None, role: str) -> bool:
    return qube is not None and bool(qube.feature(f"whonix-{role}", via="template"))


def _installed(qube: Qube) -> bool:
    return "whonix" in qube.fleet.doc.get("addons", ())


@on("domain-add")
def a_new_whonix_qube_is_marked_and_connected(qube: Qube, **_) -> None:
    """Gateways and workstations get tags; a workstation networks through a gateway."""
    if not _installed(qube):
        return
    if _is(qube, "gw"):
        qube.add_tag("anon-gateway")
        qube.add_tag("sdwdate-gui-server")
        _without_plain_disposables(qube)
    if _is(qube, "ws"):
        qube.add_tag("anon-vm")
        qube.add_tag("sdwdate-gui-client")
        _connect(qube)
        _choose_disposables(qube)
        if "gui-events-max-delay" not in qube.features:
            qube.set_feature("gui-events-max-delay", "100")


@on("feature-set:whonix-ws")
def a_qube_becomes_a_workstation(qube: Qube, value: str, **_) -> None:
    """It is connected as one."""
    if value and _installed(qube):
        _connect(qube)
        _choose_disposables(qube)


@on("feature-set:whonix-gw")
def a_qube_becomes_a_gateway(qube: Qube, value: str, **_) -> None:
    """Its disposables are workstations, or there are none."""
    if value and _installed(qube):
        _without_plain_disposables(qube)


def _without_plain_disposables(qube: Qube) -> None:
    if qube.qube_at("default_dispvm") and not _is(qube.qube_at("default_dispvm"), "ws"):
        qube.set("default_dispvm", None)


def _named(qube: Qube, feature: str, role: str) -> str | None:
    """The qube that a feature names, if it plays the role."""
    name = qube.feature(feature, via="template")
    found = name in qube.fleet and qube.fleet[name].features.get(f"whonix-{role}")
    return name if found else None


def _connect(qube: Qube) -> None:
    """A workstation without network stays so; any other gets a gateway, or nothing."""
    if qube.klass == "TemplateVM" or qube.netvm is None:
        return
    gateway = qube.netvm.name if _is(qube.netvm, "gw") else None
    gateway = gateway or _named(qube, "whonix-default-gw", "gw") or _DEFAULT_GATEWAY
    qube.set("netvm", gateway if gateway in qube.fleet else None)


def _choose_disposables(qube: Qube) -> None:
    """A workstation opens things in disposable workstations, or in none."""
    current = qube.qube_at("default_dispvm")
    if current is None or (qube.klass == "TemplateVM" and _is(current, "ws")):
        return
    if qube.value("template_for_dispvms", False):
        wanted = qube.name
    elif _is(current, "ws"):
        wanted = current.name
    else:
        wanted = _named(qube, "whonix-default-dispvm", "ws") or _usual_disposable(qube)
    is_there = wanted in qube.fleet and (wanted != qube.name or qube.value("template_for_dispvms"))
    qube.set("default_dispvm", wanted if is_there else None)


def _usual_disposable(qube: Qube) -> str:
    own = f"{(qube.template or qube).name}-dvm"
    # the disposable template itself cannot be chosen before it is one
    return own if own in qube.fleet and own != qube.name else _DEFAULT_DISPOSABLE
