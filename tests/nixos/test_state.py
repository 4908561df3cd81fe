# SPDX-License-Identifier: MIT
"""What outlives a container is its own, in /rw, and there before it starts."""

import pytest
from nix_evaluation import EVALUATE, EvaluationError, flags, refusal


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
    script = full["states"]["tesseraqt-state-postgres"]
    assert "name=postgres\npaths='/var/lib/nixos /var/lib/postgresql'\nversion=24.11\n" in script


def test_who_mounts_rw_is_not_told_to_do_so_early(full):
    assert "RequiresMountsFor=/rw" not in full["units"]["container@postgres.service"]["text"]


def test_a_container_without_state_has_no_place_for_it(full):
    assert "tesseraqt-state-mail.service" not in full["units"]
    assert not any(flag.startswith("--bind=") for flag in flags(full, "mail"))


#: What is kept of services that systemd runs as users of the moment, and in homes of people.
OWNED = {
    "containers": {
        "models": {
            "config": {
                "services.ollama.enable": True,
                "services.adguardhome.enable": True,
                "services.postgresql.enable": True,
                "systemd.services.deep@": {
                    "serviceConfig": {
                        "DynamicUser": "yes",
                        "StateDirectory": ["deep/%i", "%p-more:link"],
                        "CacheDirectory": "deep other",
                        "ExecStart": "/run/current-system/sw/bin/true",
                    },
                },
            },
            "state": [
                "/var/lib/ollama",
                "/var/lib/AdGuardHome/data",
                "/var/lib/postgresql",
                "/var/lib/deep",
                "/var/lib/deep-more",
                "/var/cache/other",
                "/var/lib/ollamas",
            ],
        },
        "whole": {
            "config": {"services.ollama.enable": True},
            "state": ["/var/lib", "/srv/x"],
        },
        "people": {
            "users": {"ann": {}, "bob": {"home": "/home/ann/bob"}},
            "consumes": {
                "agent": {"socket": "/home/ann/.gnupg/S.gpg-agent"},
                "near": {"socket": "/home/ann/near"},
                "other": {"socket": "/run/other"},
            },
            "state": {
                "/home/ann/.config/Signal": {},
                "/home/ann/Mail": {"mode": "0700"},
                "/home/ann/bob/a/b": {},
                "/home/annabel": {},
                "/srv/box/in": {"user": "ann", "mode": "0750"},
                "/srv/group": {"group": "wheel"},
            },
        },
    },
}


def mounted(root, container):
    binds = [flag for flag in flags(root, container) if flag.startswith("--bind=/rw")]
    pairs = [bind.removeprefix(f"--bind=/rw/tesseraqt/{container}").split(":") for bind in binds]
    assert all(options == "idmap" for _, _, options in pairs)
    return {source: place for source, place, _ in pairs if source != place}


def test_what_a_user_of_the_moment_keeps_is_mounted_where_systemd_has_it(evaluated):
    root = evaluated(OWNED)
    assert mounted(root, "models") == {
        "/var/lib/ollama": "/var/lib/private/ollama",
        "/var/lib/AdGuardHome/data": "/var/lib/private/AdGuardHome/data",
        "/var/lib/deep": "/var/lib/private/deep",
        "/var/lib/deep-more": "/var/lib/private/deep-more",
        "/var/cache/other": "/var/cache/private/other",
    }
    assert mounted(root, "whole") == {}


def rules(root, container):
    return [rule for rule in root["guests"][container]["links"] if "/ann" in rule or "/srv" in rule]


def test_what_is_kept_in_a_home_is_its_users_and_all_that_is_above_it(evaluated):
    found = rules(evaluated(OWNED), "people")
    assert found[:8] == [
        "d /home/ann/.config :0700 ann users - -",
        "d /home/ann/.config/Signal - ann users - -",
        "d /home/ann/Mail 0700 ann users - -",
        "d /home/ann/bob/a :0700 bob users - -",
        "d /home/ann/bob/a/b - bob users - -",
        "d /srv/box/in 0750 ann users - -",
        "d /srv/group - - wheel - -",
        "d /home/ann/.gnupg :0700 ann users - -",
    ]
    assert [rule for rule in found if rule.startswith("L+")] == [
        "L+ /home/ann/.gnupg/S.gpg-agent - - - - /run/api/agent",
        "L+ /home/ann/near - - - - /run/api/near",
    ]


def test_the_unit_makes_what_is_mounted(evaluated):
    script = evaluated(OWNED)["states"]["tesseraqt-state-models"]
    [paths] = [line for line in script.splitlines() if line.startswith("paths=")]
    made = paths.removeprefix("paths='").removesuffix("'").split()
    assert {"/var/lib/ollama", "/var/lib/nixos"} <= set(made)
    assert not any("private" in path for path in made)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"/srv/x": {"user": "nemo"}}, "state./srv/x.user: the container has no user nemo"),
        ({"/srv/x": {"group": "nemo"}}, "state./srv/x.group: the container has no group nemo"),
        (
            ["/var/lib/ollama", "/var/lib/private/ollama"],
            "state: what is kept twice is one directory: /var/lib/private/ollama",
        ),
    ],
)
def test_what_cannot_be_is_told_with_its_container(nix, nixpkgs, plant, state, said):
    container = {"state": state, "config": {"services.ollama.enable": True}}
    assert f"tesseraqt.containers.web.{said}" in refusal(nix, nixpkgs, plant, container, "toplevel")


def test_what_is_kept_needs_a_state_version_that_stays(nix, nixpkgs, plant):
    """Without one, NixOS has that of the next release with the next release."""
    tree = plant({"containers": {"web": {"state": ["/srv/x"]}}})
    with pytest.raises(EvaluationError) as refused:
        nix.evaluate(EVALUATE, "toplevel", nixpkgs=nixpkgs, tree=tree, version="null")
    said = "tesseraqt.containers.web.state: neither the container nor its root sets"
    assert said in str(refused.value)
    assert 'say `config: {system.stateVersion: "' in str(refused.value)


def test_a_container_may_have_one_that_its_root_has_not(nix, nixpkgs, plant):
    config = {"system.stateVersion": "24.05"}
    document = {"containers": {"web": {"state": ["/srv/x"], "config": config}, "plain": {}}}
    given = {"nixpkgs": nixpkgs, "tree": plant(document), "version": "null"}
    assert nix.evaluate(EVALUATE, "toplevel", **given).endswith(".drv")
    states = nix.evaluate(EVALUATE, "states", **given)
    assert "\nversion=24.05\n" in states["tesseraqt-state-web"]
    assert set(states) == {"tesseraqt-state-web"}
