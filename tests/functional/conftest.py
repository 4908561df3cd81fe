# SPDX-License-Identifier: MIT
"""Salt's own loaders over the files of this checkout, in the process of the test.

They are made anew for each test, because loaders remember which modules are of use on a machine,
and each test is in a dom0 of its own. The ``Loaders`` of pytest-salt-factories would take two
seconds each time; the results of single states are theirs.
"""

import getpass
import importlib
import shutil
import tempfile
from pathlib import Path

import pytest
import salt.config
import salt.exceptions
import salt.loader
import salt.pillar
import simulated_dom0
from nixos_root import Root
from saltfactories.utils.functional import StateResult


class Loaders:
    """The execution modules and the states of a minion with these settings."""

    def __init__(self, opts):
        self.opts = opts
        utils = salt.loader.utils(opts)
        self.modules = salt.loader.minion_mods(opts, utils=utils, context={})
        self.states = _Name(self._single)

    def _single(self, function, *args, **kwargs):
        return StateResult(self.modules["state.single"](function, *args, **kwargs))


class _Name:
    """``_Name(call).module.function(…)`` is ``call("module.function", …)``."""

    def __init__(self, call, name=""):
        self._call, self._name = call, name

    def __getattr__(self, part):
        return _Name(self._call, f"{self._name}.{part}".lstrip("."))

    def __call__(self, *args, **kwargs):
        return self._call(self._name, *args, **kwargs)


@pytest.fixture(scope="session")
def grains():
    """The grains of dom0, gathered once."""
    return salt.loader.grains(
        salt.config.minion_config(None).copy() | simulated_dom0.QUBES_SETTINGS
    )


def configured(grains, root):
    """A minion configured as in dom0, with the modules of this checkout and an empty pillar."""
    here = {
        "cachedir": str(root / "cache"),
        "extension_modules": str(root / "extmods"),
        "file_roots": {"base": [str(simulated_dom0.REPO / "salt")]},
        "grains": grains,
        # loads _modules, _states and _utils from where they are, without a copy
        "module_dirs": [str(simulated_dom0.REPO / "salt")],
        "pillar": {},
        "pillar_roots": {"base": []},
        "pki_dir": str(root / "pki"),
        "root_dir": str(root),
        "sock_dir": str(root / "run"),
        "user": getpass.getuser(),
    }
    return salt.config.minion_config(None).copy() | simulated_dom0.QUBES_SETTINGS | here


@pytest.fixture
def minion_opts(grains, tmp_path):
    """The minion's configuration, for one test."""
    return configured(grains, tmp_path / "minion")


@pytest.fixture
def declare(world, minion_opts, tmp_path):
    """``declare(pillar)``: the loaders of a minion that has this pillar, in the simulated dom0."""

    def run(pillar):
        directory = Path(tempfile.mkdtemp(prefix="pillar-", dir=tmp_path))
        root = simulated_dom0.write_pillar(directory, {minion_opts["id"]: pillar})
        here = {"pillar": pillar, "pillar_roots": {"base": [str(root)]}}
        return Loaders(minion_opts | here | {"root_dir": str(world.path)})

    return run


@pytest.fixture
def loaders(declare):
    """The loaders of a minion without any pillar."""
    return declare({})


@pytest.fixture
def modules(loaders):
    """``modules.tesseraqt.plan(…)``: execution modules as a person calls them."""
    return loaders.modules


@pytest.fixture
def states(loaders):
    """``states.tesseraqt.present("work", …)``: one state run by Salt; result, changes, comment."""
    return loaders.states


@pytest.fixture
def example(minion_opts):
    """The pillar that dom0 gets from the example in ``pillar/``."""
    opts = minion_opts | {"pillar_roots": {"base": [str(simulated_dom0.REPO / "pillar")]}}
    compiled = salt.pillar.get_pillar(opts, opts["grains"], opts["id"]).compile_pillar()
    assert "_errors" not in compiled
    return {key: value for key, value in compiled.items() if key != "master"}


@pytest.fixture
def apply(declare):
    """``apply(pillar, sls="tesseraqt", **kwargs)``: what ``state.apply`` returns, by state ID.

    SLS that do not compile raise ``SaltRenderError`` with Salt's messages.
    """

    def run(pillar, /, sls="tesseraqt", **kwargs):
        answer = declare(pillar).modules["state.apply"](sls, **kwargs)
        if isinstance(answer, list):
            raise salt.exceptions.SaltRenderError("\n".join(answer))
        results = {result["__id__"]: result for result in answer.values()}
        assert len(results) == len(answer), f"state IDs are not unique: {sorted(answer)}"
        return results

    return run


@pytest.fixture
def quick(monkeypatch):
    """Nobody waits long for a guest."""
    bounds = importlib.import_module("tesseraqt_lib.bounded.process").Bounds
    scripts = importlib.import_module("tesseraqt_lib.guest.scripts")
    grammar, _ = scripts.KNOWN["probe"]
    short = bounds(total=15.0, idle=5.0, log=1_000_000)
    monkeypatch.setitem(scripts.KNOWN, "probe", (grammar, short))
    monkeypatch.setattr("tesseraqt_lib.roots.phases.PATIENCE", 8.0)


@pytest.fixture
def root(world, minion_opts, tmp_path):
    """A NixOS template that is tesseraqt's, off; afterwards nothing runs in it.

    The guests cannot evaluate the formula's NixOS modules, so a file stands for them.
    """
    if not shutil.which("nix-build"):
        pytest.skip("the simulated qubes run the real nix, and there is none: see `make nix`")
    modules = tmp_path / "modules" / "tesseraqt" / "files" / "nixos"
    modules.mkdir(parents=True)
    (modules / "default.nix").write_text("{ }\n")
    minion_opts["file_roots"]["base"].insert(0, str(tmp_path / "modules"))
    world.edit("nixos", tags=["tesseraqt"])
    yield Root(world, "nixos")
    importlib.import_module("guests.guest").stop_all(world.path / "guests")


@pytest.fixture(scope="module")
def module_opts(grains, tmp_path_factory):
    """The minion's configuration, for what a whole file of tests shares."""
    return configured(grains, tmp_path_factory.mktemp("minion"))


@pytest.fixture(scope="module")
def minion(module_opts):
    """A minion for many short runs (see minion.py)."""
    return importlib.import_module("minion").Minion(module_opts)


@pytest.fixture
def mine(world, minion):
    """A qube of tesseraqt's own, in a world of which it is then told what not to do."""
    done = minion.single(world, "present", "work", template="nixos", label="red")
    assert done.results["work"]["result"] is True
    return world


@pytest.fixture
def refused(world, minion):
    """``refused(function, name, …)``: the comment of a state that must fail and do nothing."""

    def run(function, name, **declaration):
        before = world.snapshot()
        foretold = minion.single(world, function, name, test=True, **declaration)
        really = minion.single(world, function, name, **declaration)
        assert really.results[name]["result"] is False
        assert really.results[name]["changes"] == {}
        assert really.writes == foretold.writes == []
        assert foretold.results == really.results
        assert world.snapshot() == before
        return really.results[name]["comment"]

    return run
