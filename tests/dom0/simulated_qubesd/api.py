# SPDX-License-Identifier: MIT
"""The methods of the Admin API: what each takes, and what does it (qubes/api/__init__.py)."""

from collections.abc import Callable
from dataclasses import dataclass

from simulated_qubesd import errors, power, validation
from simulated_qubesd.fleet import Fleet
from simulated_qubesd.qube import Qube

EITHER = None
DOM0, QUBES = True, False


@dataclass
class Call:
    """One call, addressed and permitted."""

    fleet: Fleet
    dest: Qube
    method: str
    arg: str
    payload: bytes

    @property
    def endpoint(self) -> str:
        """The part of the method's name that chooses a class of qubes or of devices."""
        parts = self.method.split(".")
        return parts[3] if parts[2] in ("device", "Create", "CreateInPool") else ""


@dataclass(frozen=True)
class Method:
    """What a method takes; None means that it does not matter."""

    handle: Callable[[Call], str | None]
    arg: bool | None
    payload: bool | None
    dest: bool | None
    writing: bool
    saves: bool


METHODS: dict[str, Method] = {}
Handler = Callable[[Call], str | None]


def reading(
    name: str, arg: bool | None = False, dest: bool | None = EITHER
) -> Callable[[Handler], Handler]:
    """The function answers a method that changes nothing."""
    return _method(name, arg, False, dest, False, False)


def writing(
    name: str,
    arg: bool | None = False,
    payload: bool | None = False,
    dest: bool | None = EITHER,
    saves: bool = True,
) -> Callable[[Handler], Handler]:
    """The function answers a method that may change something, mostly in qubes.xml."""
    return _method(name, arg, payload, dest, True, saves)


def _method(name, arg, payload, dest, writing, saves) -> Callable[[Handler], Handler]:
    def register(handle: Handler) -> Handler:
        METHODS[name] = Method(handle, arg, payload, dest, writing, saves)
        return handle

    return register


def is_writing(name: str) -> bool:
    """The method may change something."""
    return name in METHODS and METHODS[name].writing


def answer(fleet: Fleet, dest: str, name: str, arg: str, payload: bytes) -> str | None:
    """What the method replies, if it takes what it was given."""
    power.settle(fleet)
    qube = _destination(fleet, dest)
    if name not in METHODS:
        raise errors.malformed(f"no such method: {name!r}")
    method = METHODS[name]
    _check(method.payload, payload != b"", "payload", "payload")
    _check(method.arg, arg != "", "an argument", "argument")
    is_dom0 = qube.klass == "AdminVM"
    if method.dest is not EITHER and method.dest != is_dom0:
        negation = "" if method.dest else "not "
        raise errors.malformed(f"expected destination to {negation}be AdminVM")
    reply = method.handle(Call(fleet, qube, name, arg, payload))
    if method.saves and fleet.value("default_kernel", None) is None:
        raise errors.Broken("qubes.xml cannot be written: kernel volumes have no names")
    return reply


def _destination(fleet: Fleet, dest: str) -> Qube:
    if dest.startswith("uuid:"):
        wanted = dest.removeprefix("uuid:")
        for qube in fleet:
            if qube.value("uuid") == wanted:
                return qube
        raise errors.no_such_qube(dest)
    return fleet[validation.qube_name(dest)]


def _check(wanted: bool | None, given: bool, expected: str, unexpected: str) -> None:
    if wanted and not given:
        raise errors.malformed(f"expected {expected}")
    if wanted is False and given:
        raise errors.malformed(f"unexpected {unexpected}")
