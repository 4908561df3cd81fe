# SPDX-License-Identifier: MIT
"""A fleet with one of everything, and a machine on which most of it still has to be done."""

from __future__ import annotations

from typing import Any

#: What was declared before, and applied.
BEFORE: dict[str, Any] = {
    "nixos_only": "off",
    "qubes": {
        "worker": {
            "template": "nixos",
            "label": "red",
            "tags": ["once"],
            "features": {"x-once": 1},
            "prefs": {"memory": 500},
            "running": True,
        },
        "old-a": {
            "template": "nixos",
            "label": "red",
            "prefs": {"template_for_dispvms": True, "default_dispvm": "old-b"},
        },
        "old-b": {
            "template": "nixos",
            "label": "red",
            "prefs": {"template_for_dispvms": True, "default_dispvm": "old-a"},
        },
        "old-c": {"template": "nixos", "label": "red", "running": True},
    },
}

FLEET: dict[str, Any] = {
    "nixos_only": "off",
    "templates": {
        "nixos": {"adopt": True, "features": {"x-root": "one"}},
        "mine": {"clone": "nixos", "features": {"x-root": "two"}, "prefs": {"memory": 600}},
        "theirs": {"clone": "fedora-42"},
    },
    "qubes": {
        "dvm-1": {
            "template": "mine",
            "label": "red",
            "prefs": {"template_for_dispvms": True, "default_dispvm": "dvm-2"},
        },
        "dvm-2": {
            "template": "theirs",
            "label": "red",
            "prefs": {"template_for_dispvms": True, "default_dispvm": "dvm-1"},
        },
        "shown": {"class": "DispVM", "template": "dvm-1", "label": "gray", "tags": ["named"]},
        "solo": {
            "class": "StandaloneVM",
            "template": "mine",
            "label": "blue",
            "prefs": {"virt_mode": "hvm", "maxmem": 0, "netvm": None},
            "devices": {"pci": {"dom0:00_14.0": {"options": {"no-strict-reset": True}}}},
            "features": {"x-root": None},
        },
        "bare": {"class": "StandaloneVM", "label": "green", "volumes": {"root": "12GiB"}},
        "net": {
            "template": "nixos",
            "label": "orange",
            "prefs": {"provides_network": True, "netvm": "sys-firewall", "autostart": True},
            "running": True,
        },
        "worker": {
            "template": "mine",
            "label": "black",
            "tags": {"once": False, "now": True},
            "features": {"x-once": None, "x-now": "two words"},
            "services": {"cups": True, "tracker": False},
            "prefs": {"memory": None, "netvm": "net"},
            "volumes": {"private": {"size": "3GiB", "revisions_to_keep": 2}},
            "firewall": ["accept dst4=10.0.0.0/8", "drop"],
            "restart": "when_needed",
        },
        "old-a": {"absent": True},
        "old-b": {"absent": True},
        "old-c": {"absent": True, "running": False},
    },
    "globals": {"default_dispvm": "dvm-1", "stats_interval": 5},
}

#: What the fleet names nowhere; it stays as it is, whatever happens.
STRANGERS = ("alien", "fedora-42", "sys-net", "sys-firewall", "default-dvm")


def begin(world: Any, minion: Any) -> None:
    """The machine is as it was before the fleet is declared."""
    world.add_qube("alien", template="fedora-42", properties={"memory": 777}, tags=["work"])
    done = minion.apply(world, BEFORE)
    assert done.failed() == {}
    world.forget_calls()


def strangers(world: Any) -> dict[str, Any]:
    """The strangers, as they are."""
    return {name: world.qube(name) for name in STRANGERS}
