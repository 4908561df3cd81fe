# SPDX-License-Identifier: MIT
"""Whatever fails or dies in whichever call, a qube is never less confined than it was before or
is declared to be; the next apply gets to the end, and the one after it does nothing."""

import shutil

import pytest
import simulated_dom0
from confined import less_confined, reaches, unsettled
from crashes import interrupted, lasting

NEW = {"template": "nixos", "label": "red"}
STICK = {"pci": {"dom0:00_14.0": "required"}}
#: Never changes: who gives network, and of what disposables are made.
AROUND = {
    "net": {**NEW, "prefs": {"provides_network": True, "netvm": "sys-firewall"}},
    "dvm": {**NEW, "prefs": {"template_for_dispvms": True, "netvm": "none"}},
}

#: By what is shown: the qubes before, and as they are declared.
FLEETS = {
    "a new vault": ({}, {"vault": {**NEW, "prefs": {"netvm": "none", "default_dispvm": "none"}}}),
    "a new qube behind a VPN, with rules": (
        {},
        {
            "work": {
                **NEW,
                "autostart": True,
                "firewall": ["drop"],
                "prefs": {"netvm": "net", "default_dispvm": "dvm"},
                "features": {"x-one": 1},
                "tags": ["one"],
            }
        },
    ),
    "a new qube with rules for the default netvm": (
        {},
        {"work": {**NEW, "firewall": ["accept dst4=10.0.0.0/8", "drop"], "prefs": {"memory": 500}}},
    ),
    "a new USB qube": (
        {},
        {
            "usb": {
                **NEW,
                "autostart": True,
                "prefs": {"netvm": "none", "virt_mode": "hvm", "maxmem": 0},
                "firewall": [],
                "devices": STICK,
            }
        },
    ),
    "a qube that becomes offline": (
        {
            "work": {
                **NEW,
                "autostart": True,
                "prefs": {"netvm": "net", "default_dispvm": "dvm"},
                "tags": ["one"],
                "services": ["cups"],
            }
        },
        {
            "work": {
                **NEW,
                "autostart": False,
                "prefs": {
                    "netvm": "none",
                    "default_dispvm": "none",
                    "virt_mode": "hvm",
                    "maxmem": 0,
                },
                "tags": {"one": False, "two": True},
                "services": {"cups": False},
                "devices": STICK,
            }
        },
    ),
    "a qube that changes netvm, rules and disposables": (
        {
            "work": {
                **NEW,
                "firewall": ["accept dst4=10.0.0.0/8", "drop"],
                "prefs": {"netvm": "net", "default_dispvm": "dvm"},
            }
        },
        {
            "work": {
                **NEW,
                "firewall": ["accept"],
                "prefs": {"netvm": None, "default_dispvm": None},
                "label": "blue",
            }
        },
    ),
    "a qube that goes online once its device is gone": (
        {
            "work": {
                **NEW,
                "prefs": {"netvm": "none", "virt_mode": "hvm", "maxmem": 0},
                "devices": STICK,
            }
        },
        {
            "work": {
                **NEW,
                "prefs": {"netvm": "net"},
                "firewall": ["drop"],
                "devices": {"pci": {"dom0:00_14.0": None}},
            }
        },
    ),
    "a disposable template that is its own": (
        {},
        {
            "own": {
                **NEW,
                "prefs": {"template_for_dispvms": True, "default_dispvm": "own", "netvm": "net"},
            }
        },
    ),
    "a disposable with less than its template": (
        {
            "wide": {
                **NEW,
                "prefs": {"template_for_dispvms": True, "netvm": "net"},
                "tags": ["one"],
            }
        },
        {
            "wide": {
                **NEW,
                "prefs": {"template_for_dispvms": True, "netvm": "net"},
                "tags": ["one"],
            },
            "shown": {
                "class": "DispVM",
                "template": "wide",
                "label": "red",
                "tags": {"one": False},
                "prefs": {"netvm": "none"},
            },
        },
    ),
    "a clone with less than its source": (
        {"tpl": {"adopt": True, "prefs": {"netvm": "net"}, "tags": ["one"]}},
        {
            "tpl": {"adopt": True, "prefs": {"netvm": "net"}, "tags": ["one"]},
            "tpl-mine": {
                "clone": "tpl",
                "prefs": {"netvm": "none"},
                "tags": {"one": False, "two": True},
            },
        },
    ),
    "a standalone qube without network": (
        {},
        {"solo": {**NEW, "class": "StandaloneVM", "prefs": {"netvm": "none"}, "firewall": []}},
    ),
}


def fleet(declared):
    templates = {name: one for name, one in declared.items() if name.startswith("tpl")}
    qubes = {name: one for name, one in declared.items() if name not in templates}
    return {"nixos_only": "off", "templates": templates, "qubes": {**AROUND, **qubes}}


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """``copied(world, name)``: a copy of a dom0, in which this process is from then on."""

    def copy(world, name):
        shutil.copytree(world.path, tmp_path / name)
        return simulated_dom0.world(tmp_path / name).activate(monkeypatch)

    return copy


@pytest.fixture
def disturbed(minion, copied):
    """``disturbed(world, declared, kind, calm, run)``: a copy of the world for each writing call
    of the apply, in which that went wrong, and which it is. The next apply finishes it."""

    def worlds(world, declared, kind, calm, run):
        for k, call in enumerate(run.writes, 1):
            one = copied(world, str(k))
            one.inject(kind, at=k)
            interrupted(kind, lambda one=one: minion.apply(one, declared))
            yield one, (kind, call), k
            one.clear_faults()
            assert minion.apply(one, declared).failed() == {}, (kind, call)
            assert lasting(one) == lasting(calm), (kind, call)
            assert minion.apply(one, declared).writes == [], (kind, call)
            shutil.rmtree(one.path)

    return worlds


@pytest.mark.parametrize("kind", ["fail", "lose", "die", "die_after"])
@pytest.mark.parametrize("shown", FLEETS)
def test_nothing_is_ever_less_confined_than_before_and_declared(
    world, minion, copied, disturbed, shown, kind
):
    world.add_qube("tpl", "TemplateVM")
    before, declared = map(fleet, FLEETS[shown])
    names = {*declared["qubes"], *declared["templates"]}
    assert minion.apply(world, before).failed() == {}
    first = reaches(world, names)
    calm = copied(world, "end")
    run = minion.apply(calm, declared)
    assert run.failed() == {}
    assert run.writes
    last = reaches(calm, names)
    made, confining = unsettled(run, kind)
    for one, where, k in disturbed(world, declared, kind, calm, run):
        for name, now in reaches(one, names).items():
            new = first[name] is None and now not in (None, last[name])
            if new and k in made | confining:
                assert not now.autostart, (where, name)
                assert k in made or now.online_within(last[name]), (where, name)
            else:
                assert less_confined(now, first[name], last[name]) == [], (where, name)


@pytest.mark.parametrize("key", ["default_netvm", "default_dispvm"])
def test_what_all_qubes_have_is_taken_away_before_one_is_made(world, minion, key):
    fleet = {
        "templates": {"nixos": {"os": "nixos"}},
        "qubes": {"new": {"template": "nixos", "label": "red"}},
        "globals": {key: "none", "stats_interval": 5},
    }
    done = minion.apply(world, fleet)
    assert done.failed() == {}
    first = [step.argv for step in done.ran][:2]
    assert first[0] == ("qubes-prefs", "--", key, "")
    assert first[1][0] == "qvm-create"
    assert minion.apply(world, fleet).writes == []
