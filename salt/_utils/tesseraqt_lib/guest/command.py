# SPDX-License-Identifier: MIT
"""How a script reaches a qube: by ``qvm-run``, or by the qrexec client itself."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

#: The script comes on stdin, before what it is to read: an argument of its size would be
#: logged by qrexec each time, and may be too long for it. ``head`` reads not a byte too many.
BOOT = (
    "PATH=/run/wrappers/bin:/run/current-system/sw/bin:$PATH; export PATH;"
    ' script=$(head -c "$1") && shift && eval "$script"'
)
#: What a script may be told; nothing that any shell would act on.
ARGUMENT = re.compile(r"[A-Za-z0-9/][A-Za-z0-9._/:@=+-]{0,255}")

#: From a qube, the size of a script and its arguments to a command, and what that reads first.
Way = Callable[[str, int, tuple[str, ...]], tuple[tuple[str, ...], bytes]]


def command(qube: str, size: int, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The ``qvm-run`` that runs a script of ``size`` bytes."""
    options = ("-p", "--no-gui", "--no-autostart", "--no-filter-escape-chars", "--no-shell")
    return ("qvm-run", *options, "-u", "root", "--", qube, *shell(size, arguments))


def shell(size: int, arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The command in the qube that reads a script of ``size`` bytes and runs it."""
    for argument in arguments:
        if not ARGUMENT.fullmatch(argument):
            raise ValueError(f"not fit for a script's argument: {argument!a}")
    return ("/bin/sh", "-c", BOOT, "tesseraqt", str(size), *arguments)


def by_qvm_run(qube: str, size: int, arguments: tuple[str, ...]) -> tuple[tuple[str, ...], bytes]:
    """The command that runs a script, and what it reads before that: nothing."""
    return command(qube, size, arguments), b""


def by_qrexec_client(
    qube: str, size: int, arguments: tuple[str, ...]
) -> tuple[tuple[str, ...], bytes]:
    """The command that runs a script, and what it reads before that.

    ``qvm-run`` asks Qubes for a start in any case, which is refused for a qube that runs.

    What it does otherwise, this does too (``qubesadmin.app.QubesLocal.run_service``).
    """
    import qubesadmin.config

    line = f"exec {shlex.join(shell(size, arguments))}\n"
    call = "root:QUBESRPC qubes.VMShell+ dom0"
    return (qubesadmin.config.QREXEC_CLIENT, "-d", qube, call), line.encode("ascii")
