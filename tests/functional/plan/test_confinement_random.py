# SPDX-License-Identifier: MIT
"""Whatever fleet follows whichever, and whichever call goes wrong: the same as in
``test_confinement.py``."""

import itertools
import shutil

import pytest
import random_fleets
import simulated_dom0
from confined import less_confined, reaches, unsettled
from crashes import interrupted
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st


@pytest.fixture
def numbered(world, monkeypatch):
    """``numbered(original)``: a copy of a dom0, or a new one, which this process is in."""
    numbers = itertools.count()

    def enter(original=None):
        path = f"{world.path}-{next(numbers)}"
        if original is None:
            return simulated_dom0.create(path).activate(monkeypatch)
        return simulated_dom0.world(shutil.copytree(original.path, path)).activate(monkeypatch)

    return enter


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=random_fleets.fleets(),
    declared=random_fleets.fleets(),
    kind=st.sampled_from(["fail", "die_after"]),
    at=st.integers(0, 60),
)
def test_nor_is_any_qube_of_any_fleet(minion, numbered, before, declared, kind, at):
    calm = numbered()
    for one in (before, declared):
        assume(minion.call(calm, one, "tesseraqt.check")["problems"] == [])
    minion.apply(calm, before)
    start, names = calm, [*declared["qubes"], *declared["templates"]]
    first, calm = reaches(start, names), numbered(start)
    run = minion.apply(calm, declared)
    assume(run.writes and not run.failed())
    last, k, one = reaches(calm, names), at % len(run.writes) + 1, numbered(start)
    one.inject(kind, at=k)
    interrupted(kind, lambda: minion.apply(one, declared))
    made, confining = unsettled(run, kind)
    if k not in made | confining:
        for name, now in reaches(one, names).items():
            assert less_confined(now, first[name], last[name]) == [], (kind, k, name)
