# SPDX-License-Identifier: MIT
"""qubes-prefs: global properties, their values, and two that must never be reset."""

import pytest

NO_SUCH_NAME = "VM name cannot be 'none' nor 'default'"


def refusal(reason):
    return (1, "", f"error: {reason}\n")


@pytest.fixture
def prefs(tool):
    """``prefs("clockvm", "work")``: what qubes-prefs does when it is told so."""
    return lambda *given: tool("qubes_prefs", "--", *given)


@pytest.fixture
def reset(tool):
    """``reset("clockvm")``: what qubes-prefs does when it is told to reset."""
    return lambda name: tool("qubes_prefs", "--default", "--", name)


@pytest.fixture
def read(app):
    """``read("clockvm")``: (value, is it the default), as a new client sees it."""

    def value_of(name):
        client = type(app)()
        value = getattr(client, name)
        return value if value is None else str(value), client.property_is_default(name)

    return value_of


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("default_netvm", "sys-net"),
        ("default_template", "nixos"),
        ("default_kernel", "6.17.9-1.fc41"),
        ("default_dispvm", "default-mgmt-dvm"),
        ("management_dispvm", "default-dvm"),
        ("clockvm", "sys-firewall"),
        ("updatevm", "sys-net"),
        ("default_guivm", "dom0"),
        ("default_audiovm", "dom0"),
        ("default_pool", "varlibqubes"),
        ("check_updates_vm", "False"),
        ("stats_interval", "5"),
        ("default_qrexec_timeout", "120"),
        ("default_shutdown_timeout", "120"),
    ],
)
def test_a_global_property_is_read_back_as_it_was_set(prefs, read, name, value):
    assert prefs(name, value) == (0, "", "")
    assert read(name) == (value, False)


@pytest.mark.parametrize(
    "name",
    [
        "default_netvm",
        "default_template",
        "clockvm",
        "updatevm",
        "default_dispvm",
        "management_dispvm",
    ],
)
def test_nothing_means_no_qube(prefs, read, name):
    assert prefs(name, "") == (0, "", "")
    assert read(name) == (None, False)


# The word is only known for the names that qvm-prefs and qubes-prefs share.
def test_none_means_no_qube_for_one_property_only(prefs, read):
    assert prefs("default_dispvm", "none") == (0, "", "")
    assert read("default_dispvm") == (None, False)
    for name in ("default_netvm", "default_template", "clockvm", "updatevm", "management_dispvm"):
        assert prefs(name, "none") == refusal(NO_SUCH_NAME)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("default_netvm", "nosuch", "Can't set default_netvm to non-existing qube nosuch"),
        ("default_netvm", "work", "Network loop on 'work'"),
        (
            "default_template",
            "work",
            "wrong VM class: domains['work'] is of type AppVM and not TemplateVM",
        ),
        ("default_kernel", "nosuch", "Kernel 'nosuch' not installed"),
        pytest.param(
            "default_dispvm",
            "work",
            "Cannot set invalid property to system, default_dispvm 'work' has "
            "template_for_dispvms set to False",
            marks=pytest.mark.since_4_4("4.3 accepts any qube"),
        ),
        ("default_pool", "nosuch", "No such storage pool"),
        ("check_updates_vm", "maybe", "Invalid literal for boolean property: 'maybe'"),
        ("stats_interval", "often", "Failed to parse property value as int"),
        pytest.param(
            "maxmem",
            "5",
            "property 'maxmem' on Qubes instance cannot be set",
            marks=pytest.mark.since_4_4("4.3 has no such property"),
        ),
    ],
)
def test_a_bad_value_is_refused(prefs, work, name, value, reason):
    assert prefs(name, value) == refusal(reason)


# A qube that does not provide network is refused as netvm, but not as the default of all others.
def test_any_unconnected_qube_can_be_the_default_netvm(prefs, tool, work, read):
    tool("qvm_prefs", "--", work, "netvm", "none")
    assert prefs("default_netvm", work) == (0, "", "")
    assert read("default_netvm") == (work, False)


