# SPDX-License-Identifier: MIT
"""Files that pillar names are judged before anything is asked of a root or written in dom0."""

import hashlib
import os
from pathlib import Path

import pytest

HERE = "containers.web.modules[0]: 'salt://mine/web.nix' "


@pytest.fixture
def mine(minion_opts, tmp_path):
    """The path of a module in a file root of its own."""
    place = tmp_path / "mine-root" / "mine"
    place.mkdir(parents=True)
    minion_opts["file_roots"]["base"].append(str(place.parent))
    return place / "web.nix"


def fleet(*modules):
    return {
        "templates": {"nixos": {"os": "nixos", "adopt": True}},
        "containers": {"web": {"modules": [f"salt://mine/{name}.nix" for name in modules]}},
        "qubes": {"a": {"template": "nixos", "label": "red", "containers": ["web"]}},
    }


def problems(declare, fleet):
    return declare({"tesseraqt": fleet}).modules.tesseraqt.check()["problems"]


def large(path):
    path.touch()
    os.truncate(path, 1 << 40)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "is not among Salt's files"),
        (lambda path: path.symlink_to("/etc/shadow"), "is a symbolic link: name the file itself"),
        (lambda path: path.symlink_to("/dev/zero"), "is a symbolic link: name the file itself"),
        (os.mkfifo, "is a FIFO, and no plain file"),
        (Path.mkdir, "is a directory, and no plain file"),
        (large, "is larger than 1 MiB"),
    ],
    ids=["nothing", "link", "device", "fifo", "directory", "large"],
)
def test_a_module_that_is_no_plain_file_is_a_problem_and_nothing_is_done(
    world, declare, mine, make, why
):
    make(mine)
    assert problems(declare, fleet("web")) == [HERE + why]
    assert world.writes() == []


def test_a_module_that_is_a_plain_file_is_sent(world, declare, mine):
    mine.write_text("{ }\n")
    assert problems(declare, fleet("web")) == []


def test_all_modules_together_are_bounded_too(declare, mine):
    names = [f"m{number}" for number in range(17)]
    for name in names:
        (mine.parent / f"{name}.nix").write_bytes(b" " * (1 << 20))
    found = problems(declare, fleet(*names))
    assert found == ["all files of `modules:` together are larger than 16 MiB"]
    assert problems(declare, fleet(*names[1:])) == []


@pytest.mark.parametrize("module", ["/etc/shadow", "salt://../etc/a.nix", "salt://mine/web.json"])
def test_the_state_takes_no_other_modules_either(world, states, module):
    answer = states.tesseraqt.deployed("nixos", system={}, modules=[module])
    assert answer.result is False
    assert "modules[0]: " in answer.comment
    assert "is refused: a module is salt://PATH.nix" in answer.comment
    assert world.calls() == []


def test_a_state_that_names_a_module_which_it_is_not_given_is_refused(states):
    system = {"containers": {"web": {"modules": ["modules/00000000-web.nix"]}}}
    answer = states.tesseraqt.deployed("nixos", system=system)
    assert answer.result is False
    assert "system.containers.web.modules[0]: 'modules/00000000-web.nix' is the place" in (
        answer.comment
    )


def package(tmp_path, **how):
    path = tmp_path / "small.rpm"
    how.get("make", Path.touch)(path)
    if "mode" in how:
        path.chmod(how["mode"])
    sha256 = hashlib.sha256(b"").hexdigest()
    return {
        "templates": {"small": {"os": "nixos", "install": {"rpm": str(path), "sha256": sha256}}}
    }


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"make": os.mkfifo}, "is a FIFO, and no plain file"),
        ({"make": Path.mkdir}, "is a directory, and no plain file"),
        ({"make": lambda path: path.symlink_to("/dev/zero")}, "is a symbolic link: name the file"),
        ({"make": large}, "is larger than 32768 MiB"),
        ({"make": lambda path: None}, "cannot be read: No such file or directory"),
        ({"mode": 0o666}, "can be written by others than root: `chmod go-w` it"),
    ],
    ids=["fifo", "directory", "link", "large", "nothing", "of others"],
)
def test_a_package_that_cannot_be_installed_is_a_problem_before_anything_is_written(
    world, declare, tmp_path, how, why
):
    found = problems(declare, package(tmp_path, **how))
    assert len(found) == 1
    assert found[0].startswith("templates.small.install.rpm: ")
    assert why in found[0]
    assert world.writes() == []


def test_the_package_of_a_template_that_is_there_may_be_gone(world, declare, tmp_path):
    world.add_qube("small", "TemplateVM", label="black", tags=["tesseraqt"])
    assert problems(declare, package(tmp_path, make=lambda path: None)) == []


def test_a_state_that_is_given_no_plain_package_reads_nothing_of_it(states, tmp_path):
    (tmp_path / "small.rpm").symlink_to("/dev/zero")
    install = {"rpm": str(tmp_path / "small.rpm"), "sha256": "0" * 64}
    answer = states.tesseraqt.template_installed("small", install=install)
    assert answer.result is False
    assert "is a symbolic link: name the file itself" in answer.comment
