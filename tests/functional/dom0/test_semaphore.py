# SPDX-License-Identifier: MIT
"""Many roots are worked on at once, but not too many, and none of them holds up the others."""

import json

from nixos_root import SYSTEM, Root

NAMES = [f"root-{number}" for number in range(10)]
HUNG = NAMES[3]


def declared():
    """SLS for all of them, four at once."""
    arguments = [
        {"system": SYSTEM},
        {"jobs": 4},
        {"parallel": True},
        {"require": [{"tesseraqt": "begin"}]},
    ]
    each = {name: {"tesseraqt.deployed": arguments} for name in NAMES}
    return {"begin": {"tesseraqt.locked": []}, **each}


def busiest(notes):
    """The most roots that had a stream at once."""
    open_, most = set(), 0
    for event, name in (line.split() for line in notes.splitlines()):
        (open_.add if event == "begin" else open_.discard)(name)
        most = max(most, len(open_ - {HUNG}))
    return most


def test_ten_roots_four_at_once_and_one_of_them_hangs(world, root, apply, quick, tmp_path):
    on = {"os-distribution": "nixos", "qrexec": "1", "vmexec": "1"}
    for name in NAMES:
        world.add_qube(name, "TemplateVM", label="black", features=dict(on), tags=["tesseraqt"])
    Root(world, HUNG).behave("mute")
    (tmp_path / "modules" / "many.sls").write_text(f"#!json\n{json.dumps(declared())}\n")

    answers = apply({}, "many")
    assert {name for name in answers if answers[name]["result"] is not True} == {HUNG}
    for name in NAMES:
        one = Root(world, name)
        assert one.power() == "Halted"
        assert name == HUNG or one.boots() == SYSTEM["containers"]
    assert 2 <= busiest((world.path / "guests" / "streams").read_text()) <= 4
