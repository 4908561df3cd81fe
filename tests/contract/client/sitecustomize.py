# SPDX-License-Identifier: MIT
"""With this directory on PYTHONPATH, ``qubesadmin`` is in the dom0 of $QUBESD_SOCKET."""

import grp
import importlib.abc
import importlib.machinery
import os
import sys


class _InDom0(importlib.abc.MetaPathFinder):
    """Finds ``qubesadmin`` where it is, and tells it where qubesd is as soon as it is loaded."""

    def find_spec(self, name, path=None, target=None):
        if name != "qubesadmin":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: (load(module), _point_at_socket(module))
        return spec


def _point_at_socket(qubesadmin):
    qubesadmin.config.QUBESD_SOCKET = os.environ["QUBESD_SOCKET"]
    qubesadmin.Qubes = qubesadmin.app.QubesLocal
    qubesadmin.app.QubesBase.local_name = "dom0"
    known = grp.getgrnam
    # qvm-clone refreshes menus as the first member of this group
    dom0_users = grp.struct_group(("qubes", "x", 98, ["user"]))
    grp.getgrnam = lambda name: dom0_users if name == "qubes" else known(name)


if "QUBESD_SOCKET" in os.environ:
    sys.path.append(os.path.join(os.path.dirname(os.environ["QUBESD_SOCKET"]), "metadata"))
    sys.meta_path.insert(0, _InDom0())
