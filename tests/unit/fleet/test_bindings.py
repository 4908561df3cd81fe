# SPDX-License-Identifier: MIT
"""Every slot with the wire that binds it, and what stands at both ends."""

from tesseraqt_lib.fleet import bindings
from tesseraqt_lib.model import Fleet, Qube, System, Wire

WEB, DB = {"consumes": {"db": None}}, {"provides": {"sql": {"tcp": 5432}}}
CLOCK = System({"provides": {"now": {"tcp": 123}}})
FLEET = Fleet(
    templates={"nixos": Qube("nixos", klass="TemplateVM", nixos=CLOCK)},
    containers={"web": WEB, "db": DB},
    qubes={
        "docs": Qube(
            "docs",
            template="nixos",
            containers=("web", "db"),
            wires={"web.db": Wire("data/db.sql"), "qube.time": Wire("qube.now")},
            itself=True,
        ),
        "data": Qube("data", template="nixos", containers=("db",)),
    },
)


def test_a_binding_knows_its_place_and_the_other_end():
    here, there = bindings.bindings(FLEET.qubes["docs"])
    assert (here.path, here.provider) == (
        "qubes.docs.containers.qube.time",
        ("docs", "qube", "now"),
    )
    assert there.provider == ("data", "db", "sql")
    assert (here.crosses, there.crosses) == (False, True)


def test_only_wires_between_qubes_that_are_declared_to_be_there_cross():
    assert [one.slot for one in bindings.between_qubes(FLEET)] == ["db"]
    gone = {**FLEET.qubes, "data": Qube("data", absent=True)}
    assert list(bindings.between_qubes(Fleet(qubes=gone))) == []


def test_the_qube_as_such_takes_part_by_what_its_root_declares():
    assert bindings.parts_by_qube(FLEET) == {
        "docs": {"web": WEB, "db": DB, "qube": CLOCK.declared},
        "data": {"db": DB},
    }
