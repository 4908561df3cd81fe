# SPDX-License-Identifier: MIT
"""The fixtures that the other integration tests stand on."""

import pytest


@pytest.fixture(scope="module")
def pillars():
    return {"dom0-here": {"colour": "red"}, "dom0-there": {"colour": "blue"}}


def test_salt_call_returns_exit_code_answer_and_errors(salt_call):
    assert salt_call("test.ping") == (0, True, "")
    assert salt_call("state.apply", "nosuch").rc == 1


def test_salt_call_has_the_given_pillar_word_for_word(salt_call):
    pillar = {"colours": ["{{ red }}", "#blue", 1, None]}
    # not pillar.get, whose answer Salt 3008 hides
    template = ("string={{ pillar.colours | json }}", "default_renderer=jinja|json")
    assert salt_call("slsutil.renderer", *template, pillar=pillar).json == pillar["colours"]


def test_each_minion_of_the_master_has_a_pillar_and_a_dom0_of_its_own(master, minions):
    colour = ("slsutil.renderer", "string={{ pillar.colour }}", "default_renderer=jinja|yaml")
    answer = master.salt_cli().run(*colour, minion_tgt="*")
    assert answer.data == {"dom0-here": "red", "dom0-there": "blue"}
    answer = master.salt_cli().run("environ.get", "TESSERAQT_DOM0", minion_tgt="*")
    assert len(set(answer.data.values())) == len(minions)
