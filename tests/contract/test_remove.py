# SPDX-License-Identifier: MIT
"""qvm-remove: what has to be true before, and how it is told who still needs the qube."""

import pytest

ASK_THE_JOURNAL = "see 'journalctl -u qubesd -e' in dom0 for details"


@pytest.fixture
def remove(tool):
    """``remove("work")``: what the tool does when it is not to ask back."""
    return lambda *names: tool("qvm_remove", "--force", "--", *names)


@pytest.fixture
def users(remove):
    """``users("nixos")``: who needs the qube, as the refused tool says it, but in order."""

    def told(name):
        outcome = remove(name)
        first, *lines, last = outcome.err.splitlines()
        assert (outcome.rc, outcome.out) == (1, "")
        assert first == f"VM {name} cannot be removed. It is in use as:"
        assert last == f"error: Domain is in use: '{name}';  {ASK_THE_JOURNAL}"
        return sorted(line.removeprefix(" - ") for line in lines)

    return told


def test_a_removed_qube_is_gone(remove, work, app):
    assert remove(work) == (0, "", "")
    assert work not in app.domains


def test_several_qubes_are_removed_at_once(remove, make, work, app):
    make("other")
    assert remove(work, "other") == (0, "", "")
    assert not {"work", "other"} & {qube.name for qube in app.domains}


def test_nothing_is_removed_if_one_name_is_wrong(remove, work, look):
    assert remove(work, "nosuch") == (2, "", "error: no such domain: 'nosuch'\n")
    assert look(work).name == work


def test_a_running_qube_is_not_removed(remove, busy, look):
    assert remove(busy) == (1, "", "error: Domain is not powered off: 'busy'\n")
    assert look(busy).get_power_state() == "Running"


def test_dom0_is_not_removed(remove):
    assert remove("dom0") == (1, "", "Domain 'dom0' cannot be removed.\n")


def test_a_template_is_not_removed_while_a_qube_is_based_on_it(users, work):
    assert users("nixos") == ["template for work"]


def test_a_disposable_template_is_not_removed_while_a_disposable_is_based_on_it(users, tool, make):
    make("dvm")
    tool("qvm_prefs", "--", "dvm", "template_for_dispvms", "True")
    make("disposable", "--class", "DispVM", "--template", "dvm")
    assert users("dvm") == ["template for disposable"]


@pytest.mark.parametrize("name", ["guivm", "audiovm", "default_dispvm", "management_dispvm"])
def test_a_qube_is_not_removed_while_another_names_it(users, tool, make, work, name):
    make("dvm")
    tool("qvm_prefs", "--", "dvm", "template_for_dispvms", "True")
    assert tool("qvm_prefs", "--", work, name, "dvm") == (0, "", "")
    assert users("dvm") == [f"{name} for work"]


def test_a_netvm_is_not_removed_while_another_names_it(users, tool, make, work):
    make("net")
    tool("qvm_prefs", "--", "net", "provides_network", "True")
    tool("qvm_prefs", "--", work, "netvm", "net")
    assert users("net") == ["netvm for work"]


# Following a default is not naming: then only the global property counts.
def test_a_qube_is_not_removed_while_a_global_property_names_it(users, tool, work):
    tool("qvm_shutdown", "--wait", "--", "sys-firewall")
    assert users("sys-firewall") == [
        "global property default_netvm",
        "global property updatevm",
    ]
    assert users("default-dvm") == ["global property default_dispvm"]
    assert users("default-mgmt-dvm") == ["global property management_dispvm"]


def test_all_users_are_named(users):
    assert users("fedora-42") == [
        "global property default_template",
        "template for default-dvm",
        "template for default-mgmt-dvm",
        "template for sys-firewall",
        "template for sys-net",
    ]


def test_a_qube_that_a_package_manager_installed_is_not_removed(remove, tool, work):
    tool("qvm_prefs", "--", work, "installed_by_rpm", "True")
    assert remove(work) == (
        1,
        "",
        "error: VM installed by package manager: work\n",
    )


def test_a_template_nobody_uses_is_removed(remove, app):
    assert remove("whonix-workstation-18") == (0, "", "")
    assert "whonix-workstation-18" not in app.domains


def test_a_qube_with_assigned_devices_is_removed(remove, tool, work):
    tool("qvm_device", "pci", "assign", "--required", "--", work, "dom0:00_14.0")
    assert remove(work) == (0, "", "")


# The tool asks every qube for its properties to say who it is: do not provoke it.
def test_being_refused_costs_calls_for_every_qube(main, calls, work):
    with pytest.raises(SystemExit):
        main("qvm_remove", "--force", "--", "nixos")
    assert len({destination for _, destination, _ in calls}) > 5
