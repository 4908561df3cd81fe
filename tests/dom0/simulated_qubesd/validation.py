# SPDX-License-Identifier: MIT
"""What names, numbers and plain values must look like, whoever they belong to."""

import ipaddress
import re
import string
import uuid

from simulated_qubesd import errors

_TRUE = {"1", "yes", "true", "on"}
_FALSE = {"0", "no", "false", "off"}
_TAG = set(string.ascii_letters + string.digits + "-_")
_LABEL = string.ascii_letters + string.digits + "-_."


def qube_name(name: str) -> str:
    """A syntactically right qube name (validate_name in qubes/vm/__init__.py)."""
    if len(name) > 31:
        raise errors.bad_value("VM name must be shorter than 32 characters")
    if re.match(r"\A[0-9_.-].*\Z", name):
        raise errors.bad_value("VM name cannot start with hyphen, underscore, dot or numbers")
    if not re.match(r"\A[a-zA-Z][a-zA-Z0-9_.-]*\Z", name):
        raise errors.bad_value("VM name contains illegal characters")
    if name == "Domain-0":
        raise errors.bad_value("VM name cannot be 'Domain-0'")
    if name in ("none", "default"):
        raise errors.bad_value("VM name cannot be 'none' nor 'default'")
    if name.endswith("-dm"):
        raise errors.bad_value("VM name cannot end with -dm")
    return name


def tag(name: str) -> str:
    """A tag that may exist (Tags.validate_tag in qubes/vm/__init__.py)."""
    if set(name) - _TAG:
        raise errors.Refused("QubesInvalidTagError", "disallowed characters")
    return name


def label_name(name: str, creation: bool = False) -> str:
    """A label name that may exist (validate_label_name in qubes/utils.py)."""
    if creation and name.isdigit():
        raise errors.Refused("QubesInvalidLabelError", "Label must not be a digit")
    if set(name) - set(_LABEL):
        message = f"Label must be in safe set: {_LABEL}"
        raise errors.Refused("QubesInvalidLabelError", message)
    return name


def label_color(payload: bytes) -> str:
    """A colour such as 0xcc0000 (validate_label_value in qubes/utils.py)."""
    color = payload.decode("ascii", "replace").strip()
    for wrong, message in (
        (not payload.isascii(), "Label value must be encoded in ASCII"),
        (len(color) != 8, "Label value must have length of 8"),
        (not color.startswith("0x"), "Label value must start with: 0x"),
        (
            set(color[2:]) - set(string.hexdigits),
            "Label value must only contain hexadecimal digits after prefix: " + string.hexdigits,
        ),
    ):
        if wrong:
            raise errors.Refused("QubesInvalidLabelValueError", message)
    return color


def ascii_text(payload: bytes, message: str) -> str:
    """The payload as text."""
    try:
        return payload.decode("ascii")
    except UnicodeDecodeError:
        raise errors.malformed(message) from None


def number(payload: bytes, name: str, allow_negative: bool = False) -> int:
    """A plain decimal number (validate_number in qubes/api/__init__.py)."""
    sign = -1 if allow_negative and payload.startswith(b"-") else 1
    digits = payload[1:] if sign < 0 else payload
    name = name.capitalize()
    if not digits.isdigit():
        raise errors.malformed(f"{name} contains non ASCII digits")
    if len(digits) >= 20:
        raise errors.malformed(f"{name} is bigger than 19 decimal digits")
    if digits.startswith(b"0") and digits != b"0":
        raise errors.malformed(f"{name} contains spurious leading zeros")
    return sign * int(digits)


def boolean(text: str) -> bool:
    """The usual spellings of yes and no (property.bool in qubes/__init__.py)."""
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise errors.bad_value(f"Invalid literal for boolean property: {text!r}")


def api_boolean(payload: bytes) -> bool:
    """A boolean given to a method that is not about properties."""
    try:
        return boolean(payload.decode("ascii"))
    except (UnicodeDecodeError, errors.Refused):
        raise errors.malformed("Payload is not boolean ASCII") from None


_PARSERS = {
    "int": (int, "int"),
    "uuid": (uuid.UUID, "UUID"),
    "ip4": (ipaddress.IPv4Address, "IPv4Address"),
    "ip6": (ipaddress.IPv6Address, "IPv6Address"),
}


def property_value(kind: str, payload: bytes) -> object:
    """A value that a property of this kind may hold (property.sanitize in qubes/__init__.py)."""
    try:
        text = payload.decode("ascii")
    except UnicodeDecodeError:
        raise errors.bad_value(
            "" if kind == "vm" else "Non-ASCII bytes in property value"
        ) from None
    if kind == "vm":
        return qube_name(text) if text else text
    if kind == "bool":
        return boolean(text)
    if kind in _PARSERS:
        return _parsed(*_PARSERS[kind], text)
    if set(text) - set(string.printable):
        raise errors.bad_value("Invalid characters in property value")
    return text


def _parsed(parse, type_name: str, text: str) -> object:
    try:
        value = parse(text)
    except ValueError:
        raise errors.bad_value(f"Failed to parse property value as {type_name}") from None
    return value if isinstance(value, int) else str(value)
