# SPDX-License-Identifier: MIT
"""The network properties that are computed, and what a netvm must be (qubes/vm/mix/net.py)."""

import re

from simulated_qubesd import errors
from simulated_qubesd.events import SYSTEM, on
from simulated_qubesd.properties import Property
from simulated_qubesd.qube import Qube

_IPV6 = "fd09:24ef:4179"


def ipv4(prefix: str, number: int) -> str:
    """The address of that number, never .0 or .255 (vmid_to_ipv4)."""
    if number < 255:
        return f"{prefix}.{number >> 8 & 0xFF}.{number & 0xFF}"
    return f"{prefix}.{(number - 1) // 254}.{(number - 1) % 254 + 1}"


def ip(qube: Qube) -> str | None:
    """The address that follows from the number of the qube."""
    if not qube.is_networked:
        return None
    if qube.klass == "DispVM":
        return ipv4("10.138", qube.value("dispid"))
    return ipv4("10.137", qube.qid)


def ip6(qube: Qube) -> str | None:
    """The same for IPv6, where the feature ``ipv6`` asks for it."""
    if not qube.is_networked or not qube.feature("ipv6", via="netvm"):
        return None
    if qube.klass == "DispVM":
        return f"{_IPV6}::a8a:{qube.value('dispid'):x}"
    return f"{_IPV6}::a89:{qube.qid:x}"


def visible_ip(qube: Qube) -> str | None:
    """The address that the qube itself sees."""
    return qube.feature("net.fake-ip", via="template") or qube.value("ip")


def visible_gateway(qube: Qube) -> str | None:
    """The gateway that the qube itself sees."""
    fake = qube.feature("net.fake-gateway", via="template")
    return fake or (qube.netvm.value("gateway") if qube.netvm else None)


def visible_gateway6(qube: Qube) -> str | None:
    """The same for IPv6."""
    if qube.feature("ipv6", via="netvm") and qube.netvm:
        return qube.netvm.value("gateway6")
    return None


def visible_netmask(qube: Qube) -> str | None:
    """The netmask that the qube itself sees."""
    fake = qube.feature("net.fake-netmask", via="template")
    return fake or ("255.255.255.255" if qube.netvm and qube.netvm.is_networked else None)


def gateway(qube: Qube) -> str | None:
    """The address of the qube as a gateway, if it is one."""
    return visible_ip(qube) if qube.provides_network else None


def gateway6(qube: Qube) -> str | None:
    """The same for IPv6."""
    if qube.provides_network and qube.feature("ipv6", via="netvm"):
        return qube.value("ip6")
    return None


def dns(qube: Qube) -> str | None:
    """The name servers of the qube."""
    return "10.139.1.1 10.139.1.2" if qube.is_networked else None


def set_mac(_qube: Qube, _prop: Property, value: str) -> str:
    """A MAC address in lower case."""
    if not re.match(r"\A([0-9a-f][0-9a-f]:){5}[0-9a-f][0-9a-f]\Z", value.lower()):
        raise errors.Broken("Invalid MAC address value")
    return value.lower()


def set_netvm(qube: Qube, _prop: Property | None, value: str | None) -> str | None:
    """A qube that provides network and is not networked through this one."""
    if value is None:
        return None
    netvm = qube.fleet[value]
    if not netvm.has("provides_network"):
        raise errors.Broken(f"{value} has no provides_network")
    if not netvm.provides_network:
        raise errors.bad_value(f"The {value} qube does not provide network")
    if value == qube.name or value in qube.downstream():
        raise errors.bad_value("Loops in network are unsupported")
    return value


def set_provides_network(qube: Qube, _prop: Property, value: bool) -> bool:
    """No qube may lose its netvm by that."""
    if not value and any(True for _ in qube.connected):
        raise errors.bad_value("The qube is still used by other qubes, change theirs 'netvm' first")
    return value


def set_default_netvm(fleet, _prop: Property, value: str | None) -> str | None:
    """No qube that follows the default ends in a loop (_setter_default_netvm in qubes/app.py)."""
    for qube in fleet:
        if value is None or not qube.has("netvm") or not qube.is_default("netvm"):
            continue
        if value == qube.name or value in qube.downstream():
            raise errors.bad_property_value(f"Network loop on '{qube.name}'")
    return value


@on("property-pre-set:netvm")
def only_a_running_netvm_for_a_running_qube(
    qube: Qube, new: str | None, old: str | None, **_
) -> None:
    """Interfaces are attached at once; a paused qube gets them later."""
    if new is not None and qube.is_running and not qube.fleet[new].is_running:
        raise errors.not_started(new, f"Cannot dynamically attach to stopped qube {new}")
    if qube.power == "Paused" and "deferred-netvm-original" not in qube.features:
        qube.set_feature("deferred-netvm-original", old or "")


@on("property-pre-reset:netvm")
def the_default_netvm_obeys_the_same_rules(qube: Qube, old: str | None, **_) -> None:
    """A reset sets the default (on_property_pre_reset_netvm)."""
    new = set_netvm(qube, None, qube.default("netvm"))
    if new != old:
        qube.fire("property-pre-set:netvm", name="netvm", new=new, old=old)


@on("property-pre-set:default_netvm", klass=SYSTEM)
def a_new_default_reaches_everybody_who_follows_it(
    fleet, new: str | None, old: str | None, **_
) -> None:
    """Each of them may refuse (on_property_pre_set_default_netvm in qubes/app.py)."""
    for qube in fleet:
        if qube.has("netvm") and qube.is_default("netvm"):
            qube.fire("property-pre-set:netvm", name="netvm", new=new, old=old)


@on("property-set:provides_network", "property-reset:provides_network")
def a_network_provider_is_a_service_qube(qube: Qube, **_) -> None:
    """The feature ``servicevm`` follows the property (qubes/ext/core_features.py)."""
    if qube.provides_network:
        qube.set_feature("servicevm", "1")
    elif "servicevm" in qube.features:
        qube.remove_feature("servicevm")


@on("property-set:default_netvm", klass=SYSTEM)
def and_qubesd_trips_over_dom0(fleet, new: str | None, old: str | None, **_) -> None:
    """dom0 is accepted, but cannot be told whom it networks (on_property_set_netvm)."""
    for netvm in filter(None, (old, new)):
        if not fleet[netvm].has("provides_network"):
            raise errors.Broken(f"{netvm} has no reload_connected_ips")
