# SPDX-License-Identifier: MIT
"""The steps to the declared properties of the machine itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tesseraqt_lib.model import Have, Plan, Settings, Value
from tesseraqt_lib.plan import steps as plan_steps
from tesseraqt_lib.plan.steps import pref_step


def global_properties(want: Settings, have: Mapping[str, Value]) -> Plan:
    """The steps that make the machine's own properties as wanted."""
    missing = tuple(
        f"Qubes has no global property {name!r}" for name in sorted(want) if name not in have
    )
    steps = [
        pref_step(("qubes-prefs",), (), name, have[name], text)
        for name, text in sorted(want.items())
        if name in have and not plan_steps.same_value(text, have[name])
    ]
    return Plan("globals", () if missing else tuple(steps), missing)


def following(running: Iterable[Have]) -> list[str]:
    """Those of the ``running`` qubes that have the default netvm, whichever that is."""
    return [have.name for have in running if have.prefs.get("netvm", Value("", False)).default]


def refused_to_follow(plan: Plan, netvm: str, following: Sequence[str]) -> Plan:
    """Nothing is done, for Qubes attaches no running qube to one that is off."""
    what = f"default_netvm cannot become {netvm}, which is off, while {', '.join(following)}"
    how = f"start it (qvm-start {netvm}) and apply again"
    return Plan(plan.name, refusals=(f"{what} would follow: {how}",))
