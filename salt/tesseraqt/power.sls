{#- SPDX-License-Identifier: MIT #}
{#- Qubes that are declared to run or to be halted. #}
include:
  - tesseraqt.restarts
{%- for state in salt["tesseraqt.fleet"]("power") %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
