# SPDX-License-Identifier: MIT
"""What several tools need."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from typing import Any

from qubesadmin import exc

_UNITS = (
    ("K", 1000),
    ("KB", 1000),
    ("M", 1000**2),
    ("MB", 1000**2),
    ("G", 1000**3),
    ("GB", 1000**3),
    ("KI", 1024),
    ("KIB", 1024),
    ("MI", 1024**2),
    ("MIB", 1024**2),
    ("GI", 1024**3),
    ("GIB", 1024**3),
)
_SYSTEM_PROPERTIES = (
    "default_dispvm",
    "default_netvm",
    "default_guivm",
    "default_audiovm",
    "default_template",
    "clockvm",
    "updatevm",
    "management_dispvm",
)
_QUBE_PROPERTIES = (
    "template",
    "netvm",
    "guivm",
    "audiovm",
    "default_dispvm",
    "management_dispvm",
)


def parse_size(size: str) -> int:
    """The bytes that ``10GiB`` is."""
    size = size.strip().upper()
    if size.isdigit():
        return int(size)
    for unit, factor in _UNITS:
        if size.endswith(unit):
            return int(size.removesuffix(unit).strip()) * factor
    raise exc.QubesException(f"Invalid size: {size}.")


def qbool(value: str | int | bool) -> bool:
    """The usual spellings of yes and no."""
    if not isinstance(value, str):
        return bool(value)
    if value.lower() in ("0", "no", "false", "off"):
        return False
    if value.lower() in ("1", "yes", "true", "on"):
        return True
    raise exc.QubesValueError(f"Invalid literal for boolean property: {value!r}")


def encode_for_vmexec(args: Iterable[str]) -> str:
    """Arguments as the argument of qubes.VMExec."""

    def encoded(match: re.Match) -> bytes:
        return b"--" if match[0] == b"-" else b"-%02X" % ord(match[0])

    parts = (re.sub(rb"[^a-zA-Z0-9_.]", encoded, arg.encode()) for arg in args)
    return b"+".join(parts).decode("ascii")


def vm_dependencies(app: Any, reference_vm: Any) -> list[tuple[Any, str]]:
    """Who uses the qube, and as what; None is the system."""
    found = [
        (None, name) for name in _SYSTEM_PROPERTIES if reference_vm == getattr(app, name, None)
    ]
    for vm in app.domains:
        if vm != reference_vm:
            found += [(vm, name) for name in _QUBE_PROPERTIES if _uses(vm, name, reference_vm)]
    return found


def _uses(vm: Any, name: str, reference_vm: Any) -> bool:
    getattr(vm, "is_preload", False)
    if not hasattr(vm, name):
        return False
    try:
        is_default = vm.property_is_default(name)
    except exc.QubesPropertyAccessError:
        is_default = False
    return reference_vm == getattr(vm, name, None) and not is_default


async def generic_action(
    domains: Iterable, action: str | Callable, ignored: tuple = (), **options: Any
) -> dict[Any, BaseException]:
    """Every qube was asked at once; those that failed, and how."""

    def ask(qube: Any) -> Any:
        name = action if isinstance(action, str) else action(qube)
        return asyncio.to_thread(getattr(qube, name), **options)

    domains = list(domains)
    results = await asyncio.gather(*map(ask, domains), return_exceptions=True)
    return {
        qube: result
        for qube, result in zip(domains, results, strict=True)
        if isinstance(result, BaseException) and not isinstance(result, ignored)
    }


async def pause(domains: Iterable) -> dict[Any, BaseException]:
    """They stand still."""
    return await generic_action(domains, "pause")


async def suspend(domains: Iterable) -> dict[Any, BaseException]:
    """They sleep."""
    return await generic_action(domains, "suspend")


async def unpause(domains: Iterable) -> dict[Any, BaseException]:
    """They go on."""
    return await generic_action(
        domains, lambda qube: "resume" if qube.is_suspended() else "unpause"
    )


async def shutdown(domains: Iterable, **options: Any) -> dict[Any, BaseException]:
    """They go down."""
    return await generic_action(domains, "shutdown", ignored=exc.QubesVMNotStartedError, **options)


async def kill(domains: Iterable) -> dict[Any, BaseException]:
    """They are off."""
    return await generic_action(domains, "kill", ignored=exc.QubesVMNotStartedError)


def start_expert(domain: Any, skip_if_running: bool = False, drive: str | None = None) -> None:
    """The qube runs, and it did not before unless that does not matter."""
    if drive:
        raise exc.QubesException("temporary drives are not simulated")
    if domain.is_running():
        if skip_if_running:
            return
        raise exc.QubesVMAlreadyStartedError("Domain is already running")
    domain.start()
