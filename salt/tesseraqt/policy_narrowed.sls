{#- SPDX-License-Identifier: MIT #}
{#- Policy allows nothing that is not declared any more, before any qube changes. #}
{%- for state in salt["tesseraqt.fleet"]("policy_narrowed") %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
