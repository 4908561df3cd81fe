# SPDX-License-Identifier: MIT
"""What is in packages with units is looked at when the system is built."""

import os
import subprocess

import pytest
from nix_evaluation import EVALUATE, MODULE

UNITS = "lib/systemd/system"
#: A file of a package, or where a link in it leads, and what is told; nothing if it may be there.
FILES = {
    "a unit of its own": (f"{UNITS}/mine.service", None, False),
    "a drop-in of its own": (f"{UNITS}/mine@.service.d/x.conf", None, False),
    "an instance of a container of others": (f"{UNITS}/container@other.service", None, False),
    "a link to a unit of its own": (f"{UNITS}/ours.service", "mine.service", False),
    "a unit": (f"{UNITS}/container@web.service", None, True),
    "a drop-in": ("etc/systemd/system/container@web.service.d/x.conf", None, True),
    "a drop-in of every service": (f"{UNITS}/service.d/x.conf", None, True),
    "a drop-in of every display": (f"{UNITS}/tesseraqt-display-@.service.d/x.conf", None, True),
    "a drop-in of whatever is ours": (f"{UNITS}/tesseraqt-@.service.d/x.conf", None, True),
    "an instance": (f"{UNITS}/tesseraqt-display-web@0-1-0.service", None, True),
    "another name for it": (f"{UNITS}/mine.service", "/x/container@web.service", True),
    "a unit that is given as a package": ("container@web.service", None, True),
}


@pytest.fixture(scope="module")
def command(nix, nixpkgs, with_module):
    """What looks at a package, as the build of a root runs it."""
    tree = with_module("systemd.packages = [ pkgs.hello ];")
    [check] = nix.evaluate(EVALUATE, "checks", nixpkgs=nixpkgs, tree=tree)
    return check["buildCommand"]


@pytest.mark.parametrize(("file", "link", "told"), FILES.values(), ids=FILES)
def test_a_package_changes_no_unit_that_confines_a_container(command, tmp_path, file, link, told):
    path = tmp_path / "package" / file
    path.parent.mkdir(parents=True)
    if link:
        path.symlink_to(link)
    else:
        path.touch()
    env = {**os.environ, "value": str(tmp_path / "package"), "out": str(tmp_path / "out")}
    looked = subprocess.run(
        ["bash", "-euc", command], env=env, capture_output=True, text=True, check=False
    )
    assert looked.returncode == told, looked.stderr
    assert ("systemd.packages: " in looked.stderr and MODULE in looked.stderr) == told
    assert (tmp_path / "out").exists() != told


def test_a_unit_that_is_given_as_a_package_is_looked_at(nix, nixpkgs, with_module):
    tree = with_module('systemd.units."other.service".unit = pkgs.hello;')
    [check] = nix.evaluate(EVALUATE, "checks", nixpkgs=nixpkgs, tree=tree)
    assert "systemd.units.other.service: " in check["buildCommand"]
