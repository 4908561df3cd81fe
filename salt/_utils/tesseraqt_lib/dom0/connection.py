# SPDX-License-Identifier: MIT
"""Connections to qubesd, and what it answers on them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from salt.exceptions import CommandExecutionError

from tesseraqt_lib.bounded import process
from tesseraqt_lib.dom0 import tools

#: By which method, about what, with which bytes.
Hear = Callable[[str, str, bytes], object]


def connected() -> Any:
    """A new connection; ``qubesadmin`` is imported here, for it is in dom0 only.

    It has no cache, so that tools may have it: with one, qvm-clone ends in an AttributeError and
    leaves half a clone behind (it reads ``default_user`` of dom0, which the cache has not).

    :raises CommandExecutionError: there is no qubesd
    """
    import qubesadmin

    with asking("qubesd"):
        return qubesadmin.Qubes()


def heard(app: Any, hear: Hear, refused: Callable[[str], object] = process.ignore) -> Any:
    """The connection, of which each call is told once qubesd has answered it; a reply that is
    lost is no answer.

    :param hear: takes the method, its argument and its payload
    :param refused: takes the method, where qubesd answered that it did not do it
    """
    from qubesadmin import exc

    plain = app.qubesd_call

    def call(
        dest: str, method: str, arg: Any = None, payload: Any = None, payload_stream: Any = None
    ) -> Any:
        try:
            answer = plain(dest, method, arg, payload, payload_stream)
        except exc.QubesDaemonCommunicationError:
            raise
        except tools.refusals():
            refused(method)
            raise
        hear(method, arg or "", payload or b"")
        return answer

    app.qubesd_call = call
    return app


@contextlib.contextmanager
def asking(what: str) -> Iterator[None]:
    """Whatever qubesd refuses to tell becomes an error that names ``what`` was asked.

    :raises CommandExecutionError: it refused, or is not there
    """
    try:
        yield
    except tools.refusals() as error:
        raise CommandExecutionError(f"{what}: {tools.cleaned(str(error))}") from error
