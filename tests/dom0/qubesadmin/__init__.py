# SPDX-License-Identifier: MIT
"""A stand-in for the part of ``qubesadmin`` (core-admin-client) that tesseraqt uses.

It looks the same, caches the same and makes the same calls; its qubesd is ``simulated_qubesd``.
"""

import qubesadmin.app
import qubesadmin.base
import qubesadmin.config

DEFAULT = qubesadmin.base.DEFAULT
Qubes = qubesadmin.app.QubesLocal

__version__ = "4.4.0"
