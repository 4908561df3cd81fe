# SPDX-License-Identifier: MIT
"""``Qubes()``: the client's view of this dom0."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import simulated_qubesd

from qubesadmin import base, cloning, exc, label, qrexec, storage, vm


class VMCollection:
    """The qubes; they are listed once, until :meth:`clear_cache`."""

    def __init__(self, app: QubesLocal) -> None:
        self.app = app
        self._vm_dict: dict[str, dict[str, str]] = {}
        self._vm_objects: dict[str, vm.QubesVM] = {}
        self._vm_dict_initialized = False

    def clear_cache(self, invalidate_name: str | None = None) -> None:
        """The qubes are listed again; one object may be forgotten too."""
        self._vm_dict_initialized = False
        self._vm_dict = {}
        self._vm_objects.pop(invalidate_name, None)

    def refresh_cache(self, force: bool = False) -> None:
        """The qubes are known."""
        if self._vm_dict_initialized and not force:
            return
        reply = self.app.qubesd_call("dom0", "admin.vm.List").decode("ascii")
        listed = {}
        for line in reply.splitlines():
            name, *facts = line.split(" ")
            listed[name] = dict(fact.split("=", 1) for fact in facts)
            if not self.app.cache_enabled:
                listed[name].pop("state", None)
        self._vm_dict = listed
        self._keep_objects()
        self._vm_dict_initialized = True

    def _keep_objects(self) -> None:
        """Objects of qubes that are gone, or are of another class now, are forgotten."""
        self._vm_objects = {
            known.name: known
            for known in self._vm_objects.values()
            if self._vm_dict.get(known.name, {}).get("class") == known.klass
        }

    def __getitem__(self, item: str | vm.QubesVM) -> vm.QubesVM:
        name = item.name if isinstance(item, vm.QubesVM) else item
        if not self.app.blind_mode and name not in self:
            raise KeyError(name)
        return self.get_blind(name)

    def get_blind(self, item: str) -> vm.QubesVM:
        """The qube of that name, whether there is one or not."""
        if item not in self._vm_objects:
            known = self._vm_dict.get(item, {})
            self._vm_objects[item] = vm.QubesVM(
                self.app, item, klass=known.get("class"), power_state=known.get("state")
            )
        return self._vm_objects[item]

    def get(self, item: str | vm.QubesVM, default: object = None) -> object:
        """The qube of that name, else ``default``."""
        try:
            return self[item]
        except KeyError:
            return default

    def __contains__(self, item: str | vm.QubesVM) -> bool:
        self.refresh_cache()
        return (item.name if isinstance(item, vm.QubesVM) else item) in self._vm_dict

    def __delitem__(self, key: str) -> None:
        self.app.qubesd_call(key, "admin.vm.Remove")
        self.clear_cache()

    def __iter__(self) -> Iterator[vm.QubesVM]:
        self.refresh_cache()
        for name in sorted(self._vm_dict):
            yield self[name]

    def keys(self) -> Any:
        """The names."""
        self.refresh_cache()
        return self._vm_dict.keys()

    def values(self) -> list[vm.QubesVM]:
        """The qubes, in the order that qubesd gave."""
        self.refresh_cache()
        return [self[name] for name in self._vm_dict]


class QubesBase(base.PropertyHolder):
    """The system: its qubes, labels and pools, and the global properties."""

    domains: VMCollection
    labels: base.WrapperObjectsCollection
    pools: base.WrapperObjectsCollection
    log: logging.Logger
    qubesd_connection_type: str
    blind_mode: bool = False
    cache_enabled: bool = False

    def __init__(self) -> None:
        super().__init__(self, "admin.property.", "dom0")
        self.domains = VMCollection(self)
        self.labels = base.WrapperObjectsCollection(self, "admin.label.List", label.Label)
        self.pools = base.WrapperObjectsCollection(self, "admin.pool.List", storage.Pool)
        self.log = logging.getLogger("app")

    @property
    def local_name(self) -> str:
        """The name of this machine."""
        return "dom0"

    def list_vmclass(self) -> list[str]:
        """The classes a qube can be of."""
        return sorted(self.qubesd_call("dom0", "admin.vmclass.List").decode().splitlines())

    def list_deviceclass(self) -> list[str]:
        """The classes a device can be of."""
        return sorted(self.qubesd_call("dom0", "admin.deviceclass.List").decode().splitlines())

    def get_label(self, label: str | int) -> Any:
        """The label of that name or number."""
        with contextlib.suppress(KeyError):
            return self.labels[label]
        if isinstance(label, int) or label.isdigit():
            for known in self.labels.values():
                if known.index == int(label):
                    return known
        raise exc.QubesLabelNotFoundError(str(label))

    @staticmethod
    def get_vm_class(clsname: str) -> str:
        """The class, which is its name."""
        return clsname

    def add_new_vm(
        self,
        cls: str | type,
        name: str,
        label: str,
        template: object = None,
        pool: str | None = None,
        pools: dict | None = None,
    ) -> vm.QubesVM:
        """A new qube."""
        klass = cls if isinstance(cls, str) else cls.__name__
        template = None if template in (None, base.DEFAULT) else str(template)
        if " " in name:
            raise ValueError(f"Qube name could not contain space: {name}")
        if pool and pools:
            raise ValueError("only one of pool= and pools= can be used")
        return self._create(klass, template, name, label, pool, pools)

    def _create(self, klass, template, name, label, pool, pools) -> vm.QubesVM:
        options = [f"name={name}", f"label={label}"]
        options += [f"pool={pool}"] if pool else []
        options += [f"pool:{volume}={value}" for volume, value in sorted((pools or {}).items())]
        method = "admin.vm.CreateInPool." if pool or pools else "admin.vm.Create."
        self.qubesd_call("dom0", method + klass, template, " ".join(options).encode())
        self.domains.clear_cache()
        return self.domains[name]

    def clone_vm(
        self, src_vm: str | vm.QubesVM, new_name: str, new_cls: str | None = None, **options: Any
    ) -> vm.QubesVM:
        """A copy of a qube (see :class:`qubesadmin.cloning.Cloning`)."""
        if isinstance(src_vm, str):
            src_vm = self.domains[src_vm]
        return cloning.Cloning(self, src_vm, **options).into(new_name, new_cls)

    def _invalidate_cache_all(self) -> None:
        """Everything that was fetched is forgotten."""
        self.domains.clear_cache()
        for known in self.domains._vm_objects.values():
            known.forget()
        self._properties_cache = {}


class QubesLocal(QubesBase):
    """The client in dom0."""

    qubesd_connection_type = "socket"

    def qubesd_call(
        self,
        dest: str | None,
        method: str,
        arg: str | None = None,
        payload: bytes | None = None,
        payload_stream: Any = None,
    ) -> bytes:
        """The data that qubesd replies; what it refuses is raised."""
        if payload_stream is not None:
            raise exc.QubesDaemonCommunicationError(f"/etc/qubes-rpc/{method} not found")
        if "TESSERAQT_DOM0" not in os.environ:
            reason = "TESSERAQT_DOM0 names no state directory"
            raise exc.QubesDaemonCommunicationError(
                "Failed to connect to qubesd service: %s", reason
            )
        return base.parse_reply(simulated_qubesd.call(dest, method, arg, payload))

    def run_service(
        self,
        dest: str,
        service: str,
        user: str | None = None,
        *,
        autostart: bool = True,
        **options: Any,
    ) -> subprocess.Popen:
        """A service of a qube, as a process; the qube is started for it."""
        if not dest:
            raise ValueError("Empty destination name allowed only from a VM")
        if autostart:
            with contextlib.suppress(exc.QubesVMNotHaltedError):
                self.qubesd_call(dest, "admin.vm.Start")
        elif not self.domains.get_blind(dest).is_running():
            raise exc.QubesVMNotRunningError("%s is not running", dest)
        return qrexec.connect(dest, service, user, **options)
