# SPDX-License-Identifier: MIT
"""What the states of policy plan and return.

Policy is narrowed whatever else runs or fails, under a lock that nobody holds for long. It is
widened rule by rule: by those whose ends are as declared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tesseraqt_lib.model import Plan
from tesseraqt_lib.policy import lock
from tesseraqt_lib.policy import plan as planner
from tesseraqt_lib.policy.plan import Found
from tesseraqt_lib.policy.rules import Needs, Rule
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.run import converge, validate
from tesseraqt_lib.run.converge import Outcome
from tesseraqt_lib.run.session import Run
from tesseraqt_lib.sls import policy as sls_policy
from tesseraqt_lib.sls.state import State

#: Where the context has what a test run would have made of the policy file by now.
PREDICTED = "tesseraqt.predicted_policy"
#: Where the context has that this run has narrowed policy.
NARROWED = "tesseraqt.narrowed"
#: In place of a state: what a rule waits for that another run took away.
TAKEN = "another run, which took it away meanwhile: apply again"


@dataclass(frozen=True)
class Wanted:
    """The rules that a state declares, and which states the qubes at their ends need."""

    rules: tuple[Rule, ...]
    needs: Needs
    #: Those of the rules that another state adds, later in the same run.
    later: tuple[Rule, ...] = ()

    def waiting(self, unmet: Collection[str]) -> dict[Rule, list[str]]:
        """The rules that have to wait, each with the states that it waits for.

        :param unmet: the states that were needed and have not come true
        """
        found = {rule: [sls_policy.LATER] for rule in self.later}
        for rule in self.rules:
            ends = (self.needs.get(end, ()) for end in (rule.source, rule.target))
            if ids := [id_ for needed in ends for id_ in needed if id_ in unmet]:
                found[rule] = list(dict.fromkeys(ids))
        return found


def narrow(run: Run, raw: Any) -> Outcome:
    """What came of the state ``policy_narrowed``. It waits for no other apply.

    :raises lock.Held: somebody else changes policy, and does not come to an end
    """
    rules = validate.accepted(lambda problems: validate.policy_rules(raw, problems))
    if run.test:
        return converge.predict("policy", lambda: narrowed(run, rules))
    door = run.policy_file
    with lock.held(door.path.parent):
        lock.note(run.narrowed_path, {rule.line for rule in rules})
        run.context[NARROWED] = True
        return converge.apply("policy", lambda: narrowed(run, rules), door)


def widen(
    run: Run,
    said: Mapping[str, Any],
    running: Mapping[str, Mapping[str, Any]],
    coming: Collection[str] = (),
) -> Outcome:
    """What came of the state ``policy``.

    :param said: its arguments
    :param running: what became of the states of this run until now, as Salt has it
    :param coming: the IDs of all states of this run
    :raises lock.Held: somebody else applies, or changes policy and does not come to an end
    """
    want = validate.accepted(lambda problems: wanted(said, problems))
    excused = want.later if sls_policy.LATER in coming else ()
    waiting = want.waiting(unmet(want.needs, running, run.test))
    if run.test:
        foretold = converge.predict("policy", lambda: plan(run, want, waiting))
        return told(run, want, waiting, excused, foretold)
    run.take_lock()
    door = run.policy_file
    with lock.held(door.path.parent):
        waiting |= {rule: [TAKEN] for rule in taken(run, want.rules)}
        done = converge.apply("policy", lambda: plan(run, want, waiting), door)
        return told(run, want, waiting, excused, done)


def wanted(said: Mapping[str, Any], problems: Problems) -> Wanted:
    """What the arguments of the state ``policy`` declare, as far as they are valid."""
    rules = validate.policy_rules(said["rules"], problems)
    later = validate.policy_rules(said.get("later"), problems)
    return Wanted(rules, validate.policy_needs(said["needs"], problems), later)


def unmet(needs: Needs, running: Mapping[str, Mapping[str, Any]], test: bool) -> set[str]:
    """The states that are needed and have not come true in this run.

    One that did not run in it has not, and one that has no result yet has only in a test run.

    :param running: by ``state_|-ID_|-name_|-function``, as Salt has it
    """
    good = (True, None) if test else (True,)
    states = (one for one in running.items() if isinstance(one[1], Mapping))
    met = {tag.split("_|-")[1] for tag, one in states if one.get("result") in good}
    return {id_ for needed in needs.values() for id_ in needed if id_ not in met}


def taken(run: Run, rules: Iterable[Rule]) -> list[Rule]:
    """The rules that another run took away after this one had narrowed policy."""
    if NARROWED not in run.context:
        return []
    left = lock.noted(run.narrowed_path)
    return [rule for rule in rules if rule.line not in left]


def told(
    run: Run,
    want: Wanted,
    waiting: Mapping[Rule, list[str]],
    excused: Collection[Rule],
    outcome: Outcome,
) -> Outcome:
    """The outcome, which is no success as long as a declared rule is missing.

    :param excused: the rules that another state of this run is to add
    """
    missing = planner.missing(want.rules, look(run))
    if not missing or outcome.result is False:
        return outcome
    before = [outcome.comment] if outcome.changes else []
    comment = "\n".join((*before, *still_missing(missing, waiting)))
    result = outcome.result if set(missing) <= set(excused) else False
    return replace(outcome, result=result, comment=comment)


def still_missing(rules: Iterable[Rule], waiting: Mapping[Rule, list[str]]) -> Iterator[str]:
    """The rules that are declared and not allowed, each with what it waits for."""
    for rule in rules:
        why = f", which waits for {', '.join(waiting[rule])}" if rule in waiting else ""
        yield f"policy does not have {rule.line}{why}"


def look(run: Run) -> Found:
    """The policy file as it is or, in a test run, as it would be by now."""
    found: Found | None = run.context.get(PREDICTED) if run.test else None
    return run.policy_file.look() if found is None else found


def narrowed(run: Run, rules: Collection[Rule]) -> Plan:
    """The step after which policy allows nothing that is not declared."""
    return planned(run, lambda found: planner.narrowed(rules, found))


def plan(run: Run, want: Wanted, waiting: Mapping[Rule, list[str]]) -> Plan:
    """The step after which policy allows all that is declared and does not have to wait."""
    return planned(run, lambda found: planner.widened(want.rules, waiting, found))


def planned(run: Run, decide: Callable[[Found], Plan]) -> Plan:
    """The plan for the policy file; a test run counts it as carried out from then on."""
    found = look(run)
    made = decide(found)
    if run.test:
        run.context[PREDICTED] = planner.applied(found, made)
    return made


def compiled(run: Run, state: State, failed: Collection[str]) -> Plan:
    """The steps of a compiled state of policy, and which rules would be missing after them.

    :param failed: the states before it that would fail or be skipped
    """
    said, problems = state.arguments, Problems()
    if state.function == "policy_narrowed":
        return narrowed(run, validate.policy_rules(said["rules"], problems))
    want = wanted(said, problems)
    waiting = want.waiting(failed)
    made = plan(run, want, waiting)
    notes = still_missing(planner.missing(want.rules, look(run)), waiting)
    return made if made.refusals else replace(made, notes=tuple(notes))
