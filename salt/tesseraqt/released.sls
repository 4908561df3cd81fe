{#- SPDX-License-Identifier: MIT #}
{#- Qubes that give up what others had of them, once these have let go of it. #}
include:
  - tesseraqt.absent
  - tesseraqt.power
{%- for state in salt["tesseraqt.fleet"]("released") %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
