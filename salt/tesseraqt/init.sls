{#- SPDX-License-Identifier: MIT #}
{#- The whole declared fleet. Each part can be applied by itself: state.apply tesseraqt.qubes #}
include:
  - tesseraqt.narrowed
  - tesseraqt.templates
  - tesseraqt.qubes
  - tesseraqt.globals
  - tesseraqt.absent
  - tesseraqt.systems
  - tesseraqt.current
  - tesseraqt.policy
  - tesseraqt.power
