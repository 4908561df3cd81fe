# SPDX-License-Identifier: MIT
"""Asks nix what NixOS makes of a tree."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
NIXOS = REPO / "salt" / "tesseraqt" / "files" / "nixos"
EVALUATE = HERE / "evaluate.nix"

#: The document of a root with every kind of wire.
WIRED = {
    "containers": {
        "web": {
            "provides": {"http": {"tcp": 80, "max_connections": 4}},
            "consumes": {"db": {"socket": "/run/db.sock"}, "cache": {"tcp": 6379}, "bare": {}},
        },
        "store": {
            "autostart": False,
            "provides": {"sql": {"socket": "/run/user/1000/sql", "user": "alice"}},
            "users": {"alice": {"uid": 1000}},
        },
        "a": {"provides": {"b-c": {"socket": "/run/x"}}},
        "a-b": {"provides": {"c": {"tcp": 1}}},
    },
    "root": {
        "packages": ["hello"],
        "config": {"networking.hosts": {"127.0.0.2": ["itself.example"]}},
        "modules": ["modules/00000000-m.nix"],
        "provides": {"status": {"tcp": 9100}},
        "consumes": {"sql": {"socket": "/run/sql.sock"}, "page": {"tcp": 8080}},
    },
}

#: One with whatever confines a container, or leads to one.
FULL = {
    "containers": {
        "web": {
            "state": ["/srv/x"],
            "consumes": {"sql": {"socket": "/run/sql"}},
            "desktop": {"x": {"title": "X", "command": ["x"]}},
            "hardening": {"network": "qube"},
        },
        "db": {"provides": {"sql": {"socket": "/run/sql"}}},
    },
    "root": {"consumes": {"page": {"socket": "/run/page"}}},
}
#: Where the module of a root is, in a tree.
MODULE = "modules/00000000-m.nix"


def golden(name):
    """The document of a root, as dom0 renders it."""
    return json.loads((HERE / "golden" / f"{name}.json").read_text())


class Nix:
    """nix with a store of its own, in which nothing is."""

    def __init__(self, place):
        self.place = place
        self.env = {
            **os.environ,
            "NIX_REMOTE": f"local?root={place}",
            "NIX_CONFIG": "build-users-group =",
            "NIX_PATH": f"nixpkgs={os.environ.get('NIXPKGS', '')}",
        }

    def run(self, *argv):
        return subprocess.run(argv, env=self.env, capture_output=True, text=True, check=False)

    def evaluate(self, file, attribute=None, **arguments):
        """What the function in ``file`` returns for these arguments."""
        given = [word for key, value in arguments.items() for word in ("--arg", key, str(value))]
        chosen = ["-A", attribute] if attribute else []
        argv = ("nix-instantiate", "--eval", "--strict", "--json", str(file), *given, *chosen)
        answer = self.run(*argv)
        if answer.returncode:
            raise EvaluationError(answer.stderr)
        return json.loads(answer.stdout)

    def add(self, path):
        """The path of a copy in the store."""
        return self.run("nix-store", "--add", str(path)).stdout.strip()


class EvaluationError(Exception):
    """nix refused; the message is what it said."""


def refusal(nix, nixpkgs, plant, container, attribute=None):
    """What NixOS says to a root with this container ``web``, which it refuses."""
    document = {"containers": {"web": container}}
    with pytest.raises(EvaluationError) as refused:
        nix.evaluate(EVALUATE, attribute, nixpkgs=nixpkgs, tree=plant(document))
    return re.sub(r"\x1b\[[0-9;]*m", "", str(refused.value))


def lines(unit):
    """The lines of a unit."""
    return unit["text"].splitlines()


def words(unit, key):
    """All words that are said of a key in a unit."""
    return {
        word
        for line in lines(unit)
        if line.startswith(f"{key}=")
        for word in line.removeprefix(f"{key}=").split()
    }


def flags(root, name):
    """The flags of nspawn that the container gets beyond those of NixOS."""
    [found] = re.findall('EXTRA_NSPAWN_FLAGS="(.*)"', root["confs"][name])
    return found.split()
