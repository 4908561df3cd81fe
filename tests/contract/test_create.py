# SPDX-License-Identifier: MIT
"""qvm-create: the classes, what a new qube has, and what is refused with which words."""

import pytest

GIB = 1024**3
MADE_BY_DOM0 = ["audiovm-dom0", "created-by-dom0", "guivm-dom0"]
STARTS_BADLY = "VM name cannot start with hyphen, underscore, dot or numbers"


def explicit(qube):
    """The properties of ``qube`` that are not at their default, but for those every qube has."""
    given = {"name", "qid", "uuid", "label", "dispid"}
    names = [name for name in qube.property_list() if not qube.property_is_default(name)]
    return {name: str(getattr(qube, name)) for name in names if name not in given}


def test_an_appvm_has_its_template_and_label_and_nothing_else(tool, look):
    assert tool(
        "qvm_create", "--class", "AppVM", "--template", "nixos", "--label", "blue", "--", "work"
    ) == (0, "", "")
    qube = look("work")
    assert (qube.klass, qube.label.name) == ("AppVM", "blue")
    assert explicit(qube) == {"template": "nixos"}
    assert not list(qube.features)
    assert sorted(qube.tags) == MADE_BY_DOM0
    assert qube.get_power_state() == "Halted"


def test_appvm_is_the_default_class_and_the_default_template_the_default_template(tool, look):
    assert tool("qvm_create", "--label", "red", "--", "work") == (0, "", "")
    assert (look("work").klass, str(look("work").template)) == ("AppVM", "fedora-42")


def test_a_templatevm_has_no_template_and_no_netvm(make, look):
    qube = look(make("new-template", "--class", "TemplateVM"))
    assert (qube.klass, explicit(qube), qube.netvm) == ("TemplateVM", {}, None)
    assert qube.volumes["root"].size == 10 * GIB


@pytest.mark.since_4_4("4.3 says the same as an error of the tool")
def test_a_templatevm_cannot_be_based_on_a_template(tool):
    asked = ("--class", "TemplateVM", "--template", "nixos", "--label", "red", "--", "new-template")
    assert tool("qvm_create", *asked) == (
        1,
        "",
        "qubesadmin.exc.ProtocolError: TemplateVM cannot be based on template\n",
    )


def test_an_empty_standalonevm_has_no_features_and_an_empty_root(make, look):
    qube = look(make("alone", "--class", "StandaloneVM"))
    assert (qube.klass, explicit(qube), list(qube.features)) == ("StandaloneVM", {}, [])
    assert not hasattr(qube, "template")
    assert (qube.netvm, qube.volumes["root"].size) == ("sys-firewall", 10 * GIB)


def test_a_standalonevm_of_a_template_has_the_templates_features_and_not_its_template(make, look):
    qube = look(make("alone", "--class", "StandaloneVM", "--template", "nixos"))
    assert (qube.klass, qube.label.name, explicit(qube)) == ("StandaloneVM", "red", {})
    assert dict(qube.features.items()) == dict(look("nixos").features.items())


# The tag that says who owns a qube comes along: take it off or accept it, but know it.
def test_a_standalonevm_of_a_template_has_the_templates_tags_and_preferences(tool, make, look):
    tool("qvm_tags", "--", "nixos", "add", "mine")
    tool("qvm_prefs", "--", "nixos", "memory", "700")
    qube = look(make("alone", "--class", "StandaloneVM", "--template", "nixos"))
    assert sorted(qube.tags) == [*MADE_BY_DOM0, "mine"]
    assert explicit(qube) == {"memory": "700"}


def test_a_standalonevm_of_a_template_has_its_root_and_a_fresh_private_volume(tool, make, look):
    tool("qvm_volume", "resize", "--", "nixos:root", "15GiB")
    tool("qvm_volume", "resize", "--", "nixos:private", "5GiB")
    volumes = look(make("alone", "--class", "StandaloneVM", "--template", "nixos")).volumes
    assert (volumes["root"].size, volumes["private"].size) == (15 * GIB, 2 * GIB)


def test_a_named_dispvm_is_based_on_its_disposable_template(make, look):
    qube = look(make("disposable", "--class", "DispVM", "--template", "default-dvm"))
    assert (qube.klass, explicit(qube)) == ("DispVM", {"template": "default-dvm"})
    assert (qube.auto_cleanup, str(qube.default_dispvm)) == (False, "default-dvm")


