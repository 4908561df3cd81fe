# SPDX-License-Identifier: MIT
"""Shapes of plain values: each reads a value, or says what is wrong with it.

A shape is used twice: to parse pillar and to write the JSON Schema that editors use,
so that the two cannot drift apart. ``mappings.py`` has the shapes of lists and maps.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tesseraqt_lib.problems import WIDEST, Problems, nearest

#: What ``read`` returns for a value that was reported as a problem. Never stored.
INVALID: Any = object()

TRUE = frozenset(("1", "yes", "true", "on"))
FALSE = frozenset(("0", "no", "false", "off"))

#: Jinja that reached a value was not rendered; control characters never belong in one.
UNSAFE = re.compile(r"\{\{|\{%|\{#|[^\x20-\x7e]")
#: How a text starts that Salt takes for a function to run, and replaces by its answer.
SLOT = "__slot__:"
#: Whole numbers that show whether a pattern takes any.
NUMBERS = ("1", "12", "1234")


class Shape(Protocol):
    """What every shape can do."""

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        """The normalised value, or ``INVALID`` after reporting to ``problems``."""

    def schema(self) -> dict[str, Any]:
        """The same rule as JSON Schema."""


def scalar_text(raw: Any) -> str | None:
    """A YAML scalar as Qubes would store it, or ``None`` when it is no scalar."""
    if isinstance(raw, int) and raw.bit_length() > WIDEST:
        return None
    return str(raw) if isinstance(raw, (bool, int, str)) else None


def unsafe_text(text: str) -> str:
    """Why ``text`` may not stand in a declaration; empty when it may."""
    if text.startswith(SLOT):
        return "is a slot, which Salt would replace by the answer of a function"
    found = UNSAFE.search(text)
    if found is None:
        return ""
    if found.group().startswith("{"):
        return "holds Jinja that was not rendered"
    return "holds a character that is not printable ASCII"


@dataclass(frozen=True)
class Text:
    """A string that matches ``pattern`` (anchored by the shape); ``rule`` says so in words."""

    pattern: str
    rule: str
    longest: int = 4096
    normal: Callable[[str], str] = str

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        text = None if isinstance(raw, bool) else scalar_text(raw)
        if text is None:
            problems.value(at, raw, f"is {kind_of(raw)}, but {self.rule}")
        elif len(text) > self.longest:
            problems.value(at, raw, f"is refused: {self.rule}")
        elif why := unsafe_text(text):
            problems.value(at, raw, why)
        elif not self.matches(text):
            problems.value(at, raw, f"is refused: {self.rule}")
        else:
            return self.normal(text)
        return INVALID

    def matches(self, text: str) -> bool:
        """Whether ``text`` has this shape."""
        return re.match(rf"\A(?:{self.pattern})\Z", text) is not None

    def schema(self) -> dict[str, Any]:
        numeric = any(map(self.matches, NUMBERS))
        return {
            "type": ["string", "integer"] if numeric else "string",
            "pattern": f"^(?:{self.pattern})$",
            "maxLength": self.longest,
            "description": self.rule,
        }


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]
    #: The word that YAML takes for a yes or no when it stands there unquoted (``off``).
    unquoted: Mapping[bool, str] = field(default_factory=dict)

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        word = self.unquoted.get(raw) if isinstance(raw, bool) else raw
        if isinstance(word, str) and word in self.words:
            return word
        allowed = ", ".join(self.words)
        problems.value(at, raw, f"is not one of: {allowed}{nearest(raw, self.words)}")
        return INVALID

    def schema(self) -> dict[str, Any]:
        return {"enum": [*self.words, *self.unquoted]}


@dataclass(frozen=True)
class Flag:
    """Yes or no, in any spelling that Qubes takes (``qubes.property.bool``)."""

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        word = str(scalar_text(raw)).lower()
        if word in TRUE or word in FALSE:
            return word in TRUE
        problems.value(at, raw, "is not a yes or no (true, false)")
        return INVALID

    def schema(self) -> dict[str, Any]:
        words = "|".join(sorted("".join(map(either_case, word)) for word in TRUE | FALSE))
        return {
            "anyOf": [{"enum": [True, False, 1, 0]}, {"type": "string", "pattern": f"^({words})$"}],
            "description": "true or false",
        }


@dataclass(frozen=True)
class Boolean:
    """Yes or no, as the text that Qubes stores: ``True`` or ``False``."""

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        value = Flag().read(raw, at, problems)
        return value if value is INVALID else str(value)

    def schema(self) -> dict[str, Any]:
        return Flag().schema()


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds, as decimal text."""

    least: int
    most: int
    what: str

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        text = str(scalar_text(raw))
        number = not isinstance(raw, bool) and re.match(r"\A[0-9]{1,18}\Z", text)
        if number and self.least <= int(text) <= self.most:
            return str(int(text))
        problems.value(at, raw, f"is not {self.what} ({self.least} to {self.most})")
        return INVALID

    def schema(self) -> dict[str, Any]:
        number = {"type": "integer", "minimum": self.least, "maximum": self.most}
        text = {"type": "string", "pattern": "^[0-9]{1,18}$"}
        return {
            "anyOf": [number, text],
            "description": f"{self.what}, {self.least} to {self.most}",
        }


@dataclass(frozen=True)
class Nullable:
    """A value of the inner shape, or null: as Qubes has it by default."""

    inner: Shape

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        return None if raw is None else self.inner.read(raw, at, problems)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "null"}, self.inner.schema()]}


def either_case(letter: str) -> str:
    """A pattern for ``letter`` in upper or lower case; JSON Schema has no flag for that."""
    return f"[{letter.upper()}{letter}]" if letter.isalpha() else letter


def kind_of(raw: Any) -> str:
    """What ``raw`` is, in the words of YAML."""
    quote = "(quote it if it is meant as text)"
    kinds: list[tuple[type, str]] = [
        (bool, f"a yes or no {quote}"),
        (str, "text"),
        (int, "a number"),
        (float, f"a fraction {quote}"),
        (datetime.date, f"a date {quote}"),
        (Mapping, "a map"),
        (list, "a list"),
        (type(None), "null"),
    ]
    return next((word for kind, word in kinds if isinstance(raw, kind)), "of a strange type")
