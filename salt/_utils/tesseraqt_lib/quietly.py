# SPDX-License-Identifier: MIT
"""How a qube is reached by who only looks: nobody is asked to start it."""

from __future__ import annotations

import shlex

import qubesadmin.config

from tesseraqt_lib.guest import command


def by_qrexec(qube: str, size: int, arguments: tuple[str, ...]) -> tuple[tuple[str, ...], bytes]:
    """The command that runs a script, and what it reads before that.

    ``qvm-run`` asks Qubes for a start in any case, which is refused for a qube that runs.

    What it does otherwise, this does too (``qubesadmin.app.QubesLocal.run_service``).
    """
    shell = command(qube, size, arguments)
    line = f"exec {shlex.join(shell[shell.index(qube) + 1 :])}\n"
    call = "root:QUBESRPC qubes.VMShell+ dom0"
    return (qubesadmin.config.QREXEC_CLIENT, "-d", qube, call), line.encode("ascii")
