# SPDX-License-Identifier: MIT
"""What the NixOS of a root is told; tests/nixos holds the same bytes against the modules."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tesseraqt_lib.fleet import containers
from tesseraqt_lib.fleet import roots as fleet_roots
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.roots import system_json
from tesseraqt_lib.run import validate

NIXOS = Path(__file__).resolve().parents[2] / "nixos"
ROOTS = [
    ("small", "nixos"),
    ("full", "alone"),
    ("full", "nixos"),
    ("full", "nixos-dev"),
    ("wired", "nixos"),
]


def fleet(name):
    problems = Problems()
    declared = validate.alone(
        yaml.safe_load((NIXOS / "fleets" / f"{name}.yaml").read_text()), problems
    )
    assert [str(problem) for problem in problems.found] == []
    return declared


@pytest.mark.parametrize(("name", "root"), ROOTS)
def test_a_root_is_told_these_very_bytes(name, root):
    golden = NIXOS / "golden" / f"{name}-{root}.json"
    assert system_json.system_json(fleet(name), root) == golden.read_text()


def test_every_golden_document_is_one_of_a_root():
    roots = {f"{name}-{root}.json" for name, root in ROOTS}
    assert roots == {path.name for path in (NIXOS / "golden").iterdir()}
    assert {name for name, _ in ROOTS} == {path.stem for path in (NIXOS / "fleets").iterdir()}


def test_the_order_of_a_declaration_changes_nothing():
    declared = fleet("full")
    turned = replace(
        declared,
        qubes=dict(reversed(declared.qubes.items())),
        containers=dict(reversed(declared.containers.items())),
    )
    for root in fleet_roots.qubes_by_root(declared):
        assert system_json.system_json(turned, root) == system_json.system_json(declared, root)


def test_a_container_of_two_qubes_stands_in_their_root_once():
    declared = fleet("full")
    assert fleet_roots.qubes_by_root(declared)["nixos"] == ("vault", "work")
    assert list(json.loads(system_json.system_json(declared, "nixos"))["containers"]) == [
        "keys",
        "mail",
        "postgres",
    ]


def test_a_clone_and_a_standalone_qube_have_roots_of_their_own():
    assert list(fleet_roots.qubes_by_root(fleet("full"))) == ["alone", "nixos", "nixos-dev"]


def test_a_disposable_runs_the_root_of_the_template_of_its_template():
    declared = validate.alone(
        {
            "templates": {"nixos": {"os": "nixos"}},
            "qubes": {
                "dvm": {
                    "template": "nixos",
                    "label": "red",
                    "prefs": {"template_for_dispvms": True},
                },
                "disp": {"class": "DispVM", "template": "dvm", "label": "red"},
            },
        },
        Problems(),
    )
    assert fleet_roots.root_of(declared.all, "disp") == "nixos"


def test_qubes_and_wires_are_no_business_of_a_root():
    declared = fleet("full")
    for root in fleet_roots.qubes_by_root(declared):
        text = system_json.system_json(declared, root)
        assert not re.search(r"vault|\bwork\b|qubes|wires|salt:|/srv", text)


def test_what_is_not_picked_is_not_told():
    assert "shell" not in system_json.system_json(fleet("full"), "nixos")


def test_a_module_stands_where_it_stands_whatever_else_is_declared():
    assert system_json.modules(fleet("full"), "nixos") == {
        "modules/da3770ae-sql.nix": "salt://modules/sql.nix"
    }
    assert "salt://modules/sql.nix" in system_json.modules(fleet("full"), "alone").values()


@pytest.mark.parametrize(
    "source",
    [
        "salt://x.nix",
        "/a b/c;d.nix",
        "/srv/~x@y+z%.nix",
        "salt://.nix",
        "/etc/..nix",
        "/" + "n" * 900,
    ],
)
def test_the_place_of_a_module_is_a_plain_name(source):
    assert re.fullmatch(
        r"modules/[0-9a-f]{8}-[A-Za-z0-9_-][A-Za-z0-9._-]*\.nix", system_json.module(source)
    )


def test_modules_of_one_name_do_not_meet():
    assert system_json.module("salt://a/x.nix") != system_json.module("salt://b/x.nix")


WEB = {"packages": ["nginx"], "modules": ["modules/1-b.nix"]}
SAME = ({"containers": {"web": WEB, "db": {}}}, {"a.nix": b"a"}, {"modules/1-b.nix": b"b"})
CHANGES = {
    "our module": ({"db", "qube", "web"}, SAME[0], {"a.nix": b"c"}, SAME[2]),
    "its module": ({"web"}, SAME[0], SAME[1], {"modules/1-b.nix": b"c"}),
    "its packages": (
        {"web"},
        {"containers": {"web": {**WEB, "packages": []}, "db": {}}},
        *SAME[1:],
    ),
    "the root": ({"qube"}, {**SAME[0], "root": {"packages": ["git"]}}, *SAME[1:]),
    "nothing": (set(), SAME[0], dict(SAME[1]), {**SAME[2], "modules/2-other.nix": b""}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_part_has_another_fingerprint_exactly_if_it_is_another(change):
    parts, *changed = change
    before, after = system_json.fingerprints(*SAME), system_json.fingerprints(*changed)
    assert {name for name in after if after[name] != before[name]} == parts
    assert all(re.fullmatch("[0-9a-f]{12}", word) for word in after.values())


def test_the_longest_flag_is_a_service_that_qubes_takes():
    assert len(f"{containers.FLAG.removeprefix('service.')}{'c' * 32}") <= 48


def test_a_root_without_containers_is_answered_with_those_that_have_some():
    declared = fleet("small")
    assert fleet_roots.unknown_root(declared, "nixos") == ""
    assert (
        "'work' has no NixOS declared; the roots that have are: nixos"
        in fleet_roots.unknown_root(declared, "work")
    )


REFUSED = {
    "state in /nix": ({"state": ["/nix/store"]}, "cannot be kept"),
    "state of /etc": ({"state": ["/etc"]}, "cannot be kept"),
    "state in state": ({"state": ["/var/lib", "/var/lib/x"]}, "is below '/var/lib'"),
    "state with two slashes": ({"state": ["/var//lib"]}, "is refused"),
    "state that ends in one": ({"state": ["/var/lib/"]}, "is refused"),
    "mount option in a path": ({"state": ["/var/lib/x:rbind"]}, "is refused"),
    "state of nobody's": ({"state": {"/srv/x": {"owner": "me"}}}, "unknown key; known here: group"),
    "state with a number for a mode": ({"state": {"/srv/x": {"mode": 0o750}}}, "in quotes"),
    "state with a setuid bit": ({"state": {"/srv/x": {"mode": "4755"}}}, "is refused: a mode"),
    "state of a user with a space": ({"state": {"/srv/x": {"user": "a b"}}}, "is refused: a user"),
    "owned state in state": ({"state": {"/srv": None, "/srv/x": None}}, "is below '/srv'"),
    "check of the module system": ({"config": {"_module.check": False}}, "module system's own"),
    "argument of it": ({"config": {"a": {"_module": {}}}}, "module system's own"),
    "capability that is not dropped": (
        {"hardening": {"capabilities": ["CAP_SYS_MODULE"]}},
        "is not one of: CAP_AUDIT_CONTROL",
    ),
    "definition of the module system": ({"config": {"a": {"_type": "if"}}}, "module system's own"),
    "command without a program": (
        {"desktop": {"x": {"title": "X", "command": []}}},
        "is no list of a program",
    ),
    "icon with a path": (
        {"desktop": {"x": {"title": "X", "command": ["x"], "icon": "../x"}}},
        "is refused: an icon",
    ),
}


@pytest.mark.parametrize(("raw", "said"), REFUSED.values(), ids=REFUSED)
def test_what_could_break_out_is_refused_in_dom0(raw, said):
    problems = Problems()
    validate.alone({"containers": {"web": raw}}, problems)
    assert said in problems.text()


def test_the_module_is_told_whose_a_kept_directory_is():
    said = {"/srv/y": {"user": "me", "mode": "0750"}, "/srv/x": None}
    declared = validate.alone({"containers": {"web": {"state": said}}}, Problems())
    told = system_json.options(declared.containers["web"])
    assert told["state"] == {"/srv/x": {}, "/srv/y": {"mode": "0750", "user": "me"}}


def test_a_program_may_get_the_same_argument_twice():
    problems = Problems()
    desktop = {"x": {"title": "X", "command": ["x", "-v", "-v"]}}
    declared = validate.alone({"containers": {"web": {"desktop": desktop}}}, problems)
    assert declared.containers["web"]["desktop"]["x"]["command"] == ("x", "-v", "-v")
    assert [str(problem) for problem in problems.found] == []
