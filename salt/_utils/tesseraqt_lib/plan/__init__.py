# SPDX-License-Identifier: MIT
"""From what is wanted and what is there to steps, each with its command. Pure.

In: a declared ``Qube`` and the ``Have`` of the machine. Out: a ``Plan``.
May import: ``fleet``, ``declare``, ``shapes``.
"""
