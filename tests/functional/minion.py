# SPDX-License-Identifier: MIT
"""A minion that runs many times: what takes Salt a second to load is loaded once.

Each run is as fresh as a new ``salt-call``: its own ``__context__``, no lock held, in whatever
dom0 the process is in by then. What Salt itself does with SLS files and requisites is shown by
the tests that use ``state.apply``; here the states run in the order of the compiled fleet, and
one is skipped if a state that it requires has failed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import salt.loader
import simulated_dom0

simulated_dom0.importable()

from tesseraqt_lib.dom0 import lock, tools  # noqa: E402
from tesseraqt_lib.run.session import Run as SaltRun  # noqa: E402
from tesseraqt_lib.sls import sections  # noqa: E402

SKIPPED = "one or more requisites failed"


@dataclass
class Ran:
    """One step as it ran: its command, and the writing Admin API calls that it made."""

    id: str
    what: str
    argv: tuple[str, ...]
    writes: list[dict]
    #: Whether a new qube is not kept without it.
    confines: bool = False


@dataclass
class Run:
    """What one run answered, state by state, and what it really did."""

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[dict] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)

    @property
    def writes(self) -> list[dict]:
        return [call for call in self.calls if call["writing"]]

    def argvs(self) -> dict[str, list[list[str]]]:
        """The commands that ran, by the state that they ran for."""
        found: dict[str, list[list[str]]] = {}
        for one in self.ran:
            found.setdefault(one.id, []).append(list(one.argv))
        return found

    def failed(self) -> dict[str, str]:
        """The states that failed, and what they said."""
        return {id_: one["comment"] for id_, one in self.results.items() if one["result"] is False}

    def changed(self) -> dict[str, dict]:
        """The states that report changes, and which."""
        return {id_: one["changes"] for id_, one in self.results.items() if one["changes"]}


class Minion:
    """Salt's loaders over this checkout, and one run after the other through them."""

    def __init__(self, opts: dict[str, Any]) -> None:
        utils = salt.loader.utils(opts)
        self.modules = salt.loader.minion_mods(opts, utils=utils, context={})
        self.states = salt.loader.states(opts, self.modules, utils, None, context={})
        self._id = ""
        self._coming: list[str] = []

    def begin(self, world: Any, pillar: dict[str, Any], test: bool = False) -> None:
        """A new run begins in this dom0, with this pillar."""
        context: dict[str, Any] = {}
        for loader in (self.modules, self.states):
            loader.pack["__context__"] = context
            loader.pack["__pillar__"] = {"tesseraqt": pillar}
            for opts in (loader.opts, loader.pack["__opts__"], *self._opts_of(loader)):
                opts.update(cachedir=f"{world.path}-cache", root_dir=str(world.path), test=test)

    def end(self) -> None:
        """The run is over, as if its process had ended."""
        lock.release(SaltRun({}, self._opts_of(self.states)[0], {}).lock_path)

    @staticmethod
    def _opts_of(loader: Any) -> list[dict[str, Any]]:
        """The configuration as each of tesseraqt's own modules has it."""
        known = ("valid", "deployed", "policy") if loader.tag == "states" else ("check", "wires")
        return [loader[f"tesseraqt.{name}"].func.__globals__["__opts__"] for name in known]

    def call(self, world: Any, pillar: dict[str, Any], function: str, *args: Any) -> Any:
        """What an execution module function answers in a run of its own."""
        self.begin(world, pillar)
        return self.modules[function](*args)

    def apply(self, world: Any, pillar: dict[str, Any], test: bool = False) -> Run:
        """The whole fleet is applied, or that is only tested."""
        first = len(world.calls())
        run = Run()
        self.begin(world, pillar, test)
        with self._watched(world, run):
            compiled = self.modules["tesseraqt.fleet"]()
            self._coming = [one["id"] for states in compiled.values() for one in states]
            for section in sections.SECTIONS:
                for state in compiled[section]:
                    self._id = state["id"]
                    run.results[state["id"]] = self._state(run, state)
        self.end()
        run.calls = world.calls()[first:]
        return run

    def single(
        self, world: Any, function: str, name: str, test: bool = False, **kwargs: Any
    ) -> Run:
        """One state in a run of its own; its return is ``results[name]``."""
        first = len(world.calls())
        run = Run()
        self.begin(world, {}, test)
        self._id = name
        with self._watched(world, run):
            run.results[name] = self.states[f"tesseraqt.{function}"](name, **kwargs)
        self.end()
        run.calls = world.calls()[first:]
        return run

    def _state(self, run: Run, state: dict[str, Any]) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for one in state["arguments"]:
            arguments.update(one)
        arguments.pop("parallel", None)
        required = [one["tesseraqt"] for one in arguments.pop("require", [])]
        arguments.pop("require_any", None)
        if any(run.results[id_]["result"] is False for id_ in required):
            name = arguments["name"]
            return {"name": name, "result": False, "changes": {}, "comment": SKIPPED}
        return self.state(f"tesseraqt.{state['function']}", run.results, **arguments)

    def state(self, function: str, results: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        """One state; ``results`` is what became of those before it in the same run, by ID."""
        tagged = {f"tesseraqt_|-{id_}_|-name_|-fun": one for id_, one in results.items()}
        coming = [{"__id__": id_} for id_ in self._coming]
        self.states.inject_globals = {"__running__": tagged, "__lowstate__": coming}
        try:
            return self.states[function](**arguments)
        finally:
            self.states.inject_globals = {}

    def _watched(self, world: Any, run: Run) -> Any:
        return _Watch(self, world, run)


class _Watch:
    """While it lasts, every step that runs is noted together with the calls that it made."""

    def __init__(self, minion: Minion, world: Any, run: Run) -> None:
        self._minion, self._world, self._run = minion, world, run
        self._real, self._spawned = tools.run, tools.SPAWNED

    def __enter__(self) -> None:
        tools.run = self._step
        # In the simulated dom0 nothing waits, and a process takes longer than the rest.
        tools.SPAWNED = frozenset(("qvm-template",))

    def __exit__(self, *_: object) -> None:
        tools.run = self._real
        tools.SPAWNED = self._spawned

    def _step(self, step: Any, app: Any) -> None:
        before = self._size()
        try:
            self._real(step, app)
        finally:
            made = [call for call in self._since(before) if call["writing"]]
            self._run.ran.append(Ran(self._minion._id, step.what, step.argv, made, step.confines))

    def _size(self) -> int:
        return (self._world.path / "calls.jsonl").stat().st_size

    def _since(self, size: int) -> list[dict]:
        with open(self._world.path / "calls.jsonl", "rb") as file:
            file.seek(size)
            return [json.loads(line) for line in file]
