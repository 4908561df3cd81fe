# SPDX-License-Identifier: MIT
"""The services of the example fleet, in a NixOS that booted: each answers through its wire."""

import json
import subprocess

import pytest
import simulated_dom0
from deploying import Root
from machines import document, services, until

WIRES = {"wiki": "db=postgres.sql cache=cache.redis"}
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The pillar that dom0 gets from the example in ``pillar/``."""
    config = simulated_dom0.write_config(tmp_path_factory.mktemp("minion"))
    asked = ("--out=json", "pillar.get", "tesseraqt")
    told = simulated_dom0.salt_call(config, *asked, capture_output=True, text=True)
    return json.loads(told.stdout)["local"]


@pytest.fixture(scope="module")
def dev(machines, template, example):
    """The qube `dev`, on its own root."""
    machine = machines.boot("dev", template, services(example, "dev"), WIRES)
    Root(machine).deploy(document(example, "nixos-dev"))
    until(
        lambda: (
            machine.run("test", "-S", "/run/tesseraqt/slots/wiki/db", check=False).returncode == 0
        )
    )
    return machine


def test_the_example_says_where_its_slots_lead(example):
    wires = example["qubes"]["dev"]["containers"]["wiki"]
    assert " ".join(f"{slot}={target}" for slot, target in wires.items()) == WIRES["wiki"]


def test_the_wiki_reaches_its_database(dev):
    query = ("-Atc", "select current_user || ' in ' || current_database()")
    assert (
        dev.asked("wiki", "psql", "-h", "127.0.0.1", "-U", "wiki", *query, "wiki") == "wiki in wiki"
    )


def test_the_wiki_reaches_its_cache(dev):
    assert dev.asked("wiki", "redis-cli", "-s", "/run/cache.sock", "ping") == "PONG"


def test_the_reader_of_another_qube_reaches_the_wiki(dev):
    argv = dev.command(["/run/qubes-rpc/tesseraqt.Api", "wiki.http"], "user", caller="work")
    told = subprocess.run(argv, input=REQUEST, capture_output=True, check=True).stdout
    assert told.startswith(b"HTTP/1.1 200")
    assert b"Nothing is written here yet." in told
