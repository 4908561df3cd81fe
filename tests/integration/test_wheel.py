# SPDX-License-Identifier: MIT
"""The wheel, as it is installed beside Salt by those who do not use file roots."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest
import simulated_dom0

PLACES = {
    "_modules": "tesseraqt_lib/modules",
    "_output": "tesseraqt_lib/output",
    "_states": "tesseraqt_lib/states",
    "_utils/tesseraqt_lib": "tesseraqt_lib",
    "tesseraqt": "tesseraqt_lib/file_root/tesseraqt",
}
NOT_PACKED = shutil.ignore_patterns(".*", "__pycache__", "build", "tests", "*.egg-info")


def pip(*args):
    argv = [sys.executable, "-m", "pip", "--disable-pip-version-check", *args]
    subprocess.run(argv, check=True, capture_output=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy because setuptools leaves things behind."""
    source = tmp_path_factory.mktemp("wheel") / "source"
    shutil.copytree(simulated_dom0.REPO, source, ignore=NOT_PACKED)
    pip("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={source.parent}", str(source))
    return next(source.parent.glob("tesseraqt-*.whl"))


def test_the_wheel_has_every_file_of_the_file_root(wheel):
    root = simulated_dom0.REPO / "salt"
    files = {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    expected = {
        name.replace(place, package, 1)
        for place, package in PLACES.items()
        for name in files
        if name.startswith(f"{place}/")
    }
    assert len(expected) == len(files), "setup.cfg and PLACES do not know a directory of salt/"
    assert expected <= set(zipfile.ZipFile(wheel).namelist())


def test_salt_finds_the_modules_of_an_installed_wheel(wheel, call, world, tmp_path):
    site = tmp_path / "site"
    pip("install", "--no-deps", f"--target={site}", str(wheel))
    config_dir = simulated_dom0.write_config(tmp_path / "minion")
    env = {"PYTHONPATH": f"{site}{os.pathsep}{os.environ['PYTHONPATH']}"}
    functions = call(config_dir, "sys.list_functions", "tesseraqt", env=env).json
    states = call(config_dir, "sys.list_state_functions", "tesseraqt", env=env).json
    assert "tesseraqt.plan" in functions
    assert "tesseraqt.present" in states
