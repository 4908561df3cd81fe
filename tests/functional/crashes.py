# SPDX-License-Identifier: MIT
"""Processes that die or hang in the middle of an apply, and the world that they leave."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any


def forked(act: Callable[[], object]) -> int:
    """A process that acts so; its number."""
    child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os._exit(0)
    return child


def killed(act: Callable[[], object]) -> bool:
    """Whether a process that acts so is killed."""
    _, status = os.waitpid(forked(act), 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def interrupted(kind: str, act: Callable[[], object]) -> None:
    """What ``act`` does is done as far as the fault lets it."""
    if kind.startswith("die"):
        assert killed(act)
    else:
        act()


@contextlib.contextmanager
def hanging(world: Any, at: int, act: Callable[[], object]) -> Iterator[int]:
    """A process that hangs in its writing call of this number, until it is killed in the end."""
    world.inject("hang", at=at, seconds=3600)
    child = forked(act)
    try:
        wait_for(world.went_wrong)
        yield child
    finally:
        if os.waitpid(child, os.WNOHANG) == (0, 0):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def wait_for(condition: Callable[[], object]) -> None:
    """It has come about, in ten minutes at the latest: a machine may be busy."""
    end = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def lasting(world: Any) -> dict[str, Any]:
    """All of the world but the old revisions of volumes: each start that it took left one."""
    state = world.snapshot()
    for qube in state["qubes"].values():
        for volume in qube["volumes"].values():
            volume.pop("revisions", None)
    return state
