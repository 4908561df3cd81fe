# SPDX-License-Identifier: MIT
"""A local RPM of a template: copied aside and checked before anything reads it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.model import Package


@contextlib.contextmanager
def fetched(package: Package | None, spool: Path) -> Iterator[None]:
    """The package lies in the spool meanwhile, and what lies there has the declared sha256.

    :param spool: a directory that only root can write
    :raises tools.Failed: it has another one
    """
    if package is None:
        yield
        return
    try:
        fetch(package, spool)
        yield
    finally:
        shutil.rmtree(spool, ignore_errors=True)


def fetch(package: Package, spool: Path) -> None:
    """The package is copied to where only root can write, and hashed on its way there:
    what was checked is what ``rpm`` will read."""
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy, part = spool / f"{package.sha256}.rpm", spool / "part"
    digest = hashlib.sha256()
    with open(package.rpm, "rb") as source, open(part, "wb") as target:
        while block := source.read(1 << 20):
            digest.update(block)
            target.write(block)
    if digest.hexdigest() != package.sha256:
        raise tools.Failed(f"{package.rpm} is not what is declared: {digest.hexdigest()}")
    os.replace(part, copy)
