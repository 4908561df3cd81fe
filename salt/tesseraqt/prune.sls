{#- SPDX-License-Identifier: MIT #}
{#- Removes those qubes that tesseraqt made and that are declared no more, if they are named. #}
include:
  - tesseraqt.policy_narrowed
{%- for state in salt["tesseraqt.prune_states"](pillar.get("prune")) %}

{{ state.id | json }}:
  tesseraqt.{{ state.function }}: {{ state.arguments | json }}
{%- endfor %}
