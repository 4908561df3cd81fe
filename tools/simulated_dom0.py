# SPDX-License-Identifier: MIT
"""Salt in a simulated dom0, configured as Qubes does it."""

import getpass
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
STAND_IN = REPO / "tests" / "dom0"

INSTALLED = "/srv/formulas/base/tesseraqt-formula"

# /etc/salt/minion.d/f_defaults.conf of Qubes, without the roots
QUBES_SETTINGS = {
    "autoload_dynamic_modules": True,
    "clean_dynamic_modules": True,
    "disable_modules": ["git"],
    "file_client": "local",
    "hash_type": "md5",
    "id": "dom0",
    "pillar_opts": True,
    "retcode_passthrough": True,
    "state_output": "highstate",
    "top_file_merging_strategy": "merge",
}


def write_config(directory, pillar_root=REPO / "pillar", pillar_roots=None, **settings):
    """The directory for ``--config-dir``: what Qubes ships in dom0, and tesseraqt's drop-in.

    Everything that Salt writes stays below ``directory``. ``settings`` come last and win, but for
    lists, which Salt merges. ``pillar_roots`` are there instead of ``pillar_root``.
    """
    drop_ins = directory / "etc" / "salt" / "minion.d"
    drop_ins.mkdir(parents=True, exist_ok=True)
    (drop_ins.parent / "minion").touch()
    (directory / "etc" / "qubes" / "policy.d").mkdir(parents=True, exist_ok=True)
    roots = {
        "file_roots": {"base": [f"{directory}/srv/salt"], "user": [f"{directory}/srv/user_salt"]},
        "pillar_roots": pillar_roots or {"base": [str(pillar_root)]},
    }
    here = {
        "root_dir": str(directory),
        "user": getpass.getuser(),
        # a file written a second ago is there, not 20 seconds later
        "fileserver_list_cache_time": 0,
    }
    for name, content in (("f_defaults", QUBES_SETTINGS | roots), ("z_here", here | settings)):
        (drop_ins / f"{name}.conf").write_text(json.dumps(content, indent=2))
    ours = (REPO / "salt" / "tesseraqt" / "files" / "tesseraqt.conf").read_text()
    (drop_ins / "tesseraqt.conf").write_text(ours.replace(INSTALLED, str(REPO / "salt")))
    return drop_ins.parent


def share_policy(directory, state):
    """The minion in ``directory`` has the qrexec policy of the simulated dom0 in ``state``."""
    (directory / "etc").mkdir(parents=True, exist_ok=True)
    (directory / "etc" / "qubes").symlink_to(state / "etc" / "qubes")


def write_pillar(directory, pillars):
    """A pillar root in ``directory`` in which every minion of ``pillars`` has just that pillar."""
    directory.mkdir(parents=True, exist_ok=True)
    top = {"base": {minion: [minion] for minion in pillars}}
    for name, content in {"top": top, **pillars}.items():
        (directory / f"{name}.sls").write_text(f"#!json\n{json.dumps(content)}\n")
    return directory


def salt_call(config_dir, *args, env=None, **options):
    """``salt-call --local`` with this configuration, as ``subprocess.run`` runs it."""
    program = str(Path(sys.executable).with_name("salt-call"))
    argv = [program, "--local", f"--config-dir={config_dir}", *args]
    # Salt asks for warnings about itself, and they are of no use here
    variables = os.environ | {"PYTHONWARNINGS": "ignore::DeprecationWarning"} | (env or {})
    return subprocess.run(argv, env=variables, stdin=subprocess.DEVNULL, check=False, **options)


def importable():
    """``qubesadmin`` can be imported, and is the simulated one."""
    if str(STAND_IN) not in sys.path:
        sys.path.insert(0, str(STAND_IN))


def create(state):
    """A fresh simulated dom0 in the directory ``state``, and its ``qubesadmin`` to import."""
    importable()
    return importlib.import_module("world").World.create(state)


def world(state):
    """The simulated dom0 that is in the directory ``state`` already."""
    importable()
    return importlib.import_module("world").World(state)
