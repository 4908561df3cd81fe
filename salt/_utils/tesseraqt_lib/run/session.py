# SPDX-License-Identifier: MIT
"""What one Salt run shares: the connection to Qubes, Salt's files, the lock and the notes.

Salt's ``__context__`` lives as long as the run and is the same for the functions called
while SLS files render and for the states that they compile to.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tesseraqt_lib.dom0 import lock
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.policy.file import PolicyFile
from tesseraqt_lib.roots import phases
from tesseraqt_lib.roots.phases import Means
from tesseraqt_lib.roots.tree import Files

#: Seconds for which what was seen of the machine is taken for granted.
FRESH = 600
#: Where the context has the connection.
DOM0 = "tesseraqt.dom0"

Context = MutableMapping[str, Any]


def virtual() -> str | tuple[bool, str]:
    """The name of every Salt module of tesseraqt, in dom0; elsewhere why there is none."""
    try:
        import qubesadmin  # noqa: F401
    except ImportError as error:
        return False, f"tesseraqt works in dom0 only: {error}"
    return "tesseraqt"


@dataclass(frozen=True)
class Run:
    """One run of Salt, by what its loader gives to every module.

    :param context: ``__context__``
    :param opts: ``__opts__``
    :param salt: ``__salt__``
    """

    context: Context
    opts: Mapping[str, Any]
    salt: Mapping[str, Callable[..., Any]]

    @property
    def test(self) -> bool:
        """Whether this run only predicts, and writes nothing."""
        return bool(self.opts["test"])

    @property
    def place(self) -> Path:
        """Where tesseraqt keeps its notes and its lock, which only root can read: not in Salt's
        cache, for ``saltutil.clear_cache`` would take them away."""
        return Path(self.opts["root_dir"]) / "var" / "lib" / "tesseraqt"

    @property
    def dom0(self) -> Dom0:
        """The run's one connection to Qubes.

        A minion that runs its jobs as threads keeps ``__context__`` from job to job: whatever
        was seen some minutes ago is looked at again.
        """
        found: Dom0 | None = self.context.get(DOM0)
        if found is None or time.monotonic() - found.since > FRESH:
            found = self.context[DOM0] = Dom0(self.place)
        return found

    @functools.cached_property
    def files(self) -> Files:
        """The files of Salt's file roots."""
        return Files(self.salt, tuple(self.opts["file_roots"].get("base", ())))

    @property
    def means(self) -> Means:
        """What deployments work with."""
        return Means(self.dom0, self.files.script, phases.PATIENCE)

    @property
    def policy_file(self) -> PolicyFile:
        """The policy file of the machine that Salt works on."""
        return PolicyFile(Path(self.opts["root_dir"]))

    @property
    def narrowed_path(self) -> Path:
        """What whoever narrowed policy last left to be allowed (``policy/lock.py``)."""
        return self.place / "narrowed"

    @property
    def lock_path(self) -> Path:
        """The lock that makes applies wait for each other."""
        return self.place / "lock"

    def take_lock(self) -> None:
        """No other apply runs until this one ends.

        :raises lock.Held: another one runs
        """
        lock.take(self.lock_path, f"job {self.opts.get('jid') or 'of salt-call'}")

    def dry_run(self) -> Run:
        """A test run with a context of its own: what it predicts, no later state believes."""
        return Run({DOM0: self.dom0}, {**self.opts, "test": True}, self.salt)
