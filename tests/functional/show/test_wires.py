# SPDX-License-Identifier: MIT
"""Wires as a table and as a picture, from what is declared and what is there."""

import shutil
import xml.etree.ElementTree as ElementTree

import pytest
import salt.exceptions
import salt.loader

CONTAINERS = {
    "web": {"consumes": {"db": None, "here": {"optional": True}, "none": {"optional": True}}},
    "sql": {"provides": {"db": {"tcp": 5432}}},
}
WIRES = {"db": {"to": "data/sql.db", "trust": True}, "here": "sql.db"}
FLEET = {
    "containers": CONTAINERS,
    "templates": {"nixos": {"os": "nixos", "adopt": True}},
    "qubes": {
        "data": {"template": "nixos", "label": "black", "containers": ["sql"]},
        "docs": {
            "template": "nixos",
            "label": "blue",
            "containers": {"web": WIRES, "sql": None},
        },
    },
}
LINE = "tesseraqt.Api +sql.db docs data allow"


@pytest.fixture
def look(declare):
    """``look("wires")``: what the function answers in a run of its own."""

    def ask(function, *args, pillar=FLEET):
        return declare({"tesseraqt": pillar}).modules[f"tesseraqt.{function}"](*args)

    return ask


def first(rows):
    """The wire between the qubes."""
    return next(one for one in rows if one["slot"] == "db")


def apply(declare, section):
    """The states of a section have run."""
    modules = declare({"tesseraqt": FLEET}).modules
    for one in modules["tesseraqt.fleet"](section):
        arguments = {key: value for said in one["arguments"] for key, value in said.items()}
        for key in ("require", "require_any", "needs"):
            arguments.pop(key, None)
        answer = modules["state.single"](f"tesseraqt.{one['function']}", **arguments)
        assert {result["result"] for result in answer.values()} == {True}, answer


def deployed(look, world, second=1):
    """dom0 remembers that the root was given what is declared, in some second."""
    found = {}
    for state in look("fleet", "restarts"):
        for said in state["arguments"]:
            found |= said.get("parts", {})
    words = " ".join(f"{name}={word}@{second}" for name, word in found.items())
    world.edit("nixos", features={"x-tesseraqt-parts": words})


def test_before_anything_is_done_all_wires_wait(look):
    inside, across = sorted(look("wires"), key=lambda one: one["path"])
    assert across == {
        "from": "docs/web",
        "slot": "db",
        "to": "data/sql.db",
        "path": "through qrexec",
        "policy": LINE,
        "status": "waiting",
        "waiting": [
            "docs is not there yet",
            "data is not there yet",
            "policy does not allow it yet",
        ],
    }
    assert (inside["to"], inside["path"]) == ("docs/sql.db", "in the qube")
    assert inside["policy"] is None


def test_a_wire_is_live_once_qubes_roots_and_policy_are_as_declared(look, declare, world):
    apply(declare, "templates")
    apply(declare, "qubes")
    assert first(look("wires"))["waiting"] == [
        "web is not deployed yet to nixos",
        "sql is not deployed yet to nixos",
        "policy does not allow it yet",
    ]
    deployed(look, world)
    assert first(look("wires"))["waiting"] == ["policy does not allow it yet"]
    apply(declare, "policy")
    assert {one["status"] for one in look("wires")} == {"live"}
    assert {tuple(one["waiting"]) for one in look("wires")} == {()}


def test_what_changed_since_is_told(look, declare, world):
    for section in ("templates", "qubes", "policy"):
        apply(declare, section)
    deployed(look, world, second=1)
    world.edit("docs", features={"vm-config.tesseraqt-web": "db=data/sql.other"})
    assert first(look("wires"))["waiting"] == ["docs is not told yet where the slots of web lead"]
    world.edit("data", features={"service.tesseraqt-sql": None})
    assert "data is not told yet to have sql" in first(look("wires"))["waiting"]


def test_a_qube_that_runs_since_before_needs_a_restart(look, declare, world):
    for section in ("templates", "qubes", "policy"):
        apply(declare, section)
    world.power("data", "Running")
    deployed(look, world, second=99999999999)
    assert first(look("wires"))["waiting"] == ["data needs a restart"]


def test_other_fleets_have_no_wires(look):
    assert look("wires", pillar={}) == []


def test_the_table_is_printed_to_be_read(look, minion_opts):
    outputter = salt.loader.outputters(minion_opts)["tesseraqt"]
    text = outputter({"local": look("wires")})
    assert text.splitlines() == [
        "FROM      SLOT  TO           PATH            STATUS",
        "docs/web  db    data/sql.db  through qrexec  waiting",
        "    tesseraqt.Api +sql.db docs data allow",
        "    docs is not there yet",
        "    data is not there yet",
        "    policy does not allow it yet",
        "docs/web  here  docs/sql.db  in the qube     waiting",
        "    docs is not there yet",
    ]
    assert outputter({"local": []}) == "No wires are declared."
    assert outputter({"local": "digraph {}\n"}) == "digraph {}\n"


def test_the_picture_shows_what_is_there(look, declare, world):
    dot = look("graph")
    assert "missing" in dot
    assert 'style="dashed"' in dot
    assert "network through sys-firewall" in dot
    for section in ("templates", "qubes", "policy"):
        apply(declare, section)
    deployed(look, world)
    world.edit("docs", properties={"label": "red"})
    dot = look("graph", "dot")
    assert "missing" not in dot
    assert "drifted" in dot
    assert 'style="dashed"' not in dot
    assert look("graph", "mermaid").startswith("flowchart LR\n")


@pytest.mark.skipif(not shutil.which("dot"), reason="graphviz is not installed")
def test_the_picture_is_an_svg(look):
    root = ElementTree.fromstring(look("graph", "svg"))
    assert root.tag.endswith("svg")
    assert {"docs", "data", "sys-firewall", "web", "sql"} <= {one.text for one in root.iter()}


def test_looking_writes_nothing(look, world):
    look("wires")
    look("graph")
    assert world.writes() == []


def test_an_unknown_form_is_refused(look):
    with pytest.raises(salt.exceptions.SaltInvocationError, match="'png' is not one of"):
        look("graph", "png")
