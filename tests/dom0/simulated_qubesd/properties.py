# SPDX-License-Identifier: MIT
"""How properties work, of qubes and of the system (qubes/__init__.py, qubes/vm/__init__.py)."""

from collections.abc import Callable
from dataclasses import dataclass

from simulated_qubesd import errors, validation

NOTHING = object()

DROPPED_WITH_THEIR_QUBE = (
    "default_guivm",
    "default_netvm",
    "clockvm",
    "updatevm",
    "default_template",
)


@dataclass(frozen=True)
class Property:
    """One property of a class: how it is read, written and sent."""

    name: str
    kind: str = "str"
    default: object = NOTHING
    setter: Callable | None = None
    stage: int = 2
    once: bool = False
    allow_none: bool = False
    target: str | None = None
    clone: bool = True

    @property
    def wire_type(self) -> str:
        """The type as the Admin API spells it."""
        return self.kind if self.kind in ("vm", "int", "bool", "label") else "str"


def table(*groups: tuple[Property, ...]) -> dict[str, Property]:
    """The properties of a class in the order the Admin API lists them; later groups win."""
    found = {prop.name: prop for group in groups for prop in group}
    return dict(sorted(found.items(), key=lambda item: (item[1].stage, item[0])))


def forbidden(holder: "Holder", prop: Property, _value: object) -> None:
    """Nobody sets this property (property.forbidden)."""
    raise errors.bad_property_value(
        f"property {prop.name!r} on {holder.klass} instance cannot be set"
    )


class Holder:
    """Something with properties: a qube, or the system."""

    klass: str
    doc: dict
    fleet: "Holder"

    @property
    def table(self) -> dict[str, Property]:
        """Every property of this class."""
        return TABLES[self.klass]

    def changed(self) -> None:
        """The document differs from its file."""
        raise NotImplementedError

    def fire(self, event: str, **details: object) -> None:
        """Every rule that listens to the event is heard."""
        raise NotImplementedError

    def value(self, name: str, fallback: object = NOTHING) -> object:
        """The value, explicit or by default; without one ``fallback``, and without that NoValue."""
        values = self.doc["properties"]
        if name in values:
            return values[name]
        try:
            return self.default(name)
        except errors.NoValue:
            if fallback is NOTHING:
                raise
            return fallback

    def default(self, name: str) -> object:
        """The value that a reset would give."""
        prop = self.table.get(name)
        if prop is None or prop.default is NOTHING:
            raise errors.NoValue(name)
        return prop.default(self) if callable(prop.default) else prop.default

    def is_default(self, name: str) -> bool:
        """Nobody set the property."""
        return name not in self.doc["properties"]

    def known(self, name: str) -> Property:
        """The property of that name."""
        try:
            return self.table[name]
        except KeyError:
            raise errors.no_such_property(name, self) from None

    def set_from(self, name: str, payload: bytes) -> None:
        """The property has the value that the payload spells."""
        prop = self.known(name)
        self.set(name, validation.property_value(prop.kind, payload))

    def set(self, name: str, value: object) -> None:
        """The property has that value explicitly, and every rule about it was heard."""
        prop = self.table[name]
        if prop.once and not self.is_default(name):
            raise errors.Broken(f"property {name!r} is write-once and already set")
        if prop.kind == "vm":
            value = self._qube_named(prop, value)
        old = self.value(name, None)
        if prop.setter:
            value = prop.setter(self, prop, value)
        self.fire(f"property-pre-set:{name}", name=name, new=value, old=old)
        self.doc["properties"][name] = value
        self.changed()
        self.fire(f"property-set:{name}", name=name, new=value, old=old)

    def reset(self, name: str) -> None:
        """The property has its default, and every rule about it was heard."""
        prop = self.known(name)
        if prop.once and not self.is_default(name):
            raise errors.Broken(f"property {name!r} is write-once and already set")
        old = self.value(name, None)
        self.fire(f"property-pre-reset:{name}", name=name, old=old)
        if self.doc["properties"].pop(name, NOTHING) is not NOTHING:
            self.changed()
        self.fire(f"property-reset:{name}", name=name, old=old)

    def _qube_named(self, prop: Property, value: str | None) -> str | None:
        """The value, if it is a qube that the property may name (VMProperty.__set__)."""
        if not value:
            if prop.allow_none:
                return None
            raise errors.bad_property_value(
                f"Invalid value None for property {prop.name!r} of {self!r}"
            )
        if value not in self.fleet:
            raise errors.bad_property_value(f"Can't set {prop.name} to non-existing qube {value}")
        klass = self.fleet[value].klass
        if prop.target and klass != prop.target:
            raise errors.bad_property_value(
                f"wrong VM class: domains[{value!r}] is of type {klass} and not {prop.target}"
            )
        return value


TABLES: dict[str, dict[str, Property]] = {}
