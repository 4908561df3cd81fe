# SPDX-License-Identifier: MIT
"""From a fleet to the Salt states that SLS files hold, each with its ID and requisites. Pure.

In: a ``Fleet``. Out: ``State`` by section; a section has an SLS file of its name.
May import: ``policy``, ``roots``, ``plan``, ``fleet``.
"""
