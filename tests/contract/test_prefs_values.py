# SPDX-License-Identifier: MIT
"""qvm-prefs: which spellings of plain values are taken, and with which words others are refused."""

import pytest

NUMBERS = ("memory", "maxmem", "vcpus", "qrexec_timeout", "shutdown_timeout", "stubdom_mem")
POSITIVE = tuple(name for name in NUMBERS if name != "maxmem")


def refusal(reason):
    return (1, "", f"error: {reason}\n")


@pytest.fixture
def given(tool, work, look):
    """``given(name, value)``: what is read after the value was set."""

    def value_of(name, value):
        assert tool("qvm_prefs", "--", work, name, value) == (0, "", "")
        assert not look(work).property_is_default(name)
        return getattr(look(work), name)

    return value_of


@pytest.fixture
def refused(tool, work, look):
    """``refused(name, value)``: what the tool says; the qube is as before."""

    def outcome_of(name, value):
        outcome = tool("qvm_prefs", "--", work, name, value)
        assert look(work).property_is_default(name) or name in ("label", "template")
        return outcome

    return outcome_of


@pytest.mark.parametrize("value", ["True", "true", "TRUE", "1", "yes", "on"])
def test_this_is_yes(given, value):
    assert given("debug", value) is True


@pytest.mark.parametrize("value", ["False", "false", "0", "no", "off"])
def test_this_is_no(given, value):
    assert given("include_in_backups", value) is False


@pytest.mark.parametrize("value", ["maybe", "", "none", "2", "y"])
def test_this_is_neither_yes_nor_no(refused, value):
    assert refused("debug", value) == refusal(f"Invalid literal for boolean property: {value!r}")


# Messages are format strings: a per cent sign in a refused value is an error of its own.
def test_a_per_cent_sign_in_a_refused_value_raises(tool, work):
    assert tool("qvm_prefs", "--", work, "debug", "100%") == (
        1,
        "",
        "TypeError: not enough arguments for format string\n",
    )


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_read_back_as_a_number(given, name):
    assert given(name, "600") == 600


@pytest.mark.parametrize(("value", "read"), [("0600", 600), (" 600 ", 600), ("1_000", 1000)])
def test_a_number_is_spelt_as_python_allows(given, value, read):
    assert given("memory", value) == read


@pytest.mark.parametrize("name", [*NUMBERS, "backup_timestamp"])
@pytest.mark.parametrize("value", ["", "abc", "1.5", "4GiB", "none"])
def test_this_is_no_number(refused, name, value):
    assert refused(name, value) == refusal("Failed to parse property value as int")


@pytest.mark.parametrize("name", POSITIVE)
@pytest.mark.parametrize("value", ["0", "-1"])
def test_this_number_has_to_be_positive(refused, name, value):
    assert refused(name, value) == refusal(f"{name} must be positive")


def test_maxmem_may_be_zero_which_turns_memory_balancing_off(given):
    assert given("maxmem", "0") == 0


def test_maxmem_may_not_be_negative(refused):
    assert refused("maxmem", "-1") == refusal("maxmem must be positive or zero")


# Nothing compares it with memory or with what the machine has.
def test_maxmem_may_be_less_than_memory(given):
    assert (given("memory", "600"), given("maxmem", "300")) == (600, 300)


@pytest.mark.parametrize(("value", "read"), [("hvm", "hvm"), ("PV", "pv"), ("pvh", "pvh")])
def test_a_virt_mode_is_read_back_in_lower_case(given, value, read):
    assert given("virt_mode", value) == read


@pytest.mark.parametrize("value", ["xen", ""])
def test_a_virt_mode_is_one_of_three(refused, value):
    assert refused("virt_mode", value) == refusal(
        "Invalid virtualization mode, supported values: hvm, pv, pvh"
    )


@pytest.mark.parametrize("value", ["6.17.9-1.fc41", "pvgrub2-pvh", ""])
def test_a_kernel_is_an_installed_one_or_the_qubes_own(given, value):
    assert given("kernel", value) == value


@pytest.mark.parametrize("value", ["nosuch", "none"])
def test_a_kernel_has_to_be_installed(refused, value):
    assert refused("kernel", value) == refusal(f"Kernel '{value}' not installed")


def test_a_kernel_is_no_path(refused):
    assert refused("kernel", "a/b") == refusal("Kernel name cannot contain '/'")


# A line break is let through: refuse it before.
@pytest.mark.parametrize("value", ["quiet splash", "", "x" * 512, "a\nb"])
def test_kernelopts_are_up_to_512_printable_characters(given, value):
    assert given("kernelopts", value) == value


def test_kernelopts_are_not_longer(refused):
    assert refused("kernelopts", "x" * 513) == refusal("Kernelopts value too long (512 chars max)")


@pytest.mark.parametrize("name", ["kernelopts", "default_user", "bootmode", "kernel"])
def test_a_text_is_ascii(refused, name):
    assert refused(name, "é") == refusal("Non-ASCII bytes in property value")


