# SPDX-License-Identifier: MIT
"""What is declared of the qube itself, and a qube without any wire."""


def test_this_root_has_a_system(wired):
    assert (wired["failed"], wired["warnings"]) == ([], [])
    assert wired["toplevel"].endswith(".drv")
    assert all(guest["failed"] == [] for guest in wired["guests"].values())


def test_the_qube_itself_gets_what_is_declared_for_it(wired):
    assert wired["packages"].count("hello") == 2
    assert "itself.example" in wired["hosts"]


def test_a_root_without_wires_has_nothing_of_them(evaluated):
    root = evaluated({"containers": {"web": {}}, "root": {}})
    assert not any(part in name for name in root["units"] for part in ("-api-", "-slot-", "wires"))
    assert root["rpc"] == {"etc": [], "packages": []}
    assert not any("qubes-rpc" in rule or "/slots" in rule for rule in root["tmpfiles"])
