# SPDX-License-Identifier: MIT
"""qvm-prefs: what a running qube refuses, what resets, and what can never be set."""

import pytest

ANY_TIME = {
    "audiovm": "none",
    "autostart": "True",
    "backup_timestamp": "1700000000",
    "bootmode": "default",
    "debug": "True",
    "default_dispvm": "none",
    "default_user": "joe",
    "devices_denied": "u03****",
    "guivm": "none",
    "include_in_backups": "False",
    "installed_by_rpm": "True",
    "ip": "10.137.0.99",
    "ip6": "fd09::1",
    "kernel": "6.17.9-1.fc41",
    "kernelopts": "quiet",
    "keyboard_layout": "de++",
    "label": "blue",
    "mac": "00:16:3e:5e:6c:05",
    "management_dispvm": "default-dvm",
    "memory": "600",
    "netvm": "sys-net",
    "provides_network": "True",
    "qrexec_timeout": "90",
    "shutdown_timeout": "90",
    "stubdom_mem": "200",
    "template_for_dispvms": "True",
    "vcpus": "4",
    "virt_mode": "hvm",
}
COMPUTED = (
    *("dns", "gateway", "gateway6", "icon", "start_time", "stubdom_uuid", "stubdom_xid"),
    *("updateable", "visible_gateway", "visible_gateway6", "visible_ip", "visible_ip6"),
    *("visible_netmask", "xid"),
)
ONCE = ("qid", "uuid")
HALTED_ONLY = {
    "template": ("fedora-42", "Cannot change template while qube is running"),
    # qubesd has a reason, and trips over it
    "maxmem": ("3000", "Failed to access 'maxmem' property"),
}


def refusal(reason):
    return (1, "", f"error: {reason}\n")


@pytest.fixture
def reset(tool):
    """``reset(qube, name)``: what qvm-prefs does when it is told to reset."""
    return lambda qube, name: tool("qvm_prefs", "--default", "--", qube, name)


@pytest.mark.parametrize(("name", "value"), ANY_TIME.items())
def test_a_running_qube_accepts_this(tool, busy, look, name, value):
    assert tool("qvm_prefs", "--", busy, name, value) == (0, "", "")
    assert not look(busy).property_is_default(name)


def test_a_running_qube_refuses_a_template(tool, busy):
    value, reason = HALTED_ONLY["template"]
    assert tool("qvm_prefs", "--", busy, "template", value) == refusal(reason)


@pytest.mark.since_4_4("4.3 accepts it")
def test_a_running_qube_refuses_another_maxmem(tool, busy):
    value, reason = HALTED_ONLY["maxmem"]
    assert tool("qvm_prefs", "--", busy, "maxmem", value) == refusal(reason)


# A kernel of the qube's own says by a feature whether it takes more memory.
@pytest.mark.since_4_4("4.3 accepts it anyway")
@pytest.mark.parametrize("kernel", ["", "pvgrub2-pvh"])
def test_a_running_qube_whose_own_kernel_hotplugs_memory_accepts_another_maxmem(
    tool, work, look, kernel
):
    tool("qvm_prefs", "--", work, "kernel", kernel)
    tool("qvm_features", "--", work, "supported-feature.memory-hotplug", "1")
    tool("qvm_start", "--", work)
    assert tool("qvm_prefs", "--", work, "maxmem", "3000") == (0, "", "")
    assert look(work).maxmem == 3000


@pytest.mark.since_4_4("4.3 accepts it")
@pytest.mark.parametrize(("key", "value"), [("virt_mode", "hvm"), ("debug", "True")])
def test_the_feature_is_not_asked_of_an_hvm_or_with_a_kernel_of_dom0(tool, work, key, value):
    tool("qvm_prefs", "--", work, key, value)
    if key == "virt_mode":
        tool("qvm_prefs", "--", work, "kernel", "")
    tool("qvm_features", "--", work, "supported-feature.memory-hotplug", "1")
    tool("qvm_start", "--", work)
    assert tool("qvm_prefs", "--", work, "maxmem", "3000") == refusal(HALTED_ONLY["maxmem"][1])


def test_these_lists_are_complete(busy, look):
    never = {"klass", "name", *COMPUTED, *ONCE}
    assert {*ANY_TIME, *HALTED_ONLY, *never} == set(look(busy).property_list())


def test_a_running_qube_accepts_the_maxmem_it_has(tool, busy):
    assert tool("qvm_prefs", "--", busy, "maxmem", "4000") == (0, "", "")


def test_a_running_qube_refuses_even_the_template_it_has(tool, busy):
    assert tool("qvm_prefs", "--", busy, "template", "nixos") == refusal(
        "Cannot change template while qube is running"
    )


