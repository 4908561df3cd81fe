# SPDX-License-Identifier: MIT
"""What plan tells where there is nothing to plan."""

import pytest
from tesseraqt_lib.show import text

AS_DECLARED = "Nothing to do: the machine is as declared."


def test_a_machine_that_is_as_declared_is_told_so(world, minion):
    declared = {"nixos_only": "off", "qubes": {"work": {"template": "nixos", "label": "red"}}}
    minion.apply(world, declared)
    found = minion.call(world, declared, "tesseraqt.plan")
    assert text.printed({"dom0": found}) == AS_DECLARED


@pytest.mark.parametrize(
    ("pillar", "why"),
    [
        (None, "tesseraqt: is not in pillar; does a top.sls name it for dom0?"),
        ({}, "tesseraqt: is empty: nothing is declared"),
    ],
)
def test_a_pillar_that_is_lost_or_empty_is_not(world, minion, pillar, why):
    assert minion.call(world, pillar, "tesseraqt.check")["warnings"] == [why]
    found = minion.call(world, pillar, "tesseraqt.plan")
    assert found == {"tesseraqt/declaration": {"notes": [why]}}
    assert why in text.printed({"dom0": found})
    assert AS_DECLARED not in text.printed({"dom0": found})
