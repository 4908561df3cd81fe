# SPDX-License-Identifier: MIT
"""Who on the machine uses a qube, as Qubes counts that before it takes anything from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Have, Qube
from tesseraqt_lib.plan import chain
from tesseraqt_lib.plan import qube as planner
from tesseraqt_lib.run import predicted
from tesseraqt_lib.run.session import Run


def others(run: Run, name: str) -> list[Have]:
    """Every other qube, as it is or, in a test run, would be by now."""
    found = (predicted.look(run, Qube(one)) for one in predicted.every_name(run) if one != name)
    return [have for have in found if have is not None]


def naming(run: Run, name: str) -> list[str]:
    """Who names the qube explicitly (``get_qube_prop_deps`` in ``qubes/app.py``)."""
    found = [
        f"{key} of {have.name}"
        for have in others(run, name)
        for key in planner.references_to(have, name)
        if not goes_along(have, key, name)
    ]
    return found + globally(run, name, words.GLOBAL_REFERENCES)


def globally(run: Run, name: str, keys: tuple[str, ...]) -> list[str]:
    """Those of the machine's own properties that name the qube."""
    own = predicted.global_properties(run)
    return [f"the global {key}" for key, value in own.items() if key in keys and value.text == name]


def goes_along(have: Have, key: str, name: str) -> bool:
    """Whether Qubes gives up this reference by itself: a preloaded disposable's to its template."""
    of_its_own = have.template == name and key in ("template", *words.DISPOSABLE_REFERENCES)
    return of_its_own and chain.is_preload(have)


def networked(run: Run, name: str) -> list[str]:
    """Whose netvm the qube is, by default too (``NetVMMixin.connected_vms``)."""
    default = predicted.global_properties(run)["default_netvm"].text
    found = (have for have in others(run, name) if chain.netvm_of(have, default) == name)
    return [f"netvm of {have.name}" for have in found]


def made_disposable(run: Run, name: str) -> list[str]:
    """Who makes disposables of the qube (``on_pre_set_dvmtemplate`` in ``dvmtemplate.py``)."""
    keys = ("template", *words.DISPOSABLE_REFERENCES)
    found = [
        f"{key} of {have.name}"
        for have in others(run, name)
        for key in planner.references_to(have, name)
        if key in keys and not goes_along(have, key, name)
    ]
    return found + globally(run, name, words.DISPOSABLE_REFERENCES)


#: Who uses what a qube gives up with a property.
GIVEN_UP: Mapping[str, Callable[[Run, str], list[str]]] = {
    "provides_network": networked,
    "template_for_dispvms": made_disposable,
}
