# SPDX-License-Identifier: MIT
"""Every property of every class (qubes/vm/*.py, qubes/vm/mix/*.py, qubes/app.py)."""

from simulated_qubesd import addresses, defaults, properties, setters
from simulated_qubesd.properties import Property, forbidden, table


def computed(name: str, default: object, kind: str = "str") -> Property:
    """A property that nobody sets (stateless_property)."""
    return Property(name, kind, default, forbidden, clone=False)


def qube(name: str, default: object, setter: object = None) -> Property:
    """A property that names a qube, or none."""
    return Property(name, "vm", default, setter, stage=4, allow_none=True)


_BASE = (
    Property("name", once=True, clone=False),
    Property("qid", "int", once=True, clone=False),
    Property("uuid", "uuid", once=True, clone=False),
    Property("label", "label", setter=setters.label),
    computed("klass", lambda qube: qube.klass),
    computed("icon", defaults.icon),
)

_KEYBOARD = ("keyboard_layout", "str")
_DENIED = Property("devices_denied", default="", setter=setters.denied_list)
_DISPVM = qube("default_dispvm", defaults.system("default_dispvm"), setters.disposable_template)

_NET = (
    Property("mac", default="00:16:3e:5e:6c:00", setter=addresses.set_mac),
    Property("ip", "ip4", addresses.ip),
    Property("ip6", "ip6", addresses.ip6),
    qube("netvm", defaults.system("default_netvm"), addresses.set_netvm),
    Property("provides_network", "bool", False, addresses.set_provides_network),
    computed("visible_ip", addresses.visible_ip),
    computed("visible_ip6", lambda qube: qube.value("ip6")),
    computed("visible_gateway", addresses.visible_gateway),
    computed("visible_gateway6", addresses.visible_gateway6),
    computed("visible_netmask", addresses.visible_netmask),
    computed("gateway", addresses.gateway),
    computed("gateway6", addresses.gateway6),
    computed("dns", addresses.dns),
)

_TIMEOUTS = tuple(
    Property(
        name,
        "int",
        defaults.template_or(name, defaults.system(f"default_{name}")),
        setters.positive,
    )
    for name in ("qrexec_timeout", "shutdown_timeout")
)

_RESOURCES = (
    Property("virt_mode", default=defaults.virt_mode, setter=setters.virt_mode),
    Property("memory", "int", defaults.template_or("memory", 400), setters.positive),
    Property("maxmem", "int", defaults.maxmem, setters.not_negative),
    Property("stubdom_mem", "int", None, setters.positive),
    Property("vcpus", "int", defaults.template_or("vcpus", 2), setters.positive),
    Property(
        "kernel",
        default=defaults.template_or("kernel", defaults.system("default_kernel")),
        setter=setters.kernel,
    ),
    Property("kernelopts", default=defaults.kernelopts, setter=setters.kernelopts, stage=4),
    Property("bootmode", default=defaults.bootmode, stage=4),
    computed("xid", defaults.xid, "int"),
    computed("stubdom_xid", defaults.stubdom_xid, "int"),
    computed("stubdom_uuid", ""),
    computed("start_time", defaults.start_time),
)

_QUBE = (
    *_BASE,
    *_NET,
    *_RESOURCES,
    *_TIMEOUTS,
    qube("guivm", defaults.system("default_guivm")),
    qube("audiovm", defaults.system("default_audiovm")),
    Property("installed_by_rpm", "bool", False),
    Property("debug", "bool", False),
    Property(
        "default_user",
        default=defaults.template_or("default_user", "user"),
        setter=setters.default_user,
    ),
    Property("autostart", "bool", False),
    Property("include_in_backups", "bool", True),
    Property("backup_timestamp", "int", None),
    _DISPVM,
    qube(
        "management_dispvm",
        defaults.template_or("management_dispvm", defaults.system("management_dispvm")),
        setters.disposable_template,
    ),
    Property("updateable", "bool", defaults.updateable, forbidden),
    _DENIED,
    Property(*_KEYBOARD, defaults.keyboard_layout, setters.keyboard_layout),
)

_MAKES_DISPOSABLES = Property("template_for_dispvms", "bool", False)

properties.TABLES["AppVM"] = table(
    _QUBE, (Property("template", "vm", stage=4, target="TemplateVM"), _MAKES_DISPOSABLES)
)
properties.TABLES["TemplateVM"] = table(
    _QUBE,
    (
        qube("netvm", None, addresses.set_netvm),
        Property("appvm_default_bootmode", default=defaults.appvm_default_bootmode, stage=4),
    ),
)
properties.TABLES["StandaloneVM"] = table(_QUBE, (_MAKES_DISPOSABLES,))
properties.TABLES["DispVM"] = table(
    _QUBE,
    (
        Property("template", "vm", setter=setters.template_of_disposable, stage=4),
        Property("dispid", "int", once=True, clone=False),
        Property("auto_cleanup", "bool", False),
        Property("include_in_backups", "bool", lambda qube: not qube.value("auto_cleanup")),
        qube("default_dispvm", defaults.of_template, setters.disposable_template),
        computed("is_preload", defaults.is_preload, "bool"),
    ),
)
properties.TABLES["AdminVM"] = table(
    _BASE,
    (
        Property("name", default="dom0", setter=forbidden, clone=False),
        Property("qid", "int", 0, forbidden, clone=False),
        Property("uuid", default="00000000-0000-0000-0000-000000000000", setter=forbidden),
        computed("icon", "adminvm-black"),
        _DISPVM,
        Property("include_in_backups", "bool", True),
        Property("updateable", "bool", True, forbidden),
        _DENIED,
        Property(*_KEYBOARD, "us++", setters.keyboard_layout),
        Property("maxmem", "int", 4096, forbidden),
    ),
)


def system(name: str, kind: str, default: object = properties.NOTHING, **rest: object) -> Property:
    """A global property."""
    return Property(name, kind, default, stage=3, allow_none=True, **rest)


def _pool(suffix: str) -> Property:
    default = lambda fleet: fleet.value("default_pool")  # noqa: E731
    return system(f"default_pool{suffix}", "str", default, setter=setters.pool)


properties.TABLES["Qubes"] = table(
    (
        system("default_guivm", "vm", "dom0"),
        system("default_audiovm", "vm", "dom0"),
        system("default_netvm", "vm", None, setter=addresses.set_default_netvm),
        system("default_template", "vm", target="TemplateVM"),
        system("updatevm", "vm", None),
        system("clockvm", "vm", None),
        system("default_kernel", "str"),
        system("default_dispvm", "vm", None, setter=setters.disposable_template),
        system("management_dispvm", "vm", None, setter=setters.disposable_template),
        system("default_pool", "str", defaults.pool, setter=setters.pool),
        *(_pool(suffix) for suffix in ("_private", "_root", "_volatile", "_kernel")),
        system("default_qrexec_timeout", "int", 60),
        system("default_shutdown_timeout", "int", 60),
        system("stats_interval", "int", 3),
        system("check_updates_vm", "bool", True),
        system(
            "maxmem", "int", lambda fleet: fleet.doc["host"]["memory_kib"] // 1024, setter=forbidden
        ),
        system("no_cpus", "int", lambda fleet: fleet.doc["host"]["cpus"], setter=forbidden),
    )
)
