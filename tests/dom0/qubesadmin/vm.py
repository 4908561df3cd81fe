# SPDX-License-Identifier: MIT
"""A qube, as the client sees it."""

from __future__ import annotations

import logging
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

from qubesadmin import base, devices, exc, features, firewall, storage, tags, utils

_NOBODY_HOME = (exc.QubesDaemonNoResponseError, exc.QubesVMNotFoundError)


class QubesVM(base.PropertyHolder):
    """A qube. Its power state may be known from the list; its properties are attributes."""

    log: logging.Logger
    tags: tags.Tags
    features: features.Features
    devices: devices.DeviceManager
    firewall: firewall.Firewall

    def __init__(
        self, app: Any, name: str, klass: str | None = None, power_state: str | None = None
    ) -> None:
        super().__init__(app, "admin.vm.property.", name)
        self._volumes: dict[str, storage.Volume] | None = None
        self._klass = klass
        self._power_state_cache = power_state
        self.log = logging.getLogger(name)
        self.tags = tags.Tags(self)
        self.features = features.Features(self)
        self.devices = devices.DeviceManager(self)
        self.firewall = firewall.Firewall(self)

    @property
    def name(self) -> str:
        """The name."""
        return self._method_dest

    @name.setter
    def name(self, new_value: str) -> None:
        self._ask("Set", "name", str(new_value).encode())
        self._method_dest = new_value
        self._volumes = None
        self.app.domains.clear_cache()

    def __str__(self) -> str:
        return self._method_dest

    def __lt__(self, other: object) -> bool:
        return self.name < other.name if isinstance(other, QubesVM) else NotImplemented

    def __eq__(self, other: object) -> bool:
        if isinstance(other, QubesVM):
            return self.name == other.name
        return self.name == other if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def _do(self, action: str, *arg: str) -> bytes:
        return self.qubesd_call(self._method_dest, f"admin.vm.{action}", *arg)

    def start(self) -> None:
        """The qube runs."""
        self._do("Start")

    def shutdown(self, force: bool = False, wait: bool = False) -> None:
        """The qube goes down."""
        options = [name for name, wanted in (("force", force), ("wait", wait)) if wanted]
        self._do("Shutdown", *(["+".join(options)] if options else []))

    def kill(self) -> None:
        """The qube is off."""
        self._do("Kill")

    def pause(self) -> None:
        """The qube stands still."""
        self._do("Pause")

    def unpause(self) -> None:
        """It goes on."""
        self._do("Unpause")

    def suspend(self) -> None:
        """The qube sleeps."""
        self._do("Suspend")

    def resume(self) -> None:
        """It wakes."""
        self._do("Resume")

    def get_power_state(self) -> str:
        """``Halted``, ``Running``, …; from the list if the cache is on."""
        if self._power_state_cache is None:
            try:
                state = self._get_current_state()["power_state"]
            except _NOBODY_HOME:
                return "NA"
            if not self.app.cache_enabled:
                return state
            self._power_state_cache = state
        return self._power_state_cache

    def get_mem(self) -> int:
        """The memory in KiB that the qube has now."""
        return int(self._get_current_state()["mem"])

    def _get_current_state(self) -> dict[str, str]:
        facts = self._do("CurrentState").decode("ascii").split()
        return dict(fact.split("=", 1) for fact in facts)

    def is_halted(self) -> bool:
        """It is off."""
        return self.get_power_state() == "Halted"

    def is_paused(self) -> bool:
        """It stands still."""
        return self.get_power_state() == "Paused"

    def is_suspended(self) -> bool:
        """It sleeps."""
        return self.get_power_state() == "Suspended"

    def is_running(self) -> bool:
        """It is not off."""
        return self.get_power_state() not in ("Halted", "NA")

    def is_networked(self) -> bool:
        """It reaches a network, or is one."""
        return bool(self.provides_network) or self.netvm is not None

    @property
    def volumes(self) -> dict[str, storage.Volume]:
        """The volumes; their names are asked for once."""
        if self._volumes is None:
            names = self._do("volume.List").decode("ascii").split()
            self._volumes = {
                name: storage.Volume(self.app, vm=self.name, vm_name=name) for name in names
            }
        return self._volumes

    def get_disk_utilization(self) -> int:
        """What the volumes take, in bytes."""
        return sum(volume.usage for volume in self.volumes.values())

    def run_service(self, service: str, **options: Any) -> Any:
        """A service of the qube, as a process."""
        return self.app.run_service(self._method_dest, service, **options)

    def run_service_for_stdio(
        self,
        service: str,
        input: bytes | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> tuple[bytes, bytes]:
        """What a service of the qube wrote; one that fails is raised."""
        process = self.run_service(service, **options)
        streams = process.communicate(input=input, timeout=timeout)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, service, *streams)
        return streams

    def prepare_input_for_vmshell(self, command: str, input: bytes | None = None) -> bytes:
        """What qubes.VMShell reads to run the command and nothing after it."""
        windows = self.features.check_with_template("os", "Linux") == "Windows"
        end = b"& exit\n" if windows else b"; exit\n"
        return command.rstrip("\n").encode() + end + (input or b"")

    def run(self, command: str, input: bytes | None = None, **options: Any) -> tuple[bytes, bytes]:
        """What a command in the qube wrote, through its shell."""
        service = "qubes.VMShell"
        if options.get("user") == "root" and self._has_root_services():
            del options["user"]
            service = "qubes.VMRootShell"
        text = self.prepare_input_for_vmshell(command, input)
        return self.run_service_for_stdio(service, input=text, **options)

    def run_with_args(self, *args: str, **options: Any) -> tuple[bytes, bytes]:
        """What a program in the qube wrote, without a shell if the qube can."""
        if not self.features.check_with_template("vmexec", False):
            return self.run(" ".join(map(shlex.quote, args)), **options)
        service = "qubes.VMExec+"
        if options.get("user") == "root" and self._has_root_services():
            del options["user"]
            service = "qubes.VMRootExec+"
        return self.run_service_for_stdio(service + utils.encode_for_vmexec(args), **options)

    def _has_root_services(self) -> bool:
        return bool(self.features.check_with_template("supported-rpc.qubes.VMRootExec", False))

    @property
    def appvms(self) -> Iterator[QubesVM]:
        """The qubes based on this one."""
        return (qube for qube in self.app.domains if getattr(qube, "template", None) == self)

    @property
    def derived_vms(self) -> list[QubesVM]:
        """The qubes based on this one, at any distance."""
        found = set(self.appvms)
        for qube in self.appvms:
            found.update(qube.derived_vms)
        return list(found)

    @property
    def connected_vms(self) -> Iterator[QubesVM]:
        """The qubes networked through this one."""
        return (qube for qube in self.app.domains if getattr(qube, "netvm", None) == self)

    @property
    def klass(self) -> str:
        """The class; known from the list, else asked for."""
        if self._klass is None:
            try:
                _name, *facts = self._do("List").decode("ascii").split()
                self._klass = dict(fact.split("=", 1) for fact in facts)["class"]
            except exc.QubesDaemonAccessError:
                self._klass = self.__getattr__("klass")
        return self._klass

    def get_notes(self) -> str:
        """The free text about the qube."""
        return self._do("notes.Get").decode()

    def set_notes(self, notes: str) -> None:
        """The free text about the qube is this."""
        self.qubesd_call(self._method_dest, "admin.vm.notes.Set", payload=str(notes).encode())

    def forget(self) -> None:
        """Everything that was fetched is forgotten."""
        self._power_state_cache = None
        self._properties_cache = {}
        self.devices.clear_cache()
