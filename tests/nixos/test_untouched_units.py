# SPDX-License-Identifier: MIT
"""Whatever unit confines a container, a root takes nothing from it; and what it may add."""

import re

import pytest
from nix_evaluation import EVALUATE, FULL, MODULE

#: By unit, and by whose it is: what a module of the root says with force, and what of it is told.
BY_UNIT = {
    ("container@web", "the container web"): {
        'serviceConfig.MemoryMax = "infinity"': "MemoryMax",
        'serviceConfig.DeviceAllow = [ "/dev/kvm" ]': "DeviceAllow",
        'preStart = "true"': "ExecStartPre",
        'postStart = "true"': "ExecStartPost",
        'serviceConfig.AmbientCapabilities = "~"': "AmbientCapabilities",
        'serviceConfig.RootDirectory = "/x"': "RootDirectory",
        'environment.root = "/x"': "environment.root",
        'environment.SYSTEMD_SECCOMP = "0"': "environment.SYSTEMD_SECCOMP",
        "path = [ pkgs.hello ]": "environment.PATH",
        'unitConfig.ConditionPathExists = "/"': "ConditionPathExists",
        "requires = [ ]": "Requires",
        "after = [ ]": "After",
    },
    ("container@db", "the container db"): {
        'serviceConfig.ExecStartPre = [ "/x" ]': "ExecStartPre",
    },
    ("container@", "the containers db web"): {
        'overrideStrategy = "asDropin"': "overrideStrategy",
    },
    ("tesseraqt-", "the containers db web"): {
        'overrideStrategy = "asDropin"': "all of it",
    },
    ("tesseraqt-slot-", "the containers db web"): {
        "enable = true": "all of it",
    },
    ("tesseraqt-network", "the containers db web"): {
        'serviceConfig.CapabilityBoundingSet = "~"': "CapabilityBoundingSet",
        'serviceConfig.ExecStart = "/x"': "ExecStart",
        "serviceConfig.PrivateNetwork = true": "PrivateNetwork",
        'unitConfig.ConditionUser = "x"': "ConditionUser",
        'unitConfig.ReloadPropagatedFrom = ""': "ReloadPropagatedFrom",
        "partOf = [ ]": "PartOf",
    },
    ("tesseraqt-state-web", "the container web"): {
        "requiredBy = [ ]": "requiredBy",
        "enable = false": "enable",
    },
    ("tesseraqt-slot-web.sql", "the container web"): {
        'serviceConfig.User = "root"': "User",
    },
    ("tesseraqt-slot-qube.page", "the qube itself"): {
        "serviceConfig.NoNewPrivileges = false": "NoNewPrivileges",
    },
    ("tesseraqt-display-web@", "the container web"): {
        'serviceConfig.IPAddressAllow = "any"': "IPAddressAllow",
        "confinement.enable = true": "RootDirectory",
    },
}
CASES = [(*unit, said, told) for unit, cases in BY_UNIT.items() for said, told in cases.items()]
SOCKETS_AND_FILES = {
    "who may call": (
        'systemd.sockets."tesseraqt-api-db.sql".socketConfig.SocketMode = lib.mkForce "0666";',
        "systemd.sockets.tesseraqt-api-db.sql",
        "(SocketMode), which is of the container db",
    ),
    "where it is called": (
        'systemd.sockets."tesseraqt-api-db.sql".listenStreams = [ "1" ];',
        "systemd.sockets.tesseraqt-api-db.sql",
        "(listenStreams), which is of the container db",
    ),
    "the text of a unit": (
        'systemd.units."container@web.service".text = lib.mkForce "[Service]";',
        "systemd.units.container@web.service",
        "(text), which is of the container web",
    ),
    "a drop-in": (
        'systemd.units."container@web.service.d/x.conf".text = "[Service]";',
        "systemd.units.container@web.service.d/x.conf",
        "(all of it), which is of the container web",
    ),
    "a drop-in of every service": (
        'systemd.units."service.d/x.conf".text = "[Service]";',
        "systemd.units.service.d/x.conf",
        "(all of it), which is of the containers db web",
    ),
    "another unit that is called as it": (
        'systemd.services.other.aliases = [ "container@web.service" ];',
        "systemd.services.other",
        "is container@web.service, which is of the container web",
    ),
    "another unit with its name": (
        'systemd.services.other.name = lib.mkForce "tesseraqt-network.service";',
        "systemd.services.other",
        "is tesseraqt-network.service, which is of the containers db web",
    ),
    "a unit by its file that is called as it": (
        'systemd.units."other.service" = { text = ""; aliases = [ "container@web.service" ]; };',
        "systemd.units.other.service",
        "is container@web.service, which is of the container web",
    ),
    "a unit by its file with its name": (
        'systemd.units."x.service" = {'
        ' text = ""; name = lib.mkForce "tesseraqt-network.service"; };',
        "systemd.units.x.service",
        "is tesseraqt-network.service, which is of the containers db web",
    ),
    "a unit that is called as an instance": (
        'systemd.services.other.aliases = [ "tesseraqt-display-web@0-1-0.service" ];',
        "systemd.services.other",
        "is tesseraqt-display-web@0-1-0.service, which is of the container web",
    ),
    "a unit that is given as a package": (
        'systemd.units."container@web.service".unit = pkgs.hello;',
        "systemd.units.container@web.service",
        "(unit), which is of the container web",
    ),
    "a drop-in of every display": (
        'systemd.units."tesseraqt-display-@.service.d/x.conf".text = "[Service]";',
        "systemd.units.tesseraqt-display-@.service.d/x.conf",
        "(all of it), which is of the containers db web",
    ),
    "a drop-in of whatever is ours": (
        'systemd.services."tesseraqt-@" = { overrideStrategy = "asDropin"; enable = true; };',
        "systemd.services.tesseraqt-@",
        "(all of it), which is of the containers db web",
    ),
    "a drop-in of every display, for an instance": (
        'environment.etc."systemd/system/tesseraqt-display-@0-1-0.service.d/x.conf".text = "";',
        "environment.etc.systemd/system/tesseraqt-display-@0-1-0.service.d/x.conf",
        "holds what tesseraqt makes of the containers db web",
    ),
    "a unit for an instance, by its file": (
        'systemd.units."tesseraqt-display-web@0-1-0.service".text = "[Service]";',
        "systemd.units.tesseraqt-display-web@0-1-0.service",
        "(all of it), which is of the container web",
    ),
    "a unit for an instance": (
        'systemd.services."tesseraqt-display-web@x".script = "true";',
        "systemd.services.tesseraqt-display-web@x",
        "(all of it), which is of the container web",
    ),
    "what is said of every service": (
        "options.systemd.services = lib.mkOption { type = lib.types.attrsOf (lib.types.submodule {"
        " config.serviceConfig.AmbientCapabilities = [ ]; }); };",
        "systemd.services.tesseraqt-wires",
        "(AmbientCapabilities), which is of the containers db web",
    ),
}


