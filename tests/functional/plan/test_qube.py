# SPDX-License-Identifier: MIT
"""What tesseraqt does not do: it says why and what to do instead, and nothing changes."""

import pytest
from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.model import Step
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.run import validate


def test_a_qube_of_somebody_else_is_not_touched(refused):
    comment = refused("present", "sys-net", label="blue")
    assert "not tesseraqt's" in comment
    assert "`adopt: true`" in comment


def test_an_adopted_qube_is_changed_and_owned_from_then_on(world, minion):
    minion.single(world, "present", "sys-net", label="blue", adopt=True)
    assert world.qube("sys-net")["properties"]["label"] == "blue"
    again = minion.single(world, "present", "sys-net", label="green")
    assert again.results["sys-net"]["result"] is True


def test_a_label_that_the_machine_has_not_is_refused_before_anything_is_made(mine, refused):
    assert "ultraviolet is not a label of this machine" in refused(
        "present", "new", template="nixos", label="ultraviolet"
    )
    assert "not a label" in refused("present", "work", label="ultraviolet")


def test_a_qube_does_not_change_its_class(mine, refused):
    comment = refused("present", "work", **{"class": "StandaloneVM", "label": "red"})
    assert "is class AppVM and cannot become StandaloneVM" in comment


def test_a_volume_does_not_shrink(mine, refused):
    comment = refused("present", "work", template="nixos", volumes={"private": "1GiB"})
    assert "volume 'private' has 2147483648 bytes and cannot shrink to 1073741824" in comment


def test_a_new_qube_with_a_volume_smaller_than_qubes_makes_it_is_not_made(refused):
    comment = refused("present", "new", template="nixos", label="red", volumes={"private": "1GiB"})
    assert "cannot shrink" in comment


def test_a_running_qube_keeps_its_template(mine, refused):
    mine.power("work", "Running")
    comment = refused("present", "work", template="fedora-42")
    assert "work is running, and its template can change only while it is halted" in comment
    assert "qvm-shutdown --wait work" in comment
    assert "`restart: when_needed`" in comment


def test_a_running_qube_is_restarted_for_its_template_where_that_is_declared(mine, minion):
    mine.power("work", "Running")
    done = minion.single(mine, "present", "work", template="fedora-42", restart="when_needed")
    assert done.results["work"]["result"] is True
    assert mine.qube("work")["properties"]["template"] == "fedora-42"
    assert mine.qube("work")["power"] == "Running"
    commands = [step.argv[0] for step in done.ran]
    assert commands == ["qvm-shutdown", "qvm-prefs", "qvm-start"]


def test_a_running_qube_that_is_to_be_off_is_halted_for_its_template_and_stays_so(mine, minion):
    mine.power("work", "Running")
    done = minion.single(mine, "present", "work", template="fedora-42", running=False)
    assert done.results["work"]["result"] is True
    assert mine.qube("work")["power"] == "Halted"


def test_a_running_qube_without_hotplug_keeps_its_maxmem(mine, minion, refused):
    minion.single(mine, "present", "work", features={"memory-hotplug": ""})
    mine.power("work", "Running")
    comment = refused("present", "work", prefs={"maxmem": 5000})
    assert "its prefs.maxmem can change only while it is halted" in comment


def test_one_whose_own_kernel_has_hotplug_gets_another_maxmem_while_it_runs(mine, minion):
    own = {"kernel": "", "maxmem": 4000}
    agent = {"supported-feature.memory-hotplug": "1"}
    assert minion.single(mine, "present", "work", prefs=own).results["work"]["result"] is True
    mine.edit("work", features={**mine.qube("work")["features"], **agent})
    mine.power("work", "Running")
    done = minion.single(mine, "present", "work", prefs={"maxmem": 5000})
    assert done.results["work"]["result"] is True
    assert mine.qube("work")["properties"]["maxmem"] == 5000
    assert mine.qube("work")["power"] == "Running"


def test_a_used_qube_is_not_removed_and_its_users_are_named(mine, minion, refused):
    minion.single(
        mine, "present", "net", template="nixos", label="red", prefs={"provides_network": True}
    )
    minion.single(mine, "present", "work", prefs={"netvm": "net"})
    assert refused("absent", "net") == "net is still netvm of work: change that first"


def test_a_template_in_use_is_not_removed(world, refused):
    comment = refused("absent", "fedora-42", adopt=True)
    assert "template of sys-net" in comment
    assert "the global default_template" in comment


def test_a_running_qube_is_not_removed(mine, refused):
    mine.power("work", "Running")
    comment = refused("absent", "work")
    assert "work is running: halt it" in comment
    assert "`running: false` beside `absent: true`" in comment


