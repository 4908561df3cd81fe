# SPDX-License-Identifier: MIT
"""IDs of states: one state each, whatever qubes are called, and no requisite means two of them."""

import fnmatch
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from tesseraqt_lib.model import Device, Fleet, Qube, System, Wire
from tesseraqt_lib.policy.plan import Found
from tesseraqt_lib.policy.rules import REST
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.sls import sections
from tesseraqt_lib.sls.seen import Seen
from tesseraqt_lib.sls.state import id_of

#: Names that qubes may have and that look like something of ours.
NAMES = (
    *("absent", "declaration", "globals", "lock", "policy", "policy-narrowed", "qube", "root"),
    *("tesseraqt", "tesseraqt-policy", "work", "work-later", "work-running", "work.running"),
)
CONTAINERS = {"web": {"consumes": {"db": None}}, "db": {"provides": {"sql": {"tcp": 5432}}}}


@st.composite
def fleets(draw):
    """Fleets of a few qubes with such names, in which a qube may be anything."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=8, unique=True))
    template, *others = names
    return Fleet(
        templates={template: Qube(template, klass="TemplateVM", nixos=System(), adopt=True)},
        qubes={name: draw(qubes(name, template, others)) for name in others},
        containers=CONTAINERS,
        globals={"default_netvm": draw(st.sampled_from(others))},
    )


@st.composite
def qubes(draw, name, template, others):
    """A qube that names some of the others, runs, is halted, or is to go."""
    if draw(st.booleans()) and draw(st.booleans()):
        return Qube(name, absent=True)
    prefs = {"netvm": draw(st.sampled_from(["", *others])), "memory": "400"}
    backend = draw(st.sampled_from(others))
    containers = draw(st.sampled_from([(), ("web",), ("db",)]))
    return Qube(
        name,
        klass="AppVM",
        template=template,
        label="red",
        prefs=prefs if prefs["netvm"] != name else {},
        devices={} if backend == name else {"usb": {f"{backend}:1": Device(f"{backend}:1")}},
        containers=containers,
        wires={"web.db": Wire(f"{backend}/db.sql")} if containers == ("web",) else {},
        running=draw(st.sampled_from([None, True, False])),
        all_containers=True,
    )


def compiled(fleet, refused=()):
    """Every state of the fleet, with a policy file that has to go.

    :param refused: the qubes that are not changed
    """
    gone = {name: qube for name, qube in fleet.all.items() if qube.absent}
    fingerprints = dict.fromkeys(("qube", "web", "db"), "0" * 12)
    found = Found(None, f"{REST}\n")
    by_section = sections.compiled(
        fleet, gone, lambda root: fingerprints, found, Seen(), dict.fromkeys(refused, "why")
    )
    first = [sections.valid(section, Problems()) for section in by_section]
    return [*first, *(state for states in by_section.values() for state in states)]


def meant(requisite, states):
    """The states that Salt takes a requisite for: by ID and by name, as in a shell."""
    return [
        state
        for state in states
        if fnmatch.fnmatch(state.id, requisite) or fnmatch.fnmatch(state.name, requisite)
    ]


@given(fleets())
def test_no_two_states_have_the_same_id(fleet):
    counted = Counter(state.id for state in compiled(fleet))
    assert [id_ for id_, number in counted.items() if number > 1] == []


@given(fleets())
def test_a_requisite_means_one_state(fleet):
    states = compiled(fleet)
    for state in states:
        for requisite in (*state.requires, *state.after):
            assert [one.id for one in meant(requisite, states)] == [requisite]
            assert requisite != state.id


@given(fleets(), st.data())
def test_of_a_refused_qube_every_state_fails_and_the_requisites_stay(fleet, data):
    refused = data.draw(st.sets(st.sampled_from(sorted(fleet.all))))
    before, after = compiled(fleet), compiled(fleet, refused)
    ids = {state.id for state in after}
    assert {state.id for state in before} <= ids
    assert Counter(state.id for state in after).most_common(1)[0][1] == 1
    for state in after:
        assert {*state.requires, *state.after} <= ids
        if state.name in refused and state.function != "absent":
            assert state.arguments == {"problems": "why"}
    for name in refused - {one.name for one in fleet.all.values() if one.absent}:
        assert id_of("qube", name) in ids


def test_an_id_is_a_path_that_no_name_of_a_qube_can_be():
    assert id_of("qube", "work", "running") == "tesseraqt/qube/work/running"
    assert id_of("policy") == "tesseraqt/policy"
