# SPDX-License-Identifier: MIT
"""NixOS in roots: what a root is told, how it gets there, and what dom0 remembers of it.

A root is the qube whose root volume holds the system: a template, or a standalone qube.
In: a ``Fleet`` and Salt's files. Out: documents, trees, deployed roots, generations.
May import: ``bounded``, ``plan``, ``guest``, ``dom0``, ``fleet``.
"""
