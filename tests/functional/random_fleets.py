# SPDX-License-Identifier: MIT
"""Random fleets, and random worlds for them to meet.

A name always means the same kind of qube, so that any two fleets can follow each other: what is
refused then is refused for a reason that a person would understand, never for a change of class.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

#: What qubes of these kinds give to others, and may be declared to give up.
GIVEN = {"net": "provides_network", "dvm": "template_for_dispvms"}
#: Each belongs to one name: no two qubes that run could ever want the same.
OWN = ("app-1", "app-2", "disp-1", "dvm-1", "dvm-2", "net-1", "net-2", "solo-1", "tpl-1", "tpl-2")
PORTS = {"app-1": "dom0:00_14.0", "solo-1": "dom0:00_1f.3"}
SIZES = {"private": "3GiB", "root": "12 GiB"}

TAGS = ("work", "red-team", "q")
FEATURES = ("x-one", "vm-config.two", "menu-items")
SERVICES = ("cups", "tracker")
RULES = (
    "accept dst4=10.0.0.0/8",
    {"action": "accept", "proto": "tcp", "dstports": 443, "dsthost": "example.com"},
    {"action": "drop", "proto": "icmp", "icmptype": 8},
    "drop",
)


def some(values: Any, **options: Any) -> Any:
    """A map from a few of the names to values; ``None`` is one of them."""
    names, inner = values
    return st.dictionaries(st.sampled_from(names), inner, max_size=len(names), **options)


FLAGS = st.sampled_from([True, False, None, 1, "no", "on"])
COMMON = {
    "features": some(
        (FEATURES, st.sampled_from([None, True, False, 1, "1", "", "two words", "-x"]))
    ),
    "services": some((SERVICES, FLAGS)),
    "tags": some((TAGS, FLAGS)),
    "firewall": st.one_of(st.none(), st.lists(st.sampled_from(RULES), max_size=3, unique_by=str)),
}
PREFS = {
    "memory": st.sampled_from([None, 400, "500", 600]),
    "maxmem": st.sampled_from([None, 0, "4000"]),
    "vcpus": st.sampled_from([None, 1, "2"]),
    "debug": FLAGS,
    "autostart": FLAGS,
    "include_in_backups": FLAGS,
    "qrexec_timeout": st.sampled_from([None, 100, "60"]),
    "default_user": st.sampled_from([None, "user", "bob"]),
    "kernelopts": st.sampled_from([None, "", "quiet nosplash"]),
    "netvm": st.sampled_from([None, "none", "", "sys-firewall", "net-1", "net-2"]),
    "default_dispvm": st.sampled_from([None, "none", "default-dvm", "dvm-1", "dvm-2"]),
    "management_dispvm": st.sampled_from([None, "default-mgmt-dvm", "dvm-1"]),
    "audiovm": st.sampled_from([None, "none", "dom0"]),
}
FIXED = {
    "net": {"provides_network": True},
    "dvm": {"template_for_dispvms": "yes"},
}
#: The netvms of netvms: chains, in either order.
CHAINS = {
    "net-1": st.sampled_from(["sys-firewall", "sys-net"]),
    "net-2": st.sampled_from(["sys-firewall", "net-1", None]),
}
GLOBALS = {
    "default_netvm": st.sampled_from([None, "none", "net-1", "sys-firewall"]),
    "default_dispvm": st.sampled_from([None, "none", "dvm-1", "default-dvm"]),
    "default_template": st.sampled_from(["nixos", "tpl-1", "fedora-42"]),
    "clockvm": st.sampled_from([None, "sys-net"]),
    "default_kernel": st.sampled_from(["6.12.63-1.fc41", "6.17.9-1.fc41"]),
    "stats_interval": st.sampled_from([None, 3, "5"]),
    "check_updates_vm": FLAGS,
}


@st.composite
def declared(draw: Any, kind: str, prefs: tuple[str, ...] = tuple(PREFS)) -> dict[str, Any]:
    """What any qube of this kind may say."""
    said: dict[str, Any] = {}
    for key, values in COMMON.items():
        if draw(st.booleans()):
            said[key] = draw(values)
    chosen = draw(st.sets(st.sampled_from(prefs), max_size=4))
    said["prefs"] = {name: draw(PREFS[name]) for name in sorted(chosen)} | FIXED.get(kind, {})
    sizes = {"private": SIZES["private"]} if kind in ("app", "net", "dvm") else SIZES
    if kind != "disp" and draw(st.booleans()):
        volumes = draw(st.sets(st.sampled_from(sorted(sizes)), max_size=2))
        said["volumes"] = {name: {"size": sizes[name]} for name in sorted(volumes)}
        if draw(st.booleans()) and volumes:
            said["volumes"][min(volumes)]["revisions_to_keep"] = draw(st.sampled_from([1, "2"]))
    if draw(st.booleans()):
        said["restart"] = draw(st.sampled_from(["never", "when_needed"]))
    if draw(st.integers(0, 5)) == 5:
        said["adopt"] = True
    return said


@st.composite
def qube(draw: Any, name: str, templates: list[str], dvms: list[str]) -> dict[str, Any]:
    """The declaration of the qube of this name."""
    kind = name.partition("-")[0]
    if draw(st.integers(0, 7)) == 7:
        return {"absent": True, **({"running": False} if draw(st.booleans()) else {})}
    own = tuple(set(PREFS) - {"netvm"}) if kind == "net" else tuple(PREFS)
    said = draw(declared(kind, tuple(sorted(own))))
    said["label"] = draw(st.sampled_from(["red", "blue", "black"]))
    said["template"] = draw(st.sampled_from(templates))
    if kind == "disp":
        said |= {"class": "DispVM", "template": draw(st.sampled_from([*dvms, "default-dvm"]))}
        said["prefs"].pop("default_dispvm", None)
    if kind == "solo":
        said["class"] = "StandaloneVM"
        if draw(st.booleans()):
            del said["template"]
            said["os"] = "nixos"
    if name in PORTS and draw(st.booleans()):
        options = st.sampled_from([None, "required", {"options": {"no-strict-reset": True}}])
        said["devices"] = {"pci": {PORTS[name]: draw(options)}}
        said["prefs"] |= {"virt_mode": "hvm", "maxmem": 0}
        said["prefs"].pop("memory", None)
    if draw(st.integers(0, 4)) == 4:
        said["running"] = draw(st.booleans())
    if kind == "net":
        said["prefs"]["netvm"] = draw(CHAINS[name])
    if kind in GIVEN and draw(st.integers(0, 5)) == 5:
        said["prefs"][GIVEN[kind]] = draw(st.sampled_from([False, None]))
    return said


@st.composite
def template(draw: Any, name: str) -> dict[str, Any]:
    """The declaration of the template of this name."""
    said = draw(declared("tpl", ("memory", "vcpus", "default_user", "netvm", "default_dispvm")))
    said.pop("firewall", None)
    if name == "nixos":
        return {**said, "adopt": True}
    if draw(st.integers(0, 9)) == 9:
        return {"absent": True}
    source = {"tpl-1": "nixos", "tpl-2": draw(st.sampled_from(["tpl-1", "fedora-42"]))}[name]
    return {**said, "clone": source, "os": "nixos"}


def stays(found: dict[str, Any], name: str) -> bool:
    """Whether the qube of this name is declared, and not declared absent."""
    return name in found and not found[name].get("absent")


@st.composite
def fleets(draw: Any) -> dict[str, Any]:
    """A valid fleet; what it does not name it leaves alone."""
    templates = {
        name: draw(template(name)) for name in ("nixos", "tpl-1", "tpl-2") if draw(st.booleans())
    }
    if templates.get("tpl-2", {}).get("clone") == "tpl-1" and not stays(templates, "tpl-1"):
        templates["tpl-2"]["clone"] = "nixos"
    usable = ["nixos", *(name for name in ("tpl-1", "tpl-2") if stays(templates, name))]
    names = draw(
        st.sets(
            st.sampled_from(OWN[:8]),
            max_size=5,
        )
    )
    dvms = sorted(name for name in names if name.startswith("dvm"))
    qubes: dict[str, Any] = {}
    for name in draw(st.permutations(sorted(names))):
        alive = [one for one in dvms if stays(qubes, one)]
        qubes[name] = draw(qube(name, usable, alive))
    fleet: dict[str, Any] = {
        "nixos_only": "off",
        "templates": templates,
        "qubes": qubes,
        "globals": draw(some((tuple(GLOBALS), st.none()), min_size=0)),
    }
    fleet["globals"] = {name: draw(GLOBALS[name]) for name in sorted(fleet["globals"])}
    if draw(st.booleans()):
        fleet["defaults"] = {"restart": "when_needed", "tags": ["by-default"]}
    return mended(fleet)


def mended(fleet: dict[str, Any]) -> dict[str, Any]:
    """The fleet without references to qubes that it does not declare to be there, or to be so."""
    there = {**fleet["templates"], **fleet["qubes"]}
    for name, said in there.items():
        prefs = said.get("prefs", {})
        for key in ("netvm", "default_dispvm", "management_dispvm"):
            target = prefs.get(key) or ""
            if target in OWN and (not gives(there, target) or target == name):
                del prefs[key]
        if said.get("class") == "DispVM" and not gives(there, said["template"]):
            said["template"] = "default-dvm"
    for key, target in list(fleet["globals"].items()):
        if target in OWN and not gives(there, target):
            del fleet["globals"][key]
    return fleet


def gives(found: dict[str, Any], name: str) -> bool:
    """Whether the qube of this name is there and can be what others name it for."""
    given = GIVEN.get(name.partition("-")[0])
    return name not in OWN or (
        stays(found, name) and (given is None or found[name]["prefs"][given] not in (False, None))
    )


#: What a person, or a program, did to qubes behind tesseraqt's back.
DRIFTS = st.lists(
    st.one_of(
        st.tuples(st.just("properties"), some((("memory", "vcpus"), st.just(777)), min_size=1)),
        st.tuples(st.just("properties"), st.just({"debug": True})),
        st.tuples(st.just("features"), some((FEATURES, st.sampled_from(["9", ""])), min_size=1)),
        st.tuples(st.just("features"), st.just({"service.cups": "1"})),
        st.tuples(st.just("tags"), st.sets(st.sampled_from(TAGS), min_size=1).map(sorted)),
        st.tuples(st.just("untag"), st.sampled_from([*TAGS, "tesseraqt"])),
        st.tuples(st.just("power"), st.sampled_from(["Running", "Running", "Paused", "Halted"])),
    ),
    max_size=3,
)


def drift(world: Any, drifts: dict[str, list[tuple[str, Any]]]) -> None:
    """The qubes of this world that are there have drifted so."""
    for name, changes in sorted(drifts.items()):
        for what, change in changes if name in world.qubes() else ():
            if what == "power":
                if world.qube(name)["klass"] != "TemplateVM":
                    switch(world, name, change)
            elif what == "untag":
                untag(world, name, change)
            else:
                world.edit(name, **{what: change})


def switch(world: Any, name: str, state: str) -> None:
    """The qube is on, paused or off; nobody takes the network from those who use it."""
    if state == "Paused" and world.qube(name)["power"] == "Halted":
        world.power(name, "Running")
    world.power(name, state)


#: Who else is there, whom nobody declares: by name, what it is and whom it needs.
STRANGERS = st.dictionaries(
    st.sampled_from(["alien", "alien-net", "disp77"]), st.booleans(), max_size=2
)


def meet(world: Any, strangers: dict[str, bool]) -> None:
    """Qubes of somebody else are there, and run if that is said; one that is preloaded does."""
    for name, runs in sorted(strangers.items()):
        if name == "disp77":
            if not may_make_disposables(world, "dvm-1"):
                continue
            world.add_qube(name, klass="DispVM", template="dvm-1")
            world.edit("dvm-1", features={"preload-dispvm": "" if runs else name})
        elif name == "alien-net":
            world.add_qube(name, template="fedora-42", properties={"provides_network": True})
        else:
            netvm = next((one for one in ("net-2", "net-1") if networks(world, one)), "")
            world.add_qube(name, template="nixos", properties={"netvm": netvm})
        if runs or name == "disp77":
            world.power(name, "Running")


def may_make_disposables(world: Any, name: str) -> bool:
    """Whether there is a disposable template of this name."""
    found = world.qube(name) if name in world.qubes() else {"properties": {}}
    return bool(found["properties"].get("template_for_dispvms"))


def networks(world: Any, name: str) -> bool:
    """Whether there is a netvm of this name."""
    found = world.qube(name) if name in world.qubes() else {"properties": {}}
    return bool(found["properties"].get("provides_network"))


def untag(world: Any, name: str, tag: str) -> None:
    """The qube does not have this tag."""
    with world._fleet as fleet:
        if tag in fleet[name].tags:
            fleet[name].remove_tag(tag)


def shuffled(randomly: Any, value: Any) -> Any:
    """The same data, its maps in another order."""
    if not isinstance(value, dict):
        return value
    names = sorted(value)
    randomly.shuffle(names)
    return {name: shuffled(randomly, value[name]) for name in names}
