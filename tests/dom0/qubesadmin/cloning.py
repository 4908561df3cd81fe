# SPDX-License-Identifier: MIT
"""How the client clones a qube, call by call."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable
from typing import Any

from qubesadmin import exc

_MADE_BY_CREATE = ("name", "qid", "template", "label", "uuid", "installed_by_rpm")


class Cloning:
    """One qube copied: its settings first, then its volumes and device assignments."""

    def __init__(
        self,
        app: Any,
        source: Any,
        *,
        pool: str | None = None,
        pools: dict | None = None,
        ignore_errors: bool = False,
        ignore_volumes: list | tuple | None = None,
        ignore_devices: bool = False,
    ) -> None:
        if pool and pools:
            raise ValueError("only one of pool= and pools= can be used")
        self.app = app
        self.source = source
        self.pool, self.pools = pool, pools
        self.ignore_errors = ignore_errors
        self.ignore_volumes = ignore_volumes or ()
        self.ignore_devices = ignore_devices

    def into(self, name: str, klass: str | None) -> Any:
        """The copy; when something fails there is none."""
        klass = klass or self.source.klass
        template = getattr(self.source, "template", None)
        label = self.source.label
        if self.pool is None and self.pools is None:
            self.pools = self._unusual_pools()
        template = None if template is None else str(template)
        copy = self.app._create(klass, template, name, label, self.pool, self.pools)
        self._or_remove(copy, self._settings, tolerant=True)
        self._or_remove(copy, self._volumes)
        if not self.ignore_devices:
            self._or_remove(copy, self._devices, tolerant=True)
        return copy

    def _or_remove(self, copy: Any, act: Callable, tolerant: bool = False) -> None:
        try:
            act(copy)
        except exc.QubesException:
            if not (tolerant and self.ignore_errors):
                del self.app.domains[copy.name]
                raise

    def _unusual_pools(self) -> dict[str, str] | None:
        """The pools of volumes that are not where new ones would be."""
        pools = {}
        for volume in sorted(self.source.volumes.values()):
            if volume.snap_on_start or not volume.rw or volume.name in self.ignore_volumes:
                continue
            usual = getattr(self.app, f"default_pool_{volume.name}", volume.pool)
            if usual != volume.pool:
                pools[volume.name] = volume.pool
        return pools or None

    def _settings(self, copy: Any) -> None:
        self._properties(copy)
        for tag in self.source.tags:
            if not tag.startswith("created-by-"):
                self._try(copy.log, f"Failed to add {tag} tag", copy.tags.add, tag)
        for name, value in self.source.features.items():
            if not name.startswith("preload-dispvm") or name == "preload-dispvm-max":
                failure = f"Failed to set {name} feature"
                self._try(copy.log, failure, copy.features.__setitem__, name, value)
        self._try(copy.log, "Failed to clone qube notes", self._notes, copy)
        self._try(self.app.log, "Failed to set firewall", self._firewall, copy)
        self._menus(copy)

    def _try(self, log: Any, failure: str, act: Callable, *arguments: object) -> None:
        try:
            act(*arguments)
        except exc.QubesException as error:
            log.error("%s: %s", failure, error)
            if not self.ignore_errors:
                raise

    def _properties(self, copy: Any) -> None:
        for name in self.source.property_list():
            if name not in _MADE_BY_CREATE and not self.source.property_is_default(name):
                self._try(copy.log, f"Failed to set {name} property", self._property, copy, name)

    def _property(self, copy: Any, name: str) -> None:
        with contextlib.suppress(AttributeError):
            setattr(copy, name, getattr(self.source, name))

    def _notes(self, copy: Any) -> None:
        notes = self.source.get_notes()
        if notes:
            copy.set_notes(notes)

    def _firewall(self, copy: Any) -> None:
        copy.firewall.save_rules(self.source.firewall.rules)

    def _menus(self, copy: Any) -> None:
        """A desktop program of dom0 is asked to copy the menus, as the user who has the desktop."""
        command = ["qvm-appmenus", "--init", "--update", "--source", self.source.name, copy.name]
        if os.getuid() == 0:
            user = self._desktop_user()
            command = ["runuser", "-u", user, "--", *command]
        try:
            subprocess.check_output(command, stderr=subprocess.STDOUT)
        except (OSError, subprocess.CalledProcessError) as error:
            self.app.log.error("Failed to clone appmenus: %s", error)
            if not self.ignore_errors:
                raise exc.QubesException("Failed to clone appmenus") from error

    def _desktop_user(self) -> str:
        """dom0 has no such property: with the cache on, asking for it is an AttributeError."""
        try:
            return self.app.domains[self.app.local_name].default_user
        except (KeyError, exc.QubesException):
            return "user"

    def _volumes(self, copy: Any) -> None:
        for volume in sorted(copy.volumes.values()):
            if volume.save_on_stop and volume.name not in self.ignore_volumes:
                origin = self.source.volumes[volume.name]
                copy.log.info("Cloning %s volume", volume.name)
                volume.clone(origin)

    def _devices(self, copy: Any) -> None:
        for devclass in self.source.devices:
            for assignment in self.source.devices[devclass].get_assigned_devices():
                mine = assignment.clone(frontend_domain=copy)
                copy.devices[devclass].assign(mine)
