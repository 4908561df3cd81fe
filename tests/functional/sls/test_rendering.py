# SPDX-License-Identifier: MIT
"""Whatever is taken for a declaration comes out of Salt's own compiler as it was meant."""

import fnmatch
import json
from collections import Counter

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tesseraqt_lib.declare.containers import LONGEST_KEY
from tesseraqt_lib.sls import sections

#: Names that qubes, and some that containers may have, and that look like something else.
QUBES = (
    *("root", "qube", "policy", "policy-narrowed", "globals", "lock", "declaration", "absent"),
    *("tesseraqt", "tesseraqt-policy", "qvm-run", "work", "work-running", "work.running"),
    *("work.qube", "qube.work", "g1-current", "good-deployed", "a", "a.b", "a-b", "a_b", "A1"),
    *("on", "yes", "null", "true", "n", "e5", "x-", "x..y", "salt", "require", "name", "order"),
)
CONTAINERS = ("web", "db", "policy", "root", "work-running", "on", "null", "a-b", "lock")
#: All but the brackets of Jinja, which is refused.
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7A), max_size=40)
#: What YAML, Jinja or Salt might take for something of their own.
STRANGE = st.sampled_from(
    (
        *("", "yes", "null", "~", "1e3", "0x1f", "012", "<<", "=", "&a", "*a", "!!int 1", "- a"),
        *("a: b", "#", '"', "'", "\\", "\\n", "%", "@", "`", "{", "}", "{ {", "[", "]", "|", ">"),
        *("---", "...", "require", "names", "salt://x", "slot", "~", "2024-01-01", "1:20"),
        *("x" * LONGEST_KEY, '"' * LONGEST_KEY, "\\" * LONGEST_KEY),
    )
)
LINES = st.sampled_from(["a\nb\n", "\ta", "\n", " \n x\n", "x" * 65536, '"\n' * 5000])
SCALARS = st.one_of(
    *(st.none(), st.booleans(), PRINTABLE, STRANGE, LINES),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
KEYS = st.one_of(PRINTABLE, STRANGE)
OPTIONS = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    ),
    max_size=3,
)


@st.composite
def fleets(draw):
    """Fleets with such names and such values, most of which are sound."""
    template, other, *names = draw(
        st.lists(st.sampled_from(QUBES), min_size=3, max_size=7, unique_by=str.lower)
    )
    containers = draw(st.lists(st.sampled_from(CONTAINERS), min_size=1, max_size=3, unique=True))
    return {
        "nixos_only": "off",
        "templates": {template: {"clone": "nixos", "nixos": {"config": draw(OPTIONS)}}},
        "containers": {name: {"config": draw(OPTIONS)} for name in containers}
        | {"sql": {"provides": {"db": {"tcp": 5432}}}, "ui": {"consumes": {"db": None}}},
        "defaults": {"template": template, "label": "red"},
        "qubes": {
            other: {"containers": ["sql"], "running": draw(st.sampled_from([None, True, False]))},
            **{name: draw(qubes(containers, other, names)) for name in names},
        },
    }


@st.composite
def qubes(draw, containers, other, names):
    """A qube that names some of the others, or is to go."""
    if draw(st.integers(0, 5)) == 5:
        return {"absent": True}
    wired = {"ui": {"db": {"to": f"{other}/sql.db", "ask": draw(st.booleans())}}}
    said = {
        "containers": {name: {} for name in containers} | draw(st.sampled_from([{}, wired])),
        "features": {"x-one": draw(PRINTABLE | STRANGE), "vm-config.two": draw(PRINTABLE)},
        "running": draw(st.sampled_from([None, True, False])),
    }
    return {key: value for key, value in said.items() if draw(st.booleans())}


@pytest.fixture
def compiler(declare, minion_opts):
    """``compiler(fleet)``: the pillar as declared, and as Salt's compiler has it: low chunks."""

    def run(fleet):
        fleet["qubes"] = {
            name: {key: value for key, value in one.items() if value is not None}
            for name, one in fleet["qubes"].items()
        }
        loaders = declare({"tesseraqt": fleet})
        if loaders.modules.tesseraqt.check()["problems"]:
            return None
        return loaders.modules.tesseraqt.fleet(), loaders.modules["state.show_low_sls"]("tesseraqt")

    return run


def is_meant(requisite, chunk):
    """Whether Salt takes the requisite for this state: it matches IDs and names, as a shell."""
    return any(fnmatch.fnmatch(chunk[key], requisite) for key in ("__id__", "name"))


SETTINGS = hypothesis.settings(
    max_examples=15, suppress_health_check=list(hypothesis.HealthCheck), deadline=None
)


@SETTINGS
@given(fleets())
def test_what_is_valid_renders_and_arrives_as_it_was_said(world, compiler, fleet):
    found = compiler(fleet)
    hypothesis.event("valid" if found else "not valid")
    if found is None:
        return
    compiled, low = found
    assert all(isinstance(one, dict) for one in low), low
    meant = [state for section in sections.SECTIONS for state in compiled[section]]
    there = {one["__id__"]: one for one in low}
    assert Counter(one["__id__"] for one in low) == Counter(state["id"] for state in meant)
    for state in meant:
        for argument in state["arguments"]:
            for key, value in argument.items():
                assert there[state["id"]][key] == json.loads(json.dumps(value)), (state["id"], key)
    for one in low:
        for requisite in one.get("require", []):
            [id_] = requisite.values()
            assert [other["__id__"] for other in low if is_meant(id_, other)] == [id_]
    systems = [one for one in low if one["fun"] == "deployed"]
    assert [json.loads(one["system"])["root"] for one in systems] == [
        {"config": one["nixos"]["config"]} for one in fleet["templates"].values()
    ]
