# SPDX-License-Identifier: MIT
"""What outlives a container is its own, in /rw, and there before it starts."""

from nix_evaluation import flags


def test_state_is_of_the_container_and_made_before_it_starts(full):
    binds = [flag for flag in flags(full, "postgres") if flag.startswith("--bind=")]
    assert binds == [
        "--bind=/rw/tesseraqt/postgres/var/lib/nixos:/var/lib/nixos:idmap",
        "--bind=/rw/tesseraqt/postgres/var/lib/postgresql:/var/lib/postgresql:idmap",
    ]
    unit = full["units"]["tesseraqt-state-postgres.service"]
    assert unit["requiredBy"] == ["container@postgres.service"]
    assert "Before=container@postgres.service" in unit["text"]
    assert "After=qubes-sysinit.service qubes-mount-dirs.service" in unit["text"]
    assert "ConditionPathExists=/run/qubes-service/tesseraqt-postgres" in unit["text"]
    assert (
        "mkdir -p -m 0700 /rw/tesseraqt /rw/tesseraqt/postgres"
        in full["states"]["tesseraqt-state-postgres"]
    )


def test_who_mounts_rw_is_not_told_to_do_so_early(full):
    assert "RequiresMountsFor=/rw" not in full["units"]["container@postgres.service"]["text"]


def test_a_container_without_state_has_no_place_for_it(full):
    assert "tesseraqt-state-mail.service" not in full["units"]
    assert not any(flag.startswith("--bind=") for flag in flags(full, "mail"))
