# SPDX-License-Identifier: MIT
"""Features and tags (qubes/api/admin.py). Any tag may be set from dom0, also ``created-by-*``."""

import re

from simulated_qubesd import errors, extensions, validation
from simulated_qubesd.api import Call, reading, writing


def _value(call: Call, via: str | None = None, dom0: bool = False) -> str:
    value = call.dest.feature(call.arg, via, dom0)
    if value is None:
        message = f"Feature not set for domain {call.dest}: {call.arg}"
        raise errors.Refused("QubesFeatureNotFoundError", message)
    return value


@reading("admin.vm.feature.List")
def list_features(call: Call) -> str:
    """The names of the features, oldest first."""
    return "".join(f"{name}\n" for name in call.dest.features)


@reading("admin.vm.feature.Get", arg=True)
def get_feature(call: Call) -> str:
    """The qube's own value."""
    return _value(call)


for _suffix, _via, _dom0 in (
    ("Template", "template", False),
    ("Netvm", "netvm", False),
    ("AdminVM", None, True),
    ("TemplateAndAdminVM", "template", True),
):
    reading(f"admin.vm.feature.CheckWith{_suffix}", arg=True)(
        lambda call, via=_via, dom0=_dom0: _value(call, via, dom0)
    )


@writing("admin.vm.feature.Set", arg=True, payload=None)
def set_feature(call: Call) -> None:
    """The feature has the value of the payload."""
    message = "Feature value contains non-ASCII characters"
    value = validation.ascii_text(call.payload, message)
    if not re.match(r"\A[a-zA-Z0-9_.-]+\Z", call.arg):
        raise errors.malformed("feature name contains illegal characters")
    if not re.match(r"\A[\x20-\x7E]*\Z", value):
        raise errors.malformed(f"{call.arg} value contains illegal characters")
    extensions.permit_feature(call.arg)
    call.dest.set_feature(call.arg, value)


@writing("admin.vm.feature.Remove", arg=True)
def remove_feature(call: Call) -> None:
    """The feature is not set any more."""
    extensions.permit_feature(call.arg)
    _value(call)
    call.dest.remove_feature(call.arg)


@reading("admin.vm.tag.List")
def list_tags(call: Call) -> str:
    """The tags, sorted."""
    return "".join(f"{tag}\n" for tag in sorted(call.dest.tags))


@reading("admin.vm.tag.Get", arg=True)
def get_tag(call: Call) -> str:
    """1 if the qube has the tag, else 0."""
    return str(int(validation.tag(call.arg) in call.dest.tags))


@writing("admin.vm.tag.Set", arg=True)
def set_tag(call: Call) -> None:
    """The qube has the tag."""
    call.dest.add_tag(validation.tag(call.arg))


@writing("admin.vm.tag.Remove", arg=True)
def remove_tag(call: Call) -> None:
    """The qube does not have the tag any more."""
    call.dest.remove_tag(validation.tag(call.arg))
