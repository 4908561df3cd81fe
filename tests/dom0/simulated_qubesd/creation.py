# SPDX-License-Identifier: MIT
"""How a qube comes to be and goes (_vm_create and vm_remove in qubes/api/admin.py, qubes/vm)."""

import contextlib
import random
import uuid
from dataclasses import dataclass, field

from simulated_qubesd import errors, rules, validation, volumes
from simulated_qubesd.fleet import Fleet
from simulated_qubesd.properties import TABLES, forbidden
from simulated_qubesd.qube import Qube

CLASSES = ("AppVM", "TemplateVM", "StandaloneVM", "AdminVM", "DispVM")
_VOLUMES = ("root", "private", "volatile", "kernel")


@dataclass
class Wish:
    """What the payload of a Create call asks for."""

    name: str = ""
    label: str = ""
    pool: str = ""
    pools: dict[str, str] = field(default_factory=dict)


def wish(fleet: Fleet, payload: bytes, allow_pool: bool) -> Wish:
    """The options of the payload, each known and given once; an unknown label counts as none."""
    found = Wish()
    for option in validation.ascii_text(payload, "Parameters contains non-ASCII characters").split(
        " "
    ):
        key, equals, value = option.partition("=")
        if not equals:
            raise errors.Broken("an option without value")
        _grant(found, key, value, allow_pool)
    with contextlib.suppress(errors.Refused):
        found.label = fleet.label(found.label)
    if found.label not in fleet.doc["labels"]:
        found.label = ""
    for required in ("name", "label"):
        if not getattr(found, required):
            raise errors.malformed(f"Creation requested without key: {required}")
    if found.pool and found.pools:
        raise errors.malformed("Conflicting options specified: 'pool=', 'pool:volume='")
    return found


def _grant(found: Wish, key: str, value: str, allow_pool: bool) -> None:
    if key in ("name", "label") and getattr(found, key):
        raise errors.malformed("Options must be unique")
    if key == "name":
        found.name = validation.qube_name(value)
    elif key == "label":
        found.label = validation.label_name(value, creation=True)
    elif key.startswith("pool") and not allow_pool:
        raise errors.malformed("Pool option specified but 'allow_pool' is False")
    elif key == "pool":
        found.pool = value
    elif key.startswith("pool:"):
        found.pools[_volume(key.removeprefix("pool:"))] = value
    else:
        raise errors.malformed("Options does not match: name, label, pool, pool:")


def _volume(name: str) -> str:
    if name not in _VOLUMES:
        raise errors.malformed("Volume must be one of: " + ", ".join(_VOLUMES))
    return name


def create(fleet: Fleet, klass: str, template: str, wanted: Wish) -> Qube:
    """A new qube of that class, made by dom0."""
    if template and "template" not in TABLES[klass]:
        raise errors.malformed(f"{klass} cannot be based on template")
    if wanted.name in fleet:
        message = f"Qube already exists: {wanted.name}"
        raise errors.Refused("QubesVMAlreadyExistsError", message)
    if template:
        fleet[template]
    if klass == "AdminVM":
        forbidden(fleet["dom0"], TABLES["AdminVM"]["qid"], None)
    pools = _pools(fleet, klass, wanted)
    qube = fleet.add(_document(klass, wanted))
    try:
        _furnish(qube, template, pools)
    except errors.Refused:
        fleet.remove(qube)
        raise
    return qube


def _pools(fleet: Fleet, klass: str, wanted: Wish) -> dict[str, str]:
    """The pool of each volume that has one of its own (_patch_volume_config)."""
    for pool in (wanted.pool, *wanted.pools.values()):
        if pool and pool not in fleet.doc["pools"]:
            raise errors.Refused("QubesException", f"Unknown storage pool {pool}")
    layout = volumes.LAYOUTS[klass]
    for name, pool in wanted.pools.items():
        if layout[name]["snap_on_start"]:
            raise errors.Refused(
                "QubesException",
                f"Snapshot volume {name} must be in the same pool as its origin "
                f"({name} volume of template),cannot move to pool {pool} ",
            )
    if wanted.pool:
        return {name: wanted.pool for name, volume in layout.items() if volume["rw"]}
    return wanted.pools


