{#- SPDX-License-Identifier: MIT #}
{#- Every declared qube, each after those that it needs. #}
include:
  - tesseraqt.templates
{%- for state in salt["tesseraqt.fleet"]("qubes") %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
