# SPDX-License-Identifier: MIT
"""The only door to what a qube says.

A qube is asked by running one of our scripts in it over qrexec. Whatever comes back is a
claim of that qube and decides about nothing but that qube. Until it has passed the fixed
grammar here its name starts with ``untrusted_``; text for people goes through
``printable.py``. An exit code proves nothing (``qvm-run`` ends with 0 when its client is
killed), so a script ends by saying a word that was made up for this one call.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tesseraqt_lib.bounded import process
from tesseraqt_lib.bounded.process import Bounds, Ended, Source
from tesseraqt_lib.guest import command
from tesseraqt_lib.guest.command import Way
from tesseraqt_lib.guest.printable import Lines

DONE = "done"
#: Bytes of the word that proves the end of a script.
NONCE = 16
#: What a script says that could not do its work.
FAILED = "failed"

Grammar = Mapping[str, re.Pattern[str]]


class NoAnswer(Exception):
    """The qube did not answer as agreed: why, and the last lines of what it said instead."""

    def __init__(self, why: str, lines: tuple[str, ...], said: bool) -> None:
        """
        :param said: whether it said anything for an answer, be it nonsense or a flood
        """
        super().__init__("\n".join((why, *lines)))
        self.why = why
        self.lines = lines
        self.said = said


@dataclass(frozen=True)
class Script:
    """A script of ours: its text, what it may and must answer, and what it may take."""

    name: str
    text: str
    grammar: Grammar
    bounds: Bounds
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What the qube answered, each value as its grammar has it, and the end of its log."""

    values: Mapping[str, str]
    lines: tuple[str, ...]


def ask(
    qube: str,
    script: Script,
    arguments: tuple[str, ...] = (),
    data: Source | None = None,
    tell: Callable[[str], None] = process.ignore,
    beat: Callable[[], None] = process.ignore,
    way: Way | None = None,
) -> Answer:
    """The script ran in the qube to its end.

    :param data: what the script reads on stdin
    :param tell: gets the log, line by line, printable and with the name of the qube
    :param beat: is called now and then while the qube says nothing
    :param way: how the qube is reached; by ``qvm-run`` if nothing is said
    :raises NoAnswer: it did not run, did not end in time, or answered against the grammar
    """
    nonce = secrets.token_hex(NONCE)
    lines = Lines(qube, tell)
    text = whole_text(script, nonce)
    argv, first = (way or command.by_qvm_run)(qube, len(text), arguments)
    source = _Joined(io.BytesIO(first + text), data or io.BytesIO())
    try:
        ended = process.run(argv, source, script.bounds, lines.add, beat)
        lines.end()
        return Answer(complete(parsed(ended, script.grammar, nonce), script), lines.last())
    except Refused as error:
        said = ended.flooded or bool(ended.untrusted_result)
        raise NoAnswer(f"{qube}: {script.name}: {error}", lines.last(), said) from None
    except OSError as error:
        raise NoAnswer(f"{qube}: {script.name}: {argv[0]}: {error.strerror}", (), False) from error


def whole_text(script: Script, nonce: str) -> bytes:
    """The script as it is sent, with the word that proves its end."""
    return f"tesseraqt_nonce={nonce}\n{script.text}".encode("ascii")


def size(script: Script) -> int:
    """How many bytes of script are sent; the word that proves its end is always as long."""
    return len(whole_text(script, "0" * 2 * NONCE))


class Refused(Exception):
    """What came is not an answer; the text holds nothing of it."""


def parsed(ended: Ended, grammar: Grammar, nonce: str) -> dict[str, str]:
    """The answer, if it keeps to the grammar as a whole and proves that the script ended.

    :raises Refused: it does not
    """
    if ended.broken:
        raise Refused(ended.broken)
    if not ended.untrusted_result:
        raise Refused(f"no answer; qvm-run ended with code {ended.code}")
    found: dict[str, str] = {}
    for untrusted_line in lines_of(ended.untrusted_result):
        untrusted_key, _, untrusted_value = untrusted_line.partition("=")
        rule = re.compile(nonce) if untrusted_key == DONE else grammar.get(untrusted_key)
        if rule is None:
            raise Refused("its answer has a key that nobody asked for")
        key = untrusted_key
        if key in found:
            raise Refused(f"its answer says {key} twice")
        if not rule.fullmatch(untrusted_value):
            raise Refused(f"its answer for {key} is not what can be answered there")
        found[key] = untrusted_value
    if next(reversed(found)) != DONE:
        raise Refused(f"its answer breaks off; qvm-run ended with code {ended.code}")
    del found[DONE]
    return found


def complete(values: dict[str, str], script: Script) -> dict[str, str]:
    """The answer, if nothing is missing in it; who says that it failed need not say more."""
    missing = [key for key in script.required if key not in values]
    if missing and FAILED not in values:
        raise Refused(f"its answer does not say {', '.join(missing)}")
    return values


def lines_of(untrusted_result: bytes) -> list[str]:
    """The lines of an answer, which is ASCII and whose last line is whole."""
    if not untrusted_result.isascii() or not untrusted_result.endswith(b"\n"):
        raise Refused("its answer is not made of whole lines of ASCII")
    return untrusted_result.decode("ascii")[:-1].split("\n")


class _Joined:
    """Two sources read as one."""

    def __init__(self, first: Source, second: Source) -> None:
        self._sources = [first, second]

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes of the source that is not yet at its end."""
        while self._sources:
            block = self._sources[0].read(size)
            if block:
                return block
            self._sources.pop(0)
        return b""
