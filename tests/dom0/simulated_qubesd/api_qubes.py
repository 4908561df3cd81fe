# SPDX-License-Identifier: MIT
"""Qubes as such: listed, made, removed, switched on and off (qubes/api/admin.py)."""

from simulated_qubesd import creation, errors, power
from simulated_qubesd.api import DOM0, QUBES, Call, reading, writing
from simulated_qubesd.qube import Qube


@reading("admin.vm.List")
def list_(call: Call) -> str:
    """All qubes when dom0 is asked, else the one."""
    qubes = call.fleet if call.dest.name == "dom0" else [call.dest]
    return "".join(map(_line, qubes))


def _line(qube: Qube) -> str:
    return f"{qube.name} class={qube.klass} state={qube.power} uuid={qube.value('uuid')}\n"


@reading("admin.vmclass.List", dest=DOM0)
def classes(_call: Call) -> str:
    """The classes there are."""
    return "".join(f"{name}\n" for name in (*creation.CLASSES, "RemoteVM"))


def _create(call: Call, allow_pool: bool) -> None:
    wanted = creation.wish(call.fleet, call.payload, allow_pool)
    creation.create(call.fleet, call.endpoint, call.arg, wanted)


for _klass in creation.CLASSES:
    writing(f"admin.vm.Create.{_klass}", arg=None, payload=None, dest=DOM0)(
        lambda call: _create(call, allow_pool=False)
    )
    writing(f"admin.vm.CreateInPool.{_klass}", arg=None, payload=None, dest=DOM0)(
        lambda call: _create(call, allow_pool=True)
    )


@writing("admin.vm.CreateDisposable", arg=None, payload=None)
def create_disposable(call: Call) -> str:
    """The name of a new disposable of the qube, or of the default disposable template."""
    if call.payload not in (b"", b"uuid"):
        raise errors.malformed("Invalid payload, expected empty string or 'uuid'")
    template = call.dest
    if template.name == "dom0":
        template = call.fleet[call.dest.value("default_dispvm")]
    if not template.value("template_for_dispvms", False):
        raise errors.Refused(
            "QubesException",
            "Refusing to create disposable out of app qube which has template_for_dispvms=False",
        )
    qube = creation.disposable(call.fleet, template)
    return f"uuid:{qube.value('uuid')}" if call.payload else qube.name


@writing("admin.vm.Remove")
def remove(call: Call) -> None:
    """The qube is gone."""
    creation.remove(call.dest)


@writing("admin.vm.Start", saves=False)
def start(call: Call) -> None:
    """The qube runs."""
    power.start(call.dest)


@writing("admin.vm.Shutdown", arg=None, saves=False)
def shutdown(call: Call) -> None:
    """The qube goes down; with ``wait`` in the argument, it has."""
    options = call.arg.split("+") if call.arg else []
    if set(options) - {"force", "wait"}:
        raise errors.malformed("Argument must match: force, wait")
    power.shutdown(call.dest, "force" in options, "wait" in options)
    if "wait" in options and not call.dest.is_halted:
        message = f"Domain shutdown timed out: {call.dest.name!r}"
        raise errors.Refused("QubesVMShutdownTimeoutError", message)


for _action in ("Kill", "Pause", "Unpause", "Suspend", "Resume"):
    writing(f"admin.vm.{_action}", saves=False)(
        lambda call: getattr(power, call.method.rpartition(".")[2].lower())(call.dest)
    )


@reading("admin.vm.CurrentState")
def current_state(call: Call) -> str:
    """Memory in KiB, processor time, and whether it runs."""
    qube = call.dest
    memory = maximum = 0
    if qube.is_running:
        maximum = qube.value("maxmem") * 1024
        memory = qube.value("memory", 4096) * 1024
    return f"mem={memory} mem_static_max={maximum} cputime=0 power_state={qube.power}"


@reading("admin.vm.notes.Get", dest=QUBES)
def get_notes(call: Call) -> str:
    """The free text about the qube."""
    return call.dest.doc["notes"]


@writing("admin.vm.notes.Set", payload=True, dest=QUBES, saves=False)
def set_notes(call: Call) -> None:
    """The free text is this, in printable characters."""
    if len(call.payload) > 256000:
        raise errors.malformed(
            f"Maximum note size is 256000 bytes ({len(call.payload)} bytes received)"
        )
    try:
        text = call.payload.decode()
    except UnicodeDecodeError as wrong:
        raise errors.malformed(f"Unable to sanitise qube notes: {wrong}") from None
    call.dest.doc["notes"] = "".join(c if c.isprintable() or c in "\t\n" else "_" for c in text)
    call.dest.changed()
