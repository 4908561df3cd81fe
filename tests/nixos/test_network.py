# SPDX-License-Identifier: MIT
"""A container has a network of its own: a loopback and, if it is declared, a link to the qube."""

import re

from nix_evaluation import flags, lines

MANY = 400


def test_a_container_has_no_network_by_default(full):
    assert "PRIVATE_NETWORK=1" in full["confs"]["keys"]
    assert "COPY_RESOLV_CONF=1" not in full["confs"]["keys"]
    assert "DeviceAllow=" not in full["units"]["container@keys.service"]["text"]
    assert not re.search("HOST_ADDRESS=|LOCAL_ADDRESS=|HOST_PORT=", full["confs"]["keys"])
    assert not [flag for flag in flags(full, "keys") if "network" in flag or "names" in flag]
    assert "tesseraqt-network" not in full["units"]["container@keys.service"]["text"]


def test_a_container_with_a_network_has_a_link_and_never_the_network_of_the_qube(full):
    assert "PRIVATE_NETWORK=1" in full["confs"]["postgres"]
    [link] = [flag for flag in flags(full, "postgres") if flag.startswith("--network")]
    assert re.fullmatch(r"--network-interface=tqc-[0-9]{1,5}", link)


def test_without_the_rules_no_container_with_a_network_starts(full):
    unit = lines(full["units"]["container@postgres.service"])
    assert "Requires=tesseraqt-network.service" in unit
    [after] = [line for line in unit if line.startswith("After=") and "tesseraqt-network" in line]
    assert after


def test_the_rules_are_there_only_in_qubes_with_such_a_container(full):
    for name in ("network.service", "names.service", "names.path"):
        conditions = [
            line
            for line in lines(full["units"][f"tesseraqt-{name}"])
            if line.startswith("ConditionPathExists=")
        ]
        assert conditions == ["ConditionPathExists=|/run/qubes-service/tesseraqt-postgres"]


def test_a_switch_does_not_cut_off_containers_with_a_network(full, wired):
    assert (full["forwarding"], wired["forwarding"]) == (None, False)


def test_links_have_addresses_of_their_own_whoever_else_is_there(nix, nixpkgs, plant):
    """Of so many, some names want the same number."""
    declared = {f"c{number}": {"hardening": {"network": "qube"}} for number in range(MANY)}
    expression = nix.place / "numbers.nix"
    expression.write_text(NUMBERS)
    tree = plant({"containers": declared})
    links = nix.evaluate(expression, nixpkgs=nixpkgs, tree=tree)
    for key in ("inside", "outside", "address", "gateway"):
        assert len({link[key] for link in links.values()}) == MANY
        assert all(len(link[key]) <= 15 for link in links.values())
    [alone] = nix.evaluate(
        expression, nixpkgs=nixpkgs, tree=plant({"containers": {"c0": declared["c0"]}})
    ).values()
    assert alone == links["c0"]


NUMBERS = """
{ nixpkgs, tree }:
let lib = import (nixpkgs + "/lib"); in
import (tree + "/nixos/network-ends.nix") { inherit lib; }
  (lib.attrNames (lib.importJSON (tree + "/system.json")).containers)
"""
