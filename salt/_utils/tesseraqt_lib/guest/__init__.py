# SPDX-License-Identifier: MIT
"""The door to what a qube says: scripts of ours, run over qrexec, and their bounded answers.

In: a script and its arguments. Out: values that keep to a grammar, and printable lines.
May import: ``bounded``.
"""
