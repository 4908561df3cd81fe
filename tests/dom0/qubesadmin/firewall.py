# SPDX-License-Identifier: MIT
"""Firewall rules, read and written by the client."""

from __future__ import annotations

import datetime
import socket
import string
from typing import Any

_HOST = set(string.ascii_lowercase + string.digits + "-._")


class RuleOption:
    """One element of a rule."""

    key = ""

    def __init__(self, value: object) -> None:
        self._value = str(value)

    @property
    def rule(self) -> str | None:
        """As the Admin API has it."""
        return f"{self.key}={self}"

    @property
    def pretty_value(self) -> str:
        """As a person reads it."""
        return str(self)

    def __str__(self) -> str:
        return self._value

    def __eq__(self, other: object) -> bool:
        return str(self) == other

    __hash__ = None


class RuleChoice(RuleOption):
    """One of a few words."""

    choices: tuple[str, ...] = ()

    def __init__(self, value: object) -> None:
        super().__init__(value)
        if value not in self.choices:
            raise ValueError(value)


class Action(RuleChoice):
    """What happens to the packet."""

    key, choices = "action", ("accept", "drop")
    accept, drop = choices


class Proto(RuleChoice):
    """The protocol."""

    key, choices = "proto", ("tcp", "udp", "icmp")
    tcp, udp, icmp = choices


class SpecialTarget(RuleChoice):
    """A destination that has no address."""

    key, choices = "specialtarget", ("dns",)
    dns = "dns"


class DstHost(RuleOption):
    """An address, a network or a host name."""

    def __init__(self, value: str, prefixlen: int | None = None) -> None:
        if value.count("/") > 1:
            raise ValueError(f"Too many /: {value}")
        host, slash, length = value.partition("/")
        self.type, longest = _family(host)
        self.prefixlen = 0
        if longest is None:
            if slash:
                raise ValueError(f"Invalid IP address: {host}")
            if set(value) - _HOST:
                raise ValueError("Invalid hostname")
        else:
            given = int(length) if slash else prefixlen
            self.prefixlen = longest if given is None else given
            if self.prefixlen < 0:
                raise ValueError("netmask must be non-negative")
            if self.prefixlen > longest:
                version = "IPv6" if self.type == "dst6" else "IPv4"
                raise ValueError(f"netmask for {version} must be <= {longest}")
            value = value if slash else f"{value}/{self.prefixlen}"
        super().__init__(value)

    @property
    def rule(self) -> str | None:
        if self.prefixlen == 0 and self.type != "dsthost":
            return None
        return f"{self.type}={self}"


def _family(host: str) -> tuple[str, int | None]:
    for kind, family, longest in (("dst6", socket.AF_INET6, 128), ("dst4", socket.AF_INET, 32)):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return kind, longest
    return "dsthost", None


class DstPorts(RuleOption):
    """A port, or a range of them."""

    key = "dstports"

    def __init__(self, value: object) -> None:
        first, *rest = [int(port) for port in str(value).split("-")]
        if len(rest) > 1:
            raise ValueError(value)
        self.range = [first, *(rest or [first])]
        if any(not 0 <= port <= 65536 for port in self.range):
            raise ValueError("Ports out of range")
        if self.range[0] > self.range[1]:
            raise ValueError("Invalid port range")
        both = f"{self.range[0]}-{self.range[1]}"
        super().__init__(self.range[0] if self.range[0] == self.range[1] else both)

    @property
    def rule(self) -> str:
        return f"dstports={self.range[0]}-{self.range[1]}"


class IcmpType(RuleOption):
    """The type of an ICMP packet."""

    key = "icmptype"

    def __init__(self, value: object) -> None:
        super().__init__(value)
        if not 0 <= int(value) <= 255:
            raise ValueError("ICMP type out of range")


