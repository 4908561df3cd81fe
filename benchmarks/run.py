# SPDX-License-Identifier: MIT
"""How long applies take on a simulated dom0: calls, wall time and memory, by size of the fleet.

Exits with 1 if an apply that has nothing to do costs more than 10 ms a qube above what Salt
itself costs, or if that cost grows faster than the fleet.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
import simulated_dom0

#: Milliseconds that a qube may cost when there is nothing to do.
NO_OP_MS = 10
#: How much more the next qube may cost in a large fleet than in a small one.
GROWTH = 2.0
#: The quickest of this many runs counts: what other programs do meanwhile is not ours.
TRIES = 3


@dataclass
class Run:
    """One ``state.apply``, measured from outside."""

    seconds: float
    megabytes: float
    reads: int
    writes: int

    def line(self, what, qubes, salt):
        """A line of the table; milliseconds a qube are those above Salt's own."""
        each = (self.seconds - salt.seconds) * 1000 / max(qubes, 1)
        return (
            f"{qubes:>6}  {what:<15}{self.reads:>8}{self.writes:>8}"
            f"{self.seconds:>10.2f} s{each:>9.2f} ms{self.megabytes:>9.0f} MB"
        )


def fleet(size):
    """A fleet of this many qubes with settings of every common kind."""
    return {
        "templates": {"nixos": {"os": "nixos"}},
        "defaults": {"template": "nixos", "label": "blue", "prefs": {"netvm": "sys-firewall"}},
        "qubes": {f"qube-{number:03}": qube(number) for number in range(size)},
    }


def qube(number):
    """One qube: 6 properties, 3 features, 2 services, 2 tags."""
    return {
        "prefs": {
            "memory": 400 + number,
            "maxmem": 4000,
            "vcpus": 2,
            "include_in_backups": False,
            "autostart": False,
        },
        "features": {"vm-config.role": f"role-{number}", "menu-items": "", "x-site": "here"},
        "services": {"cups": False, "network-manager": True},
        "tags": ["bench", f"rack-{number % 7}"],
    }


def measured(world, config):
    """What one apply costs."""
    world.forget_calls()
    output = Path(config, "output")
    with output.open("wb") as sink:
        started = time.monotonic()
        pid = os.posix_spawn(
            str(Path(sys.executable).with_name("salt-call")),
            ("salt-call", "--local", f"--config-dir={config}", "state.apply", "tesseraqt"),
            world.environ() | {"PYTHONWARNINGS": "ignore"},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, sink.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, sink.fileno(), 2),
            ],
        )
        _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - started
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"the apply failed:\n{output.read_text()[-4000:]}")
    counted = Counter(call["writing"] for call in world.calls())
    return Run(seconds, usage.ru_maxrss / 1024, counted[False], counted[True])


def benchmark(size, place):
    """First converge and no-op of a fleet of this size, in a fresh dom0."""
    world = simulated_dom0.create(place / "dom0")
    pillar = simulated_dom0.write_pillar(place / "pillar", {"dom0": {"tesseraqt": fleet(size)}})
    config = simulated_dom0.write_config(place / "root", pillar)
    simulated_dom0.salt_call(config, "saltutil.sync_all", env=world.environ(), capture_output=True)
    first = measured(world, config)
    again = [measured(world, config) for _ in range(TRIES)]
    return first, min(again, key=lambda run: run.seconds)


def main():
    """Prints the table; the exit code says whether the no-op is as cheap as promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[10, 100, 500])
    sizes = parser.parse_args().sizes
    print(f"{'qubes':>6}  {'':<15}{'reads':>8}{'writes':>8}{'wall':>12}{'a qube':>12}{'peak':>12}")
    with tempfile.TemporaryDirectory() as place:
        _, salt = benchmark(0, Path(place, "0"))
        print(salt.line("Salt itself", 0, salt))
        points = [(0, salt.seconds)]
        for size in sizes:
            points.append((size, told(size, benchmark(size, Path(place, str(size))), salt)))
    return judged(points)


def told(size, runs, salt):
    """Seconds of the no-op, after both runs were printed."""
    first, again = runs
    print(first.line("first converge", size, salt))
    print(again.line("nothing to do", size, salt))
    if again.writes:
        sys.exit("the second apply wrote something")
    return again.seconds


def judged(points):
    """0 if the next qube is cheap everywhere, and not much dearer in a larger fleet.

    :param points: sizes of fleets, and seconds of their no-op
    """
    pairs = [(one, two) for one, two in pairwise(points) if two[0] - one[0] >= 50]
    slopes = [(two[1] - one[1]) * 1000 / (two[0] - one[0]) for one, two in pairs]
    # below a millisecond a qube, differences are those between two starts of Salt
    grown = any(slope > GROWTH * max(slopes[0], 1.0) for slope in slopes)
    if grown or any(slope > NO_OP_MS for slope in slopes):
        print(f"too dear: the next qube costs {slopes} ms; promised are {NO_OP_MS}, and no growth")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
