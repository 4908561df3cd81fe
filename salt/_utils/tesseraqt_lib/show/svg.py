# SPDX-License-Identifier: MIT
"""Has graphviz draw a picture, where it is installed."""

from __future__ import annotations

import io

from salt.exceptions import CommandExecutionError

from tesseraqt_lib.bounded import process
from tesseraqt_lib.bounded.process import Bounds, Tail
from tesseraqt_lib.dom0.tools import cleaned

ARGV = ("dot", "-Tsvg")
#: A fleet of a hundred qubes takes a few seconds, and half a million bytes.
BOUNDS = Bounds(total=120, idle=120, result=1 << 26, log=1 << 20)


def svg(dot: str) -> str:
    """The picture as SVG.

    :param dot: the picture in the language of graphviz
    :raises CommandExecutionError: graphviz is missing, failed, or was given up
    """
    words = Tail(1 << 14)
    try:
        ended = process.run(ARGV, io.BytesIO(dot.encode("ascii")), BOUNDS, words.hear)
    except FileNotFoundError:
        how = "install graphviz, or draw what tesseraqt.graph prints elsewhere"
        raise CommandExecutionError(f"{ARGV[0]} is not there: {how}") from None
    if ended.broken:
        raise CommandExecutionError(f"{ARGV[0]} was given up: {ended.broken}")
    if ended.code != 0:
        raise CommandExecutionError(f"{' '.join(ARGV)}: {cleaned(words.untrusted_text)}")
    return ended.untrusted_result.decode("utf-8", "replace")
