# SPDX-License-Identifier: MIT
"""What evaluating a root with many containers takes, as a root does it."""

import json
import os
import resource
import shutil
import subprocess

import pytest
from nix_evaluation import NIXOS

COUNT = 16

#: KiB. All sixteen evaluated together take more than three times as much.
MOST = 1 << 20

CONTAINER = {
    "packages": ["git"],
    "config": {"services.nginx.enable": True},
    "state": ["/var/lib/kept"],
    "provides": {"api": {"tcp": 80}},
    "consumes": {"slot": {"optional": True}},
}

ROOT = """{
  imports = [ ./nixos ];
  boot.loader.grub.enable = false;
  documentation.enable = false;
  fileSystems."/" = { device = "/dev/mapper/dmroot"; fsType = "ext4"; };
  system.stateVersion = "24.11";
}
"""


@pytest.fixture(scope="module")
def tree(plant):
    document = {"containers": {f"c{number}": CONTAINER for number in range(COUNT)}, "root": {}}
    planted = plant(document)
    (planted / "root.nix").write_text(ROOT)
    shutil.copy(NIXOS.parent / "guest" / "system.nix", planted)
    return planted


def most_memory(nix, *argv):
    """KiB that the command took at most."""
    process = subprocess.Popen(argv, env=nix.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    assert isinstance(usage, resource.struct_rusage)
    return usage.ru_maxrss


def test_a_container_alone_stays_below_a_gibibyte(nix, nixpkgs, tree):
    guests = (
        "nix-instantiate",
        str(tree / "nixos" / "evaluate-containers.nix"),
        "--argstr",
        "kind",
        "file",
    )
    taken = most_memory(nix, *guests, "-A", "c0", "-I", f"nixpkgs={nixpkgs}")
    assert taken < MOST


def test_so_does_the_root_once_its_containers_are_in_the_store(nix, nixpkgs, tree, tmp_path):
    (tmp_path / "system").write_text("a system\n")
    stored = subprocess.run(
        ["nix-store", "--add", str(tmp_path / "system")],
        env=nix.env,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    built = {f"c{number}": stored for number in range(COUNT)}
    (tree / "built.json").write_text(json.dumps(built))
    system = ("nix-instantiate", str(tree / "system.nix"), "--argstr", "kind", "file")
    assert most_memory(nix, *system, "-I", f"nixpkgs={nixpkgs}") < MOST
