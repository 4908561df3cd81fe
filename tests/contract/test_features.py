# SPDX-License-Identifier: MIT
"""qvm-features and qvm-service: names, values, and what extensions check, change or forbid."""

import pytest
import qubesadmin.exc

EMPTY_ANSWER = "error: Got empty response from qubesd. See journalctl in dom0 for details.\n"
PROTOCOL = "qubesadmin.exc.ProtocolError: "
FORBIDDEN = (
    "qubesadmin.exc.PermissionDenied: changing this feature is prohibited by "
    "qubes.ext.admin.AdminExtension\n"
)


@pytest.fixture
def feature(tool, work):
    """``feature(name, value)``: what qvm-features does when it is told to set it."""
    return lambda name, value: tool("qvm_features", "--", work, name, value)


@pytest.fixture
def service(tool, work):
    """``service(name, value)``: what qvm-service does when it is told so."""
    return lambda *given: tool("qvm_service", "--", work, *given)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("plain", "1"),
        ("empty", ""),
        ("with.dots-dashes_and-CAPITALS", "x"),
        ("-dash", "-v"),
        ("printable", " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
        ("n" * 200, "v" * 5000),
    ],
)
def test_a_feature_is_read_back_as_it_was_set(feature, work, look, name, value):
    assert feature(name, value) == (0, "", "")
    assert look(work).features[name] == value


def test_features_come_in_the_order_they_were_set(feature, work, look):
    for name in ("b", "a", "c"):
        feature(name, "1")
    assert list(look(work).features) == ["b", "a", "c"]


def test_reading_all_features_is_one_call_and_one_more_for_each(app, calls):
    qube = app.domains["sys-net"]
    calls.clear()
    assert dict(qube.features.items()) == {"servicevm": "1", "service.clocksync": "1"}
    assert calls == [
        ("admin.vm.feature.List", "sys-net", None),
        ("admin.vm.feature.Get", "sys-net", "servicevm"),
        ("admin.vm.feature.Get", "sys-net", "service.clocksync"),
    ]


def test_a_missing_feature_is_a_key_error_none_or_asked_of_the_template(work, look):
    features = look(work).features
    with pytest.raises(qubesadmin.exc.QubesFeatureNotFoundError) as raised:
        features["os"]
    assert str(raised.value) == "Feature not set for domain work: os"
    assert isinstance(raised.value, KeyError)
    assert features.get("os") is None
    assert features.check_with_template("os") == "Linux"
    assert features.check_with_template("nosuch") is None


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("a b", "1", EMPTY_ANSWER),
        ("a/b", "1", f"{PROTOCOL}feature name contains illegal characters\n"),
        ("a+b", "1", f"{PROTOCOL}feature name contains illegal characters\n"),
        ("", "1", f"{PROTOCOL}expected an argument\n"),
        ("name", "é", f"{PROTOCOL}Feature value contains non-ASCII characters\n"),
        ("name", "two\nlines", f"{PROTOCOL}name value contains illegal characters\n"),
        ("name", "\t", f"{PROTOCOL}name value contains illegal characters\n"),
    ],
)
@pytest.mark.since_4_4("4.3 says less or nothing, as an error of the tool")
def test_bad_names_and_values_are_refused(feature, work, look, name, value, error):
    assert feature(name, value) == (1, "", error)
    assert not list(look(work).features)


def test_a_name_beyond_ascii_does_not_even_leave_the_client(feature):
    outcome = feature("é", "1")
    assert outcome.rc == 1
    assert outcome.err.startswith("UnicodeEncodeError: 'ascii' codec can't encode character")


def test_a_feature_is_printed(feature, tool, work):
    feature("name", "some value")
    assert tool("qvm_features", "--", work, "name") == (0, "some value\n", "")


def test_a_missing_feature_prints_nothing_and_is_rc_1(tool, work):
    assert tool("qvm_features", "--", work, "nosuch") == (1, "", "")


def test_unsetting_a_feature_is_the_same_whether_it_was_there_or_not(feature, tool, work, look):
    feature("name", "1")
    assert tool("qvm_features", "--unset", "--", work, "name") == (0, "", "")
    assert tool("qvm_features", "--unset", "--", work, "name") == (0, "", "")
    assert "name" not in list(look(work).features)


def test_the_qube_has_to_exist(tool):
    assert tool("qvm_features", "--", "nosuch", "name", "1") == (
        2,
        "",
        "error: no such domain: 'nosuch'\n",
    )


def test_dom0_has_features_too(tool, look):
    assert tool("qvm_features", "--", "dom0", "x-name", "1") == (0, "", "")
    assert look("dom0").features["x-name"] == "1"


@pytest.mark.parametrize("name", ["x", "tesseraqt-wires", "c" * 52])
def test_a_vm_config_name_has_up_to_52_characters(feature, name):
    assert feature(f"vm-config.{name}", "1") == (0, "", "")


