# SPDX-License-Identifier: MIT
"""One run of Salt: validate what is declared, look, plan, stop there or act, look again.

In: what Salt's loader gives (``__context__``, ``__opts__``, ``__salt__``, ``__pillar__``). Out:
what states return. Here the stations before are put together.
May import: ``check``, ``declare``, ``dom0``, ``fleet``, ``guest``, ``plan``, ``policy``, ``roots``,
``shapes``, ``sls``.
"""
