# SPDX-License-Identifier: MIT
"""What a root could not do, in words that say what to do about it."""

import pytest
from tesseraqt_lib.roots import failures

SAID = (
    "nixos: error: The option `containers.x.services.nginx."
    '"virtualHosts.x.root"\' does not exist. Definition values:'
)


def test_a_path_where_only_a_name_may_stand_is_told():
    assert failures.hints(["nixos: building", SAID, SAID]) == [
        "'virtualHosts.x.root' is one name there: only a key of the first level of `config` is a"
        " path, below it write maps in maps (virtualHosts: {x: {root: ...}})"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "error: The option `services.nginxx' does not exist. Definition values:",
        'error: attribute "a.b" missing',
        "",
    ],
)
def test_nothing_else_is(line):
    assert failures.hints([line]) == []
