# SPDX-License-Identifier: MIT
"""What qrexec policy says of a call, as the real parser decides (qrexec/policy/parser.py).

Of the tokens only those that the tests have use for are known: names, ``*``, ``@anyvm``,
``@adminvm``, ``@default``, ``@dispvm``, ``@dispvm:NAME``, ``@tag:`` and ``@type:``. A file that
the real one would not take denies every call, and so does one of a wrong name.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from programs import qubes_policy_lint

_NAMES = set(string.digits + string.ascii_lowercase + "_.-")
#: By name: ``tags``, ``type``, ``template_for_dispvms`` and ``power_state``, as qubesd tells it.
System = Mapping[str, Mapping[str, Any]]


class Denied(Exception):
    """The call is refused."""


@dataclass(frozen=True)
class Call:
    """Who calls which service of whom."""

    service: str
    argument: str
    source: str
    target: str


@dataclass(frozen=True)
class Resolution:
    """What happens to a call that is not denied: ``allow`` or ``ask``, and where it goes."""

    action: str
    target: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Rule:
    service: str
    argument: str
    source: str
    target: str
    action: str
    options: Mapping[str, str]

    def matches(self, call: Call, system: System) -> bool:
        return (
            self.service in ("*", call.service)
            and self.argument in ("*", f"+{call.argument}")
            and _matches(self.source, call.source, system)
            and _matches(self.target, call.target, system)
        )


def _matches(token: str, name: str, system: System) -> bool:
    dom0 = name in ("dom0", "@adminvm")
    if token in ("*", name):
        return True
    if token in ("@adminvm", "dom0"):
        return dom0
    if token == "@anyvm":
        return not dom0
    kind, _, value = token.partition(":")
    about = system.get(name, {})
    if kind == "@tag":
        return value in about.get("tags", ())
    return kind == "@type" and about.get("type") == value


def files(directories: Iterable[Path]) -> list[Path]:
    """The files that count, in their order; one of an earlier directory hides its namesakes."""
    found: dict[str, Path] = {}
    for directory in directories:
        there = [path for path in directory.iterdir() if path.is_file()]
        there = [path for path in there if path.suffix == ".policy" and path.name[0] != "."]
        for path in there:
            if not set(path.name) <= _NAMES:
                raise Denied(f"invalid filename: {path}")
            found.setdefault(path.name, path)
    return [found[name] for name in sorted(found)]


def rules(directories: Iterable[Path]) -> list[_Rule]:
    """All rules of all files, or none at all if one line is wrong."""
    found = []
    for path in files(directories):
        for number, text in enumerate(path.read_text("utf-8").splitlines(), start=1):
            line = text.strip()
            if not line or line.startswith("#"):
                continue
            try:
                qubes_policy_lint.check(line)
            except qubes_policy_lint.PolicyError as error:
                raise Denied(f"{path}:{number}: {error}") from error
            service, argument, source, target, action, *options = line.split()
            pairs = dict(option.split("=", 1) for option in options)
            found.append(_Rule(service, argument, source, target, action, pairs))
    return found


def evaluate(directories: Iterable[Path], call: Call, system: System) -> Resolution:
    """What policy says of the call; a target that does not exist is the default one.

    :raises Denied: it says no
    """
    known = rules(directories)
    call = Call(call.service, call.argument, call.source, _verified(call.target, system))
    for rule in known:
        if rule.matches(call, system):
            return _resolved(rule, call, system)
    raise Denied("no matching rule found")


def _verified(target: str, system: System) -> str:
    if target.startswith("@dispvm:"):
        if not system.get(target.removeprefix("@dispvm:"), {}).get("template_for_dispvms"):
            raise Denied(f"not a template for dispvm: {target}")
        return target
    if target in system or target in ("@adminvm", "@dispvm"):
        return target
    return "@default"


def _resolved(rule: _Rule, call: Call, system: System) -> Resolution:
    if rule.action == "deny":
        raise Denied("denied by policy")
    target = _verified(rule.options.get("target", call.target), system)
    if target == "@default":
        raise Denied("no target is specified by caller or policy")
    if target == call.source:
        raise Denied("loopback qrexec connection not supported")
    running = system.get(target, {}).get("power_state") == "Running"
    if rule.options.get("autostart") == "no" and not running:
        raise Denied("it would require autostart")
    return Resolution(rule.action, target, rule.options)
