# SPDX-License-Identifier: MIT
"""Reading qubes, properties and labels, what it costs, and what is raised for what is not there."""

import pytest
import qubesadmin.exc

QUBES = [
    *("default-dvm", "default-mgmt-dvm", "dom0", "fedora-42", "nixos"),
    *("sys-firewall", "sys-net", "whonix-workstation-18"),
]


def test_the_fleet_is_one_call(app, calls):
    assert [qube.name for qube in app.domains] == QUBES
    assert calls == [("admin.vm.List", "dom0", None)]


def test_the_list_brings_class_and_power_state(app, calls):
    classes = {qube.name: qube.klass for qube in app.domains}
    states = {qube.name: qube.get_power_state() for qube in app.domains}
    assert (classes["dom0"], states["dom0"]) == ("AdminVM", "Running")
    assert (classes["nixos"], states["nixos"]) == ("TemplateVM", "Halted")
    assert (classes["sys-net"], states["sys-net"]) == ("AppVM", "Running")
    assert calls == [("admin.vm.List", "dom0", None)]


def test_all_properties_of_a_qube_are_one_call(app, calls):
    qube = app.domains["sys-firewall"]
    calls.clear()
    read = (qube.memory, qube.netvm, qube.label, qube.property_is_default("netvm"), qube.autostart)
    assert read == (400, app.domains["sys-net"], app.labels["green"], False, True)
    asked = [call for call in calls if call[0].startswith("admin.vm.property")]
    assert asked == [("admin.vm.property.GetAll", "sys-firewall", None)]


def test_without_the_cache_each_reading_of_a_property_is_a_call(app, calls):
    app.cache_enabled = False
    qube = app.domains["sys-firewall"]
    calls.clear()
    assert (qube.memory, qube.memory, qube.property_is_default("memory")) == (400, 400, True)
    assert calls == [("admin.vm.property.Get", "sys-firewall", "memory")] * 3


def test_all_global_properties_are_one_call(app, calls):
    assert (str(app.default_netvm), str(app.clockvm), app.check_updates_vm) == (
        "sys-firewall",
        "sys-net",
        True,
    )
    assert not app.property_is_default("clockvm")
    assert app.property_is_default("check_updates_vm")
    assert calls == [("admin.property.GetAll", "dom0", None)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory", 400),
        ("autostart", False),
        ("default_user", "user"),
        ("kernelopts", "swiotlb=2048"),
        ("klass", "AppVM"),
        ("xid", -1),
        ("start_time", ""),
        ("devices_denied", ""),
        ("virt_mode", "pvh"),
    ],
)
def test_a_property_has_the_type_qubesd_says(work, app, name, value):
    read = getattr(app.domains[work], name)
    assert (read, type(read)) == (value, type(value))


def test_a_qube_as_value_is_a_qube_object_and_equals_its_name(work, app):
    netvm = app.domains[work].netvm
    assert (str(netvm), netvm.name) == ("sys-firewall", "sys-firewall")
    assert netvm == app.domains["sys-firewall"]
    assert netvm == "sys-firewall"


def test_no_qube_as_value_is_none_and_says_so_explicitly(app):
    qube = app.domains["sys-net"]
    assert qube.netvm is None
    assert not qube.property_is_default("netvm")


def test_a_label_as_value_has_name_colour_and_index(work, app):
    label = app.domains[work].label
    assert (str(label), label.name, label.color, label.index) == ("red", "red", "0xcc0000", 1)
    assert label == app.labels["red"]


def test_labels_come_in_the_order_of_their_index_in_one_call(app, calls):
    colours = "red orange yellow green gray blue purple black"
    assert " ".join(app.labels) == colours
    assert "red" in app.labels
    assert "pink" not in app.labels
    assert calls == [("admin.label.List", "dom0", None)]


# An explicit value that equals the default is still not the default: compare both.
def test_an_explicit_value_that_equals_the_default_is_not_the_default(work, tool, look):
    assert tool("qvm_prefs", "--", work, "memory", "400") == (0, "", "")
    qube = look(work)
    assert (qube.memory, qube.property_get_default("memory")) == (400, 400)
    assert not qube.property_is_default("memory")


def test_the_default_can_be_asked_whatever_the_value_is(work, app, calls):
    qube = app.domains["sys-net"]
    calls.clear()
    assert qube.property_get_default("netvm") == "sys-firewall"
    assert qube.property_get_default("autostart") is False
    assert [call[0] for call in calls if "property" in call[0]] == [
        "admin.vm.property.GetDefault",
        "admin.vm.property.GetDefault",
    ]


@pytest.mark.parametrize("name", ["label", "name", "template", "qid", "uuid"])
def test_what_qubesd_knows_no_default_for_raises_attribute_error(work, app, name):
    with pytest.raises(AttributeError, match=rf"^{name} has no default$"):
        app.domains[work].property_get_default(name)


@pytest.mark.parametrize("name", ["stubdom_mem", "backup_timestamp"])
def test_an_unset_number_raises_attribute_error_when_read_and_is_default(work, app, name):
    assert app.domains[work].property_is_default(name)
    with pytest.raises(AttributeError, match=rf"^{name}$"):
        getattr(app.domains[work], name)


