# SPDX-License-Identifier: MIT
"""A local RPM of a template: copied aside and checked before anything reads it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tesseraqt_lib.bounded import files
from tesseraqt_lib.bounded.files import private_directory
from tesseraqt_lib.dom0 import tools
from tesseraqt_lib.model import Package

#: Bytes of a package; templates have a few GiB.
MOST = 32 << 30
#: Bytes of dom0's disk that a copy leaves free.
SPARE = 256 << 20


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
    private_directory(spool)
    copy, part = spool / f"{package.sha256}.rpm", spool / "part"
    digest, room = hashlib.sha256(), min(MOST, shutil.disk_usage(spool).free - SPARE)
    with sound(package) as source, open(part, "wb") as target:
        while block := source.read(files.BLOCK):
            room -= len(block)
            if room < 0:
                raise tools.Failed(f"there is no room in {spool} for a copy of {package.rpm}")
            digest.update(block)
            target.write(block)
    if digest.hexdigest() != package.sha256:
        raise tools.Failed(f"{package.rpm} is not what is declared: {digest.hexdigest()}")
    os.replace(part, copy)


@contextlib.contextmanager
def sound(package: Package) -> Iterator[BinaryIO]:
    """The package, open for reading: a plain file that only root can change.

    Its hash says what is in it; that it ends, and does not grow while it is copied, is said by
    nothing but whose it is.

    :raises tools.Failed: it is none
    """
    try:
        with files.opened(Path(package.rpm), MOST) as stream:
            if why := files.of_root_only(stream):
                raise tools.Failed(f"{package.rpm} {why}")
            yield stream
    except files.Unfit as why:
        raise tools.Failed(f"{package.rpm} {why}") from why


def unfit(package: Package) -> str:
    """Why the package cannot be installed, as far as that shows without reading it."""
    try:
        with sound(package):
            return ""
    except tools.Failed as error:
        return str(error).removeprefix(f"{package.rpm} ")
