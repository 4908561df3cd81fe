# SPDX-License-Identifier: MIT
"""What kind of step one is, where the door has to do more than its command."""

from __future__ import annotations

from tesseraqt_lib import marks as ownership
from tesseraqt_lib.model import Step


def makes(step: Step) -> bool:
    """Whether the step makes a qube."""
    return step.what == "qube" and step.old is None


def copies(step: Step) -> bool:
    """Whether the step makes a qube of another one, in many calls."""
    standalone = "StandaloneVM" in step.argv and "--template" in step.argv
    return makes(step) and (step.argv[0] == "qvm-clone" or standalone)


def marks(step: Step) -> bool:
    """Whether the step marks a qube as tesseraqt's."""
    return step.what == f"tags.{ownership.OWNER_TAG}"


def halts(step: Step) -> bool:
    """Whether the step halts a qube only for those that follow."""
    return step.what == "restart" and step.new == "Halted"