# Refused, and stored all the same: the qube has it from now on.
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "Empty config name not allowed"),
        ("1x", "Config name must start with an ASCII letter"),
        ("-x", "Config name must start with an ASCII letter"),
        ("c" * 53, "VM config name must not exceed 46 bytes"),
    ],
)
def test_a_refused_vm_config_name_is_stored_nevertheless(feature, work, look, name, reason):
    assert feature(f"vm-config.{name}", "1") == (1, "", f"error: {reason}\n")
    assert look(work).features[f"vm-config.{name}"] == "1"


@pytest.mark.parametrize("value", ["/home", "dir:user:user:0755:/data", "file:u:g:644:/a:b"])
def test_a_custom_persist_path_may_say_how_it_is_made(feature, value):
    assert feature("custom-persist.data", value) == (0, "", "")


# Worse than above: with it the qube does not start any more.
@pytest.mark.since_4_4("4.3 does not name the qube")
def test_a_refused_custom_persist_path_is_stored_and_prevents_the_start(feature, tool, work, look):
    reason = "invalid value format: 'relative'"
    assert feature("custom-persist.data", "relative") == (1, "", f"error: {reason}\n")
    assert look(work).features["custom-persist.data"] == "relative"
    assert tool("qvm_start", "--", work) == (
        1,
        "",
        f"Error: Starting qube failed: work: {reason}\n",
    )


@pytest.mark.since_4_4("4.3 does not name the qube")
def test_a_qube_with_prohibit_start_does_not_start(feature, tool, work):
    feature("prohibit-start", "not yet")
    assert tool("qvm_start", "--", work) == (
        1,
        "",
        "Error: Starting qube failed: work: Qube start is prohibited. Rationale: not yet\n",
    )


@pytest.mark.parametrize("name", ["preload-dispvm", "deferred-netvm-original"])
@pytest.mark.since_4_4("4.3 answers nothing")
def test_what_qubesd_keeps_in_features_cannot_be_set(feature, tool, work, name):
    assert feature(name, "x") == (1, "", FORBIDDEN)
    assert tool("qvm_features", "--unset", "--", work, name) == (1, "", FORBIDDEN)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (
            "preload-dispvm-max",
            "1",
            "Qube does not support the RPC(s) 'qubes.WaitForRunningSystem, qubes.WaitForSession'",
        ),
        (
            "preload-dispvm-delay",
            "x",
            "Invalid preload-dispvm-delay value: not an integer or float",
        ),
    ],
)
@pytest.mark.since_4_4("4.3 names one missing service only")
def test_preloading_is_checked(feature, name, value, reason):
    assert feature(name, value) == (1, "", f"error: {reason}\n")


@pytest.mark.parametrize(
    ("word", "stored", "printed"),
    [
        ("on", "1", "on"),
        ("True", "1", "on"),
        ("1", "1", "on"),
        ("off", "", "off"),
        ("0", "", "off"),
    ],
)
def test_a_service_is_a_feature_that_is_1_or_empty(service, work, look, word, stored, printed):
    assert service("sshd", word) == (0, "", "")
    assert look(work).features["service.sshd"] == stored
    assert service("sshd") == (0, f"{printed}\n", "")


def test_a_service_can_be_forgotten(service, tool, work, look):
    service("sshd", "on")
    assert tool("qvm_service", "--unset", "--", work, "sshd") == (0, "", "")
    assert tool("qvm_service", "--unset", "--", work, "sshd") == (0, "", "")
    assert not list(look(work).features)


def test_a_missing_service_prints_nothing_and_is_rc_1(service):
    assert service("sshd") == (1, "", "")


@pytest.mark.parametrize("word", ["maybe", ""])
def test_a_service_is_on_or_off(service, word):
    assert service("sshd", word) == (1, "", f"error: Invalid literal for boolean value: {word!r}\n")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("s" * 49, "error: Service name must not exceed 48 bytes\n"),
        (".", 'error: Service name cannot be "." or ".."\n'),
        pytest.param(
            "a/b",
            f"{PROTOCOL}feature name contains illegal characters\n",
            marks=pytest.mark.since_4_4("4.3 says the same as an error of the tool"),
        ),
    ],
)
def test_a_service_name_has_up_to_48_characters_and_is_no_path(service, work, look, name, error):
    assert service("s" * 48, "on") == (0, "", "")
    assert service(name, "on") == (1, "", error)
    assert list(look(work).features) == ["service." + "s" * 48]


# It can never be read back: a plan that sets it would never be done.
@pytest.mark.parametrize(("word", "maxmem", "is_default"), [("off", 0, False), ("on", 4000, True)])
def test_the_service_meminfo_writer_sets_maxmem_instead(
    service, work, look, word, maxmem, is_default
):
    assert service("meminfo-writer", word) == (0, "", "")
    assert not list(look(work).features)
    assert (look(work).maxmem, look(work).property_is_default("maxmem")) == (maxmem, is_default)
