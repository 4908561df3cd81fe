{#- SPDX-License-Identifier: MIT #}
{#- Every declared template, made and as declared. #}
include:
  - tesseraqt.policy_narrowed
{%- for state in salt["tesseraqt.fleet"]("templates") %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
