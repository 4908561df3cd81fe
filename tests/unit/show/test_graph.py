# SPDX-License-Identifier: MIT
"""The picture of a fleet: all of it is there, nothing in a name breaks it, graphviz draws it."""

import dataclasses
import re
import shutil
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import large_fleet
import pytest
from salt.exceptions import CommandExecutionError
from tesseraqt_lib.check import facts
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.run import validate
from tesseraqt_lib.show import dot, mermaid, svg
from tesseraqt_lib.show.graph import Box, Inside, Line, Picture, picture

STATUS = {
    "declared": {
        "travel": {"status": "drifted", "drift": ['prefs.netvm: "a" -> <b> & c']},
        "client-c": {"status": "missing"},
        "vault": {"status": "converged", "restart": ["agent"]},
    },
    "roots": {"nixos": {"status": "deployed"}, "nixos-dev": {"status": "outdated"}},
}
ROWS = [{"from": "dev/editor", "slot": "keys", "status": "waiting"}]
needs_graphviz = pytest.mark.skipif(not shutil.which("dot"), reason="graphviz is not installed")


def drawn(pillar, status=STATUS, rows=ROWS):
    problems = Problems()
    fleet = validate.alone(pillar, problems)
    assert list(map(str, problems.found)) == []
    return picture(facts.Declared(fleet), status, rows)


@pytest.fixture(scope="module")
def large():
    return drawn(large_fleet.PILLAR)


def texts(svg):
    """Every piece of text in an SVG."""
    return [one.text for one in ElementTree.fromstring(svg).iter() if one.text and one.text.strip()]


def test_the_large_fleet_has_30_qubes_with_60_containers(large):
    assert len(large.qubes) == 30
    assert sum(len(box.containers) for box in large.qubes) == 60


@needs_graphviz
def test_graphviz_draws_every_qube_container_slot_and_api(large):
    started = time.monotonic()
    found = texts(svg.svg(dot.dot(large)))
    assert time.monotonic() - started < 120
    for box in (*large.qubes, *large.templates):
        assert box.name in found
    for box in large.qubes:
        for one in box.containers:
            for name in (one.name, *one.apis, *one.slots):
                assert name in found
    assert {"drifted", "missing", "no network", "network through sys-vpn"} <= set(found)
    assert {"needs a restart", "to be deployed again"} <= set(found)
    assert "converged" not in found


def test_every_wire_between_qubes_is_a_line_once(large):
    text = dot.dot(large)
    ends = re.findall(r'^  "([^"]+)":"slot ([^"]+)":e -> "([^"]+)":"api ([^"]+)":w', text, re.M)
    wires = {
        (name, f"{part}.{slot}", *(to if isinstance(to, str) else to["to"]).split("/"))
        for name, qube in large_fleet.QUBES.items()
        if isinstance(qube.get("containers"), dict)
        for part, slots in qube["containers"].items()
        for slot, to in (slots or {}).items()
        if "/" in (to if isinstance(to, str) else to["to"])
    }
    assert len(ends) == len(set(ends))
    assert set(ends) == wires


def line(text, slot):
    return next(one for one in text.splitlines() if f'"slot {slot}"' in one and "->" in one)


def test_a_border_of_trust_a_question_and_what_waits_are_marked(large):
    text = dot.dot(large)
    keys = line(text, "editor.keys")
    assert 'style="dashed"' in keys
    assert 'label="ask"' in keys
    assert 'arrowhead="normalnormal"' in keys
    plain = line(text, "backup.store")
    assert not {"dashed", "ask", "normalnormal"} & set(re.split(r"\W+", plain))


def test_the_same_fleet_is_the_same_text_whatever_its_order(large):
    qubes = dict(reversed(large_fleet.QUBES.items()))
    again = drawn({**large_fleet.PILLAR, "qubes": qubes})
    assert dot.dot(again) == dot.dot(large)
    assert mermaid.mermaid(again) == mermaid.mermaid(large)


HOSTILE = '"><B>&amp;\\ |]; {x} #1; %s</B>'


def hostile(text=HOSTILE):
    inside = Inside(text, {text: f"{text}.{text}", "out": ""}, (text,))
    box = Box(text, text, text, text, text, (inside,), text, text, (text,))
    other = dataclasses.replace(box, name="other", netvm="")
    wire = Line((text, text, "out"), ("other", text, text), ask=True, upwards=True)
    return Picture((box,), (box, other), (wire,))


@needs_graphviz
def test_nothing_in_a_name_is_taken_for_markup():
    found = texts(svg.svg(dot.dot(hostile())))
    # runs of blanks and the text of graphviz' own entities aside, it is drawn as it is
    assert found.count(HOSTILE) >= 8


def test_nothing_in_a_name_is_taken_for_mermaid():
    for one in mermaid.mermaid(hostile(HOSTILE.replace(".", ""))).splitlines():
        outside = re.sub(r'"[^"]*"', "", one)
        assert re.fullmatch(r"[A-Za-z0-9 \[\]|=.,:#>-]*", outside), one
        assert "<" not in one


def test_mermaid_has_every_qube_container_and_wire(large):
    text = mermaid.mermaid(large)
    for box in large.qubes:
        assert re.search(rf'q\d+\["{re.escape(box.name)}[ "]', text)
    assert len(re.findall(r"^    q\d+c\d+\[", text, re.M)) == 60
    inside = sum(
        bool(end) for box in large.qubes for one in box.containers for end in one.slots.values()
    )
    assert len(re.findall(r"q\d+c\d+ -\.?->\|", text)) == len(large.lines) + inside
    assert text.count("subgraph") == text.count("\n  end")


def test_what_pillar_only_names_is_drawn_as_undeclared():
    pillar = {
        "qubes": {"work": {"template": "nixos", "label": "red", "prefs": {"netvm": "sys-firewall"}}}
    }
    found = drawn(pillar)
    assert [(box.name, box.status) for box in found.qubes] == [
        ("sys-firewall", "undeclared"),
        ("work", ""),
    ]
    assert 'STYLE="DASHED"' in dot.dot(found)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "dot is not there: install graphviz, or draw"),
        ("#!/bin/sh\necho 'it does not\033[31m want to' >&2; exit 3\n", "dot -Tsvg: it does not"),
        ("#!/bin/sh\nexec sleep 60\n", "dot was given up: "),
    ],
)
def test_when_graphviz_cannot_draw_it_says_so(tmp_path, monkeypatch, script, said):
    if script:
        (tmp_path / "dot").write_text(script)
        (tmp_path / "dot").chmod(0o755)
    path = f"{tmp_path}:/bin" if script else str(tmp_path)
    monkeypatch.setenv("PATH", path)
    seconds = 0.5 if script and "sleep" in script else 60
    monkeypatch.setattr(svg, "BOUNDS", replace(svg.BOUNDS, total=seconds, idle=seconds))
    with pytest.raises(CommandExecutionError, match=re.escape(said)) as error:
        svg.svg("digraph {}")
    assert "\033" not in str(error.value)
