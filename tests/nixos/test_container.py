# SPDX-License-Identifier: MIT
"""A container is one of NixOS' own, which starts where its flag is, within its limits."""

import pytest
from nix_evaluation import lines


@pytest.mark.parametrize("name", ["keys", "mail", "postgres"])
def test_a_container_waits_for_its_flag_and_follows_a_switch(full, name):
    unit = lines(full["units"][f"container@{name}.service"])
    assert f"ConditionPathExists=/run/qubes-service/tesseraqt-{name}" in unit
    [after] = [line for line in unit if line.startswith("After=")]
    assert "qubes-sysinit.service" in after.removeprefix("After=").split()
    assert any(line.startswith("X-Restart-Triggers=") for line in unit)
    assert "X-RestartIfChanged=false" not in unit
    assert not any(line.startswith("ExecReload=") for line in unit)


def test_a_container_without_autostart_waits_to_be_called(full):
    assert full["units"]["container@keys.service"]["wantedBy"] == []
    assert full["units"]["container@mail.service"]["wantedBy"] == ["machines.target"]


def test_limits_are_those_of_the_unit(full):
    for line in ("MemoryMax=536870912", "CPUQuota=50%", "TasksMax=200"):
        assert line in lines(full["units"]["container@postgres.service"])
    for line in ("MemoryMax=1073741824", "CPUQuota=100%", "TasksMax=1024"):
        assert line in lines(full["units"]["container@keys.service"])


def test_a_container_has_time_for_the_first_start_of_a_database(full):
    for name in ("keys", "mail", "postgres"):
        assert "TimeoutStartSec=15min" in lines(full["units"][f"container@{name}.service"])
