# SPDX-License-Identifier: MIT
"""The one policy file that is tesseraqt's: looks at it, decides, replaces it whole.

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
from dataclasses import dataclass
from pathlib import Path

from tesseraqt_lib import policy, tools
from tesseraqt_lib.dom0 import StepFailed
from tesseraqt_lib.model import Plan, Step
from tesseraqt_lib.policy import Rule

#: Below the root directory of Salt, which in dom0 is the one of the machine.
PLACE = Path("etc/qubes/policy.d")
#: What stands there instead of a file of the same name below ``/etc``, since Qubes 4.3.
SHADOW = Path("run/qubes/policy.d")
#: As qubes-core-qrexec installs its own.
MODE = 0o664


@dataclass(frozen=True)
class Found:
    """The file as it is, or would be by now in a test run."""

    path: Path
    #: ``None`` if it is not there.
    text: str | None = None
    mode: int = MODE
    #: Why nothing may be done about it; empty if it may.
    refusal: str = ""

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that it has."""
        return policy.lines(self.text or "")

    @property
    def draft(self) -> Path:
        """Where a new text waits to be linted."""
        return self.path.with_name(f".{self.path.name}.draft")


def narrowed(want: Iterable[Rule], found: Found) -> Plan:
    """The step after which the file allows nothing that is not declared; it never adds."""
    if found.text is None and not found.refusal:
        return Plan("policy")
    kept = {rule.line for rule in want} & set(found.rules)
    everything = set(found.rules) <= {*kept, policy.REST} and found.rules[-1:] == (policy.REST,)
    text = found.text if everything and not found.refusal else policy.text(kept)
    return replaced(found, text)


def exactly(want: Iterable[Rule], found: Found) -> Plan:
    """The step after which the file is as declared; without any rule, there is none."""
    lines = [rule.line for rule in want]
    return replaced(found, policy.text(lines) if lines else None)


def replaced(found: Found, text: str | None) -> Plan:
    """The step after which the file has this text; ``None`` for no file."""
    if found.refusal:
        return Plan("policy", refusals=(found.refusal,))
    if text == found.text and (text is None or found.mode == MODE):
        return Plan("policy")
    there, wanted = found.rules, policy.lines(text or "")
    going = "; ".join(line for line in there if line not in wanted)
    coming = "; ".join(line for line in wanted if line not in there)
    path = str(found.path)
    if text is None:
        return Plan("policy", (Step("policy", going, None, ("rm", "--", path)),))
    argv = ("mv", "--force", "--no-target-directory", "--", str(found.draft), path)
    if not going and not coming:
        going, coming = "changed by hand", "as declared"
    return Plan("policy", (Step("policy", going or None, coming or None, argv, stdin=text),))


def after(found: Found, plan: Plan) -> Found:
    """The file once the plan is carried out."""
    last = plan.steps[-1:] or ()
    return Found(found.path, last[0].stdin, refusal=found.refusal) if last else found


class PolicyFile:
    """The door to the file; what ``converge`` works through."""

    def __init__(self, root: Path) -> None:
        """
        :param root: the root directory of the machine
        """
        self.path = root / PLACE / policy.FILE
        self.shadow = root / SHADOW / policy.FILE

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
        text = self.path.read_bytes().decode("ascii", "replace")
        if text.partition("\n")[0] != policy.HEADER[0]:
            how = "give its rules a file of another name"
            return Found(self.path, text, refusal=f"{self.path} is not tesseraqt's: {how}")
        return Found(self.path, text, stat.S_IMODE(os.lstat(self.path).st_mode))

    def carry_out(self, name: str, steps: Iterable[Step]) -> list[Step]:
        """All steps are done, in their order, and on disk.

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

    def forget(self, name: str) -> None:
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
