{#- SPDX-License-Identifier: MIT #}
{#- Policy allows the wires of qubes that get their netvm only once that runs. #}
include:
  - tesseraqt.policy
  - tesseraqt.power
{%- for state in salt["tesseraqt.fleet"]("policy_later") %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
