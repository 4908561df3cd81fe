# SPDX-License-Identifier: MIT
"""qvm-prefs: properties that name another qube, and what has to be true of that qube."""

import pytest

NO_SUCH_NAME = "VM name cannot be 'none' nor 'default'"
NO_NETWORK = "The {} qube does not provide network"
NOT_DISPOSABLE = (
    "Cannot set invalid property to qube 'work', {} '{}' has template_for_dispvms set to False"
)
IN_USE = "The qube is still used by other qubes, change theirs 'netvm' first"


def refusal(reason):
    return (1, "", f"error: {reason}\n")


@pytest.fixture
def prefs(tool):
    """``prefs(qube, name, value)``: what qvm-prefs does when it is told so."""
    return lambda qube, *given: tool("qvm_prefs", "--", qube, *given)


@pytest.fixture
def netvm(make, prefs):
    """A halted qube that provides network."""
    make("net")
    assert prefs("net", "provides_network", "True") == (0, "", "")
    return "net"


@pytest.mark.parametrize("name", ["netvm", "default_dispvm", "guivm", "audiovm"])
@pytest.mark.parametrize("value", ["none", "None", ""])
def test_none_and_nothing_both_mean_explicitly_no_qube(prefs, work, look, name, value):
    assert prefs(work, name, value) == (0, "", "")
    assert getattr(look(work), name) is None
    assert not look(work).property_is_default(name)


# qvm-prefs turns "none" into nothing for a fixed list of properties; this one was forgotten.
def test_no_management_dispvm_is_spelt_as_nothing(prefs, work, look):
    assert prefs(work, "management_dispvm", "none") == refusal(NO_SUCH_NAME)
    assert prefs(work, "management_dispvm", "") == (0, "", "")
    assert look(work).management_dispvm is None


# Resetting is what makes a property default, not a word.
def test_default_is_no_qube(prefs, work):
    assert prefs(work, "netvm", "default") == refusal(NO_SUCH_NAME)


@pytest.mark.parametrize(
    "name", ["netvm", "template", "default_dispvm", "management_dispvm", "guivm", "audiovm"]
)
def test_the_named_qube_has_to_exist(prefs, work, name):
    assert prefs(work, name, "nosuch") == refusal(f"Can't set {name} to non-existing qube nosuch")


@pytest.mark.parametrize("name", ["netvm", "default_dispvm"])
def test_the_named_qube_has_to_be_spelt_as_a_qube(prefs, work, name):
    assert prefs(work, name, "a b") == refusal("VM name contains illegal characters")


@pytest.mark.parametrize("value", ["nixos", "default-dvm", "work"])
def test_a_netvm_has_to_provide_network(prefs, work, value):
    assert prefs(work, "netvm", value) == refusal(NO_NETWORK.format(value))


def test_dom0_as_netvm_is_refused_without_a_reason(prefs, work):
    assert prefs(work, "netvm", "dom0") == refusal("Failed to access 'netvm' property")


def test_a_netvm_cannot_be_reached_through_itself(prefs, netvm, make):
    make("far")
    prefs("far", "provides_network", "True")
    assert prefs("far", "netvm", netvm) == (0, "", "")
    assert prefs(netvm, "netvm", "far") == refusal("Loops in network are unsupported")
    assert prefs(netvm, "netvm", netvm) == refusal("Loops in network are unsupported")


def test_the_default_netvm_is_followed_and_reset_brings_it_back(prefs, tool, work, look):
    assert (look(work).netvm, look(work).property_is_default("netvm")) == ("sys-firewall", True)
    prefs(work, "netvm", "sys-net")
    assert tool("qvm_prefs", "--default", "--", work, "netvm") == (0, "", "")
    assert (look(work).netvm, look(work).property_is_default("netvm")) == ("sys-firewall", True)


def test_a_template_has_no_netvm_by_default_and_may_be_given_one(prefs, look):
    assert (look("nixos").netvm, look("nixos").property_is_default("netvm")) == (None, True)
    assert prefs("nixos", "netvm", "sys-firewall") == (0, "", "")


def test_providing_network_makes_a_service_qube(prefs, netvm, look):
    assert look(netvm).features["servicevm"] == "1"
    assert prefs(netvm, "provides_network", "False") == (0, "", "")
    assert "servicevm" not in list(look(netvm).features)


def test_network_cannot_be_withdrawn_from_a_qube_that_uses_it(prefs, netvm, work):
    assert prefs(work, "netvm", netvm) == (0, "", "")
    assert prefs(netvm, "provides_network", "False") == refusal(IN_USE)


