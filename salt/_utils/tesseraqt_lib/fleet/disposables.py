# SPDX-License-Identifier: MIT
"""What a named disposable has of its template.

qubesd copies properties, features, tags and rules when it makes one (``qubes/vm/dispvm.py``),
and never again: declared of the template, they are declared of its disposables too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.model import Fleet, Qube

Value = TypeVar("Value")

#: Features that start so stay with the template.
PRELOAD = "preload-dispvm"


def inherited(declared: Fleet) -> Fleet:
    """The fleet in which every named disposable declares what its template does, too."""
    return replace(
        declared,
        qubes={name: of_template(declared, qube) for name, qube in declared.qubes.items()},
    )


def of_template(declared: Fleet, qube: Qube) -> Qube:
    """The qube with what it leaves open taken from its template, if it is a disposable."""
    template = declared.qubes.get(qube.template or "")
    if qube.klass != words.DISP or qube.absent or template is None or template.absent:
        return qube
    unfit = {name for name, owners in words.ONLY_ON.items() if words.DISP not in owners}
    return replace(
        qube,
        prefs={**without(template.prefs, unfit), **qube.prefs},
        features={**without(template.features, preloading(template)), **qube.features},
        services={**template.services, **qube.services},
        tags={**template.tags, **qube.tags},
        firewall=template.firewall if qube.firewall is None else qube.firewall,
    )


def preloading(template: Qube) -> set[str]:
    """The features of a template that say which disposables are made beforehand."""
    return {name for name in template.features if name.startswith(PRELOAD)}


def without(found: Mapping[str, Value], names: set[str]) -> dict[str, Value]:
    """``found`` without ``names``."""
    return {name: value for name, value in found.items() if name not in names}
