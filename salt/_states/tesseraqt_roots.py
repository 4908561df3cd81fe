# SPDX-License-Identifier: MIT
"""
NixOS as declared, in the roots of qubes.
=========================================

Part of the states called ``tesseraqt``, like ``tesseraqt.py`` beside it.

:depends: qubesadmin, which every dom0 has
:platform: Qubes OS dom0

.. versionadded:: 0.2.0
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from salt.exceptions import CommandExecutionError, SaltInvocationError

__virtualname__ = "tesseraqt"

try:
    from tesseraqt_lib import deploy, files, lock, session
    from tesseraqt_lib import deployed as state
    from tesseraqt_lib.converge import Outcome

    MISSING = ""
except ImportError as error:
    MISSING = str(error)


def __virtual__() -> str | tuple[bool, str]:
    """These states exist where Qubes' own Python does: in dom0."""
    return (False, f"tesseraqt works in dom0 only: {MISSING}") if MISSING else __virtualname__


def deployed(
    name: str,
    system: str | dict[str, Any],
    modules: list[str] | None = None,
    configuration: str = "auto",
    generations: int = 5,
    jobs: int = 4,
) -> dict[str, Any]:
    """
    The root boots the declared system, built in it on top of its own configuration.

    Nothing is started where dom0 has recorded that this very system was deployed. A root
    that was off is off again afterwards. What a running qube runs changes with its restart.

    name
        A template or a standalone qube that runs NixOS.
    system
        What the system is to have, as ``tesseraqt.system`` prints it: JSON, or data.
    modules
        NixOS modules of your own, as ``salt://`` paths.
    configuration
        ``auto`` for the flake in ``/etc/nixos`` if there is one, else its
        ``configuration.nix``; ``file`` for the latter in any case; or the name of a
        configuration in the flake.
    generations
        How many generations the root keeps.
    jobs
        No more roots than this are worked on at once.

    .. code-block:: yaml

        nixos:
          tesseraqt.deployed:
            - system:
                containers:
                  web: {packages: [nginx]}
            - parallel: True
    """
    try:
        tree = files.tree(system, _ours(), modules or [], _cached)
        root = deploy.Root(name, tree, configuration, generations)
        outcome = _outcome(root, jobs)
    except (SaltInvocationError, CommandExecutionError) as error:
        outcome = Outcome(False, str(error.strerror))
    except lock.Held as error:
        outcome = Outcome(False, f"{error}; wait for it to end, and apply again")
    return {
        "name": name,
        "result": outcome.result,
        "changes": outcome.changes,
        "comment": outcome.comment,
    }


def turns(name: str) -> dict[str, Any]:
    """
    This run may deploy. States that run in parallel need that said before they begin, so
    that they do not take each other for another run.

    name
        Any word; it names the state only.

    .. code-block:: yaml

        systems:
          tesseraqt.turns: []
    """
    said = {"name": name, "changes": {}, "result": True, "comment": "no other apply runs"}
    try:
        if not __opts__["test"]:
            lock.take(session.lock_path(__opts__), session.job(__opts__))
    except lock.Held as error:
        said |= {"result": False, "comment": f"{error}; wait for it to end, and apply again"}
    return said


def _outcome(root: deploy.Root, jobs: int) -> Outcome:
    """What the state found or did: the one place here that knows about test mode."""
    means = deploy.Means(session.dom0(__context__, __opts__), _guest_script, deploy.PATIENCE)
    if __opts__["test"]:
        return state.predict(root, means)
    lock.take(session.lock_path(__opts__), session.job(__opts__))
    return state.apply(root, means, jobs)


def _ours() -> list[str]:
    """The NixOS modules of the formula, and the files that they name."""
    below = "tesseraqt/files/nixos/"
    found: list[str] = __salt__["cp.list_master"](prefix=below)
    ours = sorted(path.removeprefix(below) for path in found if path.startswith(below))
    if "default.nix" not in ours:
        raise CommandExecutionError(f"there are no NixOS modules in salt://{below}")
    return ours


def _guest_script(name: str) -> str:
    """The text of one of the formula's guest scripts."""
    return _cached(f"salt://tesseraqt/files/guest/{name}").decode("ascii")


def _cached(url: str) -> bytes:
    """A file of Salt's file roots."""
    path = __salt__["cp.cache_file"](url)
    if not path:
        raise CommandExecutionError(f"{url} is not among Salt's files")
    return Path(path).read_bytes()
