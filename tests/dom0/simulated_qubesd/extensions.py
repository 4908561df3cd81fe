# SPDX-License-Identifier: MIT
"""What the extensions of qubesd do to tags and features (qubes/ext/*.py)."""

import os
import re

from simulated_qubesd import errors
from simulated_qubesd.events import SYSTEM, on
from simulated_qubesd.fleet import Fleet
from simulated_qubesd.qube import Qube

QUBESDB_VALUE = 3072  # QDB_MAX_DATA in qubes-core-qubesdb
_PROHIBITED_FEATURES = (
    "deferred-netvm-original",
    "preload-dispvm",
    "preload-dispvm-completed",
    "preload-dispvm-in-progress",
)
_MAKES_DISPOSABLES = frozenset({"AppVM", "StandaloneVM"})


def permit_feature(name: str) -> None:
    """Features that belong to qubesd are not for clients (qubes/ext/admin.py)."""
    if name in _PROHIBITED_FEATURES:
        raise errors.denied("changing this feature is prohibited by qubes.ext.admin.AdminExtension")


# Sound and windows: qubes/ext/audio.py, qubes/ext/gui.py


def _follow(kind: str, qube: Qube, target: str | None) -> None:
    wanted = f"{kind}-{target}" if target else None
    for tag in [tag for tag in qube.tags if tag.startswith(f"{kind}-") and tag != wanted]:
        qube.remove_tag(tag)
    if wanted:
        qube.add_tag(wanted)


@on("domain-init")
def a_new_qube_is_tagged_with_who_shows_it(qube: Qube, **_) -> None:
    """``audiovm-`` and ``guivm-`` name the qubes that play and show it."""
    for kind in ("audiovm", "guivm"):
        if qube.value(kind, None):
            _follow(kind, qube, qube.value(kind))


@on("property-set:audiovm", "property-reset:audiovm", "property-set:guivm", "property-reset:guivm")
def the_tag_follows_the_property(qube: Qube, name: str, **_) -> None:
    """The old tag is gone."""
    _follow(name, qube, qube.value(name, None))


@on("property-set:default_audiovm", "property-set:default_guivm", klass=SYSTEM)
def and_the_default_too(fleet: Fleet, name: str, new: str | None, **_) -> None:
    """Qubes that follow the default have the new tag."""
    kind = name.removeprefix("default_")
    for qube in fleet:
        if qube.has(kind) and qube.is_default(kind):
            _follow(kind, qube, new)


@on("tag-add:*")
def the_creator_decides_on_more_tags(qube: Qube, tag: str, **_) -> None:
    """Features of the creator name tags and the guivm of what it creates."""
    if not tag.startswith("created-by-"):
        return
    name = tag.removeprefix("created-by-")
    if name not in qube.fleet:
        raise errors.Broken(f"no qube {name}")
    creator = qube.fleet[name]
    for extra in creator.features.get("tag-created-vm-with", "").split():
        qube.add_tag(extra)
    if guivm := creator.features.get("set-created-guivm"):
        qube.set("guivm", guivm)


@on("domain-pre-shutdown")
def nobody_loses_sound_or_windows(qube: Qube, force: bool, **_) -> None:
    """A qube that plays or shows running ones is not shut down without force."""
    for kind, role, refusal in (
        ("audiovm", "AudioVM", "QubesVMInUseError"),
        ("guivm", "GuiVM", "QubesVMError"),
    ):
        users = [
            other.name
            for other in qube.fleet
            if other is not qube and other.value(kind, None) == qube.name and other.is_running
            if kind == "guivm" or not other.is_preload
        ]
        if users and not force:
            message = f"There are running VMs using this VM as {role}: {', '.join(users)}"
            raise errors.Refused(refusal, message)


# Services: qubes/ext/services.py


@on("feature-pre-set:*")
def a_service_has_a_possible_name(qube: Qube, feature: str, **_) -> None:
    """One that fits in QubesDB and in a file name."""
    kind, _dot, service = feature.partition(".")
    if kind != "service" or not _dot:
        return
    if not service:
        raise errors.bad_value("Service name cannot be empty")
    if service in (".", ".."):
        raise errors.bad_value('Service name cannot be "." or ".."')
    if len(service) > 48 and not service.startswith("app-dispvm."):
        raise errors.bad_value("Service name must not exceed 48 bytes")


@on("feature-set:service.meminfo-writer")
def meminfo_writer_is_about_maxmem(qube: Qube, value: str, **_) -> None:
    """The service becomes the property, and does not stay."""
    if value:
        qube.reset("maxmem")
    else:
        qube.set("maxmem", 0)
    qube.remove_feature("service.meminfo-writer")


