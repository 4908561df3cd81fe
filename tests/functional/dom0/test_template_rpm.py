# SPDX-License-Identifier: MIT
"""Templates that are installed: from a repository, and from a package that is checked first."""

import hashlib

import pytest
from minion import SKIPPED


@pytest.fixture
def package(world, tmp_path):
    """A package as a file in dom0; nobody whom Qubes trusts has signed it."""
    path = world.publish("small", "downloads", signed=False)
    (path.parent / "disabled").touch()
    target = tmp_path / "small.rpm"
    path.rename(target)
    return target


def checksum(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def install(minion, world, name="small", test=False, **install):
    run = minion.single(world, "template_installed", name, test=test, install=install)
    return run, run.results[name]


def test_a_template_comes_from_a_repository(world, minion):
    world.publish("small")
    run, answer = install(minion, world)
    assert answer["result"] is True
    assert world.qube("small")["klass"] == "TemplateVM"
    assert "tesseraqt" in world.qube("small")["tags"]
    assert run.ran[0].argv == ("qvm-template", "--yes", "install", "--", "small")


def test_a_template_comes_from_the_declared_repository_in_the_declared_version(world, minion):
    world.publish("small", "here", version="1.0.0", release="1")
    world.publish("small", "there", version="2.0.0", release="1")
    _, answer = install(minion, world, repository="here", version="1.0.0-1")
    assert answer["result"] is True, answer
    assert world.qube("small")["features"]["template-reponame"] == "here"
    assert world.qube("small")["features"]["template-version"] == "1.0.0"


def test_a_test_run_installs_nothing(world, minion):
    world.publish("small")
    before = world.snapshot()
    run, answer = install(minion, world, test=True)
    assert answer["result"] is None
    assert answer["changes"]["qube"]["new"].startswith("installed from")
    assert run.writes == []
    assert world.snapshot() == before


def test_an_installed_template_is_not_installed_again(world, minion):
    world.publish("small")
    install(minion, world)
    run, answer = install(minion, world)
    assert answer["result"] is True
    assert answer["changes"] == {}
    assert run.ran == []


def test_a_template_that_no_repository_has_is_told(world, minion):
    _, answer = install(minion, world)
    assert answer["result"] is False
    assert "qvm-template --yes install -- small: " in answer["comment"]
    assert "Template 'small' not found" in answer["comment"]
    assert "small" not in world.qubes()


def test_a_package_with_the_declared_checksum_is_installed(world, minion, package):
    run, answer = install(minion, world, rpm=str(package), sha256=checksum(package))
    assert answer["result"] is True, answer
    assert "small" in world.qubes()
    assert str(package) not in run.ran[0].argv, "what was checked is a copy, and that is read"
    assert left_over(world) == []


def left_over(world):
    """The packages that tesseraqt still keeps a copy of."""
    return list((world.path / "var" / "lib" / "tesseraqt").rglob("*.rpm"))


@pytest.fixture
def read_by(monkeypatch):
    """The commands that were about to run, and did not."""
    seen = []
    monkeypatch.setattr("tesseraqt_lib.dom0.tools.spawn", lambda step: seen.append(step) or (0, ""))
    return seen


def test_a_package_with_another_checksum_is_read_by_nobody(world, minion, package, read_by):
    before = world.snapshot()
    run, answer = install(minion, world, rpm=str(package), sha256="0" * 64)
    assert answer["result"] is False
    assert answer["changes"] == {}
    assert checksum(package) in answer["comment"]
    assert read_by == []
    assert run.writes == []
    assert world.snapshot() == before
    assert left_over(world) == []


def test_a_package_that_is_not_there_is_told(world, minion, read_by):
    _, answer = install(minion, world, rpm="/nowhere/small.rpm", sha256="0" * 64)
    assert answer["result"] is False
    assert "/nowhere/small.rpm" in answer["comment"]
    assert "No such file" in answer["comment"]
    assert read_by == []


def test_a_package_needs_a_checksum(world, minion, package):
    _, answer = install(minion, world, rpm=str(package))
    assert answer["result"] is False
    assert "sha256" in answer["comment"]
    assert world.calls() == []


def test_a_package_that_holds_another_template_is_told(world, minion, package):
    _, answer = install(minion, world, "other", rpm=str(package), sha256=checksum(package))
    assert answer["result"] is False
    assert "other" not in world.qubes()


def test_an_interrupted_installation_is_done_again(world, minion):
    world.publish("small")
    world.inject("die", at=3, dest="small")
    _, answer = install(minion, world)
    assert answer["result"] is False
    assert "small" in world.qubes()
    run, answer = install(minion, world)
    assert answer["result"] is True, answer
    assert [step.argv[0] for step in run.ran][:2] == ["qvm-remove", "qvm-template"]
    assert "tesseraqt" in world.qube("small")["tags"]
    assert world.qube("small")["features"]["template-name"] == "small"


def test_qubes_on_a_template_that_fails_to_install_are_skipped(world, minion):
    fleet = {
        "nixos_only": "off",
        "templates": {"small": {"install": {}, "os": "nixos"}},
        "qubes": {
            "on-it": {"template": "small", "label": "red"},
            "other": {"template": "nixos", "label": "red"},
        },
    }
    failed = minion.apply(world, fleet)
    assert failed.results["tesseraqt/qube/on-it"]["comment"] == SKIPPED
    assert "other" in world.qubes()
    world.publish("small")
    assert minion.apply(world, fleet).failed() == {}
    assert world.qube("on-it")["properties"]["template"] == "small"
