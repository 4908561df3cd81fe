# SPDX-License-Identifier: MIT
"""Nothing but the declaration of a container takes its hardening back."""

import re

import pytest
from nix_evaluation import EVALUATE, MODULE, EvaluationError

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


#: What a module of the root says, of which its words is told, and what of it and of whom.
BY_MODULE = {
    "a flag": (
        'containers.web.extraFlags = [ "--capability=all" ];',
        "containers.web",
        "extraFlags",
    ),
    "no network of its own": (
        "containers.web.privateNetwork = lib.mkForce false;",
        "containers.web",
        "privateNetwork",
    ),
    "no root made anew": (
        "containers.web.ephemeral = lib.mkOverride 10 false;",
        "containers.web",
        "ephemeral",
    ),
    "all flags": ("containers.web.extraFlags = lib.mkForce [ ];", "containers.web", "extraFlags"),
    "the system of another": (
        "containers.web = lib.mkForce { config = { }; };",
        "containers.web",
        "extraFlags privateNetwork",
    ),
    "a flag of every container": (
        "options.containers = lib.mkOption { type = lib.types.attrsOf (lib.types.submodule {"
        " extraFlags = [ ]; }); };",
        "containers",
        "declares options of the containers db web",
    ),
    "a word of pillar for every container": (
        "options.tesseraqt.containers = lib.mkOption { type = lib.types.attrsOf"
        ' (lib.types.submodule { config.hardening.network = lib.mkForce "qube"; }); };',
        "tesseraqt.containers",
        "is declared in pillar, and nowhere else",
    ),
    "a table of that name": (
        'networking.nftables.tables.tesseraqt = { family = "inet"; content = ""; };',
        "networking.nftables.tables.tesseraqt",
        "the containers db web",
    ),
    "what flags are before they are read": (
        'systemd.globalEnvironment.extraFlags = "--capability=all";',
        "systemd.globalEnvironment.extraFlags",
        "the containers db web",
    ),
    "who carries calls": (
        'users.users.tesseraqt.extraGroups = [ "wheel" ];',
        "users.users.tesseraqt",
        "the containers db web",
    ),
    "a drop-in in /etc": (
        'environment.etc."systemd/system.control/container@web.service.d/x.conf".text = "";',
        "environment.etc.systemd/system.control/container@web.service.d/x.conf",
        "the container web",
    ),
    "the flags under another name": (
        'environment.etc.x = { target = "nixos-containers/web.conf"; text = ""; };',
        "environment.etc.x",
        "the containers db web",
    ),
}


@pytest.mark.parametrize(
    ("text", "where", "what"),
    BY_MODULE.values(),
    ids=BY_MODULE,
)
def test_nor_does_a_module_of_the_root_take_its_hardening_back(
    nix, nixpkgs, with_module, text, where, what
):
    said = refused(nix, nixpkgs, with_module(text))
    told = [line for line in said.splitlines() if line.strip().startswith(f"- {where}: ")]
    assert len(told) == 1, said
    assert MODULE in told[0]
    assert what in told[0]


#: What a module of the root may add, to a container and around it.
ADDED = """
  containers.web.bindMounts."/media".hostPath = "/home/user/media";
  containers.web.timeoutStartSec = "1h";
  containers.other = { extraFlags = [ "--capability=all" ]; config = { }; };
  systemd.services."container@other".serviceConfig.MemoryMax = "1G";
  systemd.globalEnvironment.TZ = "CET";
  systemd.managerEnvironment.SYSTEMD_LOG_LEVEL = "debug";
  systemd.extraConfig = "DefaultEnvironment=TZ=CET\\nDefaultTimeoutStopSec=9s";
  environment.etc."systemd/system.conf.d/x.conf".text = "[Manager]\\nDefaultLimitNOFILE=9";
  boot.kernelParams = [ "quiet" ];
  systemd.packages = [ pkgs.hello ];
  systemd.services.mine.aliases = [ "ours.service" ];
  systemd.units."mine.path" = { text = ""; aliases = [ "ours.path" ]; };
  networking.nftables.tables.mine = { family = "inet"; content = ""; };
  networking.nftables.ruleset = "add table inet tesseraqt-mine";
"""
#: And to the units that confine one.
ADDED_TO_UNITS = """
  systemd.services."container@web" = {
    after = [ "sshd.service" ];
    wants = [ "sshd.service" ];
    partOf = [ "mine.service" ];
    onFailure = [ "mail.service" ];
    restartTriggers = [ "x" ];
    serviceConfig = {
      MemoryHigh = "100M";
      IOWeight = 10;
      LogRateLimitBurst = 5;
      RestartSec = lib.mkForce 60;
      IPAddressDeny = "any";
      IPAddressAllow = "192.0.2.1";
    };
  };
  systemd.services.tesseraqt-wires.serviceConfig.CPUWeight = 10;
  systemd.services.tesseraqt-network.before = [ "sshd.service" ];
  systemd.sockets."tesseraqt-api-db.sql".wantedBy = [ "multi-user.target" ];
  systemd.units."container@db.service".wantedBy = [ "mine.target" ];
"""


def test_a_module_may_add_what_pillar_has_no_word_for(nix, nixpkgs, with_module):
    tree = with_module(ADDED + ADDED_TO_UNITS)
    assert nix.evaluate(EVALUATE, "failed", nixpkgs=nixpkgs, tree=tree) == []
    confs = nix.evaluate(EVALUATE, "confs", nixpkgs=nixpkgs, tree=tree)
    assert "--bind-ro=/home/user/media:/media" in confs["web"]


def test_and_say_of_every_service_what_takes_nothing_back(nix, nixpkgs, with_module):
    text = (
        "options.systemd.services = lib.mkOption { type = lib.types.attrsOf (lib.types.submodule {"
        ' config.onFailure = [ "mail.service" ]; }); };'
    )
    assert nix.evaluate(EVALUATE, "failed", nixpkgs=nixpkgs, tree=with_module(text)) == []
