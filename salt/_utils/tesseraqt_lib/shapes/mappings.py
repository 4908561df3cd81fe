# SPDX-License-Identifier: MIT
"""Shapes of lists and maps, made of other shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tesseraqt_lib.problems import Problems, closest, joined
from tesseraqt_lib.shapes.scalars import INVALID, Shape, kind_of


def any_keys(read: Mapping[str, Any], at: str, problems: Problems) -> None:
    """Any keys may stand beside each other."""


@dataclass(frozen=True)
class Listed:
    """A list of values of one shape, in their order; none twice."""

    inner: Shape

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        if not isinstance(raw, list):
            problems.value(at, raw, f"is {kind_of(raw)}, but a list is wanted")
            return INVALID
        values: dict[Any, None] = {}
        for index, item in enumerate(raw):
            value = self.inner.read(item, f"{at}[{index}]", problems)
            if value is not INVALID and value in values:
                problems.value(f"{at}[{index}]", item, "stands there twice")
            elif value is not INVALID:
                values[value] = None
        return tuple(values)

    def schema(self) -> dict[str, Any]:
        return {"type": "array", "items": self.inner.schema()}


@dataclass(frozen=True)
class Map:
    """Names to values of one shape, in the order of the alphabet."""

    name: Shape
    value: Shape
    #: The shapes of the values that have one of their own.
    known: Mapping[str, Shape] = field(default_factory=dict)
    #: The same by how the name starts.
    prefixed: Mapping[str, Shape] = field(default_factory=dict)
    #: What a plain list of names means, if that is accepted: each name gets this value.
    listed: Any = None

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        if isinstance(raw, list) and self.listed is not None:
            names = Listed(self.name).read(raw, at, problems)
            return dict.fromkeys(sorted(names), self.listed)
        if not isinstance(raw, Mapping):
            problems.value(at, raw, f"is {kind_of(raw)}, but a map is wanted{without_dashes(raw)}")
            return INVALID
        values: dict[str, Any] = {}
        for raw_name, raw_value in raw.items():
            name = self.name.read(raw_name, joined(at, raw_name), problems)
            place = joined(at, raw_name if name is INVALID else name)
            if name is not INVALID and name in values:
                problems.add(place, "stands there twice, in two spellings")
            values[name] = self.of(name).read(raw_value, place, problems)
        return dict(sorted(valid_items(values).items()))

    def of(self, name: str) -> Shape:
        """The shape of the value called ``name``."""
        if name is INVALID:
            return self.value
        prefixed = (shape for start, shape in self.prefixed.items() if name.startswith(start))
        return self.known.get(name) or next(prefixed, self.value)

    def schema(self) -> dict[str, Any]:
        as_map: dict[str, Any] = {
            "type": "object",
            "propertyNames": self.name.schema(),
            "additionalProperties": self.value.schema(),
        }
        if self.known:
            as_map["properties"] = {name: shape.schema() for name, shape in self.known.items()}
        if self.prefixed:
            as_map["patternProperties"] = {
                "^" + start.replace(".", r"\."): shape.schema()
                for start, shape in self.prefixed.items()
            }
        if self.listed is None:
            return as_map
        return {"anyOf": [Listed(self.name).schema(), as_map]}


@dataclass(frozen=True)
class Record:
    """A map with known keys only, in the order in which they are known."""

    fields: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    #: Words for keys that people try here, and what to write instead.
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    #: Tells what is wrong with the keys beside each other.
    together: Callable[[Mapping[str, Any], str, Problems], None] = any_keys
    #: The same in JSON Schema, as far as that goes.
    rules: Mapping[str, Any] = field(default_factory=dict)

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        if not isinstance(raw, Mapping):
            problems.value(at, raw, f"is {kind_of(raw)}, but a map is wanted")
            return INVALID
        for key in raw:
            if key not in self.fields:
                self._unknown(key, at, problems)
        values = valid_items(
            {
                key: shape.read(raw[key], joined(at, key), problems)
                for key, shape in self.fields.items()
                if key in raw
            }
        )
        for key in self.required:
            if key not in values:
                problems.missing(at, key)
        self.together(values, at, problems)
        return values

    def _unknown(self, key: Any, at: str, problems: Problems) -> None:
        word = key.replace("-", "_") if isinstance(key, str) else ""
        near = closest(key, self.fields)
        if isinstance(key, bool):
            hint = "YAML takes an unquoted yes, no, on, off, true or false for this"
        elif word in self.elsewhere and word not in self.fields:
            hint = self.elsewhere[word]
        elif near:
            hint = f"did you mean {near!r}?"
            problems.blamed.add(joined(at, near))
        else:
            hint = f"known here: {', '.join(sorted(self.fields))}"
        problems.add(joined(at, key), f"unknown key; {hint}")

    def schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {key: shape.schema() for key, shape in self.fields.items()},
            "required": list(self.required),
            "additionalProperties": False,
            **self.rules,
        }


@dataclass(frozen=True)
class Short:
    """A record that may be written as one plain value, which then means ``key``."""

    key: str
    record: Record

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        if isinstance(raw, Mapping):
            return self.record.read(raw, at, problems)
        value = self.record.fields[self.key].read(raw, at, problems)
        return value if value is INVALID else {self.key: value}

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [self.record.fields[self.key].schema(), self.record.schema()]}


@dataclass(frozen=True)
class Shared:
    """A shape that stands in several places and is written down once in JSON Schema."""

    title: str
    inner: Shape

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        return self.inner.read(raw, at, problems)

    def schema(self) -> dict[str, Any]:
        return {"$ref": f"#/$defs/{self.title}"}


@dataclass(frozen=True)
class Section:
    """A map that may be left empty, as it is when all of its lines are commented out."""

    inner: Shape

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        return self.inner.read({} if raw is None else raw, at, problems)

    def schema(self) -> dict[str, Any]:
        return {"anyOf": [{"type": "null"}, self.inner.schema()]}


def without_dashes(raw: Any) -> str:
    """How to write a list of maps of one key each, as Qubes' own states take it."""
    listed = isinstance(raw, list) and raw and all(isinstance(item, Mapping) for item in raw)
    return "; write `key: value` without a dash" if listed else ""


def valid_items(values: Mapping[Any, Any]) -> dict[str, Any]:
    """What of ``values`` was not reported as a problem."""
    return {
        name: value
        for name, value in values.items()
        if name is not INVALID and value is not INVALID
    }
