# SPDX-License-Identifier: MIT
"""Whose root volume a qube runs, and what goes into that root."""

import pytest
from tesseraqt_lib.fleet import roots
from tesseraqt_lib.model import Fleet, Qube, System

FLEET = Fleet(
    templates={
        "nixos": Qube("nixos", klass="TemplateVM", os="nixos"),
        "nixos-dev": Qube("nixos-dev", klass="TemplateVM", clone="nixos"),
    },
    qubes={
        "dvm": Qube("dvm", klass="AppVM", template="nixos-dev", containers=("web",)),
        "disp": Qube("disp", klass="DispVM", template="dvm", containers=("db", "web")),
        "alone": Qube("alone", klass="StandaloneVM", template="nixos", nixos=System()),
        "gone": Qube("gone", klass="AppVM", template="nixos", containers=("web",), absent=True),
    },
)


@pytest.mark.parametrize(
    ("name", "root"),
    [
        ("dvm", "nixos-dev"),
        ("disp", "nixos-dev"),
        ("alone", "alone"),
        ("nixos-dev", "nixos-dev"),
        ("undeclared", "undeclared"),
    ],
)
def test_appvms_and_disposables_run_the_root_of_their_template_and_copies_their_own(name, root):
    assert roots.root_of(FLEET.all, name) == root


def test_a_root_has_the_containers_of_all_qubes_that_run_it_once():
    assert roots.qubes_by_root(FLEET) == {"alone": (), "nixos-dev": ("disp", "dvm")}
    assert roots.containers_on(FLEET, "nixos-dev") == ("db", "web")
    assert roots.unknown_root(FLEET, "nixos-dev") == ""
    assert "the roots that have are: alone, nixos-dev" in roots.unknown_root(FLEET, "nixos")


def test_what_a_qube_runs_is_declared_where_its_root_comes_from():
    assert roots.origins(FLEET, "disp") == ["disp", "dvm", "nixos-dev", "nixos"]
    assert roots.declared_system(FLEET, "disp") == "nixos"
    assert roots.declared_system(FLEET, "undeclared") is None
