{#- SPDX-License-Identifier: MIT #}
{#- The machine's own properties, once the qubes that they name are there. #}
include:
  - tesseraqt.qubes
{%- for state in salt["tesseraqt.fleet"]("globals") %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
