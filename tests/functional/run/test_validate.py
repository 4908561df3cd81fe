# SPDX-License-Identifier: MIT
"""A wrong declaration: everything that is wrong is told once, and nothing is done or asked."""

import pytest
import simulated_dom0
from tesseraqt_lib.run import validate

#: Three mistakes that need no look at the machine.
WRONG = {
    "qubes": {
        "work": {"template": "nixos", "label": "red", "prefs": {"memory": "lots"}},
        "mail": {"template": "nixos", "lable": "red", "label": "red"},
        "--help": {"template": "nixos", "label": "red"},
    }
}
PATHS = ("qubes.work.prefs.memory", "qubes.mail.lable", "qubes.--help")
#: One that does.
DANGLING = {
    "nixos_only": "off",
    "qubes": {"work": {"template": "nixos", "label": "red", "prefs": {"netvm": "sys-nett"}}},
}


def test_a_wrong_fleet_asks_nothing_and_says_everything(world, minion):
    minion.begin(world, WRONG)
    answer = minion.modules["tesseraqt.check"]()
    minion.end()
    assert world.calls() == []
    assert len(answer["problems"]) == len(PATHS)
    for path in PATHS:
        assert any(path in problem for problem in answer["problems"])


def test_a_pillar_that_does_not_reach_dom0_is_warned_of(declare):
    assert declare({}).modules["tesseraqt.check"]() == {
        "problems": [],
        "warnings": ["tesseraqt: is not in pillar; does a top.sls name it for dom0?"],
    }


def test_a_reference_to_nothing_asks_for_the_list_of_qubes_once(world, minion):
    answer = minion.call(world, DANGLING, "tesseraqt.check")
    assert [call["method"] for call in world.calls()] == ["admin.vm.List"]
    assert "did you mean 'sys-net'" in answer["problems"][0]


@pytest.mark.parametrize("fleet", [WRONG, DANGLING], ids=["wrong", "dangling"])
@pytest.mark.parametrize("sls", ["tesseraqt", "tesseraqt.qubes", "tesseraqt.power"])
@pytest.mark.parametrize("test", [True, False])
def test_applied_it_fails_and_writes_nothing(world, apply, fleet, sls, test):
    before = world.snapshot()
    results = apply({"tesseraqt": fleet}, sls, test=test)
    assert {one["result"] for one in results.values()} == {False}
    assert world.writes() == []
    assert len(world.calls()) <= (1 if fleet is DANGLING else 0)
    assert world.snapshot() == before


def test_the_problems_are_told_in_full_once(apply, world):
    results = apply({"tesseraqt": WRONG})
    told = "\n".join(one["comment"] for one in results.values())
    for path in PATHS:
        assert told.count(path) == 1


def test_other_states_of_the_same_run_are_stopped(world, apply, minion_opts, tmp_path):
    (tmp_path / "other.sls").write_text(
        "include:\n  - tesseraqt\n"
        f"{tmp_path}/made:\n  file.touch: []\n"
        f"{tmp_path}/before:\n  file.touch:\n    - order: 1\n"
    )
    minion_opts["file_roots"]["base"].append(str(tmp_path))
    apply({"tesseraqt": WRONG}, "other")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("function", ["plan", "status", "fleet"])
def test_who_asks_for_a_plan_of_it_is_told_too(world, declare, function):
    with pytest.raises(Exception, match="3 problems in the declaration"):
        getattr(declare({"tesseraqt": WRONG}).modules.tesseraqt, function)()
    assert world.calls() == []


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What ``salt-call`` prints and logs for a wrong fleet, by the arguments."""
    place = tmp_path_factory.mktemp("printed")
    world = simulated_dom0.create(place / "dom0")
    root = simulated_dom0.write_pillar(place / "pillar", {"dom0": {"tesseraqt": WRONG}})
    config = simulated_dom0.write_config(place / "minion", root)
    simulated_dom0.salt_call(config, "saltutil.sync_all", env=world.environ(), capture_output=True)

    def run(*arguments):
        done = simulated_dom0.salt_call(
            config, *arguments, env=world.environ(), capture_output=True, text=True
        )
        log = config.parent.parent / "var/log/salt/minion"
        return done, done.stdout + done.stderr + (log.read_text() if log.exists() else "")

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ("state.apply", "tesseraqt"),
        ("state.apply", "tesseraqt", "test=True"),
        ("tesseraqt.plan",),
        ("tesseraqt.status",),
        ("tesseraqt.check",),
    ],
    ids=" ".join,
)
def test_people_see_the_problems_and_no_traceback(printed, arguments):
    done, text = printed(*arguments)
    assert done.returncode != 0
    assert "Traceback" not in text
    for path in PATHS:
        assert done.stdout.count(path) + done.stderr.count(path) >= 1


def test_a_pillar_that_does_not_render_is_a_problem(declare):
    pillar = {"_errors": ["Rendering SLS 'tesseraqt' failed.\x1b[2J"]}
    assert declare(pillar).modules["tesseraqt.check"]()["problems"] == [
        "pillar itself does not render: Rendering SLS 'tesseraqt' failed._[2J"
    ]


def test_a_run_validates_its_pillar_once(apply, monkeypatch):
    read, real = [], validate.fleet
    monkeypatch.setattr(validate, "fleet", lambda *given: read.append(1) or real(*given))
    apply({"tesseraqt": {"qubes": {"work": {"template": "nixos", "label": "red"}}}})
    assert len(read) == 1
