# SPDX-License-Identifier: MIT
"""QubesDB of a simulated guest, as far as ``vm-config`` goes: it is what dom0 has as features.

``read PATH`` prints a value, ``watch PREFIX`` a line for whatever changes.
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from world import World


def entries() -> dict[str, str]:
    """Everything that dom0 has said to this guest."""
    features = World(os.environ["TESSERAQT_DOM0"]).qube(os.environ["TESSERAQT_QUBE"])["features"]
    return {
        f"/vm-config/{name.removeprefix('vm-config.')}": value
        for name, value in features.items()
        if name.startswith("vm-config.")
    }


def watch(prefix: str) -> None:
    """Whatever changes below the prefix is told, a line each."""
    before = entries()
    while True:
        time.sleep(0.1)
        now = entries()
        for path in sorted(before.keys() | now.keys()):
            if path.startswith(prefix) and before.get(path) != now.get(path):
                print(path, flush=True)
        before = now


def main() -> int:
    verb, path = sys.argv[1:]
    if verb == "watch":
        watch(path)
    found = entries()
    if path not in found:
        return 2
    print(found[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