# Whatever tesseraqt put on the disposable template is on the disposable as well.
def test_a_named_dispvm_gets_tags_features_preferences_and_rules_of_its_template(tool, make, look):
    tool("qvm_tags", "--", "default-dvm", "add", "mine")
    tool("qvm_features", "--", "default-dvm", "x-mine", "1")
    tool("qvm_prefs", "--", "default-dvm", "memory", "700")
    tool("qvm_prefs", "--", "default-dvm", "netvm", "none")
    look("default-dvm").qubesd_call(None, "admin.vm.firewall.Set", None, b"action=drop\n")
    qube = look(make("disposable", "--class", "DispVM", "--template", "default-dvm"))
    assert sorted(qube.tags) == [*MADE_BY_DOM0, "mine"]
    assert qube.features["x-mine"] == "1"
    assert explicit(qube) == {"template": "default-dvm", "memory": "700", "netvm": "None"}
    assert [rule.rule for rule in qube.firewall.rules] == ["action=drop"]


def test_a_dispvm_without_template_is_based_on_the_default_disposable_template(make, look):
    assert str(look(make("disposable", "--class", "DispVM")).template) == "default-dvm"


def test_a_named_disposable_keeps_the_tag_that_it_had_before_it_inherited(app, make, look):
    app.domains["default-dvm"].audiovm = None
    qube = look(make("disposable", "--class", "DispVM", "--template", "default-dvm"))
    assert (qube.audiovm, qube.property_is_default("audiovm")) == (None, False)
    assert sorted(qube.tags) == ["audiovm-dom0", "created-by-dom0", "guivm-dom0"]


@pytest.mark.parametrize("template", ["nixos", "sys-net"])
def test_a_dispvm_needs_a_template_for_disposables(tool, template):
    asked = ("--class", "DispVM", "--template", template, "--label", "red", "--", "disposable")
    assert tool("qvm_create", *asked) == (
        1,
        "",
        f"app: Error creating VM: template for disposable ({template}) needs to be an AppVM with "
        "template_for_dispvms=True\n",
    )


def test_an_appvm_cannot_be_based_on_an_appvm(tool, look, app):
    outcome = tool("qvm_create", "--template", "sys-net", "--label", "red", "--", "work")
    assert outcome.rc == 1
    assert outcome.err.startswith("app: Error creating VM: wrong VM class: domains[")
    assert outcome.err.endswith("is of type AppVM and not TemplateVM\n")
    assert "work" not in app.domains


@pytest.mark.parametrize(
    ("klass", "error"),
    [
        ("AppVM", "app: Error creating VM: No such domain: 'nosuch'\n"),
        ("StandaloneVM", "KeyError: 'nosuch'\n"),
    ],
)
def test_the_template_has_to_exist(tool, klass, error):
    asked = ("--class", klass, "--template", "nosuch", "--label", "red", "--", "work")
    assert tool("qvm_create", *asked) == (1, "", error)


@pytest.mark.since_4_4("4.3 answers nothing")
def test_the_class_has_to_exist(tool):
    assert tool("qvm_create", "--class", "NoVM", "--label", "red", "--", "work") == (
        1,
        "",
        "qubesadmin.exc.ProtocolError: no such method: 'admin.vm.Create.NoVM'\n",
    )


def test_the_label_has_to_exist(tool):
    assert tool("qvm_create", "--template", "nixos", "--label", "pink", "--", "work") == (
        2,
        "",
        "error: no such label: 'pink'; available: red, orange, yellow, green, gray, blue, purple, "
        "black\n",
    )


def test_a_label_is_needed(tool):
    assert tool("qvm_create", "--template", "nixos", "--", "work") == (
        2,
        "",
        "error: --label option is mandatory\n",
    )


def test_a_custom_label_can_be_used_at_once(app, make, look):
    app.qubesd_call("dom0", "admin.label.Create", "teal", b"0x008080")
    assert look(make("work", "--label", "teal", "--template", "nixos")).label.name == "teal"


