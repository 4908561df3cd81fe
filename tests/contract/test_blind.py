# SPDX-License-Identifier: MIT
"""Tools in a client that is blind, which does not look whether there is what it is given the name
of: those that need nothing else of a qube do the same with fewer calls, and qubesd refuses."""

import importlib

import pytest
import qubesadmin.exc

#: What they are told, and the one call that they make.
TOLD = {
    "qvm_create": (
        ("--template", "nixos", "--label", "red", "--class", "AppVM", "--", "made"),
        ("admin.vm.Create.AppVM", "dom0", "nixos"),
    ),
    "qvm_prefs": (("--", "work", "netvm", ""), ("admin.vm.property.Set", "work", "netvm")),
    "qvm_features": (("--", "work", "x", "1"), ("admin.vm.feature.Set", "work", "x")),
    "qvm_service": (
        ("--enable", "--", "work", "cups"),
        ("admin.vm.feature.Set", "work", "service.cups"),
    ),
    "qvm_tags": (("--", "work", "add", "mine"), ("admin.vm.tag.Set", "work", "mine")),
}
#: How each refuses a qube that is not there.
TO_NOBODY = {
    "qvm_create": ("--template", "nobody", "--label", "red", "--class", "AppVM", "--", "made"),
    "qvm_prefs": ("--", "nobody", "netvm", ""),
    "qvm_features": ("--", "nobody", "x", "1"),
    "qvm_service": ("--enable", "--", "nobody", "cups"),
    "qvm_tags": ("--", "nobody", "add", "mine"),
}


@pytest.fixture
def blind(app):
    """The client, as tools get it."""
    app.cache_enabled = False
    app.blind_mode = True
    return app


@pytest.mark.parametrize("tool_name", TOLD)
def test_a_tool_makes_the_one_call_that_it_is_for(work, blind, calls, main, tool_name):
    argv, only = TOLD[tool_name]
    assert main(tool_name, *argv) in (0, None)
    assert calls == [only]


@pytest.mark.parametrize("tool_name", TOLD)
def test_it_gets_to_the_same_end(make, blind, look, main, tool_name):
    make("work")
    assert main(tool_name, *TOLD[tool_name][0]) in (0, None)
    work = look("work")
    found = {
        "qvm_create": lambda: (look("made").klass, look("made").label.name),
        "qvm_prefs": lambda: work.netvm,
        "qvm_features": lambda: work.features.get("x"),
        "qvm_service": lambda: work.features.get("service.cups"),
        "qvm_tags": lambda: "mine" in work.tags,
    }
    ends = {
        "qvm_create": ("AppVM", "red"),
        "qvm_prefs": None,
        "qvm_features": "1",
        "qvm_service": "1",
        "qvm_tags": True,
    }
    assert found[tool_name]() == ends[tool_name]


@pytest.mark.parametrize("tool_name", TO_NOBODY)
def test_qubesd_refuses_what_is_about_a_qube_that_is_not_there(blind, main, tool_name):
    newer = (
        getattr(qubesadmin.exc, name, OSError) for name in ("ProtocolError", "PermissionDenied")
    )
    refused = (qubesadmin.exc.QubesException, *newer, SystemExit)
    try:
        code = main(tool_name, *TO_NOBODY[tool_name])
    except refused as error:
        code = str(error)
    assert code not in (0, None, "0", "None")


# Nobody would know from that which label: whoever is blind has to know the labels.
@pytest.mark.since_4_4("4.3 answers nothing")
def test_qubesd_refuses_a_label_that_is_not_there_without_naming_it(blind, main):
    argv = ("--template", "nixos", "--label", "ultraviolet", "--class", "AppVM", "--", "made")
    with pytest.raises(
        qubesadmin.exc.ProtocolError, match=r"\ACreation requested without key: label\Z"
    ):
        main("qvm_create", *argv)


@pytest.mark.parametrize(
    ("tool_name", "calls_made"),
    [
        (
            "qvm_prefs",
            [("work", "memory", "500"), ("--default", "work", "memory"), ("work", "vcpus", "2")],
        ),
        ("qvm_tags", [("work", "add", "a"), ("work", "del", "a"), ("work", "add", "b")]),
    ],
)
def test_a_parser_keeps_nothing_of_the_call_before(
    work, main, look, monkeypatch, tool_name, calls_made
):
    module = importlib.import_module(f"qubesadmin.tools.{tool_name}")
    args = (1,) if tool_name == "qvm_prefs" else ()
    parser = module.get_parser(*args)
    monkeypatch.setattr(module, "get_parser", lambda *_: parser)
    for argv in calls_made:
        assert main(tool_name, *argv) == 0
    if tool_name == "qvm_prefs":
        assert look(work).property_is_default("memory")
        assert look(work).vcpus == 2
    else:
        assert {"a", "b"} & set(look(work).tags) == {"b"}
