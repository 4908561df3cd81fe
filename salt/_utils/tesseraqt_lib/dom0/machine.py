# SPDX-License-Identifier: MIT
"""Several qubes at once, and the machine's own properties, through the same door as a qube."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.dom0.client import Dom0
from tesseraqt_lib.dom0.connection import connected
from tesseraqt_lib.dom0.tools import StepFailed
from tesseraqt_lib.model import Step


class Whole:
    """What is about more than one qube: it has no notes of its own."""

    def __init__(self, dom0: Dom0) -> None:
        self._dom0 = dom0

    def look_again(self, name: str) -> None:
        """The next look at any qube asks qubesd."""
        self._dom0.forget_everything()

    def finished(self, name: str) -> None:
        """What is noted of each qube is finished with it, in its own state."""


class Several(Whole):
    """Several qubes through the same door: each step names its qube last, and in what changes."""

    def __init__(self, dom0: Dom0, adopt: Collection[str] = ()) -> None:
        """
        :param adopt: the qubes that are declared to be taken over
        """
        super().__init__(dom0)
        self._adopt = adopt

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


class Machine(Whole):
    """The machine's own properties, through the same door: what other qubes may follow."""

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
                self._dom0.forget_everything()
                raise StepFailed(step, str(error), done) from error
            done.append(step)
        self._dom0.forget_everything()
        return done
