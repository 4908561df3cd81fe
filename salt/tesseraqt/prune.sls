{#- SPDX-License-Identifier: MIT #}
{#- Removes qubes that tesseraqt made, that are declared no more, and that are halted. #}
include:
  - tesseraqt.policy_narrowed
{%- for state in salt["tesseraqt.prunable"]() %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
