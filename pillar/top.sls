# SPDX-License-Identifier: MIT
# The fleet is for dom0 and nobody else: pillar that is targeted to '*' reaches every qube
# that qubesctl manages. Where Qubes' own top.sls is in place, tesseraqt/init.top does this.
base:
  dom0:
    - tesseraqt
    # - tesseraqt.whonix  # where the templates and qubes of Whonix are installed
