{#- SPDX-License-Identifier: MIT #}
{#- Every root that has NixOS declared, built in it; many of them at once. #}
include:
  - tesseraqt.qubes
{%- for state in salt["tesseraqt.fleet"]("roots") %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
