# SPDX-License-Identifier: MIT
"""Slots are sockets that are there while dom0 says where they lead."""

from nix_evaluation import lines, words


def test_a_slot_is_a_socket_that_nothing_starts_but_the_wires(wired):
    socket = wired["units"]["tesseraqt-slot-web.db.socket"]
    assert {
        "ListenStream=/run/tesseraqt/slots/web/db",
        "RemoveOnStop=true",
        "ConditionPathExists=/run/qubes-service/tesseraqt-web",
    } <= set(lines(socket))
    assert "Accept=true" not in lines(socket)
    assert (socket["wantedBy"], socket["requiredBy"]) == ([], [])
    assert wired["units"]["tesseraqt-wires.service"]["wantedBy"] == ["multi-user.target"]
    assert "tesseraqt-wires.service" in words(wired["units"]["container@web.service"], "After")


def test_a_container_sees_its_slots_and_those_of_no_other(wired):
    bound = {name: conf.count(":/run/api") for name, conf in wired["confs"].items()}
    assert bound == {"a": 0, "a-b": 0, "store": 0, "web": 1}
    assert "--bind-ro=/run/tesseraqt/slots/web:/run/api" in wired["confs"]["web"]
    assert "d /run/tesseraqt/slots 0700 root root -" in wired["tmpfiles"]
    assert "d /run/tesseraqt/slots/web 0755 root root -" in wired["tmpfiles"]
