# SPDX-License-Identifier: MIT
"""What all tools have in common: the separator, exit codes, output, and their command lines."""

import subprocess
import sys

import pytest

SEPARATED = {
    "qvm_create": ("--label", "red", "--", "made"),
    "qvm_clone": ("--", "work", "made"),
    "qvm_prefs": ("--", "work", "memory", "500"),
    "qvm_features": ("--", "work", "name", "1"),
    "qvm_service": ("--", "work", "sshd", "on"),
    "qvm_tags": ("--", "work", "add", "mine"),
    "qvm_volume": ("resize", "--", "work:private", "3GiB"),
    "qvm_firewall": ("--", "work", "reset"),
    "qvm_device": ("pci", "assign", "--required", "--", "work", "dom0:00_14.0"),
    "qvm_start": ("--", "work"),
    "qvm_shutdown": ("--wait", "--", "work"),
    "qvm_kill": ("--", "work"),
    "qvm_remove": ("--force", "--", "work"),
    "qubes_prefs": ("--", "stats_interval", "5"),
}
NO_RC = {"qvm_clone", "qvm_shutdown"}


@pytest.mark.parametrize(("name", "argv"), SEPARATED.items())
def test_a_tool_takes_the_separator_and_returns_0_or_none(tool, work, name, argv):
    assert tool(name, *argv) == (None if name in NO_RC else 0, "", "")


@pytest.mark.parametrize(("name", "argv"), SEPARATED.items())
def test_a_tool_works_without_the_separator(tool, work, name, argv):
    assert tool(name, *(word for word in argv if word != "--")).rc in (0, None)


def test_without_the_separator_a_value_that_starts_with_a_dash_is_an_option(tool, work):
    assert tool("qvm_prefs", work, "default_user", "-x").rc == 2
    assert tool("qvm_prefs", "--", work, "default_user", "-x") == (0, "", "")


@pytest.mark.parametrize(("name", "argv"), SEPARATED.items())
def test_a_command_does_the_same_as_its_main(command, work, name, argv):
    outcome = command(name.replace("_", "-"), *argv)
    assert (outcome.rc, outcome.out) == (0, "")


def test_qvm_pci_is_qvm_device_for_pci(command, work, look):
    assert command("qvm-pci", "assign", "--required", "--", work, "dom0:00_14.0").rc == 0
    assert len(list(look(work).devices["pci"].get_assigned_devices())) == 1


@pytest.mark.parametrize(
    ("argv", "rc", "err"),
    [
        (("qvm-prefs", "--", "nosuch", "memory"), 2, "error: no such domain: 'nosuch'\n"),
        (("qvm-prefs", "--", "nixos", "nosuch"), 2, "error: no such property: 'nosuch'\n"),
        (("qvm-prefs", "--", "nixos", "memory", "0"), 1, "error: memory must be positive\n"),
        (
            ("qvm-create", "--label", "red", "--", "none"),
            1,
            "app: Error creating VM: VM name cannot be 'none' nor 'default'\n",
        ),
    ],
)
def test_a_command_fails_as_its_main(command, argv, rc, err):
    assert command(*argv) == (rc, "", err)


# Whoever runs a tool in process has to catch everything, not only QubesException.
@pytest.mark.since_4_4("4.3 answers nothing")
def test_a_tool_may_raise_what_is_neither_exit_nor_qubes_exception(main, work):
    with pytest.raises(AssertionError) as raised:
        main("qvm_features", "--", work, "name", "é")
    assert type(raised.value).__name__ == "ProtocolError"


@pytest.mark.since_4_4("4.3 answers nothing")
def test_what_a_tool_raises_its_command_prints_last_and_exits_with_1(command, work):
    outcome = command("qvm-features", "--", work, "name", "é")
    assert outcome.rc == 1
    assert outcome.err.splitlines()[-1] == (
        "qubesadmin.exc.ProtocolError: Feature value contains non-ASCII characters"
    )


def test_a_tool_refuses_by_exiting(main, work):
    with pytest.raises(SystemExit) as ended:
        main("qvm_prefs", "--", work, "memory", "0")
    assert ended.value.code == 1


def test_the_program_is_named_by_argv_0(work, capsys, main):
    with pytest.raises(SystemExit):
        main("qvm_prefs", "--", work, "memory", "0")
    program = sys.argv[0].rpartition("/")[2]
    assert capsys.readouterr().err == f"{program}: error: memory must be positive\n"


# qvm-create tells errors to the log; where logging is set up already, stderr stays empty.
@pytest.mark.since_4_4("4.3 says 'VM nixos already exists'")
def test_why_a_qube_was_not_made_is_logged_by_app(main, capsys, caplog):
    assert main("qvm_create", "--label", "red", "--", "nixos") == 1
    assert [(record.name, record.getMessage()) for record in caplog.records] == [
        ("app", "Error creating VM: Qube already exists: nixos")
    ]
    assert capsys.readouterr().err == ""


def test_names_and_classes_can_be_listed_for_people(command):
    listed = command("qvm-ls", "--raw-data", "--fields", "name,klass", "nixos", "sys-net")
    assert (listed.rc, listed.out) == (0, "nixos|TemplateVM\nsys-net|AppVM\n")


# Without --force the tool asks, and there is nobody to answer.
def test_removing_asks_first(work, app):
    asked = subprocess.run(
        ["qvm-remove", "--", work], input="n\n", capture_output=True, text=True, check=False
    )
    assert asked.returncode == 1
    assert asked.stderr.endswith("Remove cancelled.\n")
    assert work in app.domains
