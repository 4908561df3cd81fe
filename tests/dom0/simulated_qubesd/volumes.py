# SPDX-License-Identifier: MIT
"""Disks without data: sizes, sources and revisions (qubes/storage)."""

from simulated_qubesd import errors
from simulated_qubesd.events import on
from simulated_qubesd.qube import Qube

GIB = 1024**3
ROOT, PRIVATE = 10 * GIB, 2 * GIB

_SNAPSHOT = {"rw": True, "snap_on_start": True, "save_on_stop": False}
_SAVED = {"rw": True, "snap_on_start": False, "save_on_stop": True}
_FORGOTTEN = {"rw": True, "snap_on_start": False, "save_on_stop": False}
_KERNEL = {"rw": False, "snap_on_start": False, "save_on_stop": False, "size": 0}

LAYOUTS = {
    "AppVM": {
        "root": _SNAPSHOT,
        "private": {**_SAVED, "size": PRIVATE},
        "volatile": {**_FORGOTTEN, "size": ROOT},
        "kernel": _KERNEL,
    },
    "DispVM": {
        "root": _SNAPSHOT,
        "private": _SNAPSHOT,
        "volatile": {**_FORGOTTEN, "size": ROOT + PRIVATE},
        "kernel": _KERNEL,
    },
    "TemplateVM": {
        "root": {**_SAVED, "size": ROOT},
        "private": {**_SAVED, "size": PRIVATE},
        "volatile": {**_FORGOTTEN, "size": ROOT},
        "kernel": _KERNEL,
    },
}
LAYOUTS["StandaloneVM"] = LAYOUTS["TemplateVM"]

Volume = dict


def create(qube: Qube, pools: dict[str, str]) -> None:
    """The qube has the volumes of its class, in ``pools`` or in the default pools."""
    for name, layout in LAYOUTS[qube.klass].items():
        pool = pools.get(name) or qube.fleet.value(f"default_pool_{name}")
        volume = {
            "name": name,
            "pool": pool,
            "vid": _vid(qube, name),
            "size": 0,
            **layout,
            "revisions_to_keep": qube.fleet.doc["pools"][pool].get("revisions_to_keep", 0),
            "revisions": [],
            "usage": 0,
        }
        qube.doc["volumes"][name] = volume
    follow_template(qube)


def _vid(qube: Qube, name: str) -> str:
    directory = "vm-templates" if qube.klass == "TemplateVM" else "appvms"
    return f"{directory}/{qube.name}/{name}"


def follow_template(qube: Qube) -> None:
    """Volumes that are snapshots have their pool and size from what they are snapshots of."""
    for volume in qube.doc["volumes"].values():
        if volume["snap_on_start"]:
            source = source_of(qube, volume)
            volume["pool"], volume["size"] = source["pool"], source["size"]
    qube.changed()


def source_of(qube: Qube, volume: Volume) -> Volume:
    """The volume that a snapshot is taken from (Storage._update_volume_config_source)."""
    while volume["snap_on_start"]:
        qube = qube.template
        volume = qube.doc["volumes"][volume["name"]]
    return volume


def of(qube: Qube, name: str) -> Volume:
    """The volume of that name."""
    if name not in qube.doc.get("volumes", {}):
        raise errors.denied(f"Argument not in '{qube.name} volumes'")
    return qube.doc["volumes"][name]


def _is_kernel(volume: Volume) -> bool:
    return volume["name"] == "kernel"


def info(qube: Qube, volume: Volume) -> str:
    """What the Admin API tells about a volume."""
    facts = {
        "pool": volume["pool"],
        "vid": qube.value("kernel") if _is_kernel(volume) else volume["vid"],
        "size": size(volume),
        "usage": volume["usage"],
        "rw": volume["rw"],
        "source": source_of(qube, volume)["vid"] if volume["snap_on_start"] else "",
        "path": _path(qube, volume),
        "save_on_stop": volume["save_on_stop"],
        "snap_on_start": volume["snap_on_start"],
        "revisions_to_keep": volume["revisions_to_keep"],
        "ephemeral": volume.get("ephemeral", False),
        "is_outdated": False,
    }
    return "".join(f"{key}={value}\n" for key, value in facts.items())


def _path(qube: Qube, volume: Volume) -> str:
    if not _is_kernel(volume):
        return f"/var/lib/qubes/{volume['vid']}-dirty.img"
    kernel = qube.value("kernel")
    return f"/var/lib/qubes/vm-kernels/{kernel}/modules.img" if kernel else ""


def size(volume: Volume) -> int:
    """The size in bytes; a running snapshot is as large as its source was when it was taken."""
    return volume.get("size_since_start", volume["size"])


