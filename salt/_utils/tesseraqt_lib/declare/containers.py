# SPDX-License-Identifier: MIT
"""What may be declared of a container, and of the wires that a qube gives its containers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.declare.apis import (
    API,
    CONSUMES,
    FOREIGN,
    NAME_PATTERN,
    NOT_KEPT,
    PATH,
    PROVIDES,
    USER,
    Number,
    slot_places,
)
from tesseraqt_lib.declare.values import INT_MAX, MODULE, Size
from tesseraqt_lib.problems import Problems, joined, shown
from tesseraqt_lib.shapes.mappings import Listed, Map, Record, Section, Short
from tesseraqt_lib.shapes.scalars import (
    INVALID,
    Choice,
    Flag,
    Nullable,
    Shape,
    Text,
    kind_of,
    unsafe_text,
)

NAME = Text(NAME_PATTERN, "a container is up to 32 lower-case letters, digits or '-'")
PACKAGE = Text(
    r"[A-Za-z_][A-Za-z0-9_'+-]*(?:\.[A-Za-z0-9_'+-]+)*",
    "a package is an attribute path of nixpkgs such as python3Packages.requests",
    longest=200,
)
ICON = Text(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,99}", "an icon is a name such as firefox")
LINE = Text(r"[\x20-\x7e]{1,200}", "one line of up to 200 characters")
SRI = Text(r"sha256-[A-Za-z0-9+/]{43}=", "a hash is sha256-... as nix prints it")
URL = Text(r"https://[A-Za-z0-9._~:/?=&%+@-]{1,500}", "an https:// address")

#: What the module system does by itself with data that has such a key.
INTERNAL = frozenset(("_module", "_type"))
#: Deeper than any NixOS option is.
DEEPEST = 32
#: A text of this length is a file, and files have a place of their own.
LONGEST = 65536
#: More than any name has; and YAML, as which Salt reads it again, takes no key above 1022.
LONGEST_KEY = 256
#: What Nix can count to.
NIX_INT = 2**63


@dataclass(frozen=True)
class OptionData:
    """Data for NixOS options: any JSON of printable text; checked by NixOS' own option types."""

    deepest: int = DEEPEST

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        if not isinstance(raw, Mapping):
            problems.value(at, raw, f"is {kind_of(raw)}, but a map of NixOS options is wanted")
            return INVALID
        before = len(problems.found)
        self._check(raw, at, problems, self.deepest)
        return raw if len(problems.found) == before else INVALID

    def _check(self, raw: Any, at: str, problems: Problems, depth: int) -> None:
        if depth == 0:
            problems.add(at, f"is nested deeper than {self.deepest} levels")
        elif isinstance(raw, Mapping):
            for key, value in raw.items():
                place = joined(at, key)
                if why := key_refused(key):
                    problems.add(place, why)
                self._check(value, place, problems, depth - 1)
        elif isinstance(raw, list):
            for index, item in enumerate(raw):
                self._check(item, f"{at}[{index}]", problems, depth - 1)
        elif why := scalar_refused(raw):
            problems.value(at, raw, why)

    def schema(self) -> dict[str, Any]:
        return {"type": "object", "description": "NixOS options, as in configuration.nix"}


@dataclass(frozen=True)
class Kept:
    """Directories that are kept: a list, or a map that says whose they are."""

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        return (Listed(PATH) if isinstance(raw, list) else OWNED).read(raw, at, problems)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [Listed(PATH).schema(), OWNED.schema()]}


@dataclass(frozen=True)
class Command:
    """A program and its arguments, in their order."""

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        if not isinstance(raw, list) or not raw:
            problems.value(at, raw, "is no list of a program and its arguments")
            return INVALID
        words_ = [LINE.read(item, f"{at}[{index}]", problems) for index, item in enumerate(raw)]
        return INVALID if INVALID in words_ else tuple(words_)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "minItems": 1, "items": LINE.schema()}


def key_refused(key: Any) -> str:
    """Why this cannot be a key of option data; empty if it can."""
    if not isinstance(key, str):
        return f"a key is text, and {shown(key)} is {kind_of(key)}"
    if not INTERNAL.isdisjoint(key.split(".")):
        return "is the module system's own: put it into a file of `modules:`"
    if len(key) > LONGEST_KEY:
        return f"its name is longer than {LONGEST_KEY} characters"
    why = unsafe_text(key)
    return f"its name {why}" if why else ""


def scalar_refused(raw: Any) -> str:
    """Why option data cannot hold this; empty if it can."""
    if isinstance(raw, str):
        if len(raw) > LONGEST:
            return f"is longer than {LONGEST} characters: put it into a file of `modules:`"
        return unsafe_text(raw.replace("\n", " ").replace("\t", " "))
    if isinstance(raw, float):
        return "" if math.isfinite(raw) else "is no number"
    if isinstance(raw, int):
        return "" if -NIX_INT <= raw < NIX_INT else "is a number that Nix cannot hold"
    return "" if raw is None else f"is {kind_of(raw)}, which NixOS option data cannot hold"


def state_paths(container: Mapping[str, Any], at: str, problems: Problems) -> None:
    """Every directory that is kept can be, and is no part of another one."""
    kept = container.get("state", ())
    for index, path in enumerate(kept):
        said = joined(at, "state")
        place = joined(said, path) if isinstance(kept, Mapping) else f"{said}[{index}]"
        if path in NOT_KEPT or path.startswith(FOREIGN):
            problems.value(place, path, "cannot be kept; name what is to survive in it")
        for other in kept:
            if path.startswith(f"{other}/"):
                problems.value(place, path, f"is below {other!r}, which is kept already")


