# SPDX-License-Identifier: MIT
"""What is wrong between declared values, and between them and the machine.

In: a ``Fleet``, and the door to Qubes for what only the machine can tell. Out: ``Problems``.
May import: ``dom0``, ``declare``, ``fleet``.
"""
