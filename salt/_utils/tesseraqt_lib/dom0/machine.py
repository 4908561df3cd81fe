# SPDX-License-Identifier: MIT
"""The machine's own properties, through the same door as qubes."""

from __future__ import annotations

from collections.abc import Iterable

from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.dom0.client import Dom0, connected
from tesseraqt_lib.dom0.tools import StepFailed
from tesseraqt_lib.model import Step


class Machine:
    """The machine's own properties, through the same door: about no qube, so without notes."""

    def __init__(self, dom0: Dom0) -> None:
        self._dom0 = dom0

    def forget(self, name: str) -> None:
        """The next look asks qubesd."""
        self._dom0.forget(name)

    def finished(self, name: str) -> None:
        """Nothing is noted of unfinished work on properties."""

    def carry_out(self, name: str, steps: Iterable[Step], adopts: bool = False) -> list[Step]:
        """All steps are done, in their order; nobody owns the machine's own properties.

        :returns: the steps, as they were done
        :raises StepFailed: one of them was not, and those after it were not tried
        """
        done, app = list[Step](), connected()
        for step in steps:
            try:
                tools.run(step, app)
            except (tools.Failed, OSError) as error:
                self.forget(name)
                raise StepFailed(step, str(error), done) from error
            done.append(step)
        self.forget(name)
        return done
