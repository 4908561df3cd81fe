# SPDX-License-Identifier: MIT
"""Rules listen to events, as classes and extensions of qubesd do (qubes/events.py)."""

from collections import defaultdict
from collections.abc import Callable

Rule = Callable[..., None]
_exact: dict[str, list[tuple[Rule, frozenset]]] = defaultdict(list)
_families: dict[str, list[tuple[Rule, frozenset]]] = defaultdict(list)

QUBES = frozenset({"AdminVM", "AppVM", "TemplateVM", "StandaloneVM", "DispVM"})
SYSTEM = frozenset({"Qubes"})


def on(*names: str, klass: frozenset = QUBES) -> Callable[[Rule], Rule]:
    """The rule hears such events of subjects of these classes; ``family:*`` hears the family."""

    def listen(rule: Rule) -> Rule:
        for name in names:
            family = _families if name.endswith(":*") else _exact
            family[name.removesuffix(":*")].append((rule, frozenset(klass)))
        return rule

    return listen


def fire(subject, event: str, **details: object) -> None:
    """Every rule for the event was heard; the first that refuses ends it."""
    for rule, klass in (*_exact.get(event, ()), *_families.get(event.partition(":")[0], ())):
        if subject.klass in klass:
            rule(subject, **details)
