# SPDX-License-Identifier: MIT
"""What qubesd answers when it does not do what it was asked (qubes/exc.py)."""

# Up to Qubes 4.3 these were an empty reply; ``silent_refusals`` in the globals brings that back.
SILENT_BEFORE_4_4 = (
    "ProtocolError",
    "PermissionDenied",
    "QubesInvalidLabelError",
    "QubesInvalidLabelValueError",
    "QubesInvalidTagError",
    "QubesUnrecognizedDeviceAssignmentMode",
    "QubesVolumeCopyTokenNotFoundError",
)


class Refused(Exception):
    """The request was understood and refused; the client raises the class named ``kind``."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class NoValue(Exception):
    """A property has no value and no default (an AttributeError inside the real qubesd)."""


class Broken(Exception):
    """The real qubesd raises an exception it did not foresee: the client gets an empty reply."""


def malformed(message: str) -> Refused:
    """The client should not have sent that (ProtocolError)."""
    return Refused("ProtocolError", message)


def denied(message: str) -> Refused:
    """A permission handler said no (PermissionDenied)."""
    return Refused("PermissionDenied", message)


def no_such_qube(name: str) -> Refused:
    """The qube does not exist."""
    return Refused("QubesVMNotFoundError", f"No such domain: {name!r}")


def no_such_property(name: str, holder: object) -> Refused:
    """The holder's class has no such property."""
    return Refused("QubesNoSuchPropertyError", f"Invalid property {name!r} of {holder}")


def bad_value(message: str) -> Refused:
    """The value is wrong in itself (QubesValueError)."""
    return Refused("QubesValueError", message)


def bad_property_value(message: str) -> Refused:
    """The value is wrong for that property (QubesPropertyValueError)."""
    return Refused("QubesPropertyValueError", message)


def not_halted(name: str, message: str | None = None) -> Refused:
    """The qube must be halted for that."""
    return Refused("QubesVMNotHaltedError", message or f"Domain is not powered off: {name!r}")


def not_started(name: str, message: str | None = None) -> Refused:
    """The qube must be running or paused for that."""
    return Refused("QubesVMNotStartedError", message or f"Domain is powered off: {name!r}")


def not_running(name: str, message: str | None = None) -> Refused:
    """The qube must be running, and not paused, for that."""
    text = f"Domain not running (either powered off or paused): {name!r}"
    return Refused("QubesVMNotRunningError", message or text)


def in_use(message: str) -> Refused:
    """Something else depends on the qube."""
    return Refused("QubesVMInUseError", message)


def device(kind: str, message: str) -> Refused:
    """A refusal about a device; in qubesd it is a KeyError, whose text is quoted."""
    return Refused(kind, repr(message))
