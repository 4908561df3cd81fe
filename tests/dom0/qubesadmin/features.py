# SPDX-License-Identifier: MIT
"""Features."""

from collections.abc import Iterator
from typing import Any


class Features:
    """The features of a qube; every look is a call."""

    NO_DEFAULT = object()

    def __init__(self, vm: Any) -> None:
        self.vm = vm

    def _ask(self, action: str, name: str | None = None, payload: bytes | None = None) -> bytes:
        method = f"admin.vm.feature.{action}"
        if payload is not None:
            return self.vm.qubesd_call(self.vm.name, method, name, payload)
        return self.vm.qubesd_call(self.vm.name, method, name)

    def __delitem__(self, key: str) -> None:
        self._ask("Remove", key)

    def __setitem__(self, key: str, value: object) -> None:
        text = ("1" if value else "") if isinstance(value, bool) else str(value)
        self._ask("Set", key, text.encode())

    def __getitem__(self, item: str) -> str:
        return self._ask("Get", item).decode()

    def __iter__(self) -> Iterator[str]:
        return iter(self._ask("List").decode().splitlines())

    keys = __iter__

    def items(self) -> Iterator[tuple[str, str]]:
        """Names and values."""
        return ((key, self[key]) for key in self)

    def get(self, item: str, default: object = None) -> object:
        """The value, else ``default``."""
        return self._or(default, lambda: self[item])

    def check_with_template(self, feature: str, default: object = None) -> object:
        """The value in the qube or in its template, else ``default``."""
        return self._or(default, lambda: self._ask("CheckWithTemplate", feature).decode())

    def _or(self, default: object, look: Any) -> object:
        try:
            return look()
        except KeyError:
            if default is self.NO_DEFAULT:
                raise
            return default
