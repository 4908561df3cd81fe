# SPDX-License-Identifier: MIT
"""Salt as it is run: ``salt-call`` in a process of its own, and a master with its minions."""

import contextlib
import json
import shutil
import typing

import pytest
import simulated_dom0

EXTMODS = "var/cache/salt/minion/extmods"


class Called(typing.NamedTuple):
    """How a ``salt-call`` ended; ``json`` is what it returned, or None if it printed nothing."""

    rc: int
    json: object
    stderr: str


@pytest.fixture(scope="session")
def call():
    """``call(config_dir, "test.ping")``: exit code, answer and errors of that ``salt-call``."""

    def run(config_dir, *args, env=None):
        ended = simulated_dom0.salt_call(
            config_dir, "--out=json", *args, env=env, capture_output=True, text=True
        )
        answer = json.loads(ended.stdout)["local"] if ended.stdout.strip() else None
        return Called(ended.returncode, answer, ended.stderr)

    return run


@pytest.fixture(scope="session")
def synced(call, tmp_path_factory):
    """Where the minion keeps our modules, after one ``saltutil.sync_all``."""
    directory = tmp_path_factory.mktemp("synced")
    ended = call(simulated_dom0.write_config(directory), "saltutil.sync_all")
    assert ended.rc == 0, ended.stderr
    return directory / EXTMODS


@pytest.fixture
def salt_call(call, world, synced, tmp_path):
    """``salt_call("state.apply", "tesseraqt", pillar={…})``: its ``rc``, ``json`` and ``stderr``.

    Without ``pillar``, dom0 has the example of ``pillar/``. Our modules are synced already.
    """
    directory = tmp_path / "minion"
    shutil.copytree(synced, directory / EXTMODS)
    simulated_dom0.share_policy(directory, world.path)

    def run(*args, pillar=None, env=None):
        root = simulated_dom0.REPO / "pillar"
        if pillar is not None:
            root = simulated_dom0.write_pillar(tmp_path / "pillar", {"dom0": pillar})
        return call(simulated_dom0.write_config(directory, root), *args, env=env)

    return run


@pytest.fixture(scope="session")
def salt_factories_config():
    """Daemons are killed in the end: they have nothing to save, and take half a minute to leave."""
    return {"slow_stop": False, "start_timeout": 120}


class Dom0(typing.NamedTuple):
    """A started minion of pytest-salt-factories, and the simulated dom0 it is in."""

    minion: object
    world: object


@pytest.fixture(scope="module")
def pillars():
    """The minions of the master, and the pillar of each; a test module has its own instead."""
    return {"dom0-here": {}, "dom0-there": {}}


@pytest.fixture(scope="module")
def master(salt_factories, pillars):
    """A started master with a copy of our files: ``master.salt_cli().run(…, minion_tgt="*")``."""
    daemon = salt_factories.salt_master_daemon("master")
    states, pillar = (tree.base.paths[0] for tree in (daemon.state_tree, daemon.pillar_tree))
    # a copy, because Salt gives the roots of a master to the user that it runs as
    shutil.copytree(simulated_dom0.REPO / "salt", states, dirs_exist_ok=True)
    simulated_dom0.write_pillar(pillar, pillars)
    with daemon.started():
        yield daemon


@pytest.fixture(scope="module")
def minions(master, pillars, tmp_path_factory):
    """The started minions by ID, each in a simulated dom0 of its own, with our modules synced."""
    with contextlib.ExitStack() as running:
        started = {}
        for name in pillars:
            world = simulated_dom0.create(tmp_path_factory.mktemp(name) / "dom0")
            daemon = master.salt_minion_daemon(name)
            daemon.environ = daemon.environ | world.environ()
            started[name] = Dom0(daemon, world)
            running.enter_context(daemon.started())
        synced = master.salt_cli().run("saltutil.sync_all", minion_tgt="*")
        assert synced.data.keys() == started.keys(), synced
        yield started
