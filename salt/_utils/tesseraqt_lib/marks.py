# SPDX-License-Identifier: MIT
"""The tags that say whose a qube is; with the other tags of a qube they are one call.

A clone or a rename by hand takes tags along. So beside the tag for everybody there is a mark that
holds the name of the qube, and a mark of another name tells a copy.
"""

from __future__ import annotations

from collections.abc import Iterable

#: On the qubes that tesseraqt made or was told to adopt, and on copies of them.
OWNER_TAG = "tesseraqt"
#: How the marks start; the name of the qube follows.
MADE, ADOPTED = "tesseraqt-made-", "tesseraqt-adopted-"
#: On a qube that neither ``absent`` nor ``prune`` takes.
PROTECTED = "tesseraqt-protect"


def mark(start: str, name: str) -> str:
    """The mark of a qube; a tag can hold no dot, so ``_`` is written ``__``, and a dot ``_d``."""
    return start + name.replace("_", "__").replace(".", "_d")


def others(tags: Iterable[str], own: str) -> list[str]:
    """All marks among the tags but this one."""
    return sorted(tag for tag in tags if tag.startswith((MADE, ADOPTED)) and tag != own)


def owner(name: str, tags: frozenset[str]) -> str:
    """``made`` or ``adopted``, ``copy`` of a qube that is; empty for all others.

    Before there were marks there was the tag alone: such a qube counts as adopted.
    """
    if OWNER_TAG not in tags:
        return ""
    if mark(MADE, name) in tags:
        return "made"
    marked = any(tag.startswith((MADE, ADOPTED)) for tag in tags)
    return "copy" if marked and mark(ADOPTED, name) not in tags else "adopted"
