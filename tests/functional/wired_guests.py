# SPDX-License-Identifier: MIT
"""Guests of a simulated dom0 that are wired to each other, with what runs in them."""

import copy
import time

import simulated_dom0

simulated_dom0.importable()

from guests import wired  # noqa: E402

SECTIONS = ("policy_narrowed", "templates", "qubes", "policy")
PROVIDED = {"echo": {"tcp": 1}, "sum": {"tcp": 2}, "drain": {"tcp": 3}, "endless": {"tcp": 4}}
FLEET = {
    "containers": {
        "web": {"consumes": {name: {"optional": True} for name in (*PROVIDED, "here", "free")}},
        "srv": {"provides": PROVIDED},
    },
    "templates": {"nixos": {"os": "nixos", "adopt": True}},
    "defaults": {"template": "nixos", "label": "blue"},
    "qubes": {
        "data": {"containers": ["srv"]},
        "spare": {"containers": ["srv"]},
        "other": {"containers": {"web": {}}},
        "docs": {
            "containers": {
                "srv": None,
                "web": {**{name: f"data/srv.{name}" for name in PROVIDED}, "here": "srv.echo"},
            }
        },
    },
}
COMMANDS = {
    "echo": ["cat"],
    "sum": ["sh", "-c", "sha256sum"],
    "drain": ["sh", "-c", "cat > /dev/null; echo done"],
    "endless": ["sh", "-c", "exec cat /dev/zero"],
}
SLOTS = [f"web/{name}" for name in FLEET["containers"]["web"]["consumes"]]


def wired_to(slot, target):
    """The fleet with a slot of docs leading elsewhere, or nowhere."""
    fleet = copy.deepcopy(FLEET)
    slots = fleet["qubes"]["docs"]["containers"]["web"]
    slots[slot] = target
    if target is None:
        del slots[slot]
    return fleet


def until(there):
    """What was to come true came true in time."""
    for _ in range(400):
        if there():
            return
        time.sleep(0.025)
    raise AssertionError("nothing came of it in 10 seconds")


class Place:
    """A simulated dom0 that has the fleet, and its guests, in which everything runs."""

    def __init__(self, minion, world):
        self.minion, self.world = minion, world
        self.guests = {name: wired.Guest(world.path, name) for name in FLEET["qubes"]}

    def apply(self, fleet):
        """The parts of the fleet that wires are made of are as declared."""
        self.minion.begin(self.world, fleet)
        for section in SECTIONS:
            for one in self.minion.modules["tesseraqt.fleet"](section):
                given = {key: value for said in one["arguments"] for key, value in said.items()}
                for key in ("require", "require_any", "needs"):
                    given.pop(key, None)
                done = self.minion.states[f"tesseraqt.{one['function']}"](**given)
                assert done["result"] is True, done
        self.minion.end()

    def begin(self):
        """Each qube has its APIs, its service for calls, and sockets where slots lead somewhere."""
        for name, guest in self.guests.items():
            parts = FLEET["qubes"][name]["containers"]
            apis = [f"srv.{api}" for api in COMMANDS] if "srv" in parts else []
            guest.install(SLOTS if "web" in parts else [], apis)
            for api, command in COMMANDS.items() if "srv" in parts else ():
                guest.provide("srv", api, command)

    def ready(self):
        """Whether all of that is there."""
        docs = [self.guests["docs"].socket(f"web/{name}") for name in (*PROVIDED, "here")]
        apis = [self.guests[name].api("srv", "echo") for name in ("data", "spare", "docs")]
        return all(path.exists() for path in docs + apis)
