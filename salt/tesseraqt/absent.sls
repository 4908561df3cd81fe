{#- SPDX-License-Identifier: MIT #}
{#- Qubes that are declared absent, once nothing declared uses them any more. #}
include:
  - tesseraqt.globals
{%- for state in salt["tesseraqt.fleet"]("absent") %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
