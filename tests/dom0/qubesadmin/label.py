# SPDX-License-Identifier: MIT
"""Labels."""

from typing import Any

from qubesadmin import exc


class Label:
    """The colour that the windows of a qube have."""

    def __init__(self, app: Any, name: str) -> None:
        self.app = app
        self.name = name
        self._color: str | None = None
        self._index: int | None = None

    @property
    def color(self) -> str:
        """As ``0xcc0000``."""
        if self._color is None:
            self._color = self._ask("Get", "color")
        return self._color

    @property
    def index(self) -> int:
        """The number of the label."""
        if self._index is None:
            self._index = int(self._ask("Index", "index"))
        return self._index

    @property
    def icon(self) -> str:
        """The name of an icon in that colour."""
        return f"appvm-{self.name}"

    def _ask(self, action: str, attribute: str) -> str:
        try:
            return self.app.qubesd_call("dom0", f"admin.label.{action}", self.name, None).decode()
        except exc.QubesDaemonNoResponseError:
            raise exc.QubesPropertyAccessError(f"label.{attribute}") from None

    def __str__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, Label) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)
