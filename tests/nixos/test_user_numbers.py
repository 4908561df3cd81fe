# SPDX-License-Identifier: MIT
"""Numbers of users are those of the start before, and those of others are nobody else's."""

import json
import os
import shutil
import subprocess

import pytest
from nix_evaluation import NIXOS

PERSON = [1000, 29999, True]
SYSTEM = [400, 999, False]
PEOPLE = dict.fromkeys(("aa", "aaron", "carol"), PERSON)


@pytest.fixture
def numbered(tmp_path):
    """``numbered(users, fixed)``: the numbers at the next start; NixOS then notes who there is."""
    if not shutil.which("perl"):
        pytest.skip("there is no perl")

    def numbered(users, fixed=(), groups=()):
        ranges = dict.fromkeys(groups, SYSTEM)
        spec = {
            "users": {"ranges": users, "fixed": list(fixed)},
            "groups": {"ranges": ranges, "fixed": [100]},
        }
        (tmp_path / "spec").write_text(json.dumps(spec))
        subprocess.run(["perl", NIXOS / "user-numbers.pl", tmp_path / "spec", tmp_path], check=True)
        (tmp_path / "declarative-users").write_text(" ".join(users))
        numbers = json.loads((tmp_path / "uid-map").read_text())
        return {name: numbers[name] for name in users}

    numbered.place = tmp_path
    return numbered


def test_they_begin_where_those_of_nixos_do(numbered):
    users = {**PEOPLE, "redis": SYSTEM}
    assert numbered(users) == {"aa": 1000, "aaron": 1001, "carol": 1002, "redis": 999}


def test_a_new_name_moves_nobody(numbered):
    before = numbered(PEOPLE)
    assert numbered({"a0": PERSON, **PEOPLE}) == {**before, "a0": 1003}


def test_a_number_is_kept_for_who_comes_back(numbered):
    before = numbered(PEOPLE)
    assert numbered({"aa": PERSON, "b": PERSON}) == {"aa": 1000, "b": 1003}
    assert numbered(PEOPLE) == before


def test_a_declared_number_is_given_to_nobody_else(numbered):
    numbered(PEOPLE)
    assert numbered(PEOPLE, fixed=[1001]) == {"aa": 1000, "aaron": 1003, "carol": 1002}


def test_who_becomes_a_system_user_gets_a_number_of_one(numbered):
    numbered(PEOPLE)
    assert numbered({**PEOPLE, "aa": SYSTEM})["aa"] == 999


def test_of_two_with_one_number_who_was_there_last_keeps_it(numbered):
    numbered({"carol": PERSON})
    (numbered.place / "uid-map").write_text('{"aa": 1000, "carol": 1000}')
    assert numbered({"aa": PERSON, "carol": PERSON}) == {"carol": 1000, "aa": 1001}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        '"x"',
        '{"aa": 0}',
        '{"aa": -1, "carol": [1]}',
        '{"aa": 1001, "aaron": "1001"}',
        "\0\ufffd",
    ],
)
def test_notes_that_are_broken_are_made_anew(numbered, text):
    (numbered.place / "uid-map").write_text(text)
    found = numbered(PEOPLE)
    assert len(set(found.values())) == 3
    assert min(found.values()) >= 1000


def test_when_none_is_left_those_of_who_is_gone_are_free(numbered):
    gone = {f"gone{number}": number for number in range(400, 1000)}
    (numbered.place / "uid-map").write_text(json.dumps(gone))
    assert numbered({"redis": SYSTEM}) == {"redis": 999}


def test_groups_keep_theirs_too(numbered):
    numbered({}, groups=["mail", "redis"])
    numbered({}, groups=["a", "mail", "redis"])
    found = json.loads((numbered.place / "gid-map").read_text())
    assert found == {"mail": 999, "redis": 998, "a": 997}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_who_has_lost_a_number_before_is_told(tmp_path, numbered):
    """Numbers were not always kept; whose the files are, nobody but a person can say."""
    numbered({"carol": PERSON, "dave": PERSON})
    home = tmp_path / "carol"
    home.mkdir()
    for name, owner in {"lost": 1007, "found": 1000, "daves": 1001, "roots": 0}.items():
        (home / name).touch()
        os.lchown(home / name, owner, 100)
    spec = {
        "users": {"ranges": {"carol": PERSON}, "fixed": [], "homes": {"carol": str(home)}},
        "groups": {"ranges": {}, "fixed": []},
    }
    (tmp_path / "spec").write_text(json.dumps(spec))
    argv = ["perl", NIXOS / "user-numbers.pl", tmp_path / "spec", tmp_path]
    told = subprocess.run(argv, check=True, capture_output=True, text=True).stderr
    assert [line.partition("; if")[0] for line in told.splitlines()] == [
        f"{home}: the number of carol is 1000, and 1 of the files belong to 1001 (dave)",
        f"{home}: the number of carol is 1000, and 1 of the files belong to 1007 (nobody)",
    ]
    assert f"chown -hR --from=1007 carol {home}" in told