@pytest.mark.parametrize("name", ["nixos", "sys-net", "dom0"])
@pytest.mark.since_4_4("4.3 says 'VM … already exists'")
def test_a_name_in_use_is_refused(tool, name):
    assert tool("qvm_create", "--label", "red", "--", name) == (
        1,
        "",
        f"app: Error creating VM: Qube already exists: {name}\n",
    )


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("none", "VM name cannot be 'none' nor 'default'"),
        ("default", "VM name cannot be 'none' nor 'default'"),
        ("Domain-0", "VM name cannot be 'Domain-0'"),
        ("a" * 32, "VM name must be shorter than 32 characters"),
        ("work-dm", "VM name cannot end with -dm"),
        ("-work", STARTS_BADLY),
        ("_work", STARTS_BADLY),
        (".work", STARTS_BADLY),
        ("1work", STARTS_BADLY),
        ("wo+rk", "VM name contains illegal characters"),
        ("wo/rk", "VM name contains illegal characters"),
    ],
)
def test_a_bad_name_is_refused(tool, name, reason):
    asked = ("--template", "nixos", "--label", "red", "--", name)
    assert tool("qvm_create", *asked) == (1, "", f"app: Error creating VM: {reason}\n")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("wo rk", "ValueError: Qube name could not contain space: wo rk\n"),
        pytest.param(
            "wörk",
            "qubesadmin.exc.ProtocolError: Parameters contains non-ASCII characters\n",
            marks=pytest.mark.since_4_4("4.3 answers nothing"),
        ),
    ],
)
def test_a_name_that_cannot_be_sent_raises(tool, name, error):
    asked = ("--template", "nixos", "--label", "red", "--", name)
    assert tool("qvm_create", *asked) == (1, "", error)


@pytest.mark.since_4_4("4.3 lets qubesd refuse it")
def test_an_empty_name_is_no_name(tool):
    assert tool("qvm_create", "--template", "nixos", "--label", "red", "--", "") == (
        2,
        "",
        "error: VMNAME is mandatory\n",
    )


# disp… and None are legal names, however confusing they are.
@pytest.mark.parametrize("name", ["a" * 31, "A", "a.b_c-d", "disp1234", "None"])
def test_an_odd_name_is_accepted(make, app, name):
    make(name)
    assert name in app.domains


def test_a_preference_that_fails_leaves_the_qube_and_the_other_preferences(tool, look):
    given = ("--property", "memory=500", "--property", "bogus=1")
    asked = ("--template", "nixos", "--label", "red", *given, "--", "work")
    # 2 is what argparse exits with as well: look whether the qube is there
    assert tool("qvm_create", *asked) == (
        2,
        "",
        "app: Error setting property bogus (but VM created): Invalid property 'bogus' of work\n",
    )
    assert look("work").memory == 500


def test_a_pool_can_be_chosen_for_all_volumes_or_for_one(make, look):
    of_nixos = ("--template", "nixos")
    everywhere = look(make("work", *of_nixos, "-P", "varlibqubes")).volumes
    private = look(make("other", *of_nixos, "--pool", "private=varlibqubes")).volumes
    assert everywhere["private"].pool == private["private"].pool == "varlibqubes"


def test_the_pool_has_to_exist(tool):
    asked = ("--template", "nixos", "--label", "red", "-P", "nosuch", "--", "work")
    assert tool("qvm_create", *asked) == (
        1,
        "",
        "app: Error creating VM: Unknown storage pool nosuch\n",
    )


def test_a_new_qube_has_two_gib_of_private_volume_and_its_templates_root(work, look):
    volumes = look(work).volumes
    assert list(volumes) == ["root", "private", "volatile", "kernel"]
    assert (volumes["private"].size, volumes["root"].size) == (2 * GIB, 10 * GIB)
    assert (volumes["private"].save_on_stop, volumes["root"].save_on_stop) == (True, False)


def test_a_new_qube_accepts_every_connection(work, look):
    assert [rule.rule for rule in look(work).firewall.rules] == ["action=accept"]


def test_creating_and_nothing_more_is_three_calls(main, calls):
    assert main("qvm_create", "--template", "nixos", "--label", "red", "--", "work") == 0
    assert [call[0] for call in calls] == [
        "admin.label.List",
        "admin.vm.Create.AppVM",
        "admin.vm.List",
    ]
