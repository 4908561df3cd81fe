# SPDX-License-Identifier: MIT
"""APIs are sockets of the qube, and qrexec has a service that leads to them."""

import subprocess

import pytest
from nix_evaluation import EVALUATE, WIRED, lines, words


@pytest.fixture
def on_template(nix, nixpkgs, plant, tmp_path):
    """The same root, with what a template of Qubes has in its NixOS."""

    def on_template(module):
        (tmp_path / "template.nix").write_text(module)
        return nix.evaluate(
            EVALUATE, nixpkgs=nixpkgs, tree=plant(WIRED), template=tmp_path / "template.nix"
        )

    return on_template


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


def greet(connection):
    """Says what it has to."""
    with connection:
        connection.sendall(b"hello")


def served(qube, argument):
    return subprocess.run(
        ["bash", qube.api, *argument], capture_output=True, text=True, env=qube.env, check=False
    )


@pytest.mark.parametrize(
    "argument",
    [
        (),
        ("",),
        ("db",),
        ("db.",),
        (".sql",),
        ("../db.sql",),
        ("db.sql/x",),
        ("db..sql",),
        ("DB.sql",),
        ("db.sql\n",),
        ("db.sql x",),
        ("$(id).sql",),
        (f"{'a' * 33}.sql",),
    ],
)
def test_the_service_takes_no_other_argument_than_an_api(qube, argument):
    qube.provide("db.sql", greet)
    answer = served(qube, argument)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == "tesseraqt.Api: the argument is no CONTAINER.API\n"


@pytest.mark.parametrize("caller", ["", "../work", "work db", "-x", "@dispvm", "w" * 32])
def test_the_service_answers_none_but_a_qube(qube, caller):
    qube.provide("db.sql", greet)
    qube.env["QREXEC_REMOTE_DOMAIN"] = caller
    answer = served(qube, ("db.sql",))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == "tesseraqt.Api: qrexec does not say who calls\n"


def test_the_service_says_that_an_api_is_not_in_the_qube(qube):
    answer = served(qube, ("db.sql",))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "tesseraqt.Api: there is no db.sql in this qube\n"
