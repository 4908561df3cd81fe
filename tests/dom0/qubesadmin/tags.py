# SPDX-License-Identifier: MIT
"""Tags."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any


class Tags:
    """The tags of a qube; every look is a call."""

    def __init__(self, vm: Any) -> None:
        self.vm = vm

    def _ask(self, action: str, *arg: str) -> bytes:
        return self.vm.qubesd_call(self.vm.name, f"admin.vm.tag.{action}", *arg)

    def remove(self, elem: str) -> None:
        """The qube does not have the tag, which it had."""
        self._ask("Remove", elem)

    def add(self, elem: str) -> None:
        """The qube has the tag."""
        self._ask("Set", elem)

    def update(self, *others: Iterable[str]) -> None:
        """The qube has all these tags."""
        for other in others:
            for elem in other:
                self.add(elem)

    def discard(self, elem: str) -> None:
        """The qube does not have the tag."""
        with contextlib.suppress(KeyError):
            self.remove(elem)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ask("List").decode().splitlines())

    def __contains__(self, elem: str) -> bool:
        return self._ask("Get", elem) == b"1"