def resize(qube: Qube, volume: Volume, new: int) -> None:
    """The volume has that size, larger or smaller; it is the client that refuses to shrink."""
    if _is_kernel(volume):
        raise errors.Broken("kernel volumes have no resize")
    if not volume["rw"]:
        message = f"Cannot resize: {volume['vid']} is read-only"
        raise errors.Refused("StoragePoolException", message)
    volume["size"] = new
    qube.changed()


def keep_revisions(qube: Qube, volume: Volume, number: int) -> None:
    """So many revisions are kept, -1 for no snapshots at all (Storage.set_revisions_to_keep)."""
    if number < -1:
        raise errors.bad_value("Invalid value for revisions_to_keep")
    old = volume["revisions_to_keep"]
    if number != old and -1 in (number, old):
        disposables = qube.based_on_it if qube.klass == "AppVM" else ()
        for user in (qube, *disposables):
            if user.is_running:
                raise errors.not_halted(user.name)
    if _is_kernel(volume) and number:
        raise errors.bad_value("LinuxModules supports only revisions_to_keep=0")
    volume["revisions_to_keep"] = number
    qube.changed()


def set_writable(qube: Qube, volume: Volume, writable: bool) -> None:
    """The volume is writable, or not."""
    if not qube.is_halted:
        raise errors.not_halted(qube.name)
    if _is_kernel(volume) and writable:
        raise errors.bad_value("LinuxModules supports only read-only volumes")
    volume["rw"] = writable
    qube.changed()


def set_ephemeral(qube: Qube, volume: Volume, ephemeral: bool) -> None:
    """The volume is encrypted with a key that nobody keeps, or not."""
    if _is_kernel(volume):
        raise errors.bad_value("LinuxModules does not support setting ephemeral value")
    if ephemeral and (volume["snap_on_start"] or volume["save_on_stop"] or not volume["rw"]):
        raise errors.bad_value(
            "Cannot enable ephemeral on snap_on_start or save_on_stop or "
            "non-dom0 or not writable volume"
        )
    volume["ephemeral"] = ephemeral
    qube.changed()


def clear(qube: Qube, volume: Volume) -> None:
    """The volume is empty."""
    if not volume["save_on_stop"]:
        raise errors.Broken(f"Cannot import_data: {volume['vid']} is not save_on_stop")
    commit(volume)
    volume["usage"] = 0
    qube.changed()


def copy(source: Qube, origin: Volume, qube: Qube, volume: Volume) -> None:
    """The volume holds what the other one holds (ReflinkVolume.import_volume)."""
    if _is_kernel(volume) != _is_kernel(origin):
        message = "clone of LinuxModules volume from different volume type is not supported"
        raise errors.Refused("StoragePoolException", message)
    if volume["save_on_stop"]:
        if not origin["save_on_stop"]:
            raise errors.Broken(f"Cannot export: {origin['vid']} is not save_on_stop")
        commit(volume)
        volume["size"], volume["usage"] = origin["size"], origin["usage"]
    qube.changed()
    qube.fire("volume-import:" + volume["name"], name=volume["name"], source=source)


def commit(volume: Volume) -> None:
    """What the volume held is a revision now, and the oldest revisions are gone."""
    keep = volume["revisions_to_keep"]
    if volume["save_on_stop"] and keep > 0:
        last = int(volume["revisions"][-1]) if volume["revisions"] else 0
        volume["revisions"] = [*volume["revisions"], str(last + 1)][-keep:]


def start(qube: Qube) -> None:
    """Snapshots are taken."""
    for volume in qube.doc["volumes"].values():
        if volume["snap_on_start"]:
            volume["size_since_start"] = source_of(qube, volume)["size"]


def stop(qube: Qube) -> None:
    """Snapshots are gone, what was written elsewhere is kept."""
    for volume in qube.doc["volumes"].values():
        volume.pop("size_since_start", None)
        commit(volume)


def revert(qube: Qube, volume: Volume, revision: str) -> None:
    """The volume holds again what that revision held."""
    if revision not in volume["revisions"]:
        raise errors.Broken(f"no revision {revision}")
    if qube.is_running:
        message = f"Cannot revert: {volume['vid']} is not cleanly stopped"
        raise errors.Refused("StoragePoolException", message)
    volume["revisions"].remove(revision)
    commit(volume)
    qube.changed()


@on("volume-import:root", klass=frozenset({"StandaloneVM"}))
def a_new_root_brings_its_boot_mode(qube: Qube, **_) -> None:
    """As its features announce (qubes/vm/standalonevm.py)."""
    mode = qube.features.get("boot-mode.standalone-default")
    if mode == "default" or (mode and f"boot-mode.kernelopts.{mode}" in qube.features):
        qube.set_feature("boot-mode.active", mode)
