# SPDX-License-Identifier: MIT
"""Qubes that need each other to run are halted, changed and started as a whole, or not at all."""

import pytest
from converging import commands, converges

RESTART = {"restart": "when_needed"}
ON_NIXOS = {"template": "nixos", "label": "red"}
OFF = {"nixos_only": "off"}


def state(world, *names):
    return {name: world.qube(name)["power"] for name in names}


def refused_before_anything_is_written(minion, world, fleet, id_):
    """Why this state is refused, in a test run and in an apply, which leaves the qube alone."""
    foretold = minion.apply(world, fleet, test=True).failed()[id_]
    name = id_.split("/")[2]
    before = world.qube(name)
    assert minion.apply(world, fleet).failed()[id_] == foretold
    assert world.qube(name) == before
    return foretold


@pytest.fixture
def released(world):
    """There is a newer template, and sys-usb is a disposable of default-dvm that runs."""
    world.add_qube("fedora-43", klass="TemplateVM")
    world.add_qube("sys-usb", klass="DispVM", template="default-dvm", properties={"netvm": ""})
    world.power("sys-usb", "Running")
    return world


def upgrade(**usb):
    """The disposable template gets the newer template; sys-usb is as said."""
    said = {"adopt": True, "class": "DispVM", "template": "default-dvm", **usb}
    dvm = {"adopt": True, "template": "fedora-43"}
    return OFF | {
        "templates": {"fedora-43": {}},
        "qubes": {"default-dvm": dvm, **({"sys-usb": said} if usb else {})},
    }


def test_a_disposable_is_halted_while_its_template_gets_another_one(released, minion):
    done = converges(minion, released, upgrade(**RESTART))
    told = [one for one in commands(done) if not one.startswith("tags")]
    assert told == ["shutdown sys-usb", "prefs fedora-43", "start sys-usb"]
    assert state(released, "sys-usb") == {"sys-usb": "Running"}


def test_a_disposable_that_may_not_be_restarted_is_named_and_nothing_is_written(released, minion):
    for fleet in (upgrade(), upgrade(restart="never")):
        why = refused_before_anything_is_written(
            minion, released, fleet, "tesseraqt/qube/default-dvm"
        )
        assert "while disposables of it run: sys-usb; halt them" in why


def test_a_disposable_without_a_name_of_its_own_is_in_the_way(released, minion):
    released.add_qube("disp1234", klass="DispVM", template="default-dvm")
    released.power("disp1234", "Running")
    fleet = upgrade(**RESTART)
    why = refused_before_anything_is_written(minion, released, fleet, "tesseraqt/qube/default-dvm")
    assert "disp1234" in why
    assert state(released, "sys-usb") == {"sys-usb": "Running"}


def test_a_disposable_that_qubes_preloaded_is_not(world, minion):
    world.add_qube("fedora-43", klass="TemplateVM")
    world.add_qube("disp1", klass="DispVM", template="default-dvm")
    world.power("disp1", "Running")
    world.edit("default-dvm", features={"preload-dispvm": "disp1"})
    converges(minion, world, upgrade())
    assert "disp1" not in world.qubes()


@pytest.fixture
def chained(mine, minion):
    """work has its network through fw, and that through net; all of them are ours and run."""
    for name, netvm in (("net", ""), ("fw", "net"), ("work", "fw")):
        prefs = {"netvm": netvm, "provides_network": name != "work"}
        minion.single(mine, "present", name, template="nixos", label="red", prefs=prefs)
    minion.single(mine, "running", "work")
    mine.add_qube("nixos-26", klass="TemplateVM")
    return mine


def moved(*names, **more):
    """These qubes get the newer template, and may be restarted."""
    said = {name: {"template": "nixos-26", "label": "red", **RESTART} for name in names}
    return OFF | {"templates": {"nixos-26": {}}, "qubes": {**said, **more}}


def test_a_chain_is_halted_from_its_leaves_and_started_from_its_root(chained, minion):
    done = converges(minion, chained, moved("net", "fw", "work"))
    assert commands(done) == [
        *("shutdown work", "shutdown fw", "shutdown net"),
        *("prefs nixos-26", "start net", "prefs nixos-26", "start fw"),
        *("prefs nixos-26", "start work"),
    ]


def test_who_only_has_its_network_through_the_chain_is_restarted_too(chained, minion):
    done = converges(minion, chained, moved("net", fw=ON_NIXOS | RESTART, work=ON_NIXOS | RESTART))
    assert commands(done)[:3] == ["shutdown work", "shutdown fw", "shutdown net"]
    assert state(chained, "net", "fw", "work") == dict.fromkeys(("net", "fw", "work"), "Running")


@pytest.mark.parametrize("more", [{}, {"work": ON_NIXOS}])
def test_a_chain_with_somebody_who_may_not_be_restarted_stays(chained, minion, more):
    fleet = moved("net", fw=ON_NIXOS | RESTART, **more)
    before = chained.qube("work")
    foretold = minion.apply(chained, fleet, test=True)
    done = minion.apply(chained, fleet)
    assert foretold.failed() == done.failed()
    assert "cannot be halted while it is the netvm of fw" in done.failed()["tesseraqt/qube/net"]
    assert done.ran == []
    assert chained.qube("work")["start_time"] == before["start_time"]