def places(container: Mapping[str, Any], at: str, problems: Problems) -> None:
    """Neither what is kept nor the slots get into each other's way."""
    state_paths(container, at, problems)
    slot_places(container, at, problems)


#: YAML takes an unquoted 0750 for a number, and then for another one.
MODE = Text(r"0[0-7]{3}", "a mode is four octal digits in quotes, such as '0750'")
OWNED = Map(PATH, Nullable(Record({"user": USER, "group": USER, "mode": MODE})))
PIN = Record({"url": URL, "hash": SRI}, required=("url", "hash"))
LIMITS = Record(
    {
        "memory": Nullable(Size()),
        "cpu": Nullable(Number(1, 12800, "a percentage of one CPU")),
        "tasks": Nullable(Number(1, INT_MAX, "a number of tasks")),
        "tmpfs": Size(),
    }
)
DESKTOP = Record(
    {
        "title": LINE,
        "command": Command(),
        "icon": ICON,
        "terminal": Flag(),
        "user": USER,
    },
    required=("title", "command"),
)
ACCOUNT = Record({"uid": Number(1, 59999, "a user id"), "groups": Listed(USER), "home": PATH})
#: What containers lose, and one may keep (``files/nixos/options.nix`` has the same list).
DROPPED = ("CAP_AUDIT_CONTROL", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_NET_RAW")
#: The limits of a container that declares none (``files/nixos/options.nix``).
DEFAULT_LIMITS: Mapping[str, int] = {"cpu": 100, "memory": 2**30, "tasks": 1024, "tmpfs": 2**29}
#: The hardening of a container that declares none (``files/nixos/options.nix``).
DEFAULT_HARDENING: Mapping[str, Any] = {
    "capabilities": (),
    "display": "untrusted",
    "network": "none",
    "nix_daemon": False,
    "no_new_privileges": True,
}


def daemon_network(hardening: Mapping[str, Any], at: str, problems: Problems) -> None:
    """Nothing is taken back unsaid: what the nix daemon builds may use the network of the qube."""
    if hardening.get("nix_daemon") and hardening.get("network", "none") == "none":
        place = joined(at, "nix_daemon")
        problems.add(
            place,
            "what it builds may use the network of the qube: that needs `network: qube` beside it",
        )


#: Each default can be taken back alone, but for what brings another along.
HARDENING = Record(
    {
        "capabilities": Listed(Choice(DROPPED)),
        "display": Choice(("untrusted", "trusted")),
        "no_new_privileges": Flag(),
        "network": Choice(("none", "qube")),
        "nix_daemon": Flag(),
    },
    together=daemon_network,
)

CONTAINER = Record(
    {
        "autostart": Flag(),
        "config": OptionData(),
        "consumes": CONSUMES,
        "desktop": Map(API, DESKTOP),
        "hardening": HARDENING,
        "limits": LIMITS,
        "modules": Listed(MODULE),
        "nixpkgs": PIN,
        "packages": Listed(PACKAGE),
        "provides": PROVIDES,
        "state": Kept(),
        "users": Map(USER, Nullable(ACCOUNT)),
    },
    elsewhere={"services": "write NixOS options below `config:`, as `config: {services: ...}`"},
    together=places,
)


@dataclass(frozen=True)
class ContainerName:
    """A name for a container; ``qube`` is the qube itself, where wires are declared."""

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        name = NAME.read(raw, at, problems)
        if name == words.ITSELF:
            problems.add(at, "is the qube as such: give its root `nixos:` with what it provides")
            return INVALID
        return name

    def schema(self) -> dict[str, Any]:
        return {**NAME.schema(), "not": {"const": words.ITSELF}}


CONTAINER_NAME = ContainerName()
CONTAINERS = Map(CONTAINER_NAME, Section(CONTAINER))
#: What a root is told of a container, or of itself: option data with a few levels around it.
TOLD = OptionData(DEEPEST + 4)
#: The NixOS of a root itself; the keys of ``ROOT_KEYS`` are what its module is told.
ROOT_KEYS: Mapping[str, Shape] = {
    key: CONTAINER.fields[key] for key in ("packages", "config", "modules", "provides", "consumes")
}
#: How it is built and activated.
DEPLOYMENT = Record(
    {
        "configuration": Text(
            r"[A-Za-z_][A-Za-z0-9_-]{0,63}", "auto, file, or a name in nixosConfigurations"
        ),
        "generations": Number(1, 1000, "a number of generations"),
        "activation": Choice(("boot", "switch")),
        "confirm": Number(10, 3600, "seconds"),
    }
)
NIXOS = Record({**ROOT_KEYS, **DEPLOYMENT.fields}, together=slot_places)

#: ``container.api`` in the same qube, or ``qube/container.api``.
TARGET = Text(
    rf"(?:{words.VM_NAME}/)?{NAME_PATTERN}\.{NAME_PATTERN}",
    "a wire leads to container.api, or qube/container.api in another qube",
)
WIRE = Short("to", Record({"to": TARGET, "ask": Flag(), "trust": Flag()}, required=("to",)))
#: The containers of a qube, each with the wires of its slots.
QUBE_CONTAINERS = Map(NAME, Section(Map(API, WIRE)), listed={})
