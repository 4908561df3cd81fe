# SPDX-License-Identifier: MIT
"""Files that somebody named: plain ones only, of bounded size, and never waited for.

Whatever stands at a path may be a FIFO, a device without end or a link to one, and may become so
between two looks. So it is opened first, without following a link or waiting, and then looked at.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 20
HOW = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class Unfit(Exception):
    """The file is not one that may be read; the text, which follows its path, says why."""


@contextlib.contextmanager
def opened(path: Path, most: int) -> Iterator[BinaryIO]:
    """The file, open for reading; afterwards it is closed.

    :param most: the bytes that it may have
    :raises Unfit: it is no plain file, is larger, or cannot be opened
    """
    try:
        file = os.open(path, HOW)
    except OSError as error:
        raise Unfit(unopened(path, error)) from error
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode):
        os.close(file)
        raise Unfit(f"is {kind(found.st_mode)}, and no plain file")
    with os.fdopen(file, "rb") as stream:
        if found.st_size > most:
            raise Unfit(too_large(most))
        yield stream


def read(path: Path, most: int) -> bytes:
    """The content of a plain file.

    :param most: the bytes that it may have
    :raises Unfit: it is no plain file, is larger, or cannot be read
    """
    with opened(path, most) as stream:
        try:
            # Nothing at all is what a file says that would have to be waited for.
            content = stream.read(most + 1) or b""
        except OSError as error:
            raise Unfit(f"cannot be read: {error.strerror}") from error
    if len(content) > most:
        raise Unfit(too_large(most))
    return content


def of_root_only(stream: BinaryIO) -> str:
    """Why others than root could change the file; empty if they cannot.

    Whoever tries this out as somebody else counts as root.
    """
    found = os.fstat(stream.fileno())
    if found.st_uid not in (0, os.geteuid()):
        return f"belongs to user {found.st_uid}: `chown root` it"
    writable = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return "can be written by others than root: `chmod go-w` it" if writable else ""


def unopened(path: Path, error: OSError) -> str:
    """Why the file could not be opened."""
    if path.is_symlink():
        return "is a symbolic link: name the file itself"
    return f"cannot be read: {error.strerror}"


def kind(mode: int) -> str:
    """What is no plain file, in words."""
    kinds = {
        stat.S_IFDIR: "a directory",
        stat.S_IFIFO: "a FIFO",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return kinds.get(stat.S_IFMT(mode), "something else")


def too_large(most: int) -> str:
    """That a file has more bytes than it may have."""
    return f"is larger than {most >> 20} MiB"


def private_directory(path: Path) -> None:
    """The directory is there; whatever of its path was not is for nobody else to enter.

    ``Path.mkdir`` gives parents what the umask leaves, whatever ``mode`` says.
    """
    if not path.is_dir():
        private_directory(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
