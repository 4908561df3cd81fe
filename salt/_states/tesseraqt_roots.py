# SPDX-License-Identifier: MIT
"""
NixOS as declared, in the roots of qubes, and qubes that run what their roots have.
===================================================================================

Part of the states called ``tesseraqt``, like ``tesseraqt.py`` beside it.

:depends: qubesadmin, which every dom0 has
:platform: Qubes OS dom0

.. versionadded:: 0.2.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import salt.utils.args
from salt.exceptions import SaltInvocationError

if TYPE_CHECKING:  # what Salt's loader puts into every module
    __context__: dict[str, Any]
    __opts__: dict[str, Any]
    __salt__: dict[str, Any]

__virtualname__ = "tesseraqt"

try:
    from tesseraqt_lib import converge, deploy, files, lock, schema, session
    from tesseraqt_lib import deployed as state
    from tesseraqt_lib.converge import Outcome
    from tesseraqt_lib.model import Qube
    from tesseraqt_lib.problems import Problems

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
    jobs: int = 4,
    **how: Any,
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
        The NixOS modules that it names: ``salt://`` addresses, or absolute paths in dom0.
    jobs
        No more roots than this are worked on at once.
    how
        ``configuration``, ``generations``, ``activation`` and ``confirm``, as below
        ``nixos:`` in pillar (docs/pillar.md).

    .. code-block:: yaml

        nixos:
          tesseraqt.deployed:
            - system:
                containers:
                  web: {packages: [nginx]}
            - parallel: True
    """

    def act() -> Outcome:
        problems = Problems()
        said, many = schema.how(salt.utils.args.clean_kwargs(**how), jobs, problems)
        document = schema.document(system, problems)
        if problems.found:
            raise SaltInvocationError(problems.text())
        tree = files.Files(__salt__).tree(document, modules or [], said.configuration)
        return _outcome(deploy.Root(name, tree, said), many)

    return converge.returned(name, act)


def current(name: str, root: str, parts: dict[str, str], restart: str = "never") -> dict[str, Any]:
    """
    The qube, if it runs, runs what its root was given last, and has the containers that are
    declared for it. Where it does not, it needs a restart: it gets that if ``restart`` says
    so; else the state says that it needs one, and changes nothing.

    name
        The qube.
    root
        The qube whose root volume it runs; itself if it has one of its own.
    parts
        The containers that concern it, and ``qube`` for the root as such, each with the
        fingerprint that it has as declared.
    restart
        ``never`` or ``when_needed``.

    .. code-block:: yaml

        work-is-current:
          tesseraqt.current:
            - name: work
            - root: nixos
            - parts: {web: 0123456789ab}
            - restart: when_needed
    """

    def decide(want: Any) -> Any:
        return session.current(__context__, __opts__, want)

    def act() -> Outcome:
        problems = Problems()
        said = {"root": root, "parts": parts, "restart": restart}
        want = schema.runs(name, said, problems)
        if problems.found:
            raise SaltInvocationError(problems.text())
        if __opts__["test"]:
            return converge.predict(name, lambda: decide(want))
        lock.take(session.lock_path(__opts__), session.job(__opts__))
        return converge.apply(name, lambda: decide(want), session.dom0(__context__, __opts__))

    return converge.returned(name, act)


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

    def act() -> Outcome:
        if not __opts__["test"]:
            lock.take(session.lock_path(__opts__), session.job(__opts__))
        return Outcome(True, "no other apply runs")

    return converge.returned(name, act)


def _outcome(root: deploy.Root, jobs: int) -> Outcome:
    """What ``deployed`` found or did: it stops here in test mode."""
    dom0 = session.dom0(__context__, __opts__)
    means = deploy.Means(dom0, files.Files(__salt__).script, deploy.PATIENCE)
    if __opts__["test"]:
        return state.predict(root, means, session.look(__context__, __opts__, Qube(root.name)))
    lock.take(session.lock_path(__opts__), session.job(__opts__))
    return state.apply(root, means, jobs)
