# SPDX-License-Identifier: MIT
"""Wires between qubes as one file of qrexec policy.

In: a ``Fleet``. Out: rules, the text of the file, and the file itself, linted and replaced whole.
May import: ``bounded``, ``dom0`` (to run commands), ``fleet``, ``declare``, ``shapes``.
"""
