# SPDX-License-Identifier: MIT
"""Volumes of qubes, and storage pools (qubes/api/admin.py)."""

import re
import secrets

from simulated_qubesd import errors, validation, volumes
from simulated_qubesd.api import DOM0, Call, reading, writing
from simulated_qubesd.qube import Qube

_SIZE, _USAGE = 512 * volumes.GIB, 64 * volumes.GIB


def _volume(call: Call) -> volumes.Volume:
    return volumes.of(call.dest, call.arg)


@reading("admin.vm.volume.List")
def list_(call: Call) -> str:
    """The names of the volumes."""
    return "".join(f"{name}\n" for name in call.dest.doc.get("volumes", {}))


@reading("admin.vm.volume.Info", arg=True)
def info(call: Call) -> str:
    """Everything about one volume."""
    return volumes.info(call.dest, _volume(call))


@reading("admin.vm.volume.ListSnapshots", arg=True)
def revisions(call: Call) -> str:
    """The revisions that can be reverted to, oldest first."""
    return "".join(f"{revision}\n" for revision in _volume(call)["revisions"])


@writing("admin.vm.volume.Resize", arg=True, payload=True)
def resize(call: Call) -> None:
    """The volume has the size of the payload."""
    volume = _volume(call)
    size = validation.number(call.payload.strip(), "volume size")
    volumes.resize(call.dest, volume, size)


@writing("admin.vm.volume.Revert", arg=True, payload=True)
def revert(call: Call) -> None:
    """The volume is what it was in that revision."""
    revision = call.payload.decode("ascii", "replace").strip()
    if not re.fullmatch("[a-zA-Z0-9:_.-]*", revision):
        raise errors.malformed("Revision name must be in safe set")
    volumes.revert(call.dest, _volume(call), revision)


@writing("admin.vm.volume.Clear", arg=True)
def clear(call: Call) -> None:
    """The volume is empty."""
    volumes.clear(call.dest, _volume(call))


@writing("admin.vm.volume.Set.revisions_to_keep", arg=True, payload=True)
def set_revisions_to_keep(call: Call) -> None:
    """So many revisions are kept."""
    volume = _volume(call)
    number = validation.number(call.payload, "revisions to keep", allow_negative=True)
    volumes.keep_revisions(call.dest, volume, number)


@writing("admin.vm.volume.Set.rw", arg=True, payload=True)
def set_rw(call: Call) -> None:
    """The volume is writable, or not."""
    volumes.set_writable(call.dest, _volume(call), validation.api_boolean(call.payload))


@writing("admin.vm.volume.Set.ephemeral", arg=True, payload=True)
def set_ephemeral(call: Call) -> None:
    """The volume is encrypted with a key that nobody keeps, or not."""
    volumes.set_ephemeral(call.dest, _volume(call), validation.api_boolean(call.payload))


@writing("admin.vm.volume.CloneFrom", arg=True, saves=False)
def clone_from(call: Call) -> str:
    """A token that lets the volume be copied once."""
    _volume(call)
    token = secrets.token_hex(16)
    call.fleet.doc.setdefault("clone_tokens", {})[token] = [call.dest.name, call.arg]
    call.fleet.changed()
    return token


@writing("admin.vm.volume.CloneTo", arg=True, payload=True)
def clone_to(call: Call) -> None:
    """The volume holds what the volume of the token holds."""
    volume = _volume(call)
    token = call.payload.decode("ascii", "replace").strip()
    if token not in call.fleet.doc.get("clone_tokens", {}):
        message = "'Token to clone volume of qube was not found'"
        raise errors.Refused("QubesVolumeCopyTokenNotFoundError", message)
    owner, name = call.fleet.doc["clone_tokens"].pop(token)
    call.fleet.changed()
    if owner not in call.fleet:
        raise errors.Broken("the volume is gone")
    source: Qube = call.fleet[owner]
    volumes.copy(source, volumes.of(source, name), call.dest, volume)


@reading("admin.pool.List", dest=DOM0)
def pools(call: Call) -> str:
    """The names of the pools."""
    return "".join(f"{name}\n" for name in call.fleet.doc["pools"])


@reading("admin.pool.ListDrivers", dest=DOM0)
def drivers(_call: Call) -> str:
    """The drivers and their options."""
    return "file-reflink revisions_to_keep dir_path setup_check ephemeral_volatile\n"


def _pool(call: Call) -> dict:
    if call.arg not in call.fleet.doc["pools"]:
        raise errors.denied("Argument not in 'pools'")
    return call.fleet.doc["pools"][call.arg]


@reading("admin.pool.Info", arg=True, dest=DOM0)
def pool_info(call: Call) -> str:
    """The settings of one pool, and how full it is."""
    settings = dict(sorted(_pool(call).items()))
    if settings["driver"] == "linux-kernel":
        settings["included_in"] = "varlibqubes"
    else:
        settings.update(size=_SIZE, usage=_USAGE)
    return "".join(f"{key}={value}\n" for key, value in settings.items())


@reading("admin.pool.UsageDetails", arg=True, dest=DOM0)
def pool_usage(call: Call) -> str:
    """How full the pool is."""
    _pool(call)
    return f"data_size={_SIZE}\ndata_usage={_USAGE}\n"


@reading("admin.pool.volume.List", arg=True, dest=DOM0)
def pool_volumes(call: Call) -> str:
    """What the pool keeps; that of kernels has one for each kernel."""
    if _pool(call)["driver"] == "linux-kernel":
        found = call.fleet.doc["kernels"]
    else:
        every = (volumes.of(qube, name) for qube in call.fleet for name in qube.doc["volumes"])
        found = [one["vid"] for one in every if one["pool"] == call.arg]
    return "".join(f"{vid}\n" for vid in found)


@writing("admin.pool.Set.revisions_to_keep", arg=True, payload=True, dest=DOM0)
def set_pool_revisions(call: Call) -> None:
    """So many revisions of new volumes are kept."""
    pool = _pool(call)
    number = validation.number(call.payload, "revisions to keep", allow_negative=True)
    if number < -1:
        raise errors.malformed("Value can't be lower than -1")
    if pool["driver"] == "linux-kernel" and number:
        raise errors.bad_value("LinuxKernel supports only revisions_to_keep=0")
    pool["revisions_to_keep"] = number
    call.fleet.changed()
