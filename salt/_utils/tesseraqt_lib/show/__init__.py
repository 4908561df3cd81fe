# SPDX-License-Identifier: MIT
"""What people get to see: plan, status, wires and the picture, as data and as text.

In: a ``Run`` and a ``Fleet``. Out: plain data, text, DOT, Mermaid, SVG. Changes nothing.
May import: ``run``, ``bounded``, ``check``, ``declare``, ``dom0``, ``fleet``, ``policy``,
``roots``, ``sls``.
"""
