# SPDX-License-Identifier: MIT
"""Calls through slots, by the real scripts as systemd runs them, up to a real server."""

import multiprocessing.connection
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from played import wait_for


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


def test_a_relay_that_is_started_anew_goes_where_the_slot_leads_then(qube, slot):
    qube.provide("db.sql", greet)
    qube.provide("other.sql", count)
    assert call(slot) == b"hello"
    qube.close()
    qube.lead("web/db", "other.sql")
    assert call(qube.listen("web/db"), b"xx") == b"2"
    qube.close()
    (qube.run / "wires" / "web" / "db").unlink()
    assert refused(qube.listen("web/db"))


def test_a_server_that_closes_first_ends_the_call_at_once(qube, slot):
    """The caller says nothing more, and does not say so."""

    def close(connection):
        connection.sendall(b"hello")
        connection.close()

    qube.provide("db.sql", close)
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(slot))
        assert read(client) == b"hello"
    assert time.monotonic() - began < 5


def test_calls_wait_for_their_turn_and_are_served_in_it(qube):
    """However many calls have ended before: none of them makes room for two."""
    qube.lead("web/db", "db.sql", limit=2)
    served, end = [], threading.Semaphore(0)

    def serve(connection):
        with connection:
            served.append(connection.recv(1))
            end.acquire()

    qube.provide("db.sql", serve)
    clients = []
    for number in range(9):
        clients.append(socket.socket(socket.AF_UNIX))
        clients[-1].connect(str(qube.listen("web/db") if not number else qube.place / "web.db"))
        clients[-1].sendall(b"%d" % number)
    for number in range(2, 10):
        wait_for(lambda number=number: len(served) == min(number, 9))
        time.sleep(0.1)
        assert sorted(served) == [b"%d" % each for each in range(min(number, 9))]
        end.release()
        [over] = multiprocessing.connection.wait(clients, 5)
        assert over.recv(1) == b""
        clients.remove(over)
        over.close()
    for client in clients:
        client.close()


def test_a_qube_has_as_many_calls_of_an_api_as_that_takes_and_another_one_has_its_own(qube):
    """Places are those of the calling qube; whoever finds none waits for one."""
    qube.lead("web/db", "vault/db.sql")
    qube.allow("vault tesseraqt.Api+db.sql")
    end = threading.Semaphore(0)

    def serve(connection):
        with connection:
            connection.sendall(b"hello")
            end.acquire()

    qube.provide("db.sql", serve)
    served = [qube.serve("db.sql") for _ in range(8)]
    assert [one.stdout.read(5) for one in served] == [b"hello"] * 8
    ninth, other = qube.serve("db.sql"), qube.serve("db.sql", caller="sys-net")
    assert other.stdout.read(5) == b"hello"
    assert not multiprocessing.connection.wait([ninth.stdout], 0.5)
    for one in served:
        end.release()
        one.kill()
    assert ninth.stdout.read(5) == b"hello"
    for one in (ninth, other):
        one.kill()