class Expire(RuleOption):
    """When the rule ends."""

    key = "expire"

    def __init__(self, value: object) -> None:
        super().__init__(value)
        self.datetime = datetime.datetime.fromtimestamp(int(value), datetime.UTC)

    @property
    def expired(self) -> bool:
        """It has ended."""
        return self.datetime < datetime.datetime.now(datetime.UTC)

    @property
    def pretty_value(self) -> str:
        left = self.datetime - datetime.datetime.now(datetime.UTC)
        return f"{left.total_seconds():+.0f}s"


class Comment(RuleOption):
    """A word to people."""

    key = "comment"


_ELEMENTS = {
    "action": Action,
    "proto": Proto,
    "dsthost": DstHost,
    "dstports": DstPorts,
    "icmptype": IcmpType,
    "specialtarget": SpecialTarget,
    "expire": Expire,
    "comment": Comment,
}


class Rule:
    """One rule, from its text or from its elements; they are attributes."""

    def __init__(self, rule: str | None, **elements: object) -> None:
        for name in _ELEMENTS:
            setattr(self, name, None)
        wanted = {**_split(rule or ""), **elements}
        for key in ("dst4", "dst6"):
            if wanted.get(key) is not None:
                wanted["dsthost"] = wanted[key]
            wanted.pop(key, None)
        for name, kind in _ELEMENTS.items():
            value = wanted.pop(name, None)
            if value is not None:
                self._check(name)
                setattr(self, name, value if isinstance(value, kind) else kind(value))
        if wanted:
            raise ValueError(f"Unknown rule elements: {wanted!r}")
        if self.action is None:
            raise ValueError("missing action=")

    def _check(self, name: str) -> None:
        if name == "dstports" and self.proto not in ("tcp", "udp"):
            raise ValueError("dstports valid only for 'tcp' and 'udp' protocols")
        if name == "icmptype" and self.proto not in ("icmp",):
            raise ValueError("icmptype valid only for 'icmp' protocol")

    @property
    def rule(self) -> str:
        """As the Admin API takes it."""
        elements = (getattr(self, name) for name in _ELEMENTS)
        texts = (element.rule for element in elements if element is not None)
        return " ".join(text for text in texts if text is not None)

    def __eq__(self, other: object) -> bool:
        return self.rule == other.rule if isinstance(other, Rule) else NotImplemented

    __hash__ = None

    def __repr__(self) -> str:
        return f"Rule('{self.rule}')"


def _split(rule: str) -> dict[str, str]:
    options, _, comment = rule.partition("comment=")
    found = dict(option.split("=", 1) for option in options.split(" ") if option)
    return {**found, "comment": comment} if comment else found


class Firewall:
    """The rules of a qube; fetched once."""

    def __init__(self, vm: Any) -> None:
        self.vm = vm
        self._rules: list[Rule] = []
        self._loaded = False

    def load_rules(self) -> None:
        """The rules are fetched again."""
        lines = self.vm.qubesd_call(None, "admin.vm.firewall.Get").decode().splitlines()
        self._rules = [Rule(line) for line in lines]
        self._loaded = True

    @property
    def rules(self) -> list[Rule]:
        """The rules; change them and call :meth:`save_rules`, or assign others."""
        if not self._loaded:
            self.load_rules()
        return self._rules

    @rules.setter
    def rules(self, value: list[Rule]) -> None:
        self.save_rules(value)
        self._rules = value

    def save_rules(self, rules: list[Rule] | None = None) -> None:
        """qubesd has these rules and no others."""
        kept = self._rules if rules is None else rules
        text = "".join(f"{rule.rule}\n" for rule in kept)
        self.vm.qubesd_call(None, "admin.vm.firewall.Set", payload=text.encode("ascii"))

    @property
    def policy(self) -> Action:
        """What happens to everything else."""
        return Action("drop")

    def reload(self) -> None:
        """The rules are applied once more."""
        self.vm.qubesd_call(None, "admin.vm.firewall.Reload")
