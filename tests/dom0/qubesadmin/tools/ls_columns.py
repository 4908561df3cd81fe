# SPDX-License-Identifier: MIT
"""What qvm-ls can show of a qube: a few computed columns, else properties."""

NUMERIC = {
    "MEMORY",
    "DISK",
    "XID",
    "MAXMEM",
    "QREXEC-TIMEOUT",
    "SHUTDOWN-TIMEOUT",
    "VCPUS",
    *(f"{volume}-{what}" for volume in ("PRIV", "ROOT") for what in ("CURR", "MAX", "USED")),
}
_MIB = 1024 * 1024
_CLASS_LETTERS = {
    "AdminVM": "0",
    "TemplateVM": "t",
    "AppVM": "a",
    "StandaloneVM": "s",
    "DispVM": "d",
}
_STATES = ("running", "transient", "paused", "suspended", "halting", "dying", "crashed")
_FLAGS = (
    ("updateable", "U"),
    ("provides_network", "N"),
    ("installed_by_rpm", "R"),
    ("internal", "i"),
    ("debug", "D"),
    ("autostart", "A"),
)


def _flags(vm):
    letter = _CLASS_LETTERS.get(vm.klass, "-")
    if letter.isalpha() and getattr(vm, "virt_mode", "pv") == "hvm":
        letter = letter.upper()
    state = vm.get_power_state().lower()
    power = state[0] if state in _STATES else "-"
    flags = (mark if getattr(vm, name, False) else "-" for name, mark in _FLAGS)
    return letter + power + "".join(flags)


def _volume(name, what):
    def look(vm):
        if name not in vm.volumes:
            return "-" if what == "pool" else 0
        return getattr(vm.volumes[name], what) // _MIB if what != "pool" else vm.volumes[name].pool

    return look


def _used(name):
    def look(vm):
        size = _volume(name, "size")(vm)
        return f"{_volume(name, 'usage')(vm) * 100 // size}%" if size else 0

    return look


_COMPUTED = {
    "STATE": lambda vm: vm.get_power_state(),
    "CLASS": lambda vm: vm.klass,
    "GATEWAY": lambda vm: vm.netvm.gateway,
    "MEMORY": lambda vm: vm.get_mem() // 1024 if vm.is_running() else None,
    "DISK": lambda vm: vm.get_disk_utilization() // _MIB,
    "FLAGS": _flags,
}
for _short, _name in (("PRIV", "private"), ("ROOT", "root")):
    _COMPUTED[f"{_short}-CURR"] = _volume(_name, "usage")
    _COMPUTED[f"{_short}-MAX"] = _volume(_name, "size")
    _COMPUTED[f"{_short}-POOL"] = _volume(_name, "pool")
    _COMPUTED[f"{_short}-USED"] = _used(_name)


def cell(vm, column):
    """What the column holds for the qube; ``-`` for nothing."""
    look = _COMPUTED.get(column, lambda vm: getattr(vm, column.lower().replace("-", "_")))
    try:
        value = look(vm)
    except (AttributeError, ZeroDivisionError):
        return "-"
    return "-" if value is None else str(value) or "-"
