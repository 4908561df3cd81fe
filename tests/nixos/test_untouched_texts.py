# SPDX-License-Identifier: MIT
"""Neither lines for systemd nor rules for nftables take the hardening of a container back."""

import pytest
from nix_evaluation import EVALUATE, MODULE

EXTRA = "extraFlags=--capability=all"
#: A module of the root, and what it is told of.
TEXTS = {
    "variables of all units": (
        f'systemd.extraConfig = "DefaultEnvironment={EXTRA}";',
        "systemd.extraConfig",
    ),
    "one whose name is escaped": (
        "systemd.extraConfig = ''DefaultEnvironment=\"\\x65xtraFlags=--capability=all\"'';",
        "systemd.extraConfig",
    ),
    "one more among others": (
        "systemd.extraConfig = ''DefaultEnvironment=\"TZ=CET\" \"BASH_ENV=/x\"'';",
        "systemd.extraConfig",
    ),
    "the settings of a newer NixOS": (
        "options.systemd.settings.Manager = lib.mkOption { };"
        f' config.systemd.settings.Manager.DefaultEnvironment = [ "TZ=CET" "{EXTRA}" ];',
        "systemd.settings.Manager",
    ),
    "the file of the manager": (
        f'environment.etc."systemd/system.conf".text = "DefaultEnvironment={EXTRA}";',
        "environment.etc.systemd/system.conf",
    ),
    "another file of the manager": (
        'environment.etc."systemd/system.conf.d/x.conf".text ='
        ' "[Manager]\\nDefaultEnvironment=SYSTEMD_SECCOMP=0";',
        "environment.etc.systemd/system.conf.d/x.conf",
    ),
    "one that nobody can read yet": (
        'environment.etc."systemd/system.conf.d/x.conf".source = pkgs.hello;',
        "environment.etc.systemd/system.conf.d/x.conf",
    ),
    "one that is not its text": (
        'environment.etc."systemd/system.conf".source = lib.mkForce pkgs.hello;',
        "environment.etc.systemd/system.conf",
    ),
    "a program that says variables": (
        'environment.etc."systemd/system-environment-generators/x".source = pkgs.hello;',
        "environment.etc.systemd/system-environment-generators/x",
    ),
    "variables of the manager": (
        'systemd.managerEnvironment.SYSTEMD_UNIT_PATH = "/x:";',
        "systemd.managerEnvironment.SYSTEMD_UNIT_PATH",
    ),
    "units from elsewhere": (
        'boot.extraSystemdUnitPaths = [ "/x" ];',
        "boot.extraSystemdUnitPaths",
    ),
    "the command line of the kernel": (
        f'boot.kernelParams = [ "systemd.setenv={EXTRA}" ];',
        "boot.kernelParams",
    ),
    "a rule in the table": (
        'networking.nftables.ruleset = "add chain inet tesseraqt x";',
        "networking.nftables.ruleset",
    ),
    "one with more blanks": (
        'networking.nftables.ruleset = "add chain inet \\t tesseraqt x";',
        "networking.nftables.ruleset",
    ),
    "one at the end of another table": (
        'networking.nftables.tables.mine = { family = "inet";'
        ' content = "}\\ntable inet tesseraqt {"; };',
        "networking.nftables.tables.mine",
    ),
    "rules of a file": (
        'networking.nftables.rulesetFile = pkgs.writeText "x" "add chain inet tesseraqt x";',
        "networking.nftables.rulesetFile",
    ),
    "the end of the table": (
        'networking.nftables.extraDeletions = "delete table inet tesseraqt";',
        "networking.nftables.extraDeletions",
    ),
}


@pytest.mark.parametrize(("text", "where"), TEXTS.values(), ids=TEXTS)
def test_no_text_of_a_module_takes_its_hardening_back(nix, nixpkgs, with_module, text, where):
    failed = nix.evaluate(EVALUATE, "failed", nixpkgs=nixpkgs, tree=with_module(text))
    [told] = [said for said in failed if said.startswith(f"{where}: ")]
    assert MODULE in told
    assert told.endswith("the containers db web")
