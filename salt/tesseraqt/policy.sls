{#- SPDX-License-Identifier: MIT #}
{#- Policy allows what is declared, once the qubes at both ends of every wire are so. #}
include:
  - tesseraqt.policy_narrowed
  - tesseraqt.restarts
{%- for state in salt["tesseraqt.fleet"]("policy") %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
