{#- SPDX-License-Identifier: MIT #}
{#- The whole declared fleet. Each part can be applied by itself: state.apply tesseraqt.qubes #}
include:
  - tesseraqt.policy_narrowed
  - tesseraqt.templates
  - tesseraqt.qubes
  - tesseraqt.globals
  - tesseraqt.absent
  - tesseraqt.roots
  - tesseraqt.restarts
  - tesseraqt.policy
  - tesseraqt.power
  - tesseraqt.policy_later
  - tesseraqt.released
