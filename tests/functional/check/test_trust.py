# SPDX-License-Identifier: MIT
"""What of wires only the machine can tell: labels, netvms and systems that pillar leaves open."""

import pytest

SQL = {"provides": {"db": {"tcp": 5432}}}
WEB = {"consumes": {"db": None}}
PARTS = {"web": WEB, "sql": SQL}


@pytest.fixture
def problems(declare):
    """``problems(qubes, **rest)``: what ``tesseraqt.check`` says of these qubes."""

    def run(qubes, **rest):
        templates = {"nixos": {"os": "nixos", "adopt": True}}
        pillar = {
            "containers": PARTS,
            "nixos_only": "off",
            "qubes": qubes,
            "templates": templates,
            **rest,
        }
        return declare({"tesseraqt": pillar}).modules["tesseraqt.check"]()["problems"]

    return run


def wired(to, **keys):
    return {"containers": {"web": {"db": to}}, **keys}


def providing(**keys):
    return {"containers": ["sql"], **keys}


def test_the_label_of_an_adopted_qube_is_looked_at(problems, world):
    world.add_qube("low", template="nixos", label="red")
    world.add_qube("high", template="nixos", label="black")
    mine = {"adopt": True, "template": "nixos"}
    found = problems(
        {
            "low": {**mine, "containers": {"web": {"db": "high/sql.db"}, "sql": {}}},
            "high": {**mine, "containers": {"web": {"db": "low/sql.db"}, "sql": {}}},
        }
    )
    assert found == [
        "qubes.low.containers.web.db: 'high/sql.db' leads from label 'red' to 'black', which is"
        " trusted more; set `trust: true` if that is meant"
    ]


def test_an_adopted_disposable_template_is_seen_as_one(problems, world):
    world.add_qube("dvm", template="nixos", label="red", properties={"template_for_dispvms": True})
    data = providing(template="nixos", label="red")
    found = problems({"dvm": wired("data/sql.db", adopt=True, template="nixos"), "data": data})
    assert found == [
        "qubes.dvm.containers.web.db: 'data/sql.db' leads out of the disposable template 'dvm':"
        " its disposables would be other qubes, and Qubes would deny their calls"
    ]


@pytest.mark.parametrize("netvm", ["sys-whonix", "between"])
def test_the_way_to_an_undeclared_gateway_is_followed(problems, world, netvm):
    world.complete()
    world.add_qube("between", template="nixos", properties={"provides_network": True})
    world.edit("between", properties={"netvm": "sys-whonix"})
    new = {"template": "nixos", "label": "red"}
    found = problems(
        {
            "anon": wired("data/sql.db", prefs={"netvm": netvm}, **new),
            "data": providing(**new),
        }
    )
    assert found == [
        "qubes.anon.containers.web.db: 'data/sql.db' would link identities: 'anon' is behind the"
        " Whonix gateway 'sys-whonix', 'data' is behind none"
    ]


def test_qubes_behind_the_same_gateway_may_be_wired(problems, world):
    world.complete()
    new = {"template": "nixos", "label": "red", "prefs": {"netvm": "sys-whonix"}}
    assert problems({"anon": wired("data/sql.db", **new), "data": providing(**new)}) == []


@pytest.mark.parametrize("said", [{}, {"prefs": {"netvm": None}}])
def test_the_default_netvm_may_be_the_gateway(problems, world, said):
    world.complete()
    new = {"template": "nixos", "label": "red"}
    qubes = {
        "anon": wired("data/sql.db", **new, **said),
        "data": providing(**new, prefs={"netvm": "none"}),
    }
    assert problems(qubes) == []
    found = problems(qubes, globals={"default_netvm": "sys-whonix"})
    assert len(found) == 1
    assert "would link identities" in found[0]


def test_an_undeclared_whonix_template_makes_a_whonix_qube(problems, world):
    qubes = {"anon": providing(template="whonix-workstation-18", label="red")}
    assert problems(qubes) == [
        "qubes.anon.containers: a Whonix qube gets no containers and no wires",
        "qubes.anon.containers: goes into the root 'whonix-workstation-18', which is not declared",
    ]


def test_a_template_that_was_always_whonix_stays_whonix(problems, world):
    templates = {"whonix-workstation-18": {"nixos": {"packages": ["hello"]}}}
    assert problems({}, templates=templates) == [
        "templates.whonix-workstation-18.nixos: a Whonix qube stays Whonix",
        "templates.whonix-workstation-18.nixos: goes into the root 'whonix-workstation-18', which"
        " is not tesseraqt's: declare it with `adopt: true`, or a `clone:` of it",
    ]


@pytest.mark.parametrize("whose", ["caller", "machine", "template"])
def test_where_no_gui_vm_asks_a_wire_that_asks_is_told(problems, world, whose):
    new = {"template": "nixos", "label": "red"}
    if whose == "machine":
        world.edit_system(properties={"default_guivm": None})
    docs = wired({"to": "data/sql.db", "ask": True}, **new)
    if whose == "caller":
        world.add_qube("docs", template="nixos", properties={"guivm": None})
        docs = wired({"to": "data/sql.db", "ask": True}, adopt=True, template="nixos")
    if whose == "template":
        properties = {"guivm": None, "template_for_dispvms": True}
        world.add_qube("dvm", template="nixos", properties=properties)
        docs |= {"class": "DispVM", "template": "dvm"}
    rest = {"dvm": {"adopt": True, "template": "nixos"}} if whose == "template" else {}
    (found,) = problems({"docs": docs, "data": providing(**new), **rest})
    assert "'docs' has no GUI VM where Qubes could ask: it denies every call" in found


def test_who_asks_nobody_needs_no_gui_vm(problems, world):
    world.edit_system(properties={"default_guivm": None})
    new = {"template": "nixos", "label": "red"}
    assert problems({"docs": wired("data/sql.db", **new), "data": providing(**new)}) == []


def test_a_gui_vm_that_is_declared_for_all_is_known_before_it_is_set(problems, world):
    world.edit_system(properties={"default_guivm": None})
    new = {"template": "nixos", "label": "red"}
    docs = wired({"to": "data/sql.db", "ask": True}, **new)
    qubes = {"docs": docs, "data": providing(**new)}
    assert problems(qubes, globals={"default_guivm": "dom0"}) == []
