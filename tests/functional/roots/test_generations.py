# SPDX-License-Identifier: MIT
"""A root goes back to an older generation, and dom0 knows that it is not as declared then."""

import pytest
from nixos_root import SYSTEM
from salt.exceptions import CommandExecutionError


def test_a_root_goes_back_and_the_next_apply_goes_forward_again(root, states, modules):
    states.tesseraqt.deployed(str(root), system={"containers": {"old": {}}})
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    before = modules.tesseraqt.generations(str(root))
    assert (before["current"], sorted(before["generations"])) == (3, ["1", "2", "3"])

    assert modules.tesseraqt.rollback(str(root)) == {"generation": 2}
    assert root.boots() == {"old": {}}
    assert root.feature("x-tesseraqt-system") is None
    assert root.power() == "Halted"

    built = root.builds()
    answer = states.tesseraqt.deployed(str(root), system=SYSTEM)
    assert answer.result is True, answer.comment
    assert root.boots() == SYSTEM["containers"]
    assert root.builds() == built


def test_a_generation_that_is_not_there_is_told_and_changes_nothing(root, states, modules):
    states.tesseraqt.deployed(str(root), system=SYSTEM)
    with pytest.raises(CommandExecutionError, match="nixos has no generation 7, but: 1, 2"):
        modules.tesseraqt.rollback(str(root), 7)
    assert root.boots() == SYSTEM["containers"]
    assert root.feature("x-tesseraqt-system") is not None
    with pytest.raises(CommandExecutionError, match="neither the number"):
        modules.tesseraqt.rollback(str(root), "1; reboot")
