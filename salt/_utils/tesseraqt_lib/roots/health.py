# SPDX-License-Identifier: MIT
"""Whether all is well in qubes that run, by what each says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tesseraqt_lib.guest import ask, scripts
from tesseraqt_lib.guest.ask import Script
from tesseraqt_lib.roots.phases import Means

#: So many qubes are asked at once: most of the time is spent in waiting for them.
AT_ONCE = 8


def failing(names: Sequence[str], means: Means) -> dict[str, list[str]]:
    """What is not well, by qube; nothing of those in which no unit has failed.

    None is started, and one that does not answer keeps none of the others.

    :param names: qubes that run
    """
    if not names:
        return {}
    script = scripts.load(means.read, "health")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = pool.map(lambda name: failed_units(name, script), names)
        return {name: found for name, found in zip(names, told, strict=True) if found}


def failed_units(name: str, script: Script) -> list[str]:
    """The units that have failed, or why it is not known which."""
    try:
        said = ask.ask(name, script).values["failed_units"]
    except ask.NoAnswer as error:
        return [f"not known: {error.why}"]
    return said.split(",") if said else []
