# SPDX-License-Identifier: MIT
"""Objects with properties, and collections of named objects."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from typing import Any

from qubesadmin import exc

DEFAULT = object()
_REFUSALS = (exc.QubesDaemonNoResponseError, exc.QubesVMNotFoundError)


def parse_reply(reply: bytes) -> bytes:
    """The data of a reply; an exception in it is raised."""
    if reply[:2] == b"0\0":
        return reply[2:]
    if reply[:2] == b"2\0":
        _, kind, _, message, *_ = reply.split(b"\0")
        raise _exception(kind.decode())(message.decode())
    if reply:
        raise exc.QubesDaemonCommunicationError("Invalid response format")
    raise exc.QubesDaemonAccessError(
        "Got empty response from qubesd. See journalctl in dom0 for details."
    )


def _exception(kind: str) -> type[Exception]:
    known = getattr(exc, kind, None)
    if known is None and kind.endswith("Error"):
        known = getattr(builtins, kind, None)
    return known or exc.QubesException


class PropertyHolder:
    """A qube or the system: its properties are attributes, read from qubesd when somebody looks.

    While ``app.cache_enabled``, the first look fetches all of them and later looks do not ask.
    Writing does not touch what was fetched.
    """

    app: Any

    def __init__(self, app: Any, method_prefix: str, method_dest: str) -> None:
        self.app = app
        self._method_prefix = method_prefix
        self._method_dest = method_dest
        self._properties: list[str] | None = None
        self._properties_cache: dict[str, tuple[bool, Any]] = {}

    def clear_cache(self) -> None:
        """What was fetched is forgotten."""
        self._properties_cache = {}

    def qubesd_call(
        self,
        dest: str | None,
        method: str,
        arg: str | None = None,
        payload: bytes | None = None,
        payload_stream: Any = None,
    ) -> bytes:
        """One call, by default to this object."""
        return self.app.qubesd_call(dest or self._method_dest, method, arg, payload, payload_stream)

    def _ask(self, action: str, name: str | None = None, payload: bytes | None = None) -> bytes:
        return self.qubesd_call(self._method_dest, f"{self._method_prefix}{action}", name, payload)

    def property_list(self) -> list[str]:
        """The names of the properties."""
        if self._properties is None:
            self._properties = self._ask("List").decode("ascii").splitlines()
        return self._properties

    def property_help(self, name: str) -> str:
        """What the property is about."""
        return self._ask("Help", name).decode("ascii")

    def property_is_default(self, item: str) -> bool:
        """Nobody set the property."""
        known = self._fetched(item)
        if known is None:
            try:
                known = self._fetch(item)
            except (exc.QubesDaemonAccessError, exc.QubesVMNotFoundError):
                raise exc.QubesPropertyAccessError(item) from None
        return known[0]

    def property_get_default(self, item: str) -> Any:
        """What a reset would give."""
        if item.startswith("_"):
            raise AttributeError(item)
        try:
            reply = self._ask("GetDefault", item)
        except (exc.QubesDaemonAccessError, exc.QubesVMNotFoundError):
            raise exc.QubesPropertyAccessError(item) from None
        if not reply:
            raise AttributeError(f"{item} has no default")
        kind, value = reply.split(b" ", 1)
        return self._typed(kind, value)

    def clone_properties(self, src: PropertyHolder, proplist: list[str] | None = None) -> None:
        """The properties have the values that they have in ``src``."""
        for name in self.property_list() if proplist is None else proplist:
            try:
                setattr(self, name, getattr(src, name))
            except AttributeError:
                continue

    def __getattr__(self, item: str) -> Any:
        known = self._fetched(item)
        if known is None:
            try:
                known = self._fetch(item)
            except _REFUSALS:
                raise exc.QubesPropertyAccessError(item) from None
        if known[1] is AttributeError:
            raise AttributeError(item)
        return known[1]

    def _fetched(self, item: str) -> tuple[bool, Any] | None:
        if item.startswith("_"):
            raise AttributeError(item)
        if self.app.cache_enabled and not self._properties_cache:
            self._fetch_all()
        known = self._properties_cache.get(item)
        if known is None and self._properties is not None and item not in self._properties:
            raise AttributeError(item)
        return known

    def _fetch(self, item: str) -> tuple[bool, Any]:
        known = self._parse(self._ask("Get", item))
        if self.app.cache_enabled:
            self._properties_cache[item] = known
        return known

    def _fetch_all(self) -> None:
        try:
            reply = self._ask("GetAll")
        except exc.QubesDaemonNoResponseError:
            return
        for line in reply.splitlines():
            plain = re.sub(rb"\\(.)", lambda m: b"\n" if m[1] == b"n" else m[1], line)
            name, value = plain.split(b" ", 1)
            self._properties_cache[name.decode()] = self._parse(value)
        self._properties = list(self._properties_cache)

    def _parse(self, reply: bytes) -> tuple[bool, Any]:
        default, kind, value = reply.split(b" ", 2)
        return default == b"default=True", self._typed(kind, value)

    def _typed(self, kind: bytes, value: bytes) -> Any:
        name, text = kind.decode("ascii").removeprefix("type="), value.decode()
        if name == "str":
            return text
        if name in ("vm", "label"):
            collection = self.app.domains if name == "vm" else self.app.labels
            return collection.get_blind(text) if text else None
        if name not in ("bool", "int"):
            raise exc.QubesDaemonCommunicationError(f"Received invalid value type: {name}")
        if not text:
            return AttributeError
        return text == "True" if name == "bool" else int(text)

    @classmethod
    def _is_local(cls, name: str) -> bool:
        if "_local_names" not in cls.__dict__:
            cls._local_names = {
                key
                for base in cls.__mro__
                for key in (*vars(base), *vars(base).get("__annotations__", ()))
            }
        return name.startswith("_") or name in cls._local_names

    def __setattr__(self, key: str, value: Any) -> None:
        if self._is_local(key):
            super().__setattr__(key, value)
        elif value is DEFAULT:
            self._write("Reset", key)
        else:
            value = getattr(value, "_method_dest", value)
            self._write("Set", key, ("" if value is None else str(value)).encode())

    def __delattr__(self, name: str) -> None:
        if self._is_local(name):
            super().__delattr__(name)
        else:
            self._write("Reset", name)

    def _write(self, action: str, name: str, payload: bytes | None = None) -> None:
        try:
            self._ask(action, name, payload)
        except _REFUSALS:
            raise exc.QubesPropertyAccessError(name) from None


class WrapperObjectsCollection:
    """Labels or pools by name; their names are asked for once."""

    def __init__(self, app: Any, list_method: str, object_class: type) -> None:
        self.app = app
        self._list_method = list_method
        self._object_class = object_class
        self._names_list: list[str] | None = None
        self._objects: dict[str, Any] = {}

    def clear_cache(self, invalidate_name: str | None = None) -> None:
        """The names are asked for again."""
        self._names_list = None
        self._objects.pop(invalidate_name, None)

    def refresh_cache(self, force: bool = False) -> None:
        """The names are known."""
        if force or self._names_list is None:
            reply = self.app.qubesd_call("dom0", self._list_method)
            self._names_list = reply.decode("ascii").splitlines()

    def __getitem__(self, item: str) -> Any:
        if not self.app.blind_mode and item not in self:
            raise KeyError(item)
        return self.get_blind(item)

    def get_blind(self, item: str) -> Any:
        """The object of that name, whether there is one or not."""
        if item not in self._objects:
            self._objects[item] = self._object_class(self.app, item)
        return self._objects[item]

    def __contains__(self, item: str) -> bool:
        self.refresh_cache()
        return item in self._names_list

    def __iter__(self) -> Iterator[str]:
        self.refresh_cache()
        return iter(self._names_list)

    def keys(self) -> list[str]:
        """The names."""
        return list(self)

    def values(self) -> list[Any]:
        """The objects."""
        return [self.get_blind(name) for name in self]

    def items(self) -> list[tuple[str, Any]]:
        """Names and objects."""
        return [(name, self.get_blind(name)) for name in self]