def test_a_chain_runs_again_if_the_change_fails(chained, minion):
    chained.inject("fail", method=r"property\.Set", dest="net")
    done = minion.apply(chained, moved("net", "fw", "work"))
    assert "tesseraqt/qube/net" in done.failed()
    names = ("net", "fw", "work")
    assert state(chained, *names) == dict.fromkeys(names, "Running")
    chained.clear_faults()
    converges(minion, chained, moved("net", "fw", "work"))


def test_windows_and_sound_make_a_chain_as_the_network_does(chained, minion):
    chained.edit("work", properties={"audiovm": "av", "netvm": ""})
    chained.add_qube("av", template="nixos", tags=["tesseraqt"])
    for name in ("av", "work"):
        chained.power(name, "Running")
    done = converges(minion, chained, moved("av", "work"))
    assert commands(done)[:2] == ["shutdown work", "shutdown av"]


def test_a_paused_qube_is_restarted_as_one_that_runs(chained, minion):
    chained.power("work", "Paused")
    done = converges(minion, chained, moved("work"))
    assert commands(done) == ["unpause work", "shutdown work", "prefs nixos-26", "start work"]


def test_a_chain_that_is_to_be_off_is_halted_by_the_netvms_that_it_has(world, minion):
    said = {"adopt": True, "running": False}
    done = converges(minion, world, OFF | {"qubes": {"sys-net": said, "sys-firewall": said}})
    assert commands(done)[-2:] == ["shutdown sys-firewall", "shutdown sys-net"]


def test_a_netvm_runs_before_a_running_qube_is_attached_to_it(mine, minion):
    minion.single(mine, "running", "work")
    started = mine.qube("work")["start_time"]
    vpn = {
        "template": "nixos",
        "label": "orange",
        "running": True,
        "prefs": {"netvm": "sys-firewall", "provides_network": True},
    }
    work = {"template": "nixos", "label": "red", "prefs": {"netvm": "sys-vpn"}}
    fleet = {"templates": {"nixos": {"os": "nixos"}}, "qubes": {"sys-vpn": vpn, "work": work}}
    done = converges(minion, mine, fleet)
    assert commands(done)[-2:] == ["start sys-vpn", "prefs sys-vpn"]
    assert mine.qube("work")["start_time"] == started


def test_the_default_netvm_runs_before_running_qubes_follow_it(mine, minion):
    minion.single(mine, "running", "work")
    vpn = {
        "template": "nixos",
        "label": "orange",
        "running": True,
        "prefs": {"netvm": "sys-firewall", "provides_network": True},
    }
    fleet = OFF | {"qubes": {"sys-vpn": vpn}, "globals": {"default_netvm": "sys-vpn"}}
    converges(minion, mine, fleet)


@pytest.fixture
def retiring(mine, minion):
    """fw provides network to work, and is the default netvm; all is off."""
    through = {"provides_network": True, "netvm": "sys-net"}
    minion.single(mine, "present", "fw", template="nixos", label="red", prefs=through)
    minion.single(mine, "present", "work", template="nixos", prefs={"netvm": "fw"})
    minion.single(mine, "globals", "globals", prefs={"default_netvm": "fw"})
    return mine


RETIRED = ON_NIXOS | {"prefs": {"provides_network": False, "netvm": "sys-net"}}


def test_a_netvm_gives_up_its_network_once_nobody_uses_it_any_more(retiring, minion):
    qubes = {"fw": RETIRED, "work": ON_NIXOS | {"prefs": {"netvm": "sys-firewall"}}}
    fleet = OFF | {"qubes": qubes, "globals": {"default_netvm": "sys-firewall"}}
    converges(minion, retiring, fleet)
    assert retiring.qube("fw")["properties"]["provides_network"] is False


def test_a_netvm_that_is_still_used_is_refused_by_who_uses_it(retiring, minion):
    fleet = OFF | {"qubes": {"fw": RETIRED}}
    foretold = minion.apply(retiring, fleet, test=True).failed()
    assert minion.apply(retiring, fleet).failed() == foretold
    assert "netvm of work" in foretold["tesseraqt/qube/fw/released"]


def test_a_disposable_template_gives_that_up_and_stays_a_netvm(mine, minion):
    both = {"provides_network": True, "template_for_dispvms": True, "netvm": "sys-net"}
    minion.single(mine, "present", "both", template="nixos", label="red", prefs=both)
    user = {"netvm": "both", "default_dispvm": "both"}
    minion.single(mine, "present", "user", template="nixos", label="red", prefs=user)
    fleet = OFF | {
        "qubes": {
            "both": ON_NIXOS | {"prefs": {**both, "template_for_dispvms": False}},
            "user": ON_NIXOS | {"prefs": {"netvm": "both", "default_dispvm": "none"}},
        }
    }
    converges(minion, mine, fleet)