# Unlike those of a qube, these may be zero or less.
@pytest.mark.parametrize("value", ["0", "-4"])
def test_a_global_timeout_is_any_number(prefs, read, value):
    assert prefs("default_shutdown_timeout", value) == (0, "", "")
    assert read("default_shutdown_timeout") == (value, False)


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("default_netvm", None),
        ("clockvm", None),
        ("updatevm", None),
        ("default_dispvm", None),
        ("management_dispvm", None),
        ("check_updates_vm", "True"),
        ("stats_interval", "3"),
        ("default_qrexec_timeout", "60"),
        ("default_pool_kernel", "varlibqubes"),
    ],
)
def test_a_global_property_can_be_reset(reset, read, name, default):
    assert reset(name) == (0, "", "")
    assert read(name) == (default, True)


def test_resetting_the_default_template_leaves_none(reset, read):
    assert reset("default_template") == (0, "", "")
    assert read("default_template") == (None, True)


# Never do this: every later change is made, but not saved, and answered as refused.
def test_resetting_the_default_kernel_breaks_qubesd(reset, tool, work, look):
    assert reset("default_kernel") == refusal("Failed to access 'default_kernel' property")
    assert tool("qvm_prefs", "--", work, "memory", "500") == refusal(
        "Failed to access 'memory' property"
    )
    assert look(work).memory == 500


def test_an_unknown_property_is_told_apart_from_a_bad_value(prefs, reset):
    expected = (2, "", "error: no such property: 'nosuch'\n")
    assert prefs("nosuch", "1") == reset("nosuch") == prefs("nosuch") == expected


# It is an attribute of the client's object, and setting it says nothing to qubesd.
@pytest.mark.parametrize("name", ["domains", "labels", "pools", "log"])
def test_some_words_that_are_no_properties_are_accepted_and_do_nothing(prefs, name):
    assert prefs(name, "x") == (0, "", "")


def test_a_qube_made_clockvm_runs_clocksync_and_the_one_before_does_not(prefs, work, look):
    assert look("sys-net").features["service.clocksync"] == "1"
    assert prefs("clockvm", work) == (0, "", "")
    assert look(work).features["service.clocksync"] == "1"
    assert "service.clocksync" not in list(look("sys-net").features)


def test_changing_the_default_netvm_changes_the_qubes_that_follow_it(prefs, work, look):
    assert prefs("default_netvm", "sys-net") == (0, "", "")
    assert (look(work).netvm, look(work).property_is_default("netvm")) == ("sys-net", True)


def test_changing_the_default_guivm_changes_where_qubes_that_follow_it_are_seen(prefs, work, look):
    assert (look(work).guivm, look(work).property_is_default("guivm")) == ("dom0", True)
    assert prefs("default_guivm", "") == (0, "", "")
    assert (look(work).guivm, look(work).property_is_default("guivm")) == (None, True)


def test_a_named_disposable_is_seen_where_its_template_is(tool, make, look):
    assert tool("qvm_prefs", "--", "default-dvm", "guivm", "none") == (0, "", "")
    qube = look(make("disposable", "--class", "DispVM", "--template", "default-dvm"))
    assert (qube.guivm, qube.property_is_default("guivm")) == (None, False)


def test_a_label_can_be_made_and_used(app, make, look):
    app.qubesd_call("dom0", "admin.label.Create", "teal", b"0x008080")
    app.labels.clear_cache()
    assert "teal" in app.labels
    assert look(make("work", "--label", "teal", "--template", "nixos")).label.name == "teal"


@pytest.mark.parametrize(
    ("name", "colour", "reason"),
    [
        ("red", "0x008080", "Label is still in use: 'red'"),
        ("12", "0x008080", "Label must not be a digit"),
        ("teal", "teal", "Label value must have length of 8"),
        ("teal", "0x00808g", "Label value must only contain hexadecimal digits after prefix: "),
    ],
)
@pytest.mark.since_4_4("4.3 answers nothing")
def test_a_bad_label_is_refused(app, name, colour, reason):
    with pytest.raises(Exception) as raised:
        app.qubesd_call("dom0", "admin.label.Create", name, colour.encode())
    assert str(raised.value).startswith(reason)
