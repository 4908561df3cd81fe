# SPDX-License-Identifier: MIT
"""What a container may not do, by default and where a default is taken back."""

import re

import pytest
from nix_evaluation import flags
from tesseraqt_lib.declare import containers as declare_containers


@pytest.mark.parametrize("name", ["keys", "mail", "postgres"])
def test_no_container_is_without_a_user_namespace(full, name):
    typed = re.findall("^PRIVATE_USERS=(.*)$", full["confs"][name], re.MULTILINE)
    flagged = [flag for flag in flags(full, name) if flag.startswith("--private-users")]
    assert (typed, flagged) in ((["pick"], []), ([], ["--private-users=pick"]))


def test_the_defaults_of_the_hardening(full):
    assert {"--settings=no", "--no-new-privileges=yes"} <= set(flags(full, "keys"))
    assert f"--drop-capability={','.join(declare_containers.DROPPED)}" in flags(full, "keys")
    hidden = set(re.findall(r"--tmpfs=([^:\s]+):", full["starts"]["keys"]))
    assert hidden == {
        *(f"/nix/var/nix/{d}" for d in ("daemon-socket", "db", "gcroots", "profiles")),
        *("/tmp", "/dev/shm"),
    }
    assert "--ephemeral" in full["starts"]["keys"]


def test_each_default_is_taken_back_alone(full):
    assert "--no-new-privileges=yes" not in flags(full, "mail")
    assert "--no-new-privileges=yes" in flags(full, "postgres")
    # The other one of networks is dropped by what sets up its link.
    dropped = set(declare_containers.DROPPED) - {"CAP_NET_RAW", "CAP_NET_ADMIN"}
    assert f"--drop-capability={','.join(sorted(dropped))}" in flags(full, "postgres")
    assert "daemon-socket:mode" not in full["starts"]["postgres"]
    assert "--tmpfs=/nix/var/nix/gcroots:" in full["starts"]["postgres"]
