# SPDX-License-Identifier: MIT
"""Runs the commands of steps: Qubes' own tools, in this process where that is safe.

A process costs 0.1 to 0.3 s in dom0 and an Admin API call about a millisecond, so the
tools' ``main(argv, app)`` is called directly. Tools that wait for qubes or for the network
run as processes, which can be given up.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import logging
import re
import shlex
from collections.abc import Iterator
from typing import Any

from salt.exceptions import CommandExecutionError

from tesseraqt_lib.bounded import process
from tesseraqt_lib.bounded.process import Bounds, Tail
from tesseraqt_lib.dom0.kinds import copies
from tesseraqt_lib.model import Step

#: These wait on others, and use event loops of their own.
SPAWNED = frozenset(("qvm-template", "qvm-start", "qvm-shutdown"))
#: These ask nothing of a qube but its name to set something, so the client need not list all
#: qubes for them: of one that is not there, qubesd says so. Who takes something away that is not
#: there is not told.
BLIND = frozenset(("qvm-create", "qvm-features", "qvm-prefs", "qvm-service", "qvm-tags"))
#: These make their parser anew in each call, which takes longer than the call itself.
PARSING = frozenset(("qvm-prefs", "qvm-tags"))
#: Seconds after which a spawned tool is given up; a template is a download of gigabytes.
DEADLINE = 900
LONGER = {"qvm-template": 4 * 3600, "qvm-clone": 3600, "qvm-create": 3600}
#: What is kept of a tool's words, from the end: that is where tools say what went wrong.
SAID = 2000
#: Bytes of it that are kept before that is cleaned.
KEPT = 4 * SAID
#: Bytes that a process may say in all; hours of progress of a download are a few million.
LOUDEST = 1 << 26


class Failed(Exception):
    """A command did not do its work; the text is what it said, cleaned."""


class StepFailed(CommandExecutionError):  # type: ignore[misc]
    """A step failed: which one, after which others, and what its command said."""

    def __init__(self, step: Step, said: str, done: list[Step]) -> None:
        super().__init__(f"{shown(step.argv)}: {said}")
        self.step = step
        self.said = said
        self.done = done


def refusals() -> tuple[type[BaseException], ...]:
    """How the client says that qubesd refused, or is not there; the last two since Qubes 4.4."""
    from qubesadmin import exc

    newer = (getattr(exc, name, OSError) for name in ("ProtocolError", "PermissionDenied"))
    return (exc.QubesException, OSError, *newer)


def run(step: Step, app: Any) -> None:
    """The step's command has run and succeeded.

    :param app: a ``qubesadmin.Qubes()`` for the tool to use
    :raises Failed: it said otherwise, or was given up
    """
    tool = step.argv[0]
    if tool == "qubesd-query":
        query(step, app)
        return
    alone = tool in SPAWNED or not loadable() or load(tool) is None
    code, said = spawn(step) if alone else call(step, app)
    if code != 0:
        raise Failed(cleaned(said) or f"exit code {code}, and not a word")


def load(tool: str) -> Any:
    """The module of a tool, or ``None`` where this process cannot run it."""
    try:
        module: Any = importlib.import_module(f"qubesadmin.tools.{tool.replace('-', '_')}")
    except ImportError:
        return None
    if tool in PARSING and not hasattr(module.get_parser, "cache_info"):
        module.get_parser = functools.cache(module.get_parser)
    return module


@functools.cache
def loadable() -> bool:
    """Whether tools can run in this process at all.

    Their parser reads the metadata of its package, through whichever ``importlib_metadata``
    Salt brought along, and the newer ones refuse metadata that older ones took. Then the
    tools still run, as processes of their own.
    """
    try:
        importlib.import_module("qubesadmin.tools").QubesArgumentParser()
    except (ImportError, KeyError):
        return False
    return True


def query(step: Step, app: Any) -> None:
    """The Admin API call that ``qubesd-query`` would make has been made and answered."""
    _, _, _, method, dest, *arg = step.argv
    try:
        app.qubesd_call(dest, method, arg[0] if arg else None, (step.stdin or "").encode("ascii"))
    except refusals() as error:
        raise Failed(cleaned(str(error))) from error


def call(step: Step, app: Any) -> tuple[int, str]:
    """Exit code and words of a tool called in this process."""
    tool = load(step.argv[0])
    # qvm-device turns the cache of the client that it is given on, for good.
    app = type(app)() if step.argv[0] == "qvm-device" else app
    app.blind_mode = step.argv[0] in BLIND and step.new is not None and not copies(step)
    said = Words()
    refused: tuple[type[BaseException], ...] = (*refusals(), ValueError)
    with words_to(said):
        try:
            # None is what qvm-clone returns when all went well.
            code = tool.main(list(step.argv[1:]), app=app) or 0
        except SystemExit as stop:
            code = stop.code or 0
        except refused as error:
            # Tools let some of these through, and a person would see a traceback.
            code, _ = 1, said.write(str(error))
    return (code if isinstance(code, int) else 1), said.getvalue()


class Words(io.TextIOBase):
    """What a tool in this process writes, of which only the end is kept."""

    def __init__(self) -> None:
        self._tail = Tail(KEPT)

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        self._tail.hear(text[-KEPT:].encode("utf-8", "replace"))
        return len(text)

    def getvalue(self) -> str:
        """What was kept."""
        return self._tail.untrusted_text


@contextlib.contextmanager
def words_to(stream: Words) -> Iterator[None]:
    """What tools say and log goes to ``stream``: qvm-create logs its errors."""
    root = logging.getLogger()
    handlers, root.handlers = root.handlers, [logging.StreamHandler(stream)]
    try:
        with contextlib.redirect_stdout(Words()), contextlib.redirect_stderr(stream):
            yield
    finally:
        root.handlers = handlers


def spawn(step: Step) -> tuple[int, str]:
    """Exit code and words of a tool run as a process of its own group."""
    deadline, tail = LONGER.get(step.argv[0], DEADLINE), Tail(KEPT)
    try:
        ended = process.overhear(step.argv, Bounds(deadline, deadline, log=LOUDEST), tail.hear)
    except OSError as error:
        return 127, f"{step.argv[0]} cannot be run: {error.strerror}"
    if ended.broken:
        return 124, f"gave up: {ended.broken}; it last said: {tail.untrusted_text}"
    return ended.code, tail.untrusted_text


def cleaned(said: str) -> str:
    """``said`` without usage lines and program names: printable ASCII, the end of it."""
    lines = [re.sub(r"[^\x20-\x7e]", " ", line).strip() for line in said.splitlines()]
    lines = [re.sub(r"\A[\w./-]+: error: |\AError: ", "", line) for line in lines if line]
    return "; ".join(line for line in lines if not is_usage(line))[-SAID:]


def is_usage(line: str) -> bool:
    """Whether the line is part of argparse's usage text, which wraps over several."""
    return line.startswith(("usage: ", "[-", "VMNAME", "{"))


def shown(argv: tuple[str, ...]) -> str:
    """The command as it would be typed; only ever shown, never run."""
    return shlex.join(argv)
