# SPDX-License-Identifier: MIT
"""What ``check`` tells of a fleet, and that the rest of tesseraqt tells the same."""

import pytest
import salt.exceptions


@pytest.fixture
def problems(world, minion):
    """``problems(fleet)``: what ``check`` tells; ``plan`` says the same, and nothing is written."""

    def told(fleet):
        before = world.snapshot()
        found = minion.call(world, fleet, "tesseraqt.check")["problems"]
        if found:
            with pytest.raises(salt.exceptions.SaltInvocationError) as refused:
                minion.call(world, fleet, "tesseraqt.plan")
            assert all(one in str(refused.value) for one in found)
        assert world.writes() == []
        assert world.snapshot() == before
        return found

    return told


@pytest.fixture
def warnings(world, minion):
    """``warnings(fleet)``: what ``check`` warns of; ``status`` warns of the same."""

    def told(fleet):
        found = minion.call(world, fleet, "tesseraqt.check")
        assert found["problems"] == []
        assert minion.call(world, fleet, "tesseraqt.status")["warnings"] == found["warnings"]
        return found["warnings"]

    return told