@pytest.mark.parametrize("value", ["joe", "joe.doe", ""])
def test_a_default_user_has_few_characters_or_none(given, value):
    assert given("default_user", value) == value


@pytest.mark.parametrize("value", ["joe doe", "root:x", "$x"])
def test_a_default_user_has_no_others(refused, value):
    assert refused("default_user", value) == refusal(
        "Username can contain only those characters: abcdefghijklmnopqrstuvwxyz"
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+,."
    )


# It has no effect unless a feature boot-mode.kernelopts.<mode> exists; nobody says so.
@pytest.mark.parametrize("value", ["default", "nosuch"])
def test_any_bootmode_is_accepted(given, value):
    assert given("bootmode", value) == value


def test_a_mac_address_is_read_back_in_lower_case(given):
    assert given("mac", "00:16:3E:5E:6C:AA") == "00:16:3e:5e:6c:aa"


@pytest.mark.parametrize("value", ["00:16", "ZZ:16:3e:5e:6c:05", ""])
def test_a_bad_mac_address_is_refused_without_a_reason(refused, value):
    assert refused("mac", value) == refusal("Failed to access 'mac' property")


@pytest.mark.parametrize(("name", "value"), [("ip", "10.137.0.99"), ("ip6", "fd09::1")])
def test_an_address_is_read_back(given, name, value):
    assert given(name, value) == value


@pytest.mark.parametrize("value", ["300.1.1.1", "10.137.0.99/24", "", "none"])
def test_a_bad_address_is_refused(refused, value):
    assert refused("ip", value) == refusal("Failed to parse property value as IPv4Address")


@pytest.mark.parametrize("value", ["de++", "us+altgr-intl+", "us++grp:x,a"])
def test_a_keyboard_layout_has_three_parts(given, value):
    assert given("keyboard_layout", value) == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("us", "invalid number of keyboard layout parameters"),
        ("u1++", "Invalid keyboard layout provided"),
        ("us+$+", "Invalid layout variant provided"),
        ("us++$", "Invalid layout options provided"),
    ],
)
def test_a_bad_keyboard_layout_is_refused(refused, value, reason):
    assert refused("keyboard_layout", value) == refusal(reason)


@pytest.mark.parametrize(
    ("value", "read"),
    [("u03****", "u03****"), ("", ""), ("u03****u03****", "u03****"), ("b******", "b******")],
)
def test_denied_devices_are_interface_codes_each_once(given, value, read):
    assert given("devices_denied", value) == read


def test_denied_devices_are_codes_of_seven_characters(refused):
    assert refused("devices_denied", "xyz") == refusal(
        "Invalid length of interfaces='xyz' (is 3, expected multiple of 7)"
    )


@pytest.mark.parametrize(
    ("value", "read"), [("green", "green"), ("3", "yellow"), ("label-2", "orange")]
)
def test_a_label_is_a_name_or_a_number(tool, work, look, value, read):
    assert tool("qvm_prefs", "--", work, "label", value) == (0, "", "")
    assert look(work).label.name == read


@pytest.mark.parametrize("value", ["pink", "Red", "", "999"])
def test_a_label_has_to_exist(refused, value):
    assert refused("label", value) == refusal(f"Label does not exist: {value}")


def test_autostart_can_be_switched_on_and_off(given, tool, work, look):
    assert given("autostart", "True") is True
    assert given("autostart", "False") is False


# rc 2 is argparse's, as for a qube that does not exist.
@pytest.mark.parametrize(
    "name",
    [
        "nosuch",
        "auto_cleanup",
        pytest.param("volumes", marks=pytest.mark.since_4_4("4.3 raises AttributeError")),
        pytest.param("is_running", marks=pytest.mark.since_4_4("4.3 does nothing, with rc 0")),
    ],
)
def test_an_unknown_property_is_told_apart_from_a_bad_value(tool, work, name):
    expected = (2, "", f"error: no such property: '{name}'\n")
    assert tool("qvm_prefs", "--", work, name, "1") == expected
    assert tool("qvm_prefs", "--default", "--", work, name) == expected
    assert tool("qvm_prefs", "--", work, name) == expected


# They are attributes of the client's object, and setting them says nothing to qubesd.
@pytest.mark.parametrize("name", ["features", "tags", "devices", "firewall"])
def test_some_words_that_are_no_properties_are_accepted_and_do_nothing(tool, work, look, name):
    assert tool("qvm_prefs", "--", work, name, "1") == (0, "", "")
    assert name not in look(work).property_list()


def test_a_dash_in_a_property_name_is_an_underscore(tool, work, look):
    assert tool("qvm_prefs", "--", work, "default-user", "joe") == (0, "", "")
    assert look(work).default_user == "joe"


@pytest.mark.parametrize(("name", "printed"), [("memory", "400\n"), ("netvm", "sys-firewall\n")])
def test_a_value_is_printed_on_one_line(tool, work, name, printed):
    assert tool("qvm_prefs", "--", work, name) == (0, printed, "")


def test_no_value_prints_nothing(tool):
    assert tool("qvm_prefs", "--", "sys-net", "netvm") == (0, "", "")
