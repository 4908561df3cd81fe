# SPDX-License-Identifier: MIT
"""The words of Qubes that declarations use, each with the source that fixes it."""

from __future__ import annotations

#: Marks the qubes that have flags or wires of tesseraqt, so that others need not be asked.
CONTAINERS_TAG = "tesseraqt-containers"
#: How the tags start that are tesseraqt's own and cannot be declared; one is this very word.
OWN_TAGS = ("tesseraqt", "tesseraqt-")
#: How services and vm-config names start by which a qube knows its containers and wires.
PART = "tesseraqt-"
#: The qube as such, where containers are named: it may provide and consume like one.
ITSELF = "qube"
#: Features that start so are tesseraqt's own record and cannot be declared.
OWN_FEATURES = "x-tesseraqt"

APP, DISP, STANDALONE, TEMPLATE = "AppVM", "DispVM", "StandaloneVM", "TemplateVM"
CLASSES = (APP, DISP, STANDALONE, TEMPLATE)
#: Classes whose root volume belongs to their template.
ROOTLESS = (APP, DISP)
ROOTED = (STANDALONE, TEMPLATE)

NIXOS, WHONIX, OTHER = "nixos", "whonix", "other"
SYSTEMS = (NIXOS, WHONIX, OTHER)

#: ``qubes.config.defaults['labels']``; a machine may have others, so this is no closed list.
LABELS = ("red", "orange", "yellow", "green", "gray", "blue", "purple", "black")

#: From the least trusted label to the most, unless ``trust:`` says otherwise.
TRUST = ("red", "orange", "yellow", "green", "blue", "purple", "gray", "black")

#: ``qubes.vm.validate_name`` refuses these and whatever ends in ``-dm``; its tools take
#: ``None`` for ``none``, so upper case makes no difference here.
RESERVED_NAMES = frozenset(("dom0", "domain-0", "none", "default"))
#: Names that Qubes hands out itself: disposables and their management qubes
#: (qubes-issues 4177, 4984). A declared qube of such a name would meet them.
HANDED_OUT = r"disp[0-9]+|disp-mgmt-.*"

VM_NAME = r"[a-zA-Z][a-zA-Z0-9_.-]{0,30}"
NAME_RULE = "a qube name is a letter and up to 30 letters, digits, '_', '.' or '-'"

#: How tags start that Qubes writes itself (``qubes/api/admin.py``, ``qubes/ext/*.py``).
QUBES_TAGS = (
    "audiovm-",
    "backup-restore-",
    "created-by-",
    "disp-created-by-",
    "guivm-",
    "relayvm-",
)

#: Properties that are references to other qubes; an empty value means "none".
QUBE_REFERENCES = ("netvm", "default_dispvm", "management_dispvm", "guivm", "audiovm")
#: References to a disposable template.
DISPOSABLE_REFERENCES = ("default_dispvm", "management_dispvm")

#: Volumes that are their template's: growing them would last until the next start.
TEMPLATES_VOLUMES = {APP: ("root",), DISP: ("private", "root")}
#: Classes that disposables can be made from (``qubes/vm/mix/dvmtemplate.py``).
DISPOSABLE_SOURCES = (APP, STANDALONE)

#: Properties by which a qube serves others.
SERVES = ("provides_network", "template_for_dispvms")

#: Properties that only some classes have.
ONLY_ON = {
    "template_for_dispvms": DISPOSABLE_SOURCES,
    "auto_cleanup": (DISP,),
    "appvm_default_bootmode": (TEMPLATE,),
}

#: Properties that have a key of their own in a declaration, and what looks like one to
#: ``qvm-prefs``, which then does nothing.
BESIDE_PREFS = {
    "name": "the name is the key of the declaration",
    "klass": "write `class:` beside `prefs:`",
    **{
        name: f"write `{name}:` beside `prefs:`"
        for name in ("devices", "features", "firewall", "label", "tags", "template", "volumes")
    },
}
BESIDE_GLOBALS = dict.fromkeys(
    ("domains", "labels", "log", "pools"), "is no property, though qubes-prefs takes it"
)

#: Properties that Qubes computes, fixes at creation, or keeps as its own record
#: (``qubes/vm/*.py``).
COMPUTED = frozenset(
    (
        "backup_timestamp",
        "dispid",
        "dns",
        "gateway",
        "gateway6",
        "icon",
        "is_preload",
        "qid",
        "start_time",
        "storage_type",
        "stubdom_uuid",
        "stubdom_xid",
        "updateable",
        "use_memory_hotplug",
        "uuid",
        "visible_gateway",
        "visible_gateway6",
        "visible_ip",
        "visible_ip6",
        "visible_netmask",
        "xid",
    )
)
#: Without a kernel of its own every qube's default is gone: qubesd then saves nothing any
#: more (default_kernel), or has no kernels (default_pool_kernel).
NEVER_RESET = frozenset(("default_kernel", "default_pool_kernel"))

#: Set before all others, because the values of others may depend on them.
FIRST_PREFS = ("template_for_dispvms", "provides_network", "virt_mode", "kernel", "maxmem")

#: What ``qvm-create`` makes has no rules, tags or features but these (``qubes/ext/*.py``).
BLANK_TAGS = frozenset(("created-by-dom0",))
#: Bytes of the volumes that a new qube has of its own (``qubes.config.defaults``).
PRIVATE, ROOT = {"private": 2 * 2**30}, {"root": 10 * 2**30}
NEW_VOLUMES: dict[str, dict[str, int]] = {
    APP: PRIVATE,
    DISP: {},
    STANDALONE: {**PRIVATE, **ROOT},
    TEMPLATE: {**PRIVATE, **ROOT},
}

#: ``qubes-prefs`` names that are references to qubes.
GLOBAL_REFERENCES = (
    "clockvm",
    "default_audiovm",
    "default_dispvm",
    "default_guivm",
    "default_netvm",
    "default_template",
    "management_dispvm",
    "updatevm",
)
GLOBAL_COMPUTED = frozenset(("maxmem", "no_cpus"))

#: Features that qubesd keeps (``qubes/ext/admin.py`` PROHIBITED_FEATURES).
QUBES_FEATURES = frozenset(
    (
        "deferred-netvm-original",
        "preload-dispvm",
        "preload-dispvm-completed",
        "preload-dispvm-in-progress",
    )
)
