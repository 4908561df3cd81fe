# SPDX-License-Identifier: MIT
"""Pillar to model: what may be declared where, and the declared fleet.

In: pillar below ``tesseraqt``, or the arguments of a state. Out: a ``Fleet`` or ``Qube``, as
far as it is valid, and ``Problems``; the JSON Schema for editors. Pure.
May import: ``shapes``.
"""
