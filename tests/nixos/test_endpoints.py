# SPDX-License-Identifier: MIT
"""APIs and slots where programs use them: in a container, and in the qube as such."""

import re

from nix_evaluation import NIXOS, lines, words


def test_the_container_knows_the_socket_by_its_path_and_serves_its_calls(wired):
    units = wired["guests"]["web"]["units"]
    socket = units["tesseraqt-api-http.socket"]
    assert "ListenStream=/run/tesseraqt/api/web/http" in lines(socket)
    assert "Accept=true" not in lines(socket)
    assert "local-fs.target" in socket["wantedBy"]
    service = units["tesseraqt-api-http.service"]
    [start] = [line for line in lines(service) if line.startswith("ExecStart=")]
    assert "ACCEPT-FD:3,fork,max-children=256,shut-down TCP4:127.0.0.1:80,retry=" in start
    assert " -t 3600 -T 3600 " in start
    assert "User=tesseraqt" in lines(service)
    assert "multi-user.target" in words(service, "After")


def test_an_api_is_served_as_the_user_it_is_declared_for(wired):
    service = wired["guests"]["store"]["units"]["tesseraqt-api-sql.service"]
    assert "User=alice" in lines(service)
    assert "UNIX-CONNECT:/run/user/1000/sql," in service["text"]
    assert "CapabilityBoundingSet=" in lines(service)


def test_a_program_finds_a_slot_where_it_is_declared(wired):
    guest = wired["guests"]["web"]
    assert "L+ /run/db.sock - - - - /run/api/db" in guest["links"]
    assert words(guest["units"]["tesseraqt-port-cache.socket"], "ListenStream") == {
        "127.0.0.1:6379"
    }
    assert "UNIX-CONNECT:/run/api/cache" in guest["units"]["tesseraqt-port-cache.service"]["text"]
    assert not any("bare" in name for name in guest["units"])


def test_the_qube_as_such_provides(wired):
    socket = wired["units"]["tesseraqt-api-qube.status.socket"]
    assert {
        "ListenStream=/run/tesseraqt/api/qube/status",
        "SocketGroup=users",
        "SocketMode=0660",
        "ConditionPathExists=/run/qubes-service/tesseraqt-qube",
    } <= set(lines(socket))
    service = wired["units"]["tesseraqt-api-qube.status.service"]
    assert "TCP4:127.0.0.1:9100," in service["text"]


def test_the_qube_as_such_consumes(wired):
    socket = wired["units"]["tesseraqt-slot-qube.sql.socket"]
    assert words(socket, "ListenStream") == {"/run/api/sql"}
    assert "ConditionPathExists=/run/qubes-service/tesseraqt-qube" in lines(socket)
    assert {
        "d /run/api 0755 root root -",
        "L+ /run/tesseraqt/slots/qube - - - - /run/api",
        "L+ /run/sql.sock - - - - /run/api/sql",
    } <= set(wired["tmpfiles"])
    port = wired["units"]["tesseraqt-port-qube.page.socket"]
    assert words(port, "ListenStream") == {"127.0.0.1:8080"}
    assert "ConditionPathExists=/run/qubes-service/tesseraqt-qube" in lines(port)


def test_every_relay_lets_a_caller_hear_the_end_of_what_an_api_says():
    """In each place socat has to be told so, and in its own words."""
    text = "".join((NIXOS / name).read_text() for name in ("endpoints.nix", "slot-relay.sh"))
    assert len(re.findall(r"ACCEPT-FD:3.*,shut-down ", text)) == 2
    assert text.count("ACCEPT-FD:3") == 2
    assert "'STDIN!!STDOUT,shut-down'" in (NIXOS / "api.sh").read_text()


def test_a_relay_is_started_again_for_ever_and_by_a_switch_alone(wired):
    inside = wired["guests"]["web"]["units"]
    for units, name in (
        (wired["units"], "tesseraqt-slot-web.db"),
        (wired["units"], "tesseraqt-api-qube.status"),
        (inside, "tesseraqt-api-http"),
        (inside, "tesseraqt-port-cache"),
    ):
        service = units[f"{name}.service"]
        assert {
            "Restart=always",
            "RestartSec=1",
            "StartLimitIntervalSec=0",
            "X-StopIfChanged=false",
        } <= set(lines(service)), name
        assert words(service, "Requires") == {f"{name}.socket"}
