# SPDX-License-Identifier: MIT
"""How much a declaration may hold, so that reading it ends.

A few lines of YAML can stand for billions of values, by aliases of aliases, or for a value
that holds itself. Nothing else here guards against that: everything else may recurse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from tesseraqt_lib.problems import Problems

#: Values, each counted as often as something names it. 500 qubes have about 25 000.
MOST = 250_000
#: So many characters of a text count as another value: 16 MB of text are the most there can be.
LONG = 64
DEEPEST = 48

END = object()


def bounded(
    raw: Any, at: str, problems: Problems, instead: Callable[[], Any] = dict[str, Any]
) -> Any:
    """``raw`` itself; nothing of it where it holds more than any declaration.

    :param at: where it stands; empty for a declaration as a whole
    :param instead: makes what stands for nothing, which is read without a further problem
    """
    why = excess(raw)
    if not why:
        return raw
    problems.add(at, why if at else f"the declaration {why}")
    return instead()


def excess(raw: Any) -> str:
    """Why ``raw`` is more than any declaration holds; empty if it is not."""
    count, levels = 0, [iter((raw,))]
    while levels:
        value = next(levels[-1], END)
        if value is END:
            levels.pop()
            continue
        count += 1 + length(value) // LONG
        if count > MOST:
            return f"holds more than {MOST} values (does an alias repeat itself?)"
        if len(levels) > DEEPEST:
            return f"is nested deeper than {DEEPEST} levels"
        levels.append(within(value))
    return ""


def length(value: Any) -> int:
    """The characters of a text, or the bytes of a number; nothing of whatever holds others."""
    if isinstance(value, int):
        return value.bit_length() // 8
    return len(value) if isinstance(value, (str, bytes)) else 0


def within(value: Any) -> Iterator[Any]:
    """The values that ``value`` holds."""
    if isinstance(value, Mapping):
        return chain(value.keys(), value.values())
    return iter(value) if isinstance(value, (list, tuple, set, frozenset)) else iter(())
