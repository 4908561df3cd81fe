# SPDX-License-Identifier: MIT
"""The step from the policy file that is there to the one that is declared. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from tesseraqt_lib.model import Plan, Step
from tesseraqt_lib.policy import rules as policy_rules
from tesseraqt_lib.policy.rules import Rule

#: As qubes-core-qrexec installs its own.
MODE = 0o664


@dataclass(frozen=True)
class Found:
    """The file as it is, or would be by now in a test run."""

    path: Path
    #: ``None`` if it is not there.
    text: str | None = None
    mode: int = MODE
    #: Why nothing may be done about it; empty if it may.
    refusal: str = ""

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that it has."""
        return policy_rules.lines(self.text or "")

    @property
    def draft(self) -> Path:
        """Where a new text waits to be linted."""
        return self.path.with_name(f".{self.path.name}.draft")


def narrowed(want: Iterable[Rule], found: Found) -> Plan:
    """The step after which the file allows nothing that is not declared; it never adds."""
    if found.text is None and not found.refusal:
        return Plan("policy")
    kept = {rule.line for rule in want} & set(found.rules)
    everything = set(found.rules) <= {*kept, policy_rules.REST} and found.rules[-1:] == (
        policy_rules.REST,
    )
    text = found.text if everything and not found.refusal else policy_rules.text(kept)
    return replaced(found, text)


def widened(want: Collection[Rule], waiting: Collection[Rule], found: Found) -> Plan:
    """The step after which the file is as declared; without any rule, there is none.

    :param waiting: those of the rules that are not added; what the file has of them it keeps
    """
    there = set(found.rules)
    lines = [rule.line for rule in want if rule not in waiting or rule.line in there]
    return replaced(found, policy_rules.text(lines) if want else None)


def missing(want: Iterable[Rule], found: Found) -> list[Rule]:
    """The rules that the file has not."""
    there = set(found.rules)
    return [rule for rule in want if rule.line not in there]


def allows(found: Found) -> bool:
    """Whether tesseraqt's own file allows anything."""
    return not found.refusal and bool(set(found.rules) - {policy_rules.REST})


def replaced(found: Found, text: str | None) -> Plan:
    """The step after which the file has this text; ``None`` for no file."""
    if found.refusal:
        return Plan("policy", refusals=(found.refusal,))
    if text == found.text and (text is None or found.mode == MODE):
        return Plan("policy")
    there, wanted = found.rules, policy_rules.lines(text or "")
    going = "; ".join(line for line in there if line not in wanted)
    coming = "; ".join(line for line in wanted if line not in there)
    path = str(found.path)
    if text is None:
        return Plan("policy", (Step("policy", going, None, ("rm", "--", path)),))
    argv = ("mv", "--force", "--no-target-directory", "--", str(found.draft), path)
    if not going and not coming:
        going, coming = "changed by hand", "as declared"
    return Plan("policy", (Step("policy", going or None, coming or None, argv, stdin=text),))


def applied(found: Found, plan: Plan) -> Found:
    """The file once the plan is carried out."""
    last = plan.steps[-1:] or ()
    return Found(found.path, last[0].stdin, refusal=found.refusal) if last else found
