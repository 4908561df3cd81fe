# SPDX-License-Identifier: MIT
"""What the machine shows to be wrong is told before anything is written, by every function."""

import pytest

NEW = {"template": "nixos", "label": "red"}


def fleet(_rule="off", **qubes):
    return {"nixos_only": _rule, "qubes": qubes}


# --- what is there already, and not ours ----------------------------------------------------


def test_a_qube_that_is_not_tesseraqts_is_told(world, problems):
    world.add_qube("vault", template="nixos")
    assert problems(fleet(vault=NEW)) == [
        "qubes.vault: exists on this machine and is not tesseraqt's: declare `adopt: true` to hand"
        " it over, or choose another name"
    ]
    assert problems(fleet(vault={**NEW, "adopt": True})) == []


def test_a_qube_that_is_to_go_and_is_not_tesseraqts_is_warned_of(warnings):
    assert warnings(fleet(**{"sys-net": {"absent": True}})) == [
        "qubes.sys-net: exists on this machine and is not tesseraqt's: it stays, unless you declare"
        " `adopt: true`, too"
    ]


def test_a_template_that_is_only_named_need_not_be_handed_over(problems):
    assert problems({"templates": {"nixos": {"os": "nixos"}}, **fleet(work=NEW)}) == []


def test_a_name_that_differs_from_one_there_only_in_its_case_is_told(problems):
    [told] = problems(fleet(**{"Sys-Net": NEW}))
    assert told == (
        "qubes.Sys-Net: differs only in its case from 'sys-net', which is on this machine"
    )


def test_another_class_than_the_qube_has_is_told(problems):
    qube = {"class": "StandaloneVM", "label": "red", "adopt": True}
    [told] = problems(fleet(**{"sys-net": qube}))
    assert told.startswith("qubes.sys-net.class: is AppVM on this machine, and cannot become")


def test_what_would_be_adopted_and_is_not_there_needs_what_makes_it(problems):
    [told] = problems(fleet(work={"adopt": True, "prefs": {"memory": 400}}))
    assert told == (
        "qubes.work.adopt: is not on this machine, and has no `template:` and no `label:` to make"
        " it with"
    )


# --- what qubesd sets along ---------------------------------------------------------------------


@pytest.mark.parametrize("said", [None, False, True])
def test_no_service_is_declared_otherwise_than_the_clockvm_brings_it(world, problems, minion, said):
    """``on_property_pre_set_clockvm`` turns it on where it is not set at all."""
    services = {"work": {**NEW, "services": {"clocksync": said}}}
    declared = {**fleet(**services), "globals": {"clockvm": "work"}}
    told = [
        "qubes.work.services.clocksync: is turned on by `globals.clockvm`: leave it out, or"
        " say false"
    ]
    assert problems(declared) == (told if said is None else [])
    if said is not None:
        assert minion.apply(world, declared).failed() == {}
        assert minion.apply(world, declared).writes == []


def test_nor_than_the_clockvm_before_loses_it(world, problems, minion):
    old = {"sys-net": {"adopt": True, "services": {"clocksync": True}}}
    assert problems({**fleet(**old), "globals": {"clockvm": "sys-net"}}) == []
    moved = {**fleet(work=NEW, **old), "globals": {"clockvm": "work"}}
    assert problems(moved) == [
        "qubes.sys-net.services.clocksync: is taken away when work becomes the clockvm: leave it"
        " out"
    ]
    minion.apply(world, {**fleet(work=NEW), "globals": {"clockvm": "work"}})
    assert minion.call(world, moved, "tesseraqt.check")["problems"] == []


# --- what a new root would run -----------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"qubes": {"forge": {"class": "StandaloneVM", "label": "gray"}}},
        {"qubes": {"forge": {"class": "TemplateVM", "label": "gray"}}},
        {"templates": {"forge": {"install": {}}}},
    ],
    ids=["standalone", "template", "installed"],
)
def test_a_root_that_nobody_says_the_system_of_is_told_before_it_is_made(problems, said):
    [told] = problems(said)
    assert told.endswith(
        "forge: its root 'forge' does not say what it runs (declare it with `os: nixos` if it"
        " does); declare only NixOS and Whonix qubes, or set `nixos_only: warn`"
    )
    assert problems({**said, "nixos_only": "off"}) == []


@pytest.mark.parametrize("test", [True, False])
def test_case_04_is_refused_by_an_apply_and_by_a_test_run(world, apply, test):
    forge = {"class": "StandaloneVM", "label": "gray"}
    results = apply({"tesseraqt": {"qubes": {"forge": forge, "work": NEW}}}, test=test)
    assert {one["result"] for one in results.values()} == {False}
    assert world.writes() == []


def test_a_root_made_from_one_that_reports_nixos_needs_no_word(problems):
    alone = {"class": "StandaloneVM", "template": "nixos", "label": "red"}
    assert problems({"qubes": {"forge": alone}}) == []
    assert problems({"templates": {"apps": {"clone": "nixos"}}}) == []


