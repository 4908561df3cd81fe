# SPDX-License-Identifier: MIT
"""Volumes and pools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qubesadmin import exc


class Volume:
    """A volume of a qube; every look at it is a call."""

    def __init__(
        self,
        app: Any,
        pool: str | None = None,
        vid: str | None = None,
        vm: str | None = None,
        vm_name: str | None = None,
    ) -> None:
        self.app = app
        if pool is None and vm is None:
            raise ValueError("Either pool or vm must be given")
        if pool is not None and vid is None:
            raise ValueError("If pool is given, vid must be too.")
        if vm is not None and vm_name is None:
            raise ValueError("If vm is given, vm_name must be too.")
        self._pool, self._vid = pool, vid
        self.vm, self.name = vm, vm_name

    def _ask(self, action: str, payload: bytes | None = None) -> bytes:
        return self.app.qubesd_call(
            self.vm,
            f"admin.vm.volume.{action}",
            self.name,
            payload=payload,
            payload_stream=None,
        )

    def _fact(self, name: str, fallback: str | None = None) -> str:
        try:
            lines = self._ask("Info").decode("ascii").splitlines()
        except exc.QubesDaemonAccessError:
            raise exc.QubesPropertyAccessError(name) from None
        facts = dict(line.split("=", 1) for line in lines)
        return facts[name] if fallback is None else facts.get(name, fallback)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Volume):
            return NotImplemented
        return self.pool == other.pool and self.vid == other.vid

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Volume):
            return NotImplemented
        return (self.vm, self.name) < (other.vm, other.name)

    __hash__ = None

    @property
    def pool(self) -> str:
        """The name of the pool."""
        return self._pool if self._pool is not None else self._fact("pool")

    @property
    def vid(self) -> str:
        """What the pool calls the volume."""
        return self._vid if self._vid is not None else self._fact("vid")

    @property
    def size(self) -> int:
        """In bytes."""
        return int(self._fact("size"))

    @property
    def usage(self) -> int:
        """In bytes."""
        return int(self._fact("usage"))

    @property
    def rw(self) -> bool:
        """The qube may write."""
        return self._fact("rw") == "True"

    @rw.setter
    def rw(self, value: object) -> None:
        self._ask("Set.rw", str(value).encode("ascii"))

    @property
    def ephemeral(self) -> bool:
        """It is encrypted with a key that nobody keeps."""
        return self._fact("ephemeral", "False") == "True"

    @ephemeral.setter
    def ephemeral(self, value: object) -> None:
        self._ask("Set.ephemeral", str(value).encode("ascii"))

    @property
    def snap_on_start(self) -> bool:
        """It starts as a copy of another volume."""
        return self._fact("snap_on_start") == "True"

    @property
    def save_on_stop(self) -> bool:
        """What the qube wrote is kept."""
        return self._fact("save_on_stop") == "True"

    @property
    def source(self) -> str | None:
        """The volume that it starts as a copy of."""
        return self._fact("source") or None

    @property
    def revisions_to_keep(self) -> int:
        """How many earlier states are kept."""
        return int(self._fact("revisions_to_keep"))

    @revisions_to_keep.setter
    def revisions_to_keep(self, value: object) -> None:
        self._ask("Set.revisions_to_keep", str(value).encode("ascii"))

    def is_outdated(self) -> bool:
        """The other volume has changed since."""
        return self._fact("is_outdated", "False") == "True"

    def resize(self, size: int, *, allow_shrink: bool = False) -> None:
        """The volume is larger; smaller only if asked for."""
        current = size if allow_shrink else self.size
        if size < current:
            name = f"{self.vm}:{self.name}"
            raise exc.StoragePoolException(
                f"Refusing to shrink volume {name} from {current} to {size} bytes.\n"
                "If you really know what you are doing: Manually shrink the filesystem on the "
                "volume first, and repartition the volume if it is partitioned. Do this in a VM, "
                f"not in dom0. Then use 'qvm-volume resize --force {name} {size}'"
            )
        self._ask("Resize", str(size).encode("ascii"))

    @property
    def revisions(self) -> list[str]:
        """The earlier states that are kept."""
        return self._ask("ListSnapshots").decode("ascii").splitlines()

    def revert(self, revision: str) -> None:
        """The volume is as it was."""
        self._ask("Revert", revision.encode("ascii"))

    def clear_data(self) -> None:
        """The volume is empty."""
        self._ask("Clear")

    def clone(self, source: Volume) -> None:
        """The volume holds what the other one holds."""
        token = source._ask("CloneFrom")
        self._ask("CloneTo", payload=token)

    def import_data(self, stream: Any) -> None:
        """The volume holds what the file holds."""
        self._import("Import", stream)

    def import_data_with_size(self, stream: Any, size: int) -> None:
        """The same, and it is as large."""
        del size
        self._import("ImportWithSize", stream)

    def _import(self, action: str, stream: Any) -> None:
        self.app.qubesd_call(self.vm, f"admin.vm.volume.{action}", self.name, payload_stream=stream)


class Pool:
    """A storage pool."""

    def __init__(self, app: Any, name: str) -> None:
        self.app = app
        self.name = name
        self._config: dict[str, str] | None = None

    def __str__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Pool):
            return self.name == other.name
        return self.name == other if isinstance(other, str) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self.name < other.name if isinstance(other, Pool) else NotImplemented

    __hash__ = None

    def _ask(self, action: str, payload: bytes | None = None) -> bytes:
        return self.app.qubesd_call("dom0", f"admin.pool.{action}", self.name, payload)

    @property
    def config(self) -> dict[str, str]:
        """The settings; asked for once."""
        if self._config is None:
            lines = self._ask("Info").decode().splitlines()
            self._config = dict(line.split("=", 1) for line in lines)
        return self._config

    @property
    def driver(self) -> str:
        """What stores the volumes."""
        return self.config["driver"]

    @property
    def revisions_to_keep(self) -> int:
        """How many earlier states of new volumes are kept."""
        return int(self.config["revisions_to_keep"])

    @revisions_to_keep.setter
    def revisions_to_keep(self, value: object) -> None:
        self._ask("Set.revisions_to_keep", str(value).encode("ascii"))
        self._config = None

    @property
    def usage_details(self) -> dict[str, int]:
        """How large and how full."""
        lines = self._ask("UsageDetails").decode().splitlines()
        return {key: int(value) for key, value in (line.split("=", 1) for line in lines)}

    @property
    def volumes(self) -> Iterator[Volume]:
        """What the pool keeps; asked for each time."""
        for vid in self._ask("volume.List").decode().splitlines():
            yield Volume(self.app, self.name, vid)

    @property
    def size(self) -> int | None:
        """In bytes."""
        return self.usage_details.get("data_size")

    @property
    def usage(self) -> int | None:
        """In bytes."""
        return self.usage_details.get("data_usage")
