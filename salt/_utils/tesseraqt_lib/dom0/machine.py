# SPDX-License-Identifier: MIT
"""Several qubes at once, and the machine's own properties, through the same door as a qube."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.dom0.client import Dom0, connected
from tesseraqt_lib.dom0.tools import StepFailed
from tesseraqt_lib.model import Step


class Several:
    """Several qubes through the same door: each step names its qube last, and in what changes."""

    def __init__(self, dom0: Dom0, adopt: Collection[str] = ()) -> None:
        """
        :param adopt: the qubes that are declared to be taken over
        """
        self._dom0 = dom0
        self._adopt = adopt

    def forget(self, name: str) -> None:
        """The next look at any qube asks qubesd."""
        self._dom0.forget_everything()

    def finished(self, name: str) -> None:
        """What is noted of each qube is finished with it, in its own state."""

    def carry_out(self, name: str, steps: Iterable[Step], adopts: bool = False) -> list[Step]:
        """All steps are done, in their order, each as one about its qube.

        :returns: the steps, as they were done
        :raises StepFailed: one of them was not, and those after it were not tried
        """
        done = list[Step]()
        for step in steps:
            qube, own = step.argv[-1], replace(step, what=step.what.partition(".")[0])
            try:
                self._dom0.carry_out(qube, [own], qube in self._adopt)
            except StepFailed as error:
                raise StepFailed(step, error.said, done) from error
            done.append(step)
        return done


class Machine:
    """The machine's own properties, through the same door: about no qube, so without notes."""

    def __init__(self, dom0: Dom0) -> None:
        self._dom0 = dom0

    def forget(self, name: str) -> None:
        """The next look asks qubesd, whose other qubes may follow a default."""
        self._dom0.forget_everything()

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
