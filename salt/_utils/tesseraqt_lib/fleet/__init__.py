# SPDX-License-Identifier: MIT
"""What can be asked of a declared fleet: who names whom, whose root a qube runs, where slots lead.

In: the ``Fleet`` of the model. Out: names, references, bindings. Pure.
May import: nothing but what all others speak of.
"""
