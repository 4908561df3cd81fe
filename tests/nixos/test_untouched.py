# SPDX-License-Identifier: MIT
"""Nothing but the declaration of a container takes its hardening back."""

import re

import pytest
from nix_evaluation import EVALUATE, EvaluationError

CONTAINERS = {"web": {"packages": ["hello"], "state": ["/srv/x"]}, "db": {}}
#: Option data of the root, which of its containers is told, and what changes it.
BY_DATA = {
    "a flag": ({"containers.web.extraFlags": ["--capability=all"]}, "containers.web"),
    "a flag, not dotted": (
        {"containers": {"web": {"extraFlags": ["--capability=all"]}}},
        "containers.web",
    ),
    "no user namespace": (
        {"containers.web": {"additionalCapabilities": ["all"]}},
        "containers.web",
    ),
    "a mount": (
        {"containers.web.bindMounts": {"/q": {"hostPath": "/run/qubes"}}},
        "containers.web",
    ),
    "our word for it": (
        {"tesseraqt.containers.db.hardening.nix_daemon": True},
        "tesseraqt.containers",
    ),
    "another container": (
        {"tesseraqt": {"containers": {"mine": {"hardening": {"network": "qube"}}}}},
        "tesseraqt.containers",
    ),
    "a limit": (
        {"systemd.services": {"container@db": {"serviceConfig": {"MemoryHigh": "infinity"}}}},
        "systemd.services.container@db",
    ),
    "its flags where they are read": (
        {"environment.etc": {"nixos-containers/db.conf": {"mode": "0644"}}},
        "environment.etc.nixos-containers/db.conf",
    ),
}


def refused(nix, nixpkgs, tree):
    with pytest.raises(EvaluationError) as said:
        nix.evaluate(EVALUATE, "toplevel", nixpkgs=nixpkgs, tree=tree)
    return re.sub(r"\x1b\[[0-9;]*m", "", str(said.value))


@pytest.mark.parametrize(("config", "where"), BY_DATA.values(), ids=BY_DATA)
def test_option_data_of_a_root_changes_no_container(nix, nixpkgs, plant, config, where):
    tree = plant({"containers": CONTAINERS, "root": {"config": config}})
    said = refused(nix, nixpkgs, tree)
    assert f"- {where}: tesseraqt.root.config: " in said


BY_MODULE = {
    "a flag": ('containers.web.extraFlags = [ "--capability=all" ];', "extraFlags"),
    "no network of its own": (
        "containers.web.privateNetwork = lib.mkForce false;",
        "privateNetwork",
    ),
    "no root made anew": ("containers.web.ephemeral = lib.mkOverride 10 false;", "ephemeral"),
    "all flags": ("containers.web.extraFlags = lib.mkForce [ ];", "extraFlags"),
    "the system of another": (
        "containers.web = lib.mkForce { config = { }; };",
        "extraFlags privateNetwork",
    ),
    "a limit": (
        'systemd.services."container@web".serviceConfig.MemoryMax = lib.mkForce "infinity";',
        "MemoryMax",
    ),
    "a device": (
        'systemd.services."container@web".serviceConfig.DeviceAllow = lib.mkForce [ "/dev/kvm" ];',
        "DeviceAllow",
    ),
}
MODULE = "modules/00000000-m.nix"


@pytest.fixture
def with_module(plant):
    def with_module(text):
        tree = plant({"containers": CONTAINERS, "root": {"modules": [MODULE]}})
        (tree / MODULE).write_text(f"{{ lib, ... }}: {{ {text} }}\n")
        return tree

    return with_module


@pytest.mark.parametrize(("text", "what"), BY_MODULE.values(), ids=BY_MODULE)
def test_nor_does_a_module_of_the_root_take_its_hardening_back(
    nix, nixpkgs, with_module, text, what
):
    said = refused(nix, nixpkgs, with_module(text))
    assert re.search(rf"{MODULE}: changes what tesseraqt makes of it \(.*{what}", said)
    assert re.search(r"- (containers\.|systemd\.services\.container@)web: ", said)


def test_a_module_may_add_what_pillar_has_no_word_for(nix, nixpkgs, with_module):
    text = """
      containers.web.bindMounts."/media".hostPath = "/home/user/media";
      containers.web.timeoutStartSec = "1h";
      containers.other = { extraFlags = [ "--capability=all" ]; config = { }; };
      systemd.services."container@web".after = [ "sshd.service" ];
    """
    tree = with_module(text)
    assert nix.evaluate(EVALUATE, "failed", nixpkgs=nixpkgs, tree=tree) == []
    confs = nix.evaluate(EVALUATE, "confs", nixpkgs=nixpkgs, tree=tree)
    assert "--bind-ro=/home/user/media:/media" in confs["web"]
