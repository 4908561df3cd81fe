# SPDX-License-Identifier: MIT
"""Calls through slots, by the real scripts as systemd runs them, up to a real server."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from nix_evaluation import HERE, NIXOS

PROGRAMS = ("socat", "systemd-socket-activate")
MISSING = [program for program in PROGRAMS if not shutil.which(program)]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"there is no {' and no '.join(MISSING)}")


class Qube:
    """Where the scripts find everything below one directory."""

    def __init__(self, place):
        self.place = place
        self.run = place / "run"
        self.programs = place / "bin"
        self.programs.mkdir(parents=True)
        client = self.programs / "qrexec-client-vm"
        client.write_text(f'#!/bin/sh\nexec {sys.executable} {HERE}/qrexec_client_vm.py "$@"\n')
        client.chmod(0o755)
        self.allow()
        self.env = {
            **os.environ,
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "QREXEC": str(place),
        }
        self.api, self.wire = self.script("api.sh"), self.script("wire.sh")
        self.processes = []

    def script(self, name):
        text = (NIXOS / name).read_text().replace("/run/tesseraqt", str(self.run))
        (self.place / name).write_text(text)
        return self.place / name

    def allow(self, *calls):
        (self.place / "allowed").write_text("\n".join(calls))

    def lead(self, slot, target):
        """What tesseraqt-wires notes of a slot."""
        note = self.run / "wires" / slot
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"{target}\n")

    def provide(self, api, serve):
        """A server behind an API; ``serve`` gets each connection."""
        path = self.run / "api" / api.replace(".", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(64)
        threading.Thread(target=accept, args=(listener, serve), daemon=True).start()
        return path

    def listen(self, slot):
        """The socket of a slot, as its unit has it."""
        path = self.place / slot.replace("/", ".")
        argv = ["systemd-socket-activate", "--accept", "--inetd", f"--listen={path}"]
        variables = [f"--setenv={name}={self.env[name]}" for name in ("PATH", "QREXEC")]
        process = subprocess.Popen(
            [*argv, *variables, "bash", str(self.wire), slot],
            stderr=subprocess.DEVNULL,
            env=self.env,
        )
        self.processes.append(process)
        wait_for(lambda: listening(path))
        return path

    def close(self):
        for process in self.processes:
            process.terminate()
            process.wait()


def accept(listener, serve):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def listening(path):
    """Whether the socket takes calls; it is there a moment before."""
    lines = Path("/proc/net/unix").read_text().splitlines()
    return any(line.endswith(f" {path}") and line.split()[3] == "00010000" for line in lines)


def wait_for(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def call(path, message=b"", *, timeout=20):
    """Says this and that it is all, and returns the answer up to its end."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(timeout)
        client.connect(str(path))
        client.sendall(message)
        client.shutdown(socket.SHUT_WR)
        return read(client)


def refused(path):
    """Whether a call ends at once, unanswered; with words unread, the end is an error."""
    began = time.monotonic()
    try:
        answer = call(path, b"x")
    except OSError:
        answer = b""
    return answer == b"" and time.monotonic() - began < 5


def read(connection):
    parts = []
    while data := connection.recv(65536):
        parts.append(data)
    return b"".join(parts)


def count(connection):
    """Answers, when the caller has said all, how much that was."""
    with connection:
        number = len(read(connection))
        time.sleep(0.7)  # longer than socat waits if not told otherwise
        connection.sendall(b"%d" % number)


def greet(connection):
    """Says what it has to, and that it is all, before the caller has said a word."""
    with connection:
        connection.sendall(b"hello")
        connection.shutdown(socket.SHUT_WR)
        read(connection)


@pytest.fixture
def qube(tmp_path):
    qube = Qube(tmp_path)
    yield qube
    qube.close()


#: The ways from a slot to an API: within the qube, and to another with a new and an old qrexec.
WAYS = ("here", "there", "there, by an old qrexec")


@pytest.fixture(params=WAYS)
def slot(request, qube):
    """The socket of a slot that leads to the API ``db.sql``."""
    if request.param == "there, by an old qrexec":
        (qube.place / "old").touch()
    qube.lead("web/db", "db.sql" if request.param == "here" else "vault/db.sql")
    qube.allow("vault tesseraqt.Api+db.sql")
    return qube.listen("web/db")


def test_an_answer_comes_after_the_caller_has_said_all(qube, slot):
    qube.provide("db.sql", count)
    assert call(slot, b"x" * 100_000) == b"100000"


def test_a_caller_hears_the_end_of_what_the_api_says_before_it_is_done_itself(qube, slot):
    qube.provide("db.sql", greet)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(slot))
        assert read(client) == b"hello"


def test_much_goes_through(qube, slot):
    def echo(connection):
        with connection:
            while data := connection.recv(65536):
                connection.sendall(data)

    qube.provide("db.sql", echo)
    message = os.urandom(1 << 20) * 8
    with ThreadPoolExecutor() as pool, socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(slot))
        answer = pool.submit(read, client)
        client.sendall(message)
        client.shutdown(socket.SHUT_WR)
        assert answer.result() == message


def test_eight_calls_at_once(qube, slot):
    qube.provide("db.sql", count)
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda size: call(slot, b"x" * size), range(8))
        assert list(answers) == [b"%d" % size for size in range(8)]


def test_a_provider_that_dies_ends_the_call(qube, slot):
    def die(connection):
        connection.recv(1)
        connection.close()

    qube.provide("db.sql", die)
    assert refused(slot)


def test_where_nobody_listens_any_more_the_call_ends(qube, slot):
    """The socket is gone, as with a container that this qube no longer has."""
    assert refused(slot)


@pytest.mark.parametrize("slot", WAYS[1:], indirect=True)
def test_a_denied_call_ends_at_once(qube, slot):
    qube.provide("db.sql", count)
    qube.allow("vault tesseraqt.Api+db.other", "work tesseraqt.Api+db.sql")
    assert refused(slot)


def test_the_next_call_goes_where_the_slot_leads_then(qube, slot):
    qube.provide("db.sql", greet)
    qube.provide("other.sql", count)
    assert call(slot) == b"hello"
    qube.lead("web/db", "other.sql")
    assert call(slot, b"xx") == b"2"
    (qube.run / "wires" / "web" / "db").unlink()
    assert refused(slot)


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


def test_the_service_says_that_an_api_is_not_in_the_qube(qube):
    answer = served(qube, ("db.sql",))
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr == "tesseraqt.Api: there is no db.sql in this qube\n"


def test_the_adapters_in_a_container_carry_bytes_as_these_scripts_do():
    """They are socat too, and in each place it has to be told the same."""
    told = "socat -b 65536 -t 3600 STDIO,shut-down"
    for name in ("ends.nix", "wire.sh", "api.sh"):
        text = (NIXOS / name).read_text()
        assert re.findall(r"socat -.*?STDIO\S*", text) == [told] * text.count("STDIO")
