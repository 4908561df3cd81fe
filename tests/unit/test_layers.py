# SPDX-License-Identifier: MIT
"""The order of the stations is a contract: an import against it is found."""

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import simulated_dom0

UTILS = simulated_dom0.REPO / "salt" / "_utils"


def linted(utils):
    """How ``lint-imports`` ends for the library in this directory, and what it says."""
    program = Path(sys.executable).with_name("lint-imports")
    if not program.exists():
        pytest.skip("import-linter is not installed: only `make lint` needs it")
    argv = [program, "--no-cache", "--no-logo", simulated_dom0.REPO / "setup.cfg"]
    env = os.environ | {"PYTHONPATH": str(utils)}
    ended = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


#: What every station may import.
COMMON = {"marks", "model", "problems", "vocabulary"}
STATIONS = sorted(path.parent.name for path in UTILS.glob("tesseraqt_lib/*/__init__.py"))


def imported(station):
    """The other parts of the library that the files of a station import."""
    for path in (UTILS / "tesseraqt_lib" / station).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tesseraqt_lib"):
                _, *inner = node.module.split(".")
                yield from inner[:1] or [alias.name for alias in node.names]


@pytest.mark.parametrize("station", STATIONS)
def test_a_station_imports_what_its_docstring_says(station):
    docstring = importlib.import_module(f"tesseraqt_lib.{station}").__doc__
    [said] = re.findall(r"^May import: (.*)", docstring, re.MULTILINE | re.DOTALL)
    allowed = set(re.findall(r"``(\w+)``", said))
    assert allowed < set(STATIONS)
    assert set(imported(station)) - COMMON - {station} <= allowed


@pytest.fixture
def library(tmp_path):
    """A copy of the library, to break."""
    shutil.copytree(UTILS, tmp_path / "utils", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "utils" / "tesseraqt_lib"


def test_every_station_imports_only_from_those_before_it():
    code, said = linted(UTILS)
    assert code == 0, said


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("shapes/scalars.py", "from tesseraqt_lib.declare import values", "Each station"),
        ("plan/power.py", "from tesseraqt_lib.dom0 import client", "What decides does not act"),
        ("declare/parse.py", "import subprocess", "What decides does not act"),
        ("roots/deploy.py", "import qubesadmin", "Only the doors"),
        ("dom0/tools.py", "import subprocess", "Every process is started within bounds"),
        ("guest/ask.py", "from tesseraqt_lib import model", "The door to what a qube says"),
    ],
)
def test_an_import_against_the_order_is_found(library, file, line, broken):
    text = (library / file).read_text()
    (library / file).write_text(text.replace("\nfrom ", f"\n{line}\nfrom ", 1) + f"\n{line}\n")
    code, said = linted(library.parent)
    assert code != 0
    assert any(broken in row and "BROKEN" in row for row in said.splitlines()), said


def test_a_new_folder_has_to_be_put_in_its_place(library):
    (library / "new").mkdir()
    (library / "new" / "__init__.py").touch()
    code, said = linted(library.parent)
    assert code != 0
    assert "new" in said
