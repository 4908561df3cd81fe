# SPDX-License-Identifier: MIT
"""What is sent to a root: a tar that is the same, byte for byte, whenever its files are."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tree:
    """Files for a root, packed, and the sha256 of the package: its name from now on."""

    packed: bytes
    digest: str
    #: The fingerprint of each part of the root (see ``render.fingerprints``).
    parts: Mapping[str, str] = field(default_factory=dict)


def packed(files: Mapping[str, bytes], parts: Mapping[str, str]) -> Tree:
    """The files as a tar without anything in it that differs from day to day.

    :param files: contents by path; relative, and checked by whoever made them
    """
    store = io.BytesIO()
    with tarfile.open(fileobj=store, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    content = store.getvalue()
    return Tree(content, hashlib.sha256(content).hexdigest(), parts)
