# SPDX-License-Identifier: MIT
"""What NixOS makes of APIs and slots, in containers and in the qube as such."""

import pytest
from nix_evaluation import EVALUATE, WIRED


@pytest.fixture
def on_template(nix, nixpkgs, plant, tmp_path):
    """The same root, with what a template of Qubes has in its NixOS."""

    def on_template(module):
        (tmp_path / "template.nix").write_text(module)
        return nix.evaluate(
            EVALUATE, nixpkgs=nixpkgs, tree=plant(WIRED), template=tmp_path / "template.nix"
        )

    return on_template


def lines(unit):
    return unit["text"].splitlines()


def words(unit, key):
    """All words that are said of a key in a unit."""
    return {
        word
        for line in lines(unit)
        if line.startswith(f"{key}=")
        for word in line.removeprefix(f"{key}=").split()
    }


def test_this_root_has_a_system(wired):
    assert (wired["failed"], wired["warnings"]) == ([], [])
    assert wired["toplevel"].endswith(".drv")
    assert all(guest["failed"] == [] for guest in wired["guests"].values())


def test_the_qube_itself_gets_what_is_declared_for_it(wired):
    assert wired["packages"].count("hello") == 2
    assert "itself.example" in wired["hosts"]


def test_an_api_of_a_container_is_a_socket_of_the_qube_that_starts_it(wired):
    socket = wired["units"]["tesseraqt-api-store.sql.socket"]
    assert {
        "ListenStream=/run/tesseraqt/api/store/sql",
        "Service=container@store.service",
        "ConditionPathExists=/run/qubes-service/tesseraqt-store",
        "SocketMode=0660",
        "RemoveOnStop=true",
    } <= set(lines(socket))
    assert "Accept=true" not in lines(socket)
    assert socket["wantedBy"] == ["sockets.target"]
    container = wired["units"]["container@store.service"]
    for key in ("Sockets", "After", "Wants"):
        assert "tesseraqt-api-store.sql.socket" in words(container, key)
    assert container["wantedBy"] == []


def test_apis_of_containers_with_alike_names_do_not_meet(wired):
    for name, path in (("a.b-c", "a/b-c"), ("a-b.c", "a-b/c")):
        socket = wired["units"][f"tesseraqt-api-{name}.socket"]
        assert words(socket, "ListenStream") == {f"/run/tesseraqt/api/{path}"}


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


def test_a_slot_is_a_socket_that_nothing_starts_but_the_wires(wired):
    socket = wired["units"]["tesseraqt-slot-web.db.socket"]
    assert {
        "ListenStream=/run/tesseraqt/slots/web/db",
        "Accept=true",
        "MaxConnections=8",
        "RemoveOnStop=true",
        "TriggerLimitIntervalSec=0",
        "ConditionPathExists=/run/qubes-service/tesseraqt-web",
    } <= set(lines(socket))
    assert (socket["wantedBy"], socket["requiredBy"]) == ([], [])
    assert wired["units"]["tesseraqt-wires.service"]["wantedBy"] == ["multi-user.target"]
    assert "tesseraqt-wires.service" in words(wired["units"]["container@web.service"], "After")


def test_a_container_sees_its_slots_and_those_of_no_other(wired):
    bound = {name: conf.count(":/run/api") for name, conf in wired["confs"].items()}
    assert bound == {"a": 0, "a-b": 0, "store": 0, "web": 1}
    assert "--bind-ro=/run/tesseraqt/slots/web:/run/api" in wired["confs"]["web"]
    assert "d /run/tesseraqt/slots 0700 root root -" in wired["tmpfiles"]
    assert "d /run/tesseraqt/slots/web 0755 root root -" in wired["tmpfiles"]


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


def test_without_an_option_for_it_the_service_is_in_etc_and_where_qubes_4_3_looks(wired):
    assert wired["rpc"] == {"etc": ["qubes-rpc/tesseraqt.Api"], "packages": []}
    [link] = [rule for rule in wired["tmpfiles"] if "/run/qubes-rpc/" in rule]
    assert link.startswith("L+ /run/qubes-rpc/tesseraqt.Api - - - - /nix/store/")


@pytest.mark.parametrize("option", ["qrexec.packages", "extraPackages"])
def test_a_template_with_an_option_for_services_gets_it_there(on_template, option):
    """Then its /etc/qubes-rpc may be a link to a directory of the store."""
    root = on_template(
        "{ lib, pkgs, ... }: {\n"
        f"  options.services.qubes.{option} ="
        " lib.mkOption { type = lib.types.listOf lib.types.package; default = [ ]; };\n"
        '  config.environment.etc."qubes-rpc".source = pkgs.hello;\n'
        "}\n"
    )
    assert root["rpc"] == {"etc": ["qubes-rpc"], "packages": ["tesseraqt-qubes-rpc"]}


def test_the_people_of_a_qube_are_those_of_qubes(wired, on_template):
    """In the templates the user of the qube is in no group `users`."""
    root = on_template("{ users.groups.qubes = { }; }\n")
    groups = [
        words(of["units"]["tesseraqt-api-web.http.socket"], "SocketGroup") for of in (wired, root)
    ]
    assert groups == [{"users"}, {"qubes"}]


def test_a_root_without_wires_has_nothing_of_them(evaluated):
    root = evaluated({"containers": {"web": {}}, "root": {}})
    assert not any(part in name for name in root["units"] for part in ("-api-", "-slot-", "wires"))
    assert root["rpc"] == {"etc": [], "packages": []}
    assert not any("qubes-rpc" in rule or "/slots" in rule for rule in root["tmpfiles"])


def test_a_switch_does_not_start_what_only_a_socket_can(full, wired):
    guests = (guest["units"] for root in (full, wired) for guest in root["guests"].values())
    for units in (full["units"], wired["units"], *guests):
        for name, unit in units.items():
            if name.endswith("@.service"):
                assert "X-RestartIfChanged=false" in lines(unit), name
