# SPDX-License-Identifier: MIT
"""The one policy file that is tesseraqt's: looks at it, and replaces it whole.

A syntax error in one file of the directory, and even a file of the wrong name, denies
every call on the machine. So the new text is written beside it under a name that the
parser passes over (a leading dot, no ``.policy``), linted, and only then renamed.
``qubes-policy --replace`` does not do: the name of its temporary file ends in ``.policy``
and has a ``!`` in it, so all calls are denied until it is renamed, and for ever if it
never is (``qrexec/policy/admin.py``, ``filter_filepaths`` of ``parser.py``).
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from tesseraqt_lib.bounded import files
from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.dom0.tools import StepFailed
from tesseraqt_lib.model import Step
from tesseraqt_lib.policy import rules
from tesseraqt_lib.policy.plan import MODE, Found

#: Bytes of the file; a hundred thousand wires have fewer.
MOST = 1 << 24
#: Below the root directory of Salt, which in dom0 is the one of the machine.
PLACE = Path("etc/qubes/policy.d")
#: What stands there instead of a file of the same name below ``/etc``, since Qubes 4.3.
SHADOW = Path("run/qubes/policy.d")


class PolicyFile:
    """The door to the file; what ``converge`` works through."""

    def __init__(self, root: Path) -> None:
        """
        :param root: the root directory of the machine
        """
        self.path = root / PLACE / rules.FILE
        self.shadow = root / SHADOW / rules.FILE

    def look(self) -> Found:
        """The file as it is."""
        if os.path.lexists(self.shadow):
            why = f"{self.shadow} stands in its place: remove that first"
            return Found(self.path, refusal=f"{self.path} would not count, for {why}")
        if not self.path.parent.is_dir():
            return Found(self.path, refusal=f"there is no {self.path.parent}: is this a dom0?")
        if not os.path.lexists(self.path):
            return Found(self.path)
        if not stat.S_ISREG(os.lstat(self.path).st_mode):
            return Found(self.path, refusal=f"{self.path} is no plain file: move it away")
        return self._read()

    def _read(self) -> Found:
        try:
            text = files.read(self.path, MOST).decode("ascii", "replace")
        except files.Unfit as why:
            return Found(self.path, refusal=f"{self.path} {why}: move it away")
        if text.partition("\n")[0] != rules.HEADER[0]:
            how = "give its rules a file of another name"
            return Found(self.path, text, refusal=f"{self.path} is not tesseraqt's: {how}")
        return Found(self.path, text, stat.S_IMODE(os.lstat(self.path).st_mode))

    def carry_out(self, name: str, steps: Iterable[Step], adopts: bool = False) -> list[Step]:
        """All steps are done, in their order, and on disk; the file tells itself whose it is.

        :returns: the steps, as they were done
        :raises StepFailed: one of them was not; the file is as it was before that
        """
        done: list[Step] = []
        for step in steps:
            try:
                self._do(step, done)
            except (tools.Failed, OSError) as error:
                raise StepFailed(step, tools.cleaned(str(error)), done) from error
            done.append(step)
        return done

    def _do(self, step: Step, done: list[Step]) -> None:
        with self._drafted(step, done):
            tools.run(step, None)
        synced(self.path.parent)

    @contextlib.contextmanager
    def _drafted(self, step: Step, done: list[Step]) -> Iterator[None]:
        """The new text lies beside the file meanwhile, and the linter has nothing against it."""
        if step.stdin is None:
            yield
            return
        draft = Found(self.path).draft
        lint = Step(step.what, step.old, step.new, ("qubes-policy-lint", "--", str(draft)))
        try:
            self._write(draft, step.stdin)
            try:
                tools.run(lint, None)
            except tools.Failed as error:
                raise StepFailed(lint, str(error), done) from error
            yield
        finally:
            draft.unlink(missing_ok=True)

    @staticmethod
    def _write(draft: Path, text: str) -> None:
        """The draft is on disk, and belongs to whom the directory belongs to."""
        draft.unlink(missing_ok=True)
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(file, "w", encoding="ascii") as stream:
            os.fchown(file, -1, os.stat(draft.parent).st_gid)
            os.fchmod(file, MODE)
            stream.write(text)
            stream.flush()
            os.fsync(file)

    def look_again(self, name: str) -> None:
        """The next look is a look at the file, as every one is."""

    def finished(self, name: str) -> None:
        """Nothing is noted of unfinished work: there is the old file or the new one."""


def synced(directory: Path) -> None:
    """What was renamed or removed in the directory stays so, whatever happens."""
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