# What the qube reads in QubesDB: qubes/ext/vm_config.py, qubes/ext/custom_persist.py


@on("feature-set:*")
def a_config_has_a_possible_name(_qube: Qube, feature: str, **_) -> None:
    """The complaint comes after the feature was stored."""
    kind, _dot, name = feature.partition(".")
    if kind != "vm-config" or not _dot:
        return
    if len(name) > 52:
        raise errors.bad_value("VM config name must not exceed 46 bytes")
    if not name:
        raise errors.bad_value("Empty config name not allowed")
    if not name[0].isalpha():
        raise errors.bad_value("Config name must start with an ASCII letter")


@on("feature-set:*")
def a_running_qube_is_told(qube: Qube, feature: str, value: str, **_) -> None:
    """A value that QubesDB does not take is a crash in qubesd."""
    if feature.startswith("vm-config.") and qube.is_running:
        _qubesdb_takes("/vm-config/" + feature.removeprefix("vm-config."), value)


@on("feature-set:*")
def a_persistent_path_is_one(_qube: Qube, feature: str, value: str, **_) -> None:
    """The complaint comes after the feature was stored."""
    if feature.startswith("custom-persist."):
        _check_persistent(feature.removeprefix("custom-persist."), value)


def _check_persistent(key: str, value: str) -> None:
    if not key:
        raise errors.bad_value("custom-persist key cannot be empty")
    if len(key) > 54:
        raise errors.bad_value(f"custom-persist key is too long (max 54), ignoring: {key}")
    if value.startswith("/"):
        return
    parts = value.split(":")
    if len(parts) < 5 or not parts[4].startswith("/"):
        raise errors.bad_value(f"invalid value format: '{value}'")
    if parts[0] not in ("file", "dir"):
        message = f"invalid resource type option '{parts[0]}' in value '{value}'"
        raise errors.bad_value(message)
    if not re.fullmatch("(0o)?[0-7]{1,4}", parts[3]):
        raise errors.bad_value(f"invalid mode option '{parts[3]}' in value '{value}'")
    if not os.path.isabs(":".join(parts[4:])):
        raise errors.bad_value(f"invalid path '{value}'")


def _qubesdb_takes(key: str, value: str) -> None:
    if len(key) > 63 or len(value) >= QUBESDB_VALUE:
        raise errors.Broken(f"QubesDB refuses {key}")


@on("domain-qdb-create")
def a_starting_qube_is_told_everything(qube: Qube, **_) -> None:
    """A start fails when QubesDB refuses one entry."""
    for feature, value in qube.features.items():
        kind, dot, name = feature.partition(".")
        if kind == "vm-config" and dot:
            _qubesdb_takes(f"/vm-config/{name}", value)
        if kind == "custom-persist" and dot:
            _check_persistent(name, value)
            _qubesdb_takes(f"/persist/{name}", value)


@on("domain-pre-start")
def a_qube_being_restored_does_not_start(qube: Qube, **_) -> None:
    """Its data is not complete (qubes/ext/backup_restore.py)."""
    if "backup-restore-in-progress" in qube.tags:
        message = "Restore of this domain in progress, cannot start"
        raise errors.Refused("QubesVMError", message)


# Preloaded disposables, of which only the settings are known here: qubes/vm/mix/dvmtemplate.py


@on("feature-pre-set:preload-dispvm-max", klass=_MAKES_DISPOSABLES)
def so_many_preloaded_disposables(qube: Qube, value: str, **_) -> None:
    """A number, for a qube that can be reached by qrexec."""
    if not qube.feature("qrexec", via="template"):
        raise errors.bad_value("Qube does not support qrexec")
    missing = [
        service
        for service in ("qubes.WaitForRunningSystem", "qubes.WaitForSession")
        if not qube.feature(f"supported-rpc.{service}", via="template")
    ]
    if missing:
        raise errors.bad_value(f"Qube does not support the RPC(s) '{', '.join(missing)}'")
    if not (value or "0").isdigit():
        raise errors.bad_value("Invalid preload-dispvm-max value: not a digit")


@on("feature-pre-set:preload-dispvm-delay", klass=_MAKES_DISPOSABLES)
def so_long_until_the_next(_qube: Qube, value: str, **_) -> None:
    """A number of seconds."""
    try:
        float(value or "0")
    except ValueError:
        message = "Invalid preload-dispvm-delay value: not an integer or float"
        raise errors.bad_value(message) from None