def test_a_running_qube_that_may_be_halted_is_removed(mine, minion):
    mine.power("work", "Running")
    done = minion.single(mine, "absent", "work", running=False)
    assert done.results["work"]["result"] is True
    assert "work" not in mine.qubes()


def test_a_qube_of_somebody_else_is_not_removed(refused):
    assert "not tesseraqt's" in refused("absent", "default-dvm")


def test_a_template_that_came_as_a_package_is_let_go_and_removed(world, minion):
    world.add_qube("packaged", "TemplateVM", properties={"installed_by_rpm": True})
    done = minion.single(world, "absent", "packaged", adopt=True)
    assert done.results["packaged"]["result"] is True
    assert "packaged" not in world.qubes()


def test_dom0_is_never_removed_or_declared(refused):
    for function in ("absent", "present", "running", "halted"):
        assert "Qubes keeps for itself" in refused(function, "dom0")


def test_a_property_that_this_qubes_has_not_is_named(mine, refused):
    comment = refused("present", "work", prefs={"quantum_entangled": "yes"})
    assert "work has no property 'quantum_entangled'" in comment


def test_a_volume_that_there_is_not_is_named(mine, refused):
    assert "volumes.scratch: " in refused("present", "work", volumes={"scratch": "3GiB"})


def test_a_global_property_that_this_qubes_has_not_is_named(refused):
    comment = refused("globals", "machine", prefs={"quantum_foam": "5"})
    assert "Qubes has no global property 'quantum_foam'" in comment


def test_a_qube_that_is_not_there_is_not_started(refused):
    assert refused("running", "nobody") == "nobody does not exist"


def test_a_new_qube_needs_a_label(refused):
    assert "no `label:`" in refused("present", "new", template="nixos")


def test_a_clone_of_a_qube_that_is_not_there_is_refused(refused):
    assert "is not there" in refused("present", "copy", **{"class": "TemplateVM"}, clone="nothing")


@pytest.mark.parametrize(
    "name", ["--help", "-x", "--class=DispVM", "a b", "a;b", "a/b", "$(x)", "x%s"]
)
@pytest.mark.parametrize(
    "function", ["present", "absent", "running", "halted", "template_installed"]
)
def test_a_name_that_no_qube_can_have_is_refused(refused, function, name):
    comment = refused(function, name)
    assert "name: " in comment
    assert "a qube name is" in comment


HOSTILE = (
    "--help",
    "--class=StandaloneVM",
    "-l",
    "--default",
    "$(touch x)",
    "a b",
    "; reboot",
    "%s",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "argv",
    [
        ("qvm-create", "--class", "AppVM", "--template", "nixos", "--label", "red", "--", "{}"),
        ("qvm-prefs", "--", "{}", "memory", "500"),
        ("qvm-prefs", "--", "work", "netvm", "{}"),
        ("qvm-features", "--unset", "--", "{}", "x"),
        ("qvm-service", "--enable", "--", "{}", "cups"),
        ("qvm-tags", "--", "{}", "add", "x"),
        ("qvm-clone", "--", "{}", "copy"),
        ("qvm-clone", "--", "work", "{}"),
        ("qvm-remove", "--force", "--", "{}"),
        ("qvm-volume", "resize", "--", "{}:private", "9000000000"),
        ("qvm-device", "pci", "assign", "--required", "--", "{}", "dom0:00_14.0"),
        ("qubes-prefs", "--", "default_netvm", "{}"),
        ("qvm-start", "--skip-if-running", "--", "{}"),
        ("qvm-shutdown", "--wait", "--", "{}"),
    ],
    ids=" ".join,
)
def test_a_hostile_word_behind_the_dashes_is_never_an_option(mine, argv, text):
    app = __import__("qubesadmin").Qubes()
    before = mine.snapshot()
    step = Step("any", None, None, tuple(word.replace("{}", text) for word in argv))
    with pytest.raises(tools.Failed) as failed:
        tools.run(step, app)
    assert str(failed.value)
    assert mine.snapshot() == before


@pytest.mark.parametrize("text", ["--unset", "-x", "-", "$(x)", "two words"])
def test_a_hostile_feature_value_is_stored_as_it_is(mine, minion, text):
    done = minion.single(mine, "present", "work", features={"x-text": text})
    assert done.results["work"]["result"] is True
    assert mine.qube("work")["features"]["x-text"] == text


def test_a_value_that_no_tool_can_be_given_is_not_believed_to_be_set(mine, minion):
    before = mine.snapshot()
    done = minion.single(mine, "present", "work", features={"x-text": "--"})
    assert done.results["work"]["result"] is False
    assert "qvm-features -- work x-text --" in done.results["work"]["comment"]
    assert mine.snapshot() == before


