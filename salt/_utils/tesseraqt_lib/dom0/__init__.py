# SPDX-License-Identifier: MIT
"""The door to Qubes: the only place that looks at a dom0, or changes anything in it.

In: what to look at, and steps. Out: a ``Have`` for each qube, and what was done. Also what dom0
keeps for tesseraqt: the lock, the semaphore, notes of unfinished work.
May import: ``bounded``, ``declare`` (the spelling of firewall rules), ``fleet``.
"""
