# SPDX-License-Identifier: MIT
"""What can be said of the NixOS modules without any nixpkgs."""

import subprocess

import pytest
from nix_evaluation import HERE, NIXOS

FILES = sorted([*NIXOS.glob("*.nix"), *HERE.glob("*.nix")])

SCRIPTS = sorted(NIXOS.glob("*.sh"))


@pytest.mark.parametrize("file", FILES, ids=[path.name for path in FILES])
def test_nix_can_read(nix, file):
    answer = nix.run("nix-instantiate", "--parse", str(file))
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("file", SCRIPTS, ids=[path.name for path in SCRIPTS])
def test_a_shell_can_read(file):
    answer = subprocess.run(["bash", "-n", file], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_no_file_is_left_out_of_this_directory():
    """A tree has these files flat, beside one another."""
    assert {path.suffix for path in NIXOS.iterdir()} == {".nft", ".nix", ".pl", ".sh"}
