# SPDX-License-Identifier: MIT
"""No state, function or plan does anything to a qube that is not tesseraqt's."""

import pytest
from salt.exceptions import SaltInvocationError
from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.dom0.client import Dom0, NotOurs
from tesseraqt_lib.model import Step

NEW = {"template": "nixos", "label": "red"}
MADE = "tesseraqt-made-"


def fleet(**qubes):
    return {"nixos_only": "off", "qubes": qubes}


@pytest.mark.parametrize(
    ("function", "declared"),
    [
        ("halted", {}),
        ("present", {"label": "blue"}),
        ("absent", {"running": False}),
        (
            "restarted",
            {"root": "nixos", "parts": {"web": "0123456789ab"}, "restart": "when_needed"},
        ),
    ],
)
def test_no_state_touches_a_running_qube_of_somebody_else(world, refused, function, declared):
    world.add_qube("theirs", template="nixos")
    world.power("theirs", "Running")
    assert "not tesseraqt's" in refused(function, "theirs", **declared)


def test_nor_does_one_start_it(world, refused):
    world.add_qube("theirs", template="nixos")
    assert "not tesseraqt's" in refused("running", "theirs")


@pytest.mark.parametrize("declared", [{"running": False}, {"os": "other", "running": False}])
def test_a_template_of_somebody_else_is_not_halted_by_pillar(world, minion, declared):
    world.power("fedora-42", "Running")
    pillar = {"nixos_only": "off", "templates": {"fedora-42": declared}}
    before = len(world.writes())
    for call in (minion.apply, lambda *given: minion.call(*given, "tesseraqt.plan")):
        with pytest.raises(SaltInvocationError, match="is not tesseraqt's: declare `adopt: true`"):
            call(world, pillar)
    assert len(world.writes()) == before
    assert world.qube("fedora-42")["power"] == "Running"


def test_the_door_refuses_whoever_asks(world, minion, tmp_path):
    minion.begin(world, {})
    dom0 = Dom0(tmp_path)
    step = Step("power", "Running", "Halted", ("qvm-shutdown", "--", "sys-net"))
    with pytest.raises(NotOurs, match="sys-net is not tesseraqt's"):
        dom0.carry_out("sys-net", [step])
    assert world.qube("sys-net")["power"] == "Running"


def copied_by_hand(world, name, source):
    world.add_qube(name, template="nixos", tags=list(world.qube(source)["tags"]))


def test_a_copy_is_told_and_not_changed(world, minion):
    minion.apply(world, fleet(work=NEW))
    copied_by_hand(world, "work2", "work")
    pillar = fleet(work=NEW, work2={**NEW, "label": "blue"})
    before = len(world.writes())
    with pytest.raises(SaltInvocationError, match="is a copy of a qube of tesseraqt's"):
        minion.apply(world, pillar)
    said = minion.single(world, "present", "work2", **NEW)
    assert "is a copy" in said.failed()["work2"]
    assert len(world.writes()) == before
    status = minion.call(world, fleet(work=NEW), "tesseraqt.status")["undeclared"]["work2"]
    assert (status["owned"], status["copy"]) == (False, True)
    assert minion.call(world, fleet(work=NEW), "tesseraqt.prunable") == {}


def test_an_adopted_copy_has_its_own_mark_and_is_never_pruned(world, minion):
    minion.apply(world, fleet(work=NEW))
    copied_by_hand(world, "a.b_c", "work")
    assert minion.apply(world, fleet(**{"a.b_c": {**NEW, "adopt": True}})).failed() == {}
    tags = [tag for tag in world.qube("a.b_c")["tags"] if tag.startswith("tesseraqt-")]
    assert tags == ["tesseraqt-adopted-a_db__c"]
    assert list(minion.call(world, fleet(other=NEW), "tesseraqt.prunable")) == ["work"]


@pytest.mark.parametrize("klass", ["StandaloneVM", "DispVM"])
def test_what_tesseraqt_copies_itself_has_its_own_mark(world, minion, klass):
    source = {**NEW, "prefs": {"template_for_dispvms": True}}
    copy = {"class": klass, "label": "red", "template": "nixos" if "S" in klass[:1] else "dvm"}
    world.edit("nixos", tags=["tesseraqt", f"{MADE}nixos"])
    done = minion.apply(world, fleet(dvm=source, copy=copy))
    assert done.failed() == {}
    marks = [tag for tag in world.qube("copy")["tags"] if tag.startswith("tesseraqt-")]
    assert marks == [f"{MADE}copy"]
    assert minion.apply(world, fleet(dvm=source, copy=copy)).writes == []


