# SPDX-License-Identifier: MIT
"""A declaration that holds too much is told so, soon, and nothing of it is read."""

import time

import pytest
from tesseraqt_lib.declare.size_limit import DEEPEST, LONG, MOST, bounded
from tesseraqt_lib.problems import Problems


def holding_itself():
    found = []
    found.append({"again": found})
    return found


def aliases_of_aliases():
    """What nine lines of YAML can stand for: 10 ** 9 values, in a few lists."""
    found = ["x"] * 10
    for _ in range(8):
        found = [found] * 10
    return {"qubes": found}


def nested(levels):
    found = "x"
    for _ in range(levels):
        found = [found]
    return found


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ([0] * MOST, f"holds more than {MOST} values"),
        (["x" * LONG * MOST], f"holds more than {MOST} values"),
        (aliases_of_aliases(), f"holds more than {MOST} values"),
        (nested(DEEPEST + 1), f"is nested deeper than {DEEPEST} levels"),
        (holding_itself(), "is nested deeper"),
    ],
    ids=["values", "text", "aliases", "levels", "itself"],
)
def test_too_much_is_refused_soon_and_not_read(raw, why):
    problems, began = Problems(), time.process_time()
    assert bounded(raw, "", problems) == {}
    assert time.process_time() - began < 5
    [problem] = problems.found
    assert str(problem).startswith(f"the declaration {why}")


def test_what_fits_is_handed_on_as_it_is():
    raw, problems = {"qubes": nested(DEEPEST - 2)}, Problems()
    assert bounded(raw, "", problems) is raw
    assert problems.found == []