@pytest.fixture(scope="module")
def messages(nix, nixpkgs, with_module):
    """What is said to a root with this in a module."""

    def messages(text):
        tree = with_module(text)
        return nix.evaluate(EVALUATE, "failed", nixpkgs=nixpkgs, tree=tree)

    return messages


def forced(unit, said):
    """What a module says, if nobody says it louder."""
    key, value = said.split(" = ")
    return f'systemd.services."{unit}".{key} = lib.mkOverride 10 ({value});\n'


@pytest.fixture(scope="module")
def weakened(messages):
    """What is said to a root with all of it."""
    return messages("".join(forced(unit, said) for unit, _, said, _ in CASES))


@pytest.mark.parametrize(
    ("unit", "whose", "said", "told"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES]
)
def test_a_module_weakens_no_unit_that_confines_a_container(weakened, unit, whose, said, told):
    at = f"systemd.services.{unit}: "
    [message] = [message for message in weakened if message.startswith(at)]
    changed = re.search(
        rf"/{MODULE}: changes what tesseraqt makes of it \((.*)\), which is of {whose}\Z", message
    )
    assert told in changed[1], said


@pytest.mark.parametrize(
    ("text", "where", "what"), SOCKETS_AND_FILES.values(), ids=SOCKETS_AND_FILES
)
def test_nor_what_else_makes_it(messages, text, where, what):
    [told] = [said for said in messages(text) if said.startswith(f"{where}: ")]
    assert MODULE in told
    assert told.endswith(what)


def test_every_unit_of_a_root_with_all_of_it_is_watched(messages, evaluated):
    """Whoever makes another one has it watched, for nobody lists them."""
    made = [name for name in evaluated(FULL)["units"] if name.endswith(".service")]
    units = [name.removesuffix(".service") for name in made]
    said = [forced(unit, 'serviceConfig.AmbientCapabilities = "~"') for unit in units]
    told = messages("".join(said))
    assert len(units) > 8
    for unit in units:
        assert any(message.startswith(f"systemd.services.{unit}: ") for message in told), unit