def test_network_cannot_be_withdrawn_from_a_qube_that_uses_it_by_default(prefs, work):
    assert prefs("sys-firewall", "provides_network", "False") == refusal(IN_USE)


# The reset is not checked as the setting is: never reset it, set it to False.
def test_resetting_provides_network_is_not_refused(prefs, tool, netvm, work, look):
    prefs(work, "netvm", netvm)
    assert tool("qvm_prefs", "--default", "--", netvm, "provides_network") == (0, "", "")
    assert (look(work).netvm, look(netvm).provides_network) == (netvm, False)


def test_the_template_of_a_halted_appvm_can_be_changed(prefs, work, look):
    assert prefs(work, "template", "fedora-42") == (0, "", "")
    assert str(look(work).template) == "fedora-42"


def test_the_template_of_an_appvm_has_to_be_a_template(prefs, work):
    assert prefs(work, "template", "sys-net") == refusal(
        "wrong VM class: domains['sys-net'] is of type AppVM and not TemplateVM"
    )


def test_an_appvm_cannot_be_without_a_template(prefs, work):
    outcome = prefs(work, "template", "none")
    assert outcome.rc == 1
    # the whole qube is printed: too long to show to anybody
    assert outcome.err.startswith("error: Invalid value None for property 'template' of <AppVM at")


def test_a_standalonevm_has_no_template(prefs, make):
    make("alone", "--class", "StandaloneVM")
    assert prefs("alone", "template", "nixos") == (2, "", "error: no such property: 'template'\n")


def test_what_is_not_set_comes_from_the_template(prefs, work, look):
    for name, value in (("memory", "600"), ("vcpus", "3"), ("kernelopts", "quiet")):
        assert prefs("nixos", name, value) == (0, "", "")
    qube = look(work)
    assert (qube.memory, qube.vcpus, qube.kernelopts) == (600, 3, "quiet")
    assert qube.property_is_default("memory")


@pytest.mark.parametrize("name", ["default_dispvm", "management_dispvm"])
@pytest.mark.parametrize("value", ["work", "nixos"])
@pytest.mark.since_4_4("4.3 accepts any qube")
def test_a_disposable_template_has_to_be_one(prefs, work, name, value):
    assert prefs(work, name, value) == refusal(NOT_DISPOSABLE.format(name, value))


def test_only_an_appvm_or_standalonevm_can_be_a_disposable_template(prefs):
    assert prefs("nixos", "template_for_dispvms", "True") == (
        2,
        "",
        "error: no such property: 'template_for_dispvms'\n",
    )


@pytest.mark.since_4_4("4.3 looks for disposables only")
def test_a_disposable_template_in_use_by_a_qube_stays_one(prefs, tool, make, work):
    make("dvm")
    prefs("dvm", "template_for_dispvms", "True")
    assert prefs(work, "default_dispvm", "dvm") == (0, "", "")
    expected = refusal(
        "Cannot change template_for_dispvms to False while it is the disposable template of a "
        "qube by any of these properties: default_dispvm, management_dispvm, template"
    )
    assert prefs("dvm", "template_for_dispvms", "False") == expected
    assert tool("qvm_prefs", "--default", "--", "dvm", "template_for_dispvms") == expected


@pytest.mark.since_4_4("4.3 looks for disposables only")
def test_a_disposable_template_in_use_by_the_system_stays_one(prefs):
    assert prefs("default-dvm", "template_for_dispvms", "False") == refusal(
        "Cannot change template_for_dispvms to False while it is in use by the system by any of "
        "these properties: default_dispvm, management_dispvm"
    )


def test_the_template_of_a_halted_dispvm_can_be_changed_to_another_disposable_template(
    prefs, make, look
):
    make("disposable", "--class", "DispVM")
    assert prefs("disposable", "template", "default-mgmt-dvm") == (0, "", "")
    assert str(look("disposable").template) == "default-mgmt-dvm"
    assert prefs("disposable", "template", "nixos") == refusal(
        "template for disposable must have template_for_dispvms=True"
    )


def test_the_guivm_is_also_a_tag(prefs, tool, work, look):
    prefs(work, "guivm", "sys-net")
    assert "guivm-sys-net" in list(look(work).tags)
    assert "guivm-dom0" not in list(look(work).tags)
    prefs(work, "guivm", "none")
    assert sorted(look(work).tags) == ["audiovm-dom0", "created-by-dom0"]
    tool("qvm_prefs", "--default", "--", work, "guivm")
    assert "guivm-dom0" in list(look(work).tags)


def test_the_audiovm_is_also_a_tag(prefs, work, look):
    prefs(work, "audiovm", "none")
    assert sorted(look(work).tags) == ["created-by-dom0", "guivm-dom0"]
