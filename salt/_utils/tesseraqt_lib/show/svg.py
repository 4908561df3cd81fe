# SPDX-License-Identifier: MIT
"""Has graphviz draw a picture, where it is installed."""

from __future__ import annotations

import subprocess

from salt.exceptions import CommandExecutionError

from tesseraqt_lib.dom0.tools import cleaned

ARGV = ("dot", "-Tsvg")
#: Seconds; a fleet of a hundred qubes takes a few.
DEADLINE = 120


def svg(dot: str) -> str:
    """The picture as SVG.

    :param dot: the picture in the language of graphviz
    :raises CommandExecutionError: graphviz is missing, failed, or was given up
    """
    try:
        done = subprocess.run(
            ARGV, input=dot.encode("ascii"), capture_output=True, timeout=DEADLINE, check=False
        )
    except FileNotFoundError:
        how = "install graphviz, or draw what tesseraqt.graph prints elsewhere"
        raise CommandExecutionError(f"{ARGV[0]} is not there: {how}") from None
    except subprocess.TimeoutExpired:
        raise CommandExecutionError(f"{ARGV[0]} was given up after {DEADLINE} seconds") from None
    if done.returncode != 0:
        raise CommandExecutionError(
            f"{' '.join(ARGV)}: {cleaned(done.stderr.decode('utf-8', 'replace'))}"
        )
    return done.stdout.decode("utf-8")
