# SPDX-License-Identifier: MIT
"""A new version replaces an old one: ``saltutil.sync_all`` leaves nothing of that behind."""

import shutil
from pathlib import Path

import simulated_dom0

EXTMODS = "var/cache/salt/minion/extmods"
MODULE = '__virtualname__ = "tesseraqt"\n\n\ndef {}(name=""):\n    return name\n'
#: What an old version had and the new one has not; ``policy.py`` is a package by now.
GONE = {
    "_modules/tesseraqt_old.py": MODULE.format("gone"),
    "_states/tesseraqt_wires.py": MODULE.format("wired"),
    "_utils/tesseraqt_lib/session.py": "OLD = True\n",
    "_utils/tesseraqt_lib/policy.py": "OLD = True\n",
    "_utils/tesseraqt_lib/wiring/__init__.py": "",
    "_utils/tesseraqt_lib/wiring/deep/inner.py": "OLD = True\n",
}
#: What the old version had not yet.
NEW = ("_utils/tesseraqt_lib/policy", "_utils/tesseraqt_lib/sls", "_modules/tesseraqt_roots.py")


def configured(directory, root):
    """The configuration of a minion in ``directory`` that finds tesseraqt in ``root``."""
    config = simulated_dom0.write_config(directory)
    drop_in = config / "minion.d" / "tesseraqt.conf"
    drop_in.write_text(drop_in.read_text().replace(str(simulated_dom0.REPO / "salt"), str(root)))
    return config


def old_version(place):
    """A tree as an earlier version might have been: modules that moved, and some not there yet."""
    shutil.copytree(simulated_dom0.REPO / "salt", place)
    for name in NEW:
        path = place / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, text in GONE.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


def synced(directory):
    """The Python files that the minion has by now, as they are called in ``salt/``."""
    extmods = directory / EXTMODS
    return {f"_{path.relative_to(extmods)}" for path in extmods.rglob("*.py")}


def shipped(root):
    """The Python files that a tree has for Salt to sync."""
    found = (path for kind in root.glob("_*") for path in Path(kind).rglob("*.py"))
    return {str(path.relative_to(root)) for path in found}


def test_the_new_version_replaces_the_old_one_without_leftovers(call, world, tmp_path):
    old = old_version(tmp_path / "old")
    minion = tmp_path / "minion"
    assert call(configured(minion, old), "saltutil.sync_all").rc == 0
    assert synced(minion) == shipped(old) >= GONE.keys()

    config = configured(minion, simulated_dom0.REPO / "salt")
    assert call(config, "saltutil.sync_all").rc == 0
    assert synced(minion) == shipped(simulated_dom0.REPO / "salt")
    assert "tesseraqt.gone" not in call(config, "sys.list_functions", "tesseraqt").json
    assert "tesseraqt.wired" not in call(config, "sys.list_state_functions", "tesseraqt").json
    assert call(config, "tesseraqt.check").json["problems"] == []
