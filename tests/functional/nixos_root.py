# SPDX-License-Identifier: MIT
"""What the tests of deployments see of a root, from outside."""

import json
import re

SYSTEM = {"containers": {"db": {"packages": []}, "web": {"packages": ["nginx"]}}}


class Root:
    """A NixOS root in a simulated dom0."""

    def __init__(self, world, name):
        self._world, self.name = world, name
        self.place = world.path / "guests" / name
        self.files = self.place / "root"

    def __str__(self):
        return self.name

    def boots(self):
        """The containers of the system that boots next, as they were declared."""
        init = (self.files / "sbin" / "init").read_text()
        toplevel = re.search("exec /(.*)/init", init)[1]
        containers = (self.files / toplevel / "containers").read_text().split()
        return {
            path.split("-", 2)[2]: json.loads((self.files / path[1:]).read_text())
            for path in containers
        }

    def builds(self):
        """Every derivation that was built here since the installation."""
        log = self.files / "var" / "log" / "builds"
        return sorted(log.read_text().split()) if log.exists() else []

    def trees(self):
        """What is in the place of the deployments."""
        found = (self.files / "var" / "lib" / "tesseraqt").glob("*")
        return sorted(path.name for path in found if path.name != "lock")

    def feature(self, name):
        return self._world.qube(self.name)["features"].get(name)

    def power(self):
        return self._world.qube(self.name)["power"]

    @property
    def notes(self):
        """Where dom0 keeps its notes."""
        return self._world.path / "var" / "lib" / "tesseraqt"

    def behave(self, manner):
        """From now on the guest behaves so; see tests/dom0/guests/hostile.py."""
        self.place.mkdir(parents=True, exist_ok=True)
        (self.place / "manner").write_text(manner)

    def reform(self):
        """It behaves well again."""
        (self.place / "manner").unlink()

    def configure(self, text):
        """The configuration of the root itself is this."""
        (self.files / "etc" / "nixos" / "configuration.nix").write_text(text)
