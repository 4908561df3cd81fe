# SPDX-License-Identifier: MIT
"""What tesseraqt knows, as plain Python: no Salt dunders, no pip, one door to Qubes, one to qubes.

A folder is a station on the way of the data. Each imports only from those before it, and says in
its ``__init__.py`` from which:

``bounded``  processes and files of dom0, within bounds
``shapes``   how a single value is read, and described in JSON Schema
``fleet``    what can be asked of a declared fleet: who names whom, whose root, which slot
``declare``  pillar -> model
``dom0``     the door to Qubes: looks, and carries out steps
``guest``    the door to what a qube says
``check``    what is wrong between declared values, and between them and the machine
``plan``     (want, have) -> steps; pure
``roots``    NixOS in roots: documents, deployment, record, generations
``policy``   wires between qubes -> one file of qrexec policy
``sls``      fleet -> Salt states
``run``      one run of Salt: validate, look, plan, converge
``show``     plan, status, wires and picture, for people

All of them speak of ``model.py``, which has the nouns, ``vocabulary.py``, which has the words of
Qubes, and ``problems.py``: what is wrong with a declaration.
"""
