# SPDX-License-Identifier: MIT
"""How a script reaches a qube: the same shell in it, whatever the qube is called."""

import shlex

import pytest
import simulated_dom0
from tesseraqt_lib.guest import command

simulated_dom0.importable()


@pytest.mark.parametrize("qube", ["work", "root", "qvm-run"])
def test_a_qube_with_the_name_of_a_word_of_the_command_gets_the_whole_shell(qube):
    argv = command.command(qube, 7, ("one",))
    assert argv[:2] == ("qvm-run", "-p")
    shell = argv[argv.index("--") + 2 :]
    assert shell == ("/bin/sh", "-c", command.BOOT, "tesseraqt", "7", "one")
    client, first = command.by_qrexec_client(qube, 7, ("one",))
    assert client[-3:] == ("-d", qube, "root:QUBESRPC qubes.VMShell+ dom0")
    assert first.decode() == f"exec {shlex.join(shell)}\n"
