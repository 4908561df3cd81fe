# SPDX-License-Identifier: MIT
"""qvm-clone: what comes along, what does not, and what is refused."""

import pytest

GIB = 1024**3
MADE_BY_DOM0 = ["audiovm-dom0", "created-by-dom0", "guivm-dom0"]


@pytest.fixture
def clone(tool, look):
    """``clone(source, name, …)``: the clone, as it is afterwards."""

    def cloned(source, name, *options):
        # None is success here, and what is cloned is told by the log, not on stdout
        assert tool("qvm_clone", *options, "--", source, name) == (None, "", "")
        return look(name)

    return cloned


def test_a_clone_has_class_template_label_and_explicit_preferences(clone, tool, work):
    tool("qvm_prefs", "--", work, "memory", "700")
    tool("qvm_prefs", "--", work, "netvm", "none")
    copy = clone(work, "copy")
    assert (copy.klass, str(copy.template), copy.label.name) == ("AppVM", "nixos", "red")
    assert (copy.memory, copy.netvm) == (700, None)
    assert not copy.property_is_default("netvm")
    assert copy.property_is_default("vcpus")


# Also the tag that says who owns the qube.
def test_a_clone_has_the_tags(clone, tool, work):
    tool("qvm_tags", "--", work, "add", "mine")
    assert sorted(clone(work, "copy").tags) == [*MADE_BY_DOM0, "mine"]


# Also the hash of what was last deployed, and services.
def test_a_clone_has_the_features_and_services(clone, tool, work):
    tool("qvm_features", "--", work, "x-mine.hash", "abc")
    tool("qvm_service", "--", work, "sshd", "on")
    assert dict(clone(work, "copy").features.items()) == {"x-mine.hash": "abc", "service.sshd": "1"}


def test_a_clone_has_the_firewall_rules(clone, work, look):
    look(work).qubesd_call(None, "admin.vm.firewall.Set", None, b"action=drop\n")
    assert [rule.rule for rule in clone(work, "copy").firewall.rules] == ["action=drop"]


def test_a_clone_has_volumes_of_the_same_size(clone, tool, work):
    tool("qvm_volume", "resize", "--", f"{work}:private", "3GiB")
    assert clone(work, "copy").volumes["private"].size == 3 * GIB


def test_a_clone_keeps_as_many_revisions_as_any_new_qube(clone, tool, work):
    tool("qvm_volume", "config", "--", f"{work}:private", "revisions_to_keep", "5")
    assert clone(work, "copy").volumes["private"].revisions_to_keep == 1


def test_a_clone_has_the_assigned_devices(clone, tool, work):
    tool("qvm_device", "pci", "assign", "--required", "--", work, "dom0:00_14.0")
    assigned = clone(work, "copy").devices["pci"].get_assigned_devices()
    assert [device.port_id for device in assigned] == ["00_14.0"]


def test_a_clone_of_a_template_is_a_template(clone):
    copy = clone("nixos", "nixos-2")
    assert copy.klass == "TemplateVM"
    assert copy.features["os-distribution"] == "nixos"


def test_a_clone_of_a_disposable_template_is_one(clone):
    assert clone("default-dvm", "other-dvm").template_for_dispvms is True


def test_a_clone_of_a_template_can_be_a_standalonevm(clone):
    copy = clone("nixos", "alone", "--class", "StandaloneVM")
    assert (copy.klass, copy.label.name) == ("StandaloneVM", "black")
    assert copy.features["os-distribution"] == "nixos"


def test_a_running_qube_can_be_cloned(clone, busy):
    assert clone(busy, "copy").get_power_state() == "Halted"


@pytest.mark.since_4_4("4.3 says 'VM nixos already exists'")
def test_a_name_in_use_is_refused(tool, work):
    assert tool("qvm_clone", "--", work, "nixos") == (1, "", "error: Qube already exists: nixos\n")


def test_a_bad_name_is_refused(tool, work):
    assert tool("qvm_clone", "--", work, "none") == (
        1,
        "",
        "error: VM name cannot be 'none' nor 'default'\n",
    )


def test_the_source_has_to_exist(tool, app):
    assert tool("qvm_clone", "--", "nosuch", "copy") == (2, "", "error: no such domain: 'nosuch'\n")


# As root, and with the cache on, dom0's missing default_user is not the error that is caught.
def test_with_a_caching_client_cloning_fails_and_leaves_half_a_clone(main, look, work):
    with pytest.raises(AttributeError, match=r"^default_user$"):
        main("qvm_clone", "--", work, "copy")
    assert look("copy").klass == "AppVM"
