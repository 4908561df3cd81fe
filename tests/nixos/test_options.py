# SPDX-License-Identifier: MIT
"""The golden documents are taken: each root has a system, and each container in it."""

import json

import pytest
from nix_evaluation import HERE, golden, refusal
from tesseraqt_lib.declare import containers as declare_containers
from tesseraqt_lib.fleet import containers as fleet_containers


def unpinned(document):
    """The same without a nixpkgs of its own, which would have to be fetched."""
    text = json.loads(json.dumps(document))
    for container in text["containers"].values():
        container.pop("nixpkgs", None)
    return text


DOCUMENTS = sorted(path.stem for path in (HERE / "golden").iterdir())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_root_with_this_document_has_a_system(evaluated, name):
    root = evaluated(unpinned(golden(name)))
    assert root["toplevel"].endswith(".drv")
    assert (root["failed"], root["warnings"]) == ([], [])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_container_of_the_document_has_a_system(evaluated, name):
    root = evaluated(unpinned(golden(name)))
    assert set(root["guests"]) == set(golden(name)["containers"])
    for guest in root["guests"].values():
        assert guest["toplevel"].endswith(".drv")
        assert (guest["failed"], guest["warnings"]) == ([], [])


def test_python_and_nix_use_the_same_words(full):
    assert full["flags"] == {
        name: fleet_containers.FLAG.removeprefix("service.") + name for name in full["flags"]
    }
    assert tuple(full["dropped"]) == declare_containers.DROPPED


def test_a_key_that_the_module_does_not_know_is_refused(nix, nixpkgs, plant):
    said = refusal(nix, nixpkgs, plant, {"pakages": ["hello"]}, "toplevel")
    assert "tesseraqt.containers.web.pakages" in said
    assert "does not exist" in said
