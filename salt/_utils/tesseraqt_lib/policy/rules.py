# SPDX-License-Identifier: MIT
"""qrexec policy: which qube may call which API of which other one, as text. Pure.

The first rule that matches a call decides (``qrexec/policy/parser.py``), so the last one
here denies whatever of the service was not declared: every argument, and ``*`` is every
source and every target, dom0, ``@dispvm`` and ``@default`` too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib.declare.apis import NAME_PATTERN
from tesseraqt_lib.declare.values import QubeName
from tesseraqt_lib.fleet import bindings
from tesseraqt_lib.fleet.bindings import Binding
from tesseraqt_lib.model import Fleet
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.shapes.mappings import Listed, Map, Record
from tesseraqt_lib.shapes.scalars import INVALID, Flag, Text

#: Before the rules of Qubes (``90-``) and, by its name, before ``30-user.policy``.
FILE = "30-tesseraqt.policy"
SERVICE = "tesseraqt.Api"
#: By its first line a file is known as tesseraqt's.
HEADER = (
    "# tesseraqt keeps this file: whatever is changed here is changed back.",
    "# These are the wires between qubes that pillar declares (qubesctl tesseraqt.wires).",
)
REST = f"{SERVICE} * * * deny"


@dataclass(frozen=True, order=True)
class Rule:
    """One qube may call one API of another one, or a person is asked each time."""

    source: str
    target: str
    #: ``container.api``
    api: str
    ask: bool = False

    @property
    def call(self) -> tuple[str, str, str]:
        """What it is about, whether a person is asked or not."""
        return (self.source, self.target, self.api)

    @property
    def line(self) -> str:
        """The rule as policy has it. A person is offered this target, and no other."""
        ask = f"ask target={self.target} default_target={self.target}"
        action = ask if self.ask else "allow"
        return f"{SERVICE} +{self.api} {self.source} {self.target} {action}"

    def data(self) -> dict[str, Any]:
        """The rule as a state takes it."""
        said = {"from": self.source, "to": self.target, "api": self.api}
        return {**said, "ask": True} if self.ask else said


def rules(fleet: Fleet, blamed: Collection[str] = ()) -> tuple[Rule, ...]:
    """A rule for each pair of qubes and API that a wire joins, sorted.

    :param blamed: the paths at which something is wrong with the declaration: what a wire there
        would allow is not allowed by another one either, for which of them holds is not known
    """
    wires = [(rule_of(one), one) for one in bindings.between_qubes(fleet)]
    doubtful = {rule.call for rule, one in wires if in_doubt(one, blamed)}
    return tuple(one for one in strictest(rule for rule, _ in wires) if one.call not in doubtful)


def rule_of(wire: Binding) -> Rule:
    """The rule by which policy lets a wire between two qubes be."""
    target, container, api = wire.provider
    return Rule(wire.qube, target, f"{container}.{api}", wire.wire.ask)


def in_doubt(wire: Binding, blamed: Collection[str]) -> bool:
    """Whether what is wrong may be the wire: it is within it, or in what it stands in."""
    places = (f"qubes.{wire.qube}.containers", wire.container, wire.slot)
    above = {".".join(places[:length]) for length in (1, 2, 3)}
    return any(path in above or path.startswith(f"{wire.path}.") for path in blamed)


def strictest(found: Iterable[Rule]) -> tuple[Rule, ...]:
    """Each pair of qubes and API once, sorted: if any rule asks, that one."""
    kept: dict[tuple[str, str, str], Rule] = {}
    for rule in sorted(found):
        kept[rule.call] = rule
    return tuple(kept.values())


def text(allowed: Iterable[str]) -> str:
    """The file that has these rules, and denies the rest."""
    return "".join(f"{line}\n" for line in (*HEADER, *sorted(set(allowed)), REST))


def lines(found: str) -> tuple[str, ...]:
    """The rules of a file, in their order, each in the spelling that it would have here."""
    stripped = (" ".join(line.split()) for line in found.splitlines())
    return tuple(line for line in stripped if line and not line.startswith("#"))


@dataclass(frozen=True)
class RuleShape:
    """A rule as a state takes it."""

    record = Record(
        {
            "from": QubeName(),
            "to": QubeName(),
            "api": Text(rf"{NAME_PATTERN}\.{NAME_PATTERN}", "an API is named container.api"),
            "ask": Flag(),
        },
        required=("from", "to", "api"),
    )

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        before = len(problems.found)
        said = self.record.read(raw, at, problems)
        if len(problems.found) > before:
            return INVALID
        return Rule(said["from"], said["to"], said["api"], said.get("ask", False))

    def schema(self) -> dict[str, Any]:
        return self.record.schema()


RULES = Listed(RuleShape())
#: By qube, the IDs of the states after which it is as declared.
NEEDS = Map(QubeName(), Listed(Text(r"[ -~]+", "the ID of a state is printable", longest=300)))
#: The same as it is read.
Needs = Mapping[str, tuple[str, ...]]


def declared(raw: Any, problems: Problems) -> tuple[Rule, ...]:
    """The rules that the arguments of a state declare, as far as they are valid."""
    read: tuple[Rule, ...] | object = RULES.read(raw, "rules", problems)
    return strictest(read) if isinstance(read, tuple) else ()


def needs(raw: Any, problems: Problems) -> Needs:
    """Which states the arguments of a state say that a qube needs, as far as they are valid."""
    read: dict[str, tuple[str, ...]] | object = NEEDS.read(raw, "needs", problems)
    return read if isinstance(read, dict) else {}
