# SPDX-License-Identifier: MIT
"""Shapes of the values that Qubes has, normalised to the text that it stores.

qubesd answers many a wrong value with an empty reply ("Got empty response from qubesd"),
so every rule that it has stands here too, with words.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.shapes.scalars import INVALID, Text, Whole, kind_of, scalar_text, unsafe_text

INT_MAX = 2**31 - 1


@dataclass(frozen=True)
class QubeName:
    """A name that qubesd accepts for a qube (``qubes.vm.validate_name``)."""

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        name = Text(words.VM_NAME, words.NAME_RULE).read(raw, at, problems)
        if name is INVALID:
            return INVALID
        if name.lower() in words.RESERVED_NAMES or name.endswith("-dm"):
            problems.value(at, name, "is a name that Qubes keeps for itself")
            return INVALID
        if re.match(rf"\A(?:{words.HANDED_OUT})\Z", name):
            problems.value(at, name, "is a name that Qubes hands out to disposables")
            return INVALID
        return name

    def schema(self) -> dict[str, Any]:
        refused = rf"^(?:{words.HANDED_OUT}|.*-dm)$"
        return {
            **Text(words.VM_NAME, words.NAME_RULE).schema(),
            "not": {"anyOf": [{"pattern": refused}, {"enum": sorted(words.RESERVED_NAMES)}]},
        }


@dataclass(frozen=True)
class Reference:
    """The name of a qube, or ``none`` (stored as empty text)."""

    #: Names that are none of a qube and stand for something here.
    also: tuple[str, ...] = ()

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        word = raw.lower() if isinstance(raw, str) else None
        if word in ("", "none"):
            return ""
        if raw in self.also:
            return raw
        if word in ("default", "*default*"):
            problems.value(at, raw, "is no qube; for the default of Qubes, write null")
            return INVALID
        if word in words.RESERVED_NAMES:
            problems.value(at, raw, "cannot be this")
            return INVALID
        return Text(words.VM_NAME, f"{words.NAME_RULE}, or none").read(raw, at, problems)

    def schema(self) -> dict[str, Any]:
        dom0 = [] if "dom0" in self.also else ["dom0"]
        return {
            "type": "string",
            "pattern": rf"^(?:{words.VM_NAME})?$",
            "not": {"enum": ["default", "Domain-0", *dom0]},
            "description": "a qube's name, or none",
        }


@dataclass(frozen=True)
class Scalar:
    """Any plain text, number, or yes/no, as text; for properties that are not in the table."""

    longest: int = 3072

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        text = scalar_text(raw)
        if text is None:
            problems.value(at, raw, f"is {kind_of(raw)}, but text or a number is wanted")
        elif len(text) > self.longest:
            problems.value(at, text, f"is longer than {self.longest} characters")
        elif why := unsafe_text(text):
            problems.value(at, text, why)
        else:
            return text
        return INVALID

    def schema(self) -> dict[str, Any]:
        return {
            "type": ["string", "integer", "boolean"],
            "pattern": "^[ -~]*$",
            "maxLength": self.longest,
        }


@dataclass(frozen=True)
class Address:
    """An IP address of one version, as text."""

    version: int

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        parse = ipaddress.IPv4Address if self.version == 4 else ipaddress.IPv6Address
        try:
            # A zone (``fe80::1%eth0``) may hold any character at all, and means nothing here.
            return str(parse(raw if isinstance(raw, str) and "%" not in raw else ""))
        except ValueError:
            problems.value(at, raw, f"is not an IPv{self.version} address")
            return INVALID

    def schema(self) -> dict[str, Any]:
        characters = r"[0-9.]{7,15}" if self.version == 4 else r"[0-9A-Fa-f:.]{2,45}"
        return {
            "type": "string",
            "format": f"ipv{self.version}",
            "pattern": f"^{characters}$",
            "description": f"an IPv{self.version} address",
        }


UNITS = {
    "": 1,
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
#: Smaller sizes are numbers whose unit was forgotten; larger ones no machine has.
LEAST_SIZE, MOST_SIZE = 2**20, 2**60


@dataclass(frozen=True)
class Size:
    """A number of bytes, with a unit as ``qvm-volume`` takes it (MB = 10^6, MiB = 2^20).

    Not ``20G``: to ``qvm-volume`` that is GB, to the other tools of a dom0 it is GiB.
    """

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        text = "" if isinstance(raw, bool) else str(scalar_text(raw)).strip()
        found = re.match(r"\A([0-9]{1,18}) ?([KMGT]i?B|B|)\Z", text, re.IGNORECASE)
        if found is None:
            problems.value(at, raw, f"is not a size: {wanted_size(text)}")
            return INVALID
        size = int(found[1]) * UNITS[found[2].upper()]
        if not LEAST_SIZE <= size <= MOST_SIZE:
            problems.value(at, raw, f"is {size} bytes; sizes are 1 MiB to 1048576 TiB")
            return INVALID
        return size

    def schema(self) -> dict[str, Any]:
        return {
            "anyOf": [
                {"type": "integer", "minimum": LEAST_SIZE, "maximum": MOST_SIZE},
                {"type": "string", "pattern": "^ *[0-9]{1,18} ?([KkMmGgTt][Ii]?[Bb]|[Bb])? *$"},
            ],
            "description": "a whole number and MiB, GiB (2^30), MB, GB (10^9) ...",
        }


def wanted_size(text: str) -> str:
    """What to write instead of a text that is no size."""
    short = re.match(r"\A([0-9]{1,18}) ?([KMGT])i?\Z", text, re.IGNORECASE)
    if short is None:
        return "a whole number and MiB, GiB, MB, GB ..."
    number, unit = short[1], short[2].upper()
    why = f"to some tools of Qubes {unit} is {unit}B and to some {unit}iB"
    return f"{why}; write {number}{unit}iB (2^10 and so on) or {number}{unit}B (10^3 ...)"


#: ``label-3`` is a number to qubesd, so it would never be what the qube then has.
LABEL = Text(
    r"(?![0-9]+$|label-)[A-Za-z0-9_.-]{1,63}",
    "a label is letters, digits, '-', '_' or '.', and no number",
)
SHA256 = Text(r"[0-9a-fA-F]{64}", "a sha256 is 64 hexadecimal digits", normal=str.lower)
#: One step of a path, and no way out of where it stands.
STEP = r"(?!\.{1,2}/)[A-Za-z0-9._+@%~-]+/"
RPM = Text(
    rf"/(?:{STEP})*[A-Za-z0-9._+@%~-]+\.rpm",
    "a package is /an/absolute/path.rpm in dom0, without '..'",
    longest=1000,
)
MODULE = Text(
    rf"salt://(?:{STEP})*[A-Za-z0-9._+@%~-]+\.nix",
    "a module is salt://PATH.nix: put the file to /srv/salt/PATH.nix",
    longest=1000,
)
WORD = Text(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}", "a word of letters, digits, '_', '.', '+', '-'")

POSITIVE = Whole(1, INT_MAX, "a positive whole number")
NATURAL = Whole(0, INT_MAX, "a whole number")
