# SPDX-License-Identifier: MIT
"""The scripts that run in roots: what each may answer, and how long it may take.

Their texts are files of the formula (``tesseraqt/files/guest``), so that they can be read
and linted as what they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tesseraqt_lib.bounded.process import Bounds
from tesseraqt_lib.guest.ask import Grammar, Script

NUMBER = re.compile(r"[0-9]{1,18}")
CODE = re.compile(r"[0-9]{1,3}")
STORE_PATH = re.compile(r"/nix/store/[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+._=-]{1,211}")


def words(*known: str) -> re.Pattern[str]:
    """Exactly one of these."""
    return re.compile("|".join(known))


#: Bytes of log of a script that has next to nothing to say.
QUIET = 1 << 20
#: What need not be in an answer.
OPTIONAL = ("failed", "toplevel", "out_of_memory", "generation", "unfinished", "lost", "back")
#: By name: what it may answer, and its bounds. A build is silent while it compiles.
KNOWN: dict[str, tuple[Grammar, Bounds]] = {
    "probe": (
        {
            "system": words("nixos", "other"),
            "release": re.compile(r"[0-9A-Za-z.+_-]{1,64}"),
            "nix": re.compile(r"none|[0-9]{1,3}(\.[0-9A-Za-z_-]{1,40}){1,4}"),
            "configuration": words("flake", "file", "none"),
            "proxy": words("yes", "no"),
            "free": NUMBER,
            "memory": NUMBER,
        },
        Bounds(total=60, idle=30, log=QUIET),
    ),
    "push": (
        {"failed": words("busy", "space", "damaged"), "tree": words("new", "there")},
        Bounds(total=1800, idle=1000, log=QUIET),
    ),
    "build": (
        {
            "failed": words("busy", "tree"),
            "code": CODE,
            "toplevel": STORE_PATH,
            "out_of_memory": words("yes"),
            "free": NUMBER,
        },
        Bounds(total=6 * 3600, idle=3600),
    ),
    "activate": (
        {"failed": words("busy", "tree", "profile"), "code": CODE, "generation": NUMBER},
        Bounds(total=1800, idle=1000),
    ),
    "switch": (
        {"failed": words("busy", "tree", "space", "switch"), "switch": words("begun")},
        Bounds(total=1000, idle=1000),
    ),
    "confirm": (
        {
            "failed": words("switch"),
            "code": CODE,
            "unfinished": words("yes"),
            "lost": words("yes"),
            "failed_units": CODE,
            "back": CODE,
        },
        Bounds(total=3 * 3600, idle=3 * 3600),
    ),
    "preview": (
        {"built": words("yes", "no"), "code": CODE},
        Bounds(total=600, idle=300),
    ),
    "health": (
        {"failed_units": re.compile(r"(?:[A-Za-z0-9@:._/\\-]{1,300}(?:,(?!\Z)|\Z)){0,99}")},
        Bounds(total=20, idle=20, log=QUIET),
    ),
    "generations": (
        {
            "generations": re.compile(r"(?:[0-9]{1,9}@[0-9]{1,12}(?:,(?!\Z)|\Z)){0,500}"),
            "current": re.compile(r"[0-9]{0,9}"),
        },
        Bounds(total=60, idle=30, log=QUIET),
    ),
    "rollback": (
        {"failed": words("busy", "generation"), "code": CODE, "generation": NUMBER},
        Bounds(total=1800, idle=1000),
    ),
}


def load(read: Callable[[str], str], name: str) -> Script:
    """The script of this name.

    :param read: from the name of a file among the formula's guest files to its text
    """
    grammar, bounds = KNOWN[name]
    required = tuple(key for key in grammar if key not in OPTIONAL)
    return Script(name, read("common.sh") + read(f"{name}.sh"), grammar, bounds, required)