# Only setting is checked: a reset changes it under the running qube.
def test_a_running_qube_accepts_that_maxmem_is_reset(tool, reset, work, look):
    tool("qvm_prefs", "--", work, "maxmem", "3000")
    tool("qvm_start", "--", work)
    assert reset(work, "maxmem") == (0, "", "")
    assert look(work).maxmem == 4000


def test_a_running_dispvm_refuses_a_template(tool, make):
    make("disposable", "--class", "DispVM")
    tool("qvm_start", "--", "disposable")
    assert tool("qvm_prefs", "--", "disposable", "template", "default-mgmt-dvm") == refusal(
        "Cannot change template while qube is running"
    )


def test_a_disposable_template_refuses_a_template_while_a_disposable_runs(tool, make):
    make("disposable", "--class", "DispVM")
    tool("qvm_start", "--", "disposable")
    assert tool("qvm_prefs", "--", "default-dvm", "template", "nixos") == refusal(
        "('Cannot change template while there are running disposables based on this disposable "
        "template',)"
    )


def test_a_running_qube_can_only_be_connected_to_a_running_netvm(tool, busy, make):
    make("net")
    tool("qvm_prefs", "--", "net", "provides_network", "True")
    assert tool("qvm_prefs", "--", busy, "netvm", "net") == refusal(
        "Cannot dynamically attach to stopped qube net"
    )
    tool("qvm_start", "--", "net")
    assert tool("qvm_prefs", "--", busy, "netvm", "net") == (0, "", "")


def test_a_running_qube_can_be_disconnected(tool, busy, look):
    assert tool("qvm_prefs", "--", busy, "netvm", "none") == (0, "", "")
    assert look(busy).netvm is None


@pytest.mark.parametrize("name", [name for name in ANY_TIME if name != "label"])
def test_what_can_be_set_can_be_reset(tool, reset, work, look, name):
    before = getattr(look(work), name, None)
    tool("qvm_prefs", "--", work, name, ANY_TIME[name])
    assert reset(work, name) == (0, "", "")
    assert look(work).property_is_default(name)
    assert getattr(look(work), name, None) == before


def test_resetting_what_is_default_is_no_error(reset, work):
    assert reset(work, "memory") == (0, "", "")


def test_the_template_of_an_appvm_cannot_be_reset(reset, work):
    assert reset(work, "template") == refusal(
        "Cannot unset template. You can set it to the current default (fedora-42) instead"
    )


def test_the_template_of_a_dispvm_cannot_be_reset(reset, make):
    assert reset(make("disposable", "--class", "DispVM"), "template") == refusal(
        "Cannot unset template"
    )


# Never do this: a qube needs a label, and nothing refuses to take it away.
def test_resetting_the_label_leaves_the_qube_without_one(reset, work, look):
    assert reset(work, "label") == (0, "", "")
    assert look(work).label is None


@pytest.mark.parametrize("name", COMPUTED)
def test_a_computed_property_cannot_be_set(tool, work, look, name):
    value = "5" if name in ("xid", "stubdom_xid") else "True"
    assert tool("qvm_prefs", "--", work, name, value) == refusal(
        f"property '{name}' on AppVM instance cannot be set"
    )


@pytest.mark.parametrize(
    ("name", "value"), [("qid", "5"), ("uuid", "6fa459ea-ee8a-3ca4-894e-db77e160355e")]
)
def test_what_is_given_once_cannot_be_set_again(tool, work, name, value):
    assert tool("qvm_prefs", "--", work, name, value) == refusal(
        f"Failed to access '{name}' property"
    )


def test_a_qube_cannot_be_renamed(tool, work):
    assert tool("qvm_prefs", "--", work, "name", "other") == refusal(
        "Got empty response from qubesd. See journalctl in dom0 for details."
    )


def test_the_class_cannot_be_set_and_the_tool_raises(tool, work):
    assert tool("qvm_prefs", "--", work, "klass", "AppVM") == (
        1,
        "",
        "AttributeError: property 'klass' of 'QubesVM' object has no setter\n",
    )


def test_the_qube_has_to_exist(tool):
    assert tool("qvm_prefs", "--", "nosuch", "memory", "400") == (
        2,
        "",
        "error: no such domain: 'nosuch'\n",
    )


def test_setting_a_property_is_one_call_after_the_list(main, calls, work):
    assert main("qvm_prefs", "--", work, "memory", "500") == 0
    assert calls == [
        ("admin.vm.List", "dom0", None),
        ("admin.vm.property.Set", work, "memory"),
    ]
