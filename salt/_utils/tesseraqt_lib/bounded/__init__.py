# SPDX-License-Identifier: MIT
"""Processes and files of dom0, within bounds: nothing is kept, written or waited for without end.

In: a command, or a path. Out: what it said or holds, as far as its bounds reach, or why not.
May import: nothing of tesseraqt.
"""
