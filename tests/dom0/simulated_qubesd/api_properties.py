# SPDX-License-Identifier: MIT
"""admin.vm.property.* and admin.property.* (qubes/api/admin.py)."""

from collections.abc import Callable

from simulated_qubesd import errors
from simulated_qubesd.api import DOM0, EITHER, Call, reading, writing
from simulated_qubesd.properties import Holder, Property

_Act = Callable[[Holder, Call], str | None]


def _both(declare: Callable, action: str, **takes: object) -> Callable[[_Act], _Act]:
    """The function answers for the properties of a qube and for the global ones."""

    def register(act: _Act) -> _Act:
        qube = declare(f"admin.vm.property.{action}", dest=EITHER, **takes)
        qube(lambda call: act(call.dest, call))
        system = declare(f"admin.property.{action}", dest=DOM0, **takes)
        system(lambda call: act(call.fleet, call))
        return act

    return register


@_both(reading, "List")
def names(holder: Holder, _call: Call) -> str:
    """Every property of the class."""
    return "".join(f"{name}\n" for name in holder.table)


@_both(reading, "Get", arg=True)
def get(holder: Holder, call: Call) -> str:
    """One property."""
    return _serialized(holder, holder.known(call.arg))


@_both(reading, "GetAll")
def get_all(holder: Holder, _call: Call) -> str:
    """All properties, one a line."""
    return "".join(
        f"{name} {_escaped(_serialized(holder, prop))}\n" for name, prop in holder.table.items()
    )


@_both(reading, "GetDefault", arg=True)
def get_default(holder: Holder, call: Call) -> str | None:
    """The value that a reset would give; nothing where there is none."""
    prop = holder.known(call.arg)
    try:
        return f"type={prop.wire_type} {_text(holder.default(call.arg))}"
    except errors.NoValue:
        return None


@_both(reading, "Help", arg=True)
def help_(holder: Holder, call: Call) -> str:
    """A word about one property; the real texts are longer."""
    return holder.known(call.arg).name.replace("_", " ")


@_both(writing, "Set", arg=True, payload=None)
def set_(holder: Holder, call: Call) -> None:
    """The property has the value of the payload."""
    holder.set_from(call.arg, call.payload)


@_both(writing, "Reset", arg=True)
def reset(holder: Holder, call: Call) -> None:
    """The property has its default."""
    holder.reset(call.arg)


def _serialized(holder: Holder, prop: Property) -> str:
    try:
        value = holder.value(prop.name)
    except errors.NoValue:
        return f"default=True type={prop.wire_type} "
    return f"default={holder.is_default(prop.name)} type={prop.wire_type} {_text(value)}"


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