def test_nor_of_a_qube_that_was_made_just_now(world, minion):
    features = {"x-one": "1", "x-text": "--", "x-two": "2"}
    done = minion.single(world, "present", "new", template="nixos", label="red", features=features)
    assert done.results["new"]["result"] is False
    assert "qvm-features -- new x-text --" in done.results["new"]["comment"]
    assert world.qube("new")["features"].keys() & features.keys() == {"x-one"}


def test_a_feature_that_qubes_changes_itself_is_read_back_of_a_new_qube_too(world, minion):
    """``servicevm`` follows ``provides_network``."""
    features = {"servicevm": "2", "x-one": "1", "x-two": "2"}
    declared = {"prefs": {"provides_network": True}, "features": features}
    done = minion.single(world, "present", "new", template="nixos", label="red", **declared)
    assert done.results["new"]["result"] is True
    asked = [call["arg"] for call in done.calls if call["method"] == "admin.vm.feature.Get"]
    assert asked == ["servicevm"]
    assert world.qube("new")["features"]["servicevm"] == "2"


REFUSING = {
    "prefs": {"prefs": {"memory": 500}},
    "features": {"features": {"x": "1"}},
    "services": {"services": ["cups"]},
    "tags": {"tags": ["x"]},
    "volumes": {"volumes": {"private": "3GiB"}},
    "firewall": {"firewall": ["drop"]},
    "devices": {"devices": {"pci": {"dom0:00_14.0": "required"}}, "prefs": {"virt_mode": "hvm"}},
    "label": {"label": "blue"},
    "template": {"template": "fedora-42"},
}


@pytest.mark.parametrize("what", REFUSING)
def test_what_the_world_says_is_told_with_the_command_and_without_a_traceback(mine, minion, what):
    mine.inject("fail", message="the moon\n\x1b[1mis \xe9 wrong", at=1)
    before = mine.snapshot()
    run = minion.single(mine, "present", "work", **REFUSING[what])
    said = run.results["work"]
    assert said["result"] is False
    assert said["changes"] == {}
    assert said["comment"].startswith(tools.shown(run.ran[0].argv) + ": ")
    assert "the moon" in said["comment"]
    assert said["comment"].isascii()
    assert said["comment"].isprintable()
    assert mine.snapshot() == before


@pytest.mark.parametrize(
    ("function", "declaration"),
    [
        ("present", {"template": "nixos", "label": "red"}),
        ("present", {"class": "TemplateVM", "clone": "nixos"}),
        ("present", {"class": "StandaloneVM", "template": "nixos", "label": "red"}),
    ],
)
def test_a_qube_that_the_world_does_not_make_is_not_there(world, minion, function, declaration):
    world.inject("fail", message="no space left")
    before = world.snapshot()
    run = minion.single(world, function, "new", **declaration)
    assert run.results["new"]["result"] is False
    assert "no space left" in run.results["new"]["comment"]
    assert world.snapshot() == before
    again = minion.single(world, function, "new", **declaration)
    assert again.results["new"]["result"] is True


def test_a_start_that_fails_is_told(mine, minion):
    mine.inject("fail", message="not enough memory")
    run = minion.single(mine, "running", "work")
    assert run.results["work"]["result"] is False
    assert "not enough memory" in run.results["work"]["comment"]
    assert mine.qube("work")["power"] == "Halted"


def test_a_removal_that_fails_is_told(mine, minion):
    mine.inject("fail", message="it is needed")
    run = minion.single(mine, "absent", "work")
    assert run.results["work"]["result"] is False
    assert "it is needed" in run.results["work"]["comment"]
    assert "work" in mine.qubes()


def test_a_machine_without_qubesd_is_told(world, minion, monkeypatch):
    monkeypatch.delenv("TESSERAQT_DOM0")
    minion.begin(world, {})
    answer = minion.states["tesseraqt.present"]("work", template="nixos", label="red")
    minion.end()
    assert answer["result"] is False
    assert "Failed to connect to qubesd" in answer["comment"]


def test_a_command_that_does_nothing_is_not_believed(mine, minion, monkeypatch):
    monkeypatch.setattr(tools, "run", lambda step, app: None)
    minion.begin(mine, {})
    answer = minion.states["tesseraqt.present"]("work", tags=["x"])
    minion.end()
    assert answer["result"] is False
    assert "every command succeeded, and yet work is not as declared" in answer["comment"]
    assert "qvm-tags -- work add x" in answer["comment"]


def test_a_hostile_fleet_is_refused_before_anything_is_asked():
    problems = Problems()
    validate.alone({"qubes": {"--help": {"template": "nixos", "label": "red"}}}, problems)
    assert problems.found
