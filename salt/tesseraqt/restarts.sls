{#- SPDX-License-Identifier: MIT #}
{#- Qubes that run, restarted where they need it and their declaration lets them. #}
include:
  - tesseraqt.roots
{%- for state in salt["tesseraqt.fleet"]("restarts") %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
