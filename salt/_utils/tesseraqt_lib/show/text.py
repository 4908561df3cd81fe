# SPDX-License-Identifier: MIT
"""Plans, statuses and wires as lines of text for a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def printed(data: Any) -> str:
    """``data`` as lines of text; whatever is no plan, no status and no wires is its own text."""
    found = next(iter(data.values()), None) if isinstance(data, Mapping) else None
    if isinstance(found, list):
        return "\n".join(wires(found)) or "No wires are declared."
    if not isinstance(found, Mapping):
        return str(found)
    if "declared" in found and "undeclared" in found:
        return "\n".join(status(found))
    return "\n".join(plan(found)) or "Nothing to do: the machine is as declared."


def plan(found: Mapping[str, Any]) -> Iterator[str]:
    """A heading for each state, and each step with its command."""
    steps = sum(len(one.get("steps", ())) for one in found.values())
    for id_, one in found.items():
        yield f"{id_}:"
        for reason in one.get("refused", ()):
            yield f"  refused: {reason}"
        for reason in one.get("skipped", ()):
            yield f"  skipped: {reason}"
        for note in one.get("notes", ()):
            yield f"  {note}"
        for step in one.get("steps", ()):
            old, new = (value(step["what"], step[key]) for key in ("old", "new"))
            yield f"  {step['what']}: {old} -> {new}"
            yield f"      {shlex.join(step['argv'])}"
    if found:
        yield "1 step" if steps == 1 else f"{steps} steps"


def status(found: Mapping[str, Any]) -> Iterator[str]:
    """A line for each qube, and one for each thing that is not as it should be."""
    for name, one in found["declared"].items():
        power = f" ({one['state']})" if "state" in one else ""
        yield f"{name:<32}{one['status']}{power}"
        for line in (*one.get("drift", ()), *one.get("blocked", ()), *one.get("why", ())):
            yield f"    {line}"
        if "restart" in one:
            yield f"    needs a restart, to get what changed: {', '.join(one['restart'])}"
        if "failed" in one:
            yield f"    failed units: {', '.join(one['failed'])}"
    for name, one in found["roots"].items():
        yield f"{name + ' (root)':<32}{one['status']} ({one['system']})"
        for container, lines in one.get("weakened", {}).items():
            yield f"    {container} is less hardened: {'; '.join(lines)}"
    for name, one in found["undeclared"].items():
        rule = ", breaks the NixOS-only rule" if one["nixos_rule"] == "broken" else ""
        owned = ", owned: tesseraqt.prune would remove it" if one["owned"] else ""
        yield f"{name:<32}undeclared ({one['class']}, {one['system']}{rule}{owned})"
    for warning in found["warnings"]:
        yield f"warning: {warning}"


def wires(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each wire, below it its line of policy and what it waits for."""
    columns = ("from", "slot", "to", "path", "status")
    lines = [dict(zip(columns, map(str.upper, columns), strict=True)), *found] if found else []
    widths = {key: max(len(one[key]) for one in lines) for key in columns if lines}
    for one in lines:
        yield "  ".join(f"{one[key]:<{widths[key]}}" for key in columns).rstrip()
        if one.get("policy"):
            yield f"    {one['policy']}"
        for reason in one.get("waiting", ()):
            yield f"    {reason}"


def value(what: str, text: str | None) -> str:
    """A value for a line of text: what has a default is never without a value."""
    if text is None:
        return "(default)" if what.startswith("prefs.") else "(none)"
    return text or "(empty)"
