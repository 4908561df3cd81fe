# SPDX-License-Identifier: MIT
"""What may be declared of APIs that are provided, and of slots that consume them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib.problems import Problems, joined
from tesseraqt_lib.shapes.mappings import Map, Record
from tesseraqt_lib.shapes.scalars import INVALID, Flag, Nullable, Text, Whole

#: No underscore (NixOS asserts that), and short enough for a service flag and a unit name.
NAME_PATTERN = r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?"
API = Text(NAME_PATTERN, "an API or slot is up to 32 lower-case letters, digits or '-'")
#: EXTRA_NSPAWN_FLAGS is word-split and glob-expanded by a shell: nothing that it could act on.
PATH = Text(
    r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+)+",
    "an absolute path of letters, digits, '.', '_', '-' and '/', without '..'",
    longest=200,
)
USER = Text(r"[a-z_][a-z0-9_-]{0,30}", "a user is lower-case letters, digits, '_' or '-'")


@dataclass(frozen=True)
class Number(Whole):
    """A whole number, as a number: what NixOS' own options take."""

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        text = super().read(raw, at, problems)
        return text if text is INVALID else int(text)


PORT = Number(1, 65535, "a TCP port")
#: What is a container's anew at each start, or the qube's.
NOT_KEPT = ("/bin", "/dev", "/etc", "/nix", "/proc", "/run", "/sys", "/tmp", "/usr", "/var")  # noqa: S108
FOREIGN = ("/dev/", "/nix/", "/proc/", "/run/", "/sys/")
#: What is in every system, and no file of its own.
NO_SOCKETS = (*NOT_KEPT, "/home", "/root", "/rw", "/srv")


def one_endpoint(provided: Mapping[str, Any], at: str, problems: Problems) -> None:
    """The API listens at exactly one place."""
    ends = [end for end in ENDPOINTS if end in provided or joined(at, end) in problems.blamed]
    if len(ends) != 1:
        problems.add(at, "needs one of `socket: /path` and `tcp: port`, and only one")


def one_endpoint_at_most(consumed: Mapping[str, Any], at: str, problems: Problems) -> None:
    """The slot is at one place; where, can be left open."""
    if all(end in consumed for end in ENDPOINTS):
        problems.add(at, "is socket or tcp, not both")


def slot_places(party: Mapping[str, Any], at: str, problems: Problems) -> None:
    """No two slots are at one place, none where an API listens or a directory has to be."""
    taken = {
        (end, provided[end]): f"the API {api!r} listens"
        for api, provided in party.get("provides", {}).items()
        for end in ENDPOINTS
        if end in provided
    }
    for slot, consumed in party.get("consumes", {}).items():
        for end, value in (consumed or {}).items():
            place = joined(at, f"consumes.{slot}.{end}")
            if end in ENDPOINTS and (end, value) in taken:
                problems.value(place, value, f"is where {taken[end, value]}")
            if value in NO_SOCKETS:
                problems.value(place, value, "is no place for a socket")
            taken[end, value] = f"the slot {slot!r} is"


ENDPOINTS = ("socket", "tcp")
EXACTLY_ONE = {"oneOf": [{"required": [end]} for end in ENDPOINTS]}
AT_MOST_ONE = {"not": {"required": list(ENDPOINTS)}}
PROVIDED = Record(
    {
        "socket": PATH,
        "tcp": PORT,
        "user": USER,
        "max_connections": Number(1, 64, "a small number"),
        "idle_timeout": Number(1, 86400, "a number of seconds"),
    },
    together=one_endpoint,
    rules=EXACTLY_ONE,
)
CONSUMED = Record(
    {"socket": PATH, "tcp": PORT, "optional": Flag()},
    together=one_endpoint_at_most,
    rules=AT_MOST_ONE,
)
PROVIDES = Map(API, PROVIDED)
CONSUMES = Map(API, Nullable(CONSUMED))