# --- properties, kernels, memory, pools ---------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("mem", 400, "did you mean 'memory'?"),
        ("pci_strictreset", False, "no-strict-reset: true"),
        ("dispvm-allowed", True, "it is `template_for_dispvms` now"),
        ("uses_default_netvm", True, "write `netvm: null`"),
        ("xyzzy", 1, "is no property of a qube of class AppVM here"),
    ],
)
def test_a_property_that_such_a_qube_does_not_have_is_told(problems, name, value, hint):
    [told] = problems(fleet(work={**NEW, "prefs": {name: value}}))
    assert told.startswith(f"qubes.work.prefs.{name.replace('-', '_')}: is no property of a qube")
    assert hint in told


def test_it_is_told_where_it_stands(problems):
    said = {"defaults": {"prefs": {"mem": 400}}, **fleet(a=NEW, b=NEW)}
    [told] = problems(said)
    assert told.startswith("defaults.prefs.mem: ")


def test_a_class_of_which_there_is_no_qube_has_what_qubes_has(problems):
    alone = {"class": "StandaloneVM", "os": "nixos", "label": "red"}
    assert problems(fleet(forge={**alone, "prefs": {"bootmode": "default"}})) == []
    [told] = problems(fleet(forge={**alone, "prefs": {"mem": 400}}))
    assert "qubes.forge.prefs.mem" in told


def test_case_08_tells_the_property_and_the_kernel_at_once(problems):
    mirage = {"class": "StandaloneVM", "os": "other", "label": "black"}
    prefs = {"kernel": "mirage-firewall", "kernelopts": "", "memory": 32, "maxmem": 32}
    old = {"mem": 400, "pci_strictreset": False}
    said = fleet("warn", old={**NEW, "prefs": old}, fw={**mirage, "prefs": prefs})
    assert [told.partition(": ")[0] for told in problems(said)] == [
        "qubes.fw.prefs.kernel",
        "qubes.old.prefs.mem",
        "qubes.old.prefs.pci_strictreset",
    ]


@pytest.mark.parametrize("kernel", ["pvgrub2-pvh", "", None])
def test_a_kernel_that_is_there_or_of_the_qube_itself_is_sound(problems, kernel):
    assert problems(fleet(work={**NEW, "prefs": {"kernel": kernel}})) == []


def test_a_default_kernel_and_a_pool_that_are_not_there_are_told(problems):
    said = {
        "default_kernel": "6.12.63-1.fc4",
        "default_pool": "varlibqube",
        "default_pool_root": "x",
    }
    assert problems({"globals": said}) == [
        "globals.default_kernel: '6.12.63-1.fc4' is not a kernel of this machine"
        " (/var/lib/qubes/vm-kernels); did you mean '6.12.63-1.fc41'?",
        "globals.default_pool: 'varlibqube' is no pool of this machine; did you mean"
        " 'varlibqubes'?",
        "globals.default_pool_root: 'x' is no pool of this machine",
    ]


def test_memory_above_the_maxmem_that_the_template_gives_is_told(problems):
    [told] = problems(fleet(work={**NEW, "prefs": {"memory": 9000}}))
    assert told == (
        "qubes.work.prefs.memory: 9000 is more than the maxmem that it has, 4000: declare `maxmem`"
        " too, or 0 for no balancing"
    )
    assert problems(fleet(work={**NEW, "prefs": {"memory": 9000, "maxmem": 0}})) == []


# --- what others are named for ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("qube", "told"),
    [
        ({**NEW, "prefs": {"netvm": "default-dvm"}}, "provides no network"),
        ({**NEW, "prefs": {"default_dispvm": "sys-net"}}, "is no disposable template"),
        ({**NEW, "prefs": {"management_dispvm": "sys-net"}}, "is no disposable template"),
        ({**NEW, "class": "DispVM", "template": "sys-net"}, "is no disposable template"),
    ],
)
def test_an_undeclared_qube_that_does_not_serve_is_told(problems, qube, told):
    [found] = problems(fleet(work=qube))
    assert told in found
    assert "(qvm-prefs " in found


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("default_netvm", "default-dvm"),
        ("default_dispvm", "sys-net"),
        ("management_dispvm", "sys-net"),
        ("default_template", "sys-net"),
    ],
)
def test_one_that_does_not_serve_the_machine_either(problems, key, name):
    [found] = problems({"globals": {key: name}})
    assert found.startswith(f"globals.{key}: '{name}' ")


def test_where_there_is_no_rule_nobody_breaks_it(world, minion):
    for rule, kept in (("off", {"off"}), ("warn", {"kept", "broken"})):
        found = minion.call(world, fleet(rule), "tesseraqt.status")["undeclared"].values()
        assert {one["nixos_rule"] for one in found} == kept
