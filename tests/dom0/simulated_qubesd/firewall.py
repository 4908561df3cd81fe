# SPDX-License-Identifier: MIT
"""Firewall rules in their canonical form (qubes/firewall.py)."""

import socket
import string
import time

from simulated_qubesd import errors

_SAFE = set(string.ascii_letters + string.digits + ":;,./-_[]")
_HOST = set(string.ascii_lowercase + string.digits + "-._")
_ORDER = (
    "action",
    "expire",
    "dsthost",
    "proto",
    "specialtarget",
    "dstports",
    "icmptype",
    "comment",
)
_CHOICES = {
    "action": ("accept", "drop"),
    "proto": ("tcp", "udp", "icmp"),
    "specialtarget": ("dns",),
}
_HOST_KEYS = ("dsthost", "dst4", "dst6", "dstname")


def canonical(rule: str) -> str:
    """The rule as the Admin API returns it; one that qubesd cannot read is a crash there."""
    try:
        return _spell(_parse(rule))
    except ValueError as wrong:
        raise errors.Broken(str(wrong)) from wrong


def listed(rules: list[str]) -> str:
    """The rules that have not expired."""
    return "".join(f"{rule}\n" for rule in rules if not _expired(rule))


def _expired(rule: str) -> bool:
    for part in rule.partition("comment=")[0].split():
        if part.startswith("expire="):
            return int(part.removeprefix("expire=")) < time.time()
    return False


def _parse(rule: str) -> dict[str, str]:
    options, _, comment = rule.partition("comment=")
    parts: dict[str, str] = {}
    if comment:
        parts["comment"] = _safe(comment, _SAFE | {" "})
    for option in options.strip().split(" "):
        key, equals, value = option.partition("=")
        key = "dsthost" if key in _HOST_KEYS else key
        if not equals or key in parts or key not in _ORDER or key == "comment":
            raise ValueError(f"bad option {option!r}")
        parts[key] = _value(key, _safe(value, _SAFE))
    _check(parts)
    return parts


def _check(parts: dict[str, str]) -> None:
    if "action" not in parts:
        raise ValueError("no action")
    if "dstports" in parts and parts.get("proto") not in ("tcp", "udp"):
        raise ValueError("dstports valid only for 'tcp' and 'udp' protocols")
    if "icmptype" in parts and parts.get("proto") != "icmp":
        raise ValueError("icmptype valid only for 'icmp' protocol")


def _safe(value: str, allowed: set[str]) -> str:
    if set(value) - allowed:
        raise ValueError("strange characters in rule")
    return value


def _value(key: str, value: str) -> str:
    if key in _CHOICES:
        if value not in _CHOICES[key]:
            raise ValueError(value)
        return value
    return {"dsthost": _host, "dstports": _ports, "icmptype": _icmp, "expire": _number}[key](value)


def _number(value: str) -> str:
    if not value.isdigit():
        raise ValueError("not a number")
    return value


def _icmp(value: str) -> str:
    if len(value) > 3 or int(_number(value)) > 255:
        raise ValueError("bad ICMP type")
    return str(int(value))


def _ports(value: str) -> str:
    first, dash, last = value.partition("-")
    numbers = [int(first), int(last) if dash else int(first)]
    if not 0 <= numbers[0] <= numbers[1] < 65536:
        raise ValueError("bad ports")
    return f"{numbers[0]}-{numbers[1]}"


def _host(value: str) -> str:
    """With its kind, as ``dst4=10.0.0.1/32``."""
    host, slash, length = value.partition("/")
    for kind, family, longest in (("dst6", socket.AF_INET6, 128), ("dst4", socket.AF_INET, 32)):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        if slash and int(_number(length)) > longest:
            raise ValueError("netmask too long")
        return f"{kind}={host}/{length if slash else longest}"
    if slash or set(value) - _HOST:
        raise ValueError("Invalid hostname")
    return f"dsthost={value}"


def _spell(parts: dict[str, str]) -> str:
    return " ".join(
        parts[key] if key == "dsthost" else f"{key}={parts[key]}" for key in _ORDER if key in parts
    )