# None is what "unset number" would be elsewhere; this is a class.
def test_the_default_of_an_unset_number_is_the_class_attribute_error(work, app):
    assert app.domains[work].property_get_default("stubdom_mem") is AttributeError


def test_properties_differ_between_the_classes(app, make):
    make("alone", "--class", "StandaloneVM")
    make("disposable", "--class", "DispVM", "--template", "default-dvm")
    properties = {
        name: set(app.domains[name].property_list())
        for name in ("nixos", "sys-net", "alone", "disposable", "dom0")
    }
    common = properties["nixos"] & properties["sys-net"] & properties["alone"]
    assert properties["nixos"] - common == {"appvm_default_bootmode"}
    assert properties["sys-net"] - common == {"template", "template_for_dispvms"}
    assert properties["alone"] - common == {"template_for_dispvms"}
    assert properties["disposable"] - common == {"auto_cleanup", "dispid", "is_preload", "template"}
    assert "netvm" not in properties["dom0"]


def test_a_set_value_is_not_what_the_caching_client_shows_until_the_cache_is_dropped(app, work):
    qube = app.domains[work]
    assert qube.memory == 400
    qube.memory = 500
    assert qube.memory == 400
    qube.clear_cache()
    assert qube.memory == 500


# clear_cache() of the collection forgets the list, not the objects: start over with a new client.
def test_a_power_state_stays_cached_in_the_object_whatever_is_cleared(app, tool):
    qube = app.domains["sys-firewall"]
    assert qube.get_power_state() == "Running"
    assert tool("qvm_kill", "--", "sys-firewall") == (0, "", "")
    qube.clear_cache()
    app.domains.clear_cache()
    assert app.domains["sys-firewall"].get_power_state() == "Running"
    assert type(app)().domains["sys-firewall"].get_power_state() == "Halted"


def test_a_qube_made_by_another_client_is_seen_after_the_list_is_cleared(app, make):
    assert "late" not in app.domains
    make("late")
    assert "late" not in app.domains
    app.domains.clear_cache()
    assert "late" in app.domains


def test_setting_a_property_to_default_resets_it(app, work, look):
    app.domains[work].memory = 500
    app.domains[work].memory = qubesadmin.DEFAULT
    assert look(work).property_is_default("memory")


def test_a_qube_that_is_not_there_is_a_key_error(app):
    with pytest.raises(KeyError) as raised:
        app.domains["nosuch"]
    assert raised.type is KeyError
    assert app.domains.get("nosuch") is None


def test_an_unknown_property_is_an_attribute_error_in_the_caching_client(app):
    with pytest.raises(AttributeError, match=r"^nosuch$") as raised:
        _ = app.domains["nixos"].nosuch
    assert raised.type is AttributeError
    with pytest.raises(AttributeError, match=r"^nosuch$"):
        app.domains["nixos"].property_is_default("nosuch")


def test_an_unknown_property_is_qubesds_own_error_without_the_cache(look):
    with pytest.raises(qubesadmin.exc.QubesNoSuchPropertyError) as raised:
        _ = look("nixos").nosuch
    assert str(raised.value) == "Invalid property 'nosuch' of nixos"
    assert isinstance(raised.value, AttributeError)


def test_setting_an_unknown_property_is_qubesds_own_error(app):
    with pytest.raises(qubesadmin.exc.QubesNoSuchPropertyError):
        app.domains["nixos"].nosuch = "1"


def test_a_qube_removed_meanwhile_cannot_be_read(app, work, tool):
    qube = type(app)().domains[work]
    assert tool("qvm_remove", "--force", "--", work) == (0, "", "")
    with pytest.raises(
        qubesadmin.exc.QubesPropertyAccessError, match=r"^Failed to access 'memory'"
    ):
        _ = qube.memory
    with pytest.raises(qubesadmin.exc.QubesVMNotFoundError, match=r"^No such domain: 'work'$"):
        list(qube.tags)
    with pytest.raises(qubesadmin.exc.QubesVMNotFoundError):
        _ = qube.features["any"]
    with pytest.raises(qubesadmin.exc.QubesVMNotFoundError):
        _ = qube.firewall.rules


def test_every_error_of_qubesd_that_can_be_shown_is_a_qubes_exception():
    shown = (
        "QubesVMNotFoundError QubesVMInUseError QubesVMNotHaltedError QubesPropertyValueError "
        "QubesNoSuchPropertyError QubesFeatureNotFoundError QubesTagNotFoundError "
        "QubesDaemonAccessError QubesPropertyAccessError StoragePoolException"
    )
    for name in shown.split():
        assert issubclass(getattr(qubesadmin.exc, name), qubesadmin.exc.QubesException)


# So ``except QubesException`` around a tool or a setter does not catch these.
@pytest.mark.parametrize("name", ["ProtocolError", "PermissionDenied"])
def test_a_refused_request_is_no_qubes_exception(name):
    assert not issubclass(getattr(qubesadmin.exc, name), qubesadmin.exc.QubesException)
