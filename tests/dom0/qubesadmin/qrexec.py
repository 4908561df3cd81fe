# SPDX-License-Identifier: MIT
"""Services of qubes, as processes of dom0."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import qubesadmin.config


def connect(
    dest: str,
    service: str,
    user: str | None = None,
    *,
    filter_esc: bool = False,
    localcmd: str | None = None,
    wait: bool = True,
    prefix_data: bytes | None = None,
    connect_timeout: int | None = None,
    **streams: Any,
) -> subprocess.Popen:
    """The process that is connected to the service."""
    if not wait and localcmd:
        raise ValueError("wait=False incompatible with localcmd")
    if prefix_data and b"\0" in prefix_data:
        raise ValueError("prefix_data cannot contain NUL character")
    options: list[str | bytes] = ["-d", dest]
    options += ["-t"] if filter_esc else []
    options += ["-T"] if filter_esc or _stderr_is_terminal() else []
    options += ["-l", localcmd] if localcmd else []
    options += [] if wait else ["-e"]
    options += ["-p", prefix_data] if prefix_data else []
    options += ["-w", str(connect_timeout)] if connect_timeout else []
    for name in ("stdin", "stdout", "stderr"):
        streams.setdefault(name, subprocess.PIPE)
    call = f"{user or 'DEFAULT'}:QUBESRPC {service}{'' if '+' in service else '+'} dom0"
    return subprocess.Popen([qubesadmin.config.QREXEC_CLIENT, *options, call], **streams)


def _stderr_is_terminal() -> bool:
    try:
        return os.isatty(sys.stderr.fileno())
    except OSError:
        return False