def test_what_was_tesseraqts_before_there_were_marks_stays_so_as_adopted(world, minion):
    world.add_qube("old", template="nixos", tags=["tesseraqt"])
    assert minion.apply(world, fleet(old=NEW)).writes == []
    minion.apply(world, fleet(old={**NEW, "label": "blue"}))
    assert "tesseraqt-adopted-old" in world.qube("old")["tags"]
    assert minion.call(world, fleet(other=NEW), "tesseraqt.prunable") == {}


def test_prune_takes_what_was_made_and_is_named(world, apply, modules):
    pillar = {"tesseraqt": fleet(work=NEW, old=NEW, kept={**NEW, "protect": True})}
    apply(pillar)
    less = {"tesseraqt": fleet(work=NEW)}
    asked = apply(less, sls="tesseraqt.prune")
    said = " ".join(one["comment"] for one in asked.values())
    assert "qubes that could go: old" in said
    assert '{"prune": [a, b]}' in said
    assert "old" in world.qubes()
    wrong = apply(less, sls="tesseraqt.prune", pillar={"prune": ["kept"]})
    assert not any(one["result"] for one in wrong.values())
    foretold = apply(less, sls="tesseraqt.prune", pillar={"prune": ["old"]}, test=True)
    assert "backed up" in str(foretold["tesseraqt/qube/old/absent"]["changes"])
    done = apply(less, sls="tesseraqt.prune", pillar={"prune": ["old"]})
    assert all(one["result"] for one in done.values())
    assert "old" not in world.qubes()
    assert "kept" in world.qubes()


@pytest.mark.parametrize("rest", [{}, {"tesseraqt": None}, {"tesseraqt": {"qubes": {}}}])
def test_prune_takes_nothing_where_pillar_says_nothing(world, apply, rest):
    apply({"tesseraqt": fleet(work=NEW)})
    done = apply(rest, sls="tesseraqt.prune", pillar={"prune": ["work"]})
    assert not any(one["result"] for one in done.values())
    assert "work" in world.qubes()


def test_a_protected_qube_is_not_removed_until_that_is_taken_back(world, minion):
    minion.apply(world, fleet(work={**NEW, "protect": True}))
    said = minion.apply(world, fleet(work={"absent": True}))
    assert "work is protected" in said.failed()["tesseraqt/qube/work/absent"]
    done = minion.apply(world, fleet(work={"absent": True, "protect": False}))
    assert done.failed() == {}
    assert "work" not in world.qubes()


def test_prunable_says_what_would_be_lost(world, minion):
    minion.apply(world, fleet(work=NEW, old=NEW))
    found = minion.call(world, fleet(work=NEW), "tesseraqt.prunable")
    assert found["old"]["class"] == "AppVM"
    assert "never backed up" in found["old"]["lost"]


def test_names_for_prune_may_be_anything_and_are_refused(world, minion):
    minion.apply(world, fleet(work=NEW))
    for named in ("work", {"work": 1}, ["*"], [None], [["old"]], 7):
        states = minion.call(world, fleet(other=NEW), "tesseraqt.prune_states", named)
        assert [state["function"] for state in states] == ["valid"]
    with pytest.raises(SaltInvocationError):
        minion.call(world, {"qubes": 3}, "tesseraqt.prunable")


def test_a_qube_that_somebody_makes_in_that_very_moment_stays_theirs(world, minion, monkeypatch):
    """qubesd refuses to make it a second time, and what was begun is not noted any more."""
    real = tools.run

    def raced(step, app):
        if step.argv[0] == "qvm-create":
            world.add_qube("work", template="nixos", label="green")
        real(step, app)

    with monkeypatch.context() as patch:
        patch.setattr(tools, "run", raced)
        assert minion.single(world, "present", "work", **NEW).failed()
    theirs = world.snapshot()
    assert minion.single(world, "present", "work", **NEW).writes == []
    assert minion.call(world, fleet(work=NEW), "tesseraqt.check")["problems"]
    assert world.snapshot() == theirs
