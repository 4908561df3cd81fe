# SPDX-License-Identifier: MIT
"""Everything that is wrong with a declaration, collected instead of raised one by one."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

#: Longer values are cut in messages: a problem is a line to read, not a dump.
SHOWN = 60
#: More problems than anybody reads at once are counted only.
TOLD = 200
#: Wider whole numbers are no values of anything, and Python refuses to print the widest.
WIDEST = 256


@dataclass(frozen=True, order=True)
class Problem:
    """One wrong thing: where it stands and what would be right."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


@dataclass
class Problems:
    """The problems found so far, and the warnings, which stop nothing."""

    found: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    #: Where something is known to be wrong; what follows from that is not told again.
    blamed: set[str] = field(default_factory=set)
    #: What speaks against changing a qube, by its name, and only because a qube says so: it stops
    #: the states of that qube, and nothing else.
    refused: dict[str, set[Problem]] = field(default_factory=dict)

    def add(self, path: str, text: str) -> None:
        """``text`` is known to be wrong with what stands at ``path``."""
        self.found.append(Problem(path, text))
        self.blamed.add(path)

    def value(self, path: str, value: Any, rule: str) -> None:
        """The value at ``path`` is known to break ``rule`` ("is not …", "must …")."""
        self.add(path, f"{shown(value)} {rule}")

    def missing(self, path: str, key: str) -> None:
        """``key`` is known to be missing at ``path``, unless it stands there and is wrong."""
        if joined(path, key) not in self.blamed:
            self.add(path, f"{key!r} is missing")

    def refuse(self, name: str, path: str, text: str) -> None:
        """By what a qube says of itself, the qube called ``name`` is not to be changed."""
        self.refused.setdefault(name, set()).add(Problem(path, text))

    def everything(self) -> list[Problem]:
        """What is wrong with the declaration and with single qubes, in the order of the paths."""
        return sorted({*self.found, *(one for found in self.refused.values() for one in found)})

    def refusals(self) -> dict[str, str]:
        """Why each qube that is not to be changed is not, one reason a line."""
        return {name: "\n".join(map(str, sorted(why))) for name, why in self.refused.items()}

    def warn(self, path: str, text: str) -> None:
        """``text`` will be told, and nothing is refused because of it."""
        self.warnings.append(Problem(path, text))

    def text(self, done: str = "nothing was done") -> str:
        """The problems, one a line, in the order of their paths.

        :param done: what came of them
        """
        lines = [str(problem) for problem in sorted(set(self.found))]
        count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
        more = [f"... and {len(lines) - TOLD} more"] if len(lines) > TOLD else []
        told = indented([*lines[:TOLD], *more])
        return "\n".join([f"{count} in the declaration, {done}:", *told])


def indented(lines: Iterable[str]) -> list[str]:
    """``lines``, each set in by two spaces."""
    return [f"  {line}" for line in lines]


def shown(value: Any) -> str:
    """``value`` as printable ASCII of bounded length and cost, safe for a terminal and a log."""
    text = spelled(value)
    if len(text) <= SHOWN:
        return text
    length = f" ({len(value)} characters)" if isinstance(value, str) else ""
    return f"{text[:SHOWN]}...{length}"


def as_lines(raw: Any) -> list[str]:
    """Lines to tell: a list of text, and whatever else it may be, in few words."""
    found = raw[:TOLD] if isinstance(raw, (list, tuple)) else [raw]
    return [one if isinstance(one, str) else shown(one) for one in found]


def spelled(value: Any) -> str:
    """``value`` as Python writes it, as far as that can matter within ``SHOWN`` characters."""
    if isinstance(value, Mapping):
        pairs = sorted((brief(key), brief(item)) for key, item in islice(value.items(), SHOWN))
        return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(brief, islice(value, SHOWN)))}]"
    return brief(value)


def brief(value: Any) -> str:
    """A plain value as Python writes it; of whatever holds others only what it is."""
    if isinstance(value, (str, bytes)):
        return ascii(value[:SHOWN])
    if isinstance(value, int) and value.bit_length() > WIDEST:
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, (int, float, datetime.date)):
        return ascii(value)
    return "{...}" if isinstance(value, Mapping) else "[...]"


def nearest(word: object, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` when ``word`` looks like a typo of a known one, else nothing."""
    close = closest(word, known)
    return f"; did you mean {close!r}?" if close else ""


def closest(word: object, known: Iterable[str]) -> str:
    """The known word that ``word`` looks like a typo of; empty if there is none."""
    if not isinstance(word, str) or len(word) > SHOWN:
        return ""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.7)
    return close[0] if close else ""


def joined(at: str, key: Any) -> str:
    """The path of ``key`` below ``at``; a key that is no plain word is shown quoted."""
    plain = isinstance(key, str) and re.match(r"\A[A-Za-z0-9_.:/@+-]{1,64}\Z", key)
    name = key if plain else shown(key)
    return f"{at}.{name}" if at else str(name)
