# SPDX-License-Identifier: MIT
"""APIs and slots where programs use them: in a container, and in the qube as such."""

import re

from nix_evaluation import NIXOS, lines, words


def test_the_container_knows_the_socket_by_its_path_and_serves_each_call(wired):
    units = wired["guests"]["web"]["units"]
    assert {
        "ListenStream=/run/tesseraqt/api/web/http",
        "Accept=true",
        "MaxConnections=4",
        "TriggerLimitIntervalSec=0",
    } <= set(lines(units["tesseraqt-api-http.socket"]))
    assert "local-fs.target" in units["tesseraqt-api-http.socket"]["wantedBy"]
    service = units["tesseraqt-api-http@.service"]
    [start] = [line for line in lines(service) if line.startswith("ExecStart=")]
    assert "STDIO,shut-down TCP4:127.0.0.1:80,retry=" in start
    assert "User=tesseraqt" in lines(service)
    assert "multi-user.target" in words(service, "After")


def test_an_api_is_served_as_the_user_it_is_declared_for(wired):
    service = wired["guests"]["store"]["units"]["tesseraqt-api-sql@.service"]
    assert "User=alice" in lines(service)
    assert "UNIX-CONNECT:/run/user/1000/sql," in service["text"]
    assert "CapabilityBoundingSet=" in lines(service)


def test_a_program_finds_a_slot_where_it_is_declared(wired):
    guest = wired["guests"]["web"]
    assert "L+ /run/db.sock - - - - /run/api/db" in guest["links"]
    assert words(guest["units"]["tesseraqt-port-cache.socket"], "ListenStream") == {
        "127.0.0.1:6379"
    }
    assert "UNIX-CONNECT:/run/api/cache" in guest["units"]["tesseraqt-port-cache@.service"]["text"]
    assert not any("bare" in name for name in guest["units"])


def test_the_qube_as_such_provides(wired):
    socket = wired["units"]["tesseraqt-api-qube.status.socket"]
    assert {
        "ListenStream=/run/tesseraqt/api/qube/status",
        "Accept=true",
        "SocketGroup=users",
        "SocketMode=0660",
        "ConditionPathExists=/run/qubes-service/tesseraqt-qube",
    } <= set(lines(socket))
    service = wired["units"]["tesseraqt-api-qube.status@.service"]
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


def test_the_adapters_in_a_container_carry_bytes_as_these_scripts_do():
    """They are socat too, and in each place it has to be told the same."""
    told = "socat -b 65536 -t 3600 STDIO,shut-down"
    for name in ("endpoints.nix", "slot-call.sh", "api.sh"):
        text = (NIXOS / name).read_text()
        assert re.findall(r"socat -.*?STDIO\S*", text) == [told] * text.count("STDIO")