def _document(klass: str, wanted: Wish) -> dict:
    values = {"name": wanted.name, "uuid": str(uuid.uuid4()), "label": wanted.label}
    return {
        "klass": klass,
        "properties": values,
        "features": {},
        "tags": [],
        "volumes": {},
        "firewall": ["action=accept"],
        "assignments": {},
        "devices": {},
        "notes": "",
        "power": "Halted",
    }


def _furnish(qube: Qube, template: str, pools: dict[str, str]) -> None:
    """Template, features, tags and disks, in the order of the real thing."""
    if qube.has("template"):
        qube.doc["properties"]["template"] = _template(qube, template)
    if not qube.fleet.value("check_updates_vm"):
        qube.set_feature("check-updates", "")
    qube.fire("domain-init")
    if qube.klass == "DispVM":
        _inherit(qube)
    qube.fire("domain-add")
    qube.add_tag("created-by-dom0")
    volumes.create(qube, pools)
    qube.fire("domain-create-on-disk")


def _template(qube: Qube, name: str) -> str:
    """The template asked for, or the default one, if the class may have it (Qubes.add_new_vm)."""
    default = "default_dispvm" if qube.klass == "DispVM" else "default_template"
    name = name or qube.fleet.value(default, None) or ""
    if not name:
        raise errors.bad_value("Template for the qube not specified, nor default template set.")
    template = qube.fleet[name]
    if qube.klass == "DispVM":
        if not template.value("template_for_dispvms", False):
            raise errors.bad_value(
                f"template for disposable ({name}) needs to be an AppVM with "
                "template_for_dispvms=True"
            )
    elif template.klass != "TemplateVM":
        raise errors.bad_property_value(
            f"wrong VM class: domains[{template!r}] is of type {template.klass} and not TemplateVM"
        )
    return name


def _inherit(qube: Qube) -> None:
    """A disposable becomes a copy of its template once it is there (DispVM.__init__)."""
    template = qube.template
    properties = qube.doc["properties"]
    for name, value in template.doc["properties"].items():
        prop = template.table[name]
        if prop.clone and name != "template" and qube.has(name) and name not in properties:
            properties[name] = value
    properties["dispid"] = random.randrange(10000)
    qube.doc["firewall"] = list(template.doc["firewall"])
    for name, value in template.features.items():
        if not name.startswith("preload-dispvm"):
            qube.features[name] = value
    qube.tags.extend(tag for tag in template.tags if tag not in qube.tags)


def disposable(fleet: Fleet, template: Qube) -> Qube:
    """A new unnamed disposable, which goes when it is switched off (DispVM.gen_disposable)."""
    taken = {qube.name for qube in fleet}
    name = next(f"disp{n}" for n in random.sample(range(10000), 10000) if f"disp{n}" not in taken)
    qube = create(fleet, "DispVM", template.name, Wish(name, template.value("label")))
    qube.doc["properties"]["dispid"] = int(name.removeprefix("disp"))
    qube.set("auto_cleanup", True)
    qube.add_tag("disp-created-by-dom0")
    return qube


def remove(qube: Qube) -> None:
    """The qube is gone; nothing depends on it (on_domain_pre_deleted in qubes/app.py)."""
    if qube.name == "dom0":
        raise errors.in_use("'dom0' cannot be removed")
    if qube.value("installed_by_rpm"):
        raise errors.in_use(f"VM installed by package manager: {qube.name}")
    if not qube.is_halted:
        raise errors.not_halted(qube.name)
    system, others = rules.users(qube)
    if system or others:
        raise errors.in_use(
            f"Domain is in use: {qube.name!r};  see 'journalctl -u qubesd -e' in dom0 for details"
        )
    provided = [
        assignment["port_id"]
        for other in qube.fleet
        if other is not qube
        for assignments in other.doc["assignments"].values()
        for assignment in assignments
        if assignment["backend"] == qube.name
    ]
    if provided:
        raise errors.in_use("VM has devices assigned to other VMs: " + ", ".join(provided))
    qube.drop_preloaded()
    qube.fleet.remove(qube)
