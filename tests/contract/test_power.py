# SPDX-License-Identifier: MIT
"""qvm-start, qvm-shutdown, qvm-kill and qvm-check: states, order, and what they exit with."""

import pytest


@pytest.fixture
def state(look):
    """``state("work")``: the power state a client sees that has read nothing before."""
    return lambda name: look(name).get_power_state()


def test_starting_is_done_when_the_tool_returns(tool, work, state):
    assert state(work) == "Halted"
    assert tool("qvm_start", "--", work) == (0, "", "")
    assert state(work) == "Running"


@pytest.mark.since_4_4("4.3 says 'domain busy is already running'")
def test_starting_a_running_qube_is_refused_unless_told_otherwise(tool, busy):
    assert tool("qvm_start", "--", busy) == (
        1,
        "",
        "Error: Starting qube failed: busy: Domain is already running\n",
    )
    assert tool("qvm_start", "--skip-if-running", "--", busy) == (0, "", "")


@pytest.mark.since_4_4("4.3 stops at the first one")
def test_several_qubes_are_started_whatever_happens_to_one(tool, busy, work, state):
    assert tool("qvm_start", "--", busy, work).rc == 1
    assert state(work) == "Running"


def test_starting_a_qube_starts_its_netvm(tool, work, state):
    tool("qvm_shutdown", "--wait", "--", "sys-firewall", "sys-net")
    assert (state("sys-net"), state("sys-firewall")) == ("Halted", "Halted")
    assert tool("qvm_start", "--", work) == (0, "", "")
    assert (state("sys-net"), state("sys-firewall")) == ("Running", "Running")


@pytest.mark.since_4_4("4.3 says 'domain dom0 is already running'")
def test_dom0_runs_already(tool):
    assert tool("qvm_start", "--", "dom0") == (
        1,
        "",
        "Error: Starting qube failed: dom0: Domain is already running\n",
    )


# None, not 0.
def test_shutting_down_and_waiting_is_done_when_the_tool_returns(tool, busy, state):
    assert tool("qvm_shutdown", "--wait", "--", busy) == (None, "", "")
    assert state(busy) == "Halted"


def test_without_waiting_the_qube_may_still_run(tool, busy, state):
    assert tool("qvm_shutdown", "--", busy) == (None, "", "")
    assert state(busy) in ("Running", "Halting", "Halted")


@pytest.mark.parametrize("options", [(), ("--wait",)])
def test_shutting_down_a_halted_qube_is_no_error(tool, work, options):
    assert tool("qvm_shutdown", *options, "--", work) == (None, "", "")


@pytest.mark.since_4_4("4.3 does not say why")
def test_a_netvm_in_use_is_not_shut_down(tool, busy, state):
    assert tool("qvm_shutdown", "--wait", "--", "sys-firewall") == (
        1,
        "",
        "Error: Retrying shutdown of qubes that were in use for 1 time(s)\n"
        "Error: Retrying shutdown of qubes that were in use: sys-firewall\n"
        "Error: Failed to shut down: sys-firewall: There are other VMs connected to this VM: "
        "busy\n",
    )
    assert state("sys-firewall") == "Running"


def test_a_netvm_in_use_is_shut_down_by_force(tool, busy, state):
    assert tool("qvm_shutdown", "--wait", "--force", "--", "sys-firewall") == (None, "", "")
    assert (state("sys-firewall"), state(busy)) == ("Halted", "Running")


# Success, although stderr says "Error".
@pytest.mark.since_4_4("4.3 does it without a word")
def test_qubes_that_depend_on_each_other_are_shut_down_in_turn(tool, busy, state):
    outcome = tool("qvm_shutdown", "--wait", "--", "sys-net", "sys-firewall", busy)
    assert outcome.rc is None
    assert outcome.err.startswith("Error: Retrying shutdown of qubes that were in use for")
    assert [state(name) for name in ("sys-net", "sys-firewall", busy)] == ["Halted"] * 3


@pytest.mark.since_4_4("4.3 does not say why")
def test_dom0_is_not_shut_down(tool):
    assert tool("qvm_shutdown", "--wait", "--", "dom0") == (
        1,
        "",
        "Error: Failed to shut down: dom0: Got empty response from qubesd. See journalctl in "
        "dom0 for details.\n",
    )


def test_killing_is_done_when_the_tool_returns(tool, busy, state):
    assert tool("qvm_kill", "--", busy) == (0, "", "")
    assert state(busy) == "Halted"


def test_killing_a_halted_qube_is_no_error(tool, work):
    assert tool("qvm_kill", "--", work) == (0, "", "")


def test_a_netvm_in_use_can_be_killed(tool, busy, state):
    assert tool("qvm_kill", "--", "sys-firewall") == (0, "", "")
    assert (state("sys-firewall"), state(busy)) == ("Halted", "Running")


@pytest.mark.since_4_4("4.3 quotes the name")
def test_dom0_is_not_killed(tool):
    assert tool("qvm_kill", "--", "dom0") == (
        1,
        "",
        "Error: Failed to kill: dom0: Cannot kill Dom0 fake domain!\n",
    )


@pytest.mark.parametrize("name", ["qvm_start", "qvm_shutdown", "qvm_kill"])
def test_the_qube_has_to_exist(tool, name):
    assert tool(name, "--", "nosuch") == (2, "", "error: no such domain: 'nosuch'\n")


def test_a_disposable_that_cleans_up_is_gone_after_it_is_shut_down(tool, make, app):
    make("disposable", "--class", "DispVM", "--property", "auto_cleanup=True")
    tool("qvm_start", "--", "disposable")
    tool("qvm_shutdown", "--wait", "--", "disposable")
    assert "disposable" not in app.domains


def test_a_named_disposable_stays_after_it_is_shut_down(tool, make, app):
    make("disposable", "--class", "DispVM")
    tool("qvm_start", "--", "disposable")
    tool("qvm_shutdown", "--wait", "--", "disposable")
    assert "disposable" in app.domains


@pytest.mark.parametrize(
    ("options", "rc", "err"),
    [
        (("busy",), 0, "busy: exists\n"),
        (("nosuch",), 1, "nosuch: non-existent!\n"),
        (("--running", "busy"), 0, "busy: running\n"),
        (("--running", "nixos"), 1, "None of qubes: running\n"),
        (("--template", "nixos"), 0, "nixos: template\n"),
    ],
)
def test_checking_answers_on_stderr(command, busy, options, rc, err):
    outcome = command("qvm-check", *options)
    assert (outcome.rc, outcome.out) == (rc, "")
    assert outcome.err.endswith(err)
