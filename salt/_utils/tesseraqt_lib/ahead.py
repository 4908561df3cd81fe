# SPDX-License-Identifier: MIT
"""What deploying would do to a root: nothing here activates anything."""

from __future__ import annotations

from tesseraqt_lib import guest, quietly
from tesseraqt_lib.deploy import Deployment, Means, Root, working
from tesseraqt_lib.failures import Failed
from tesseraqt_lib.logfile import Progress, Unkept
from tesseraqt_lib.model import Qube


def prepare(root: Root, means: Means) -> tuple[str, ...]:
    """The declared system is in the root's store, and nothing else is changed.

    :returns: what activating it at once would do, in the words of the root
    :raises Failed: it could not be built
    """
    with working(root, means) as work:
        work.build(work.probe())
        return work.preview()


def look_ahead(root: Root, means: Means) -> tuple[str, ...]:
    """What activating the declared system at once would do, if the root runs and has it built.

    :raises Failed: the root did not say
    """
    have = means.dom0.look(Qube(root.name))
    if have is None or have.state != "Running" or not have.owned:
        return ()
    try:
        progress = Progress(root.name, Unkept())
        return Deployment(root, means, progress, quietly.by_qrexec).preview()
    except guest.NoAnswer as error:
        raise Failed(str(error)) from error
