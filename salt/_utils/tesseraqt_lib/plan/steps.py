# SPDX-License-Identifier: MIT
"""One kind of difference each: the steps from what is there to what is wanted.

A step makes one writing Admin API call. ``--`` stands before every name, wherever the
tool takes it, so that nothing declared is ever read as an option.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from tesseraqt_lib.fleet import devices
from tesseraqt_lib.model import Device, Settings, Step, Value, Volume
from tesseraqt_lib.shapes.scalars import FALSE, TRUE

Devices = Mapping[str, Mapping[str, Device]]


def pref_step(
    tool: tuple[str, ...], holder: tuple[str, ...], name: str, have: Value | None, want: str | None
) -> Step:
    """The step that sets a property of ``holder``, or resets it where ``want`` is ``None``."""
    what = name if name in ("label", "template") else f"prefs.{name}"
    old = None if have is None or have.default else have.text
    if want is None:
        return Step(what, old, None, (*tool, "--default", "--", *holder, name))
    return Step(what, old, want, (*tool, "--", *holder, name, want))


def same_value(want: str | None, have: Value) -> bool:
    """Whether a property is as wanted: default, or set to this very value."""
    if want is None:
        return have.default
    if have.text in ("True", "False") and want.lower() in TRUE | FALSE:
        want = str(want.lower() in TRUE)
    return not have.default and have.text == want


def feature_steps(qube: str, want: Settings, have: Mapping[str, str]) -> Iterator[Step]:
    """The steps that set or unset features."""
    for name, value in sorted(want.items()):
        old = have.get(name)
        if value == old:
            continue
        argv = (
            ("qvm-features", "--unset", "--", qube, name)
            if value is None
            else ("qvm-features", "--", qube, name, value)
        )
        yield Step(f"features.{name}", old, value, argv)


def service_steps(qube: str, want: Settings, have: Mapping[str, str]) -> Iterator[Step]:
    """The steps that enable, disable or unset services, which are features ``service.…``."""
    for name, value in sorted(want.items()):
        old = have.get(f"service.{name}")
        if same_service(value, old):
            continue
        option = "--unset" if value is None else "--enable" if value else "--disable"
        argv = ("qvm-service", option, "--", qube, name)
        yield Step(f"services.{name}", on_off(old), on_off(value), argv)


def same_service(want: str | None, have: str | None) -> bool:
    """Whether a service is as wanted; Qubes takes any text but the empty one for "on"."""
    return want is have if None in (want, have) else bool(want) == bool(have)


def on_off(value: str | None) -> str | None:
    """A service's value in the word that ``qvm-service`` uses."""
    return None if value is None else "on" if value else "off"


def tag_steps(qube: str, want: Mapping[str, bool], have: frozenset[str]) -> Iterator[Step]:
    """The steps that add or remove tags."""
    for name, wanted in sorted(want.items()):
        if wanted and name not in have:
            yield Step(f"tags.{name}", None, "present", ("qvm-tags", "--", qube, "add", name))
        elif not wanted and name in have:
            yield Step(f"tags.{name}", "present", None, ("qvm-tags", "--", qube, "del", name))


def volume_steps(
    qube: str, want: Mapping[str, Volume], have: Mapping[str, Volume]
) -> Iterator[Step]:
    """The steps that grow volumes and change how many revisions are kept."""
    for name, volume in sorted(want.items()):
        there, place = have.get(name, Volume()), f"{qube}:{name}"
        if volume.size is not None and volume.size > (there.size or 0):
            argv = ("qvm-volume", "resize", "--", place, str(volume.size))
            yield Step(f"volumes.{name}.size", text(there.size), text(volume.size), argv)
        kept = volume.revisions_to_keep
        if kept is not None and kept != there.revisions_to_keep:
            config = ("qvm-volume", "config", "--", place, "revisions_to_keep", kept)
            what = f"volumes.{name}.revisions_to_keep"
            yield Step(what, there.revisions_to_keep, kept, config)


def firewall_steps(
    qube: str, want: tuple[str, ...] | None, have: tuple[str, ...]
) -> Iterator[Step]:
    """The step that replaces all rules in one call.

    ``qvm-firewall`` changes one rule at a time, which would leave the qube with rules that
    nobody declared in between; the raw call sets the whole list or nothing.
    """
    if want is not None and want != have:
        argv = ("qubesd-query", "--fail", "dom0", "admin.vm.firewall.Set", qube)
        rules = "".join(f"{rule}\n" for rule in want)
        yield Step("firewall", "; ".join(have), "; ".join(want), argv, stdin=rules)


def ended_assignments(qube: str, want: Devices, have: Devices) -> Iterator[Step]:
    """The steps that end assignments which are not as wanted."""
    for kind, found in sorted(want.items()):
        for key, there in devices.ended(kind, found, have.get(kind, {})):
            argv = ("qvm-device", kind, "unassign", "--", qube, there.port)
            yield Step(f"devices.{kind}.{key}", assigned(there), None, argv)


def new_assignments(qube: str, want: Devices, have: Devices) -> Iterator[Step]:
    """The steps that assign devices which are not assigned as wanted."""
    for kind, found in sorted(want.items()):
        for device in devices.begun(kind, found, have.get(kind, {})):
            yield assign(qube, kind, device)


def assign(qube: str, kind: str, device: Device) -> Step:
    """The step that assigns a device, be it there just now or not."""
    modes = {"required": ("--required",), "ask-to-attach": ("--ask",), "auto-attach": ()}
    pairs = [("--option", f"{key}={value}") for key, value in sorted(device.options.items())]
    any_in_port = kind not in devices.FIXED and devices.parts(device.port)[2] == devices.ANY
    port = ("--port",) if any_in_port else ()
    words = (*modes[device.mode], *port, *chain.from_iterable(pairs))
    argv = ("qvm-device", kind, "assign", *words, "--", qube, device.port)
    return Step(f"devices.{kind}.{device.port}", None, assigned(device), argv)


def assigned(device: Device) -> str:
    """An assignment in words."""
    options = "".join(f" {key}={value}" for key, value in sorted(device.options.items()))
    return f"{device.mode}{options}"


def text(number: int | None) -> str | None:
    """A number as text."""
    return None if number is None else str(number)
