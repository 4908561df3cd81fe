# SPDX-License-Identifier: MIT
"""Wires, with the systemd of a qube and those of its containers at work."""

import os
import time

import new_socat
import pytest
from booted import NEEDED, Booted, wait_for
from callers import CALLER, SILENT

MISSING = new_socat.missing(*NEEDED)
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=MISSING),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start containers"),
]

#: How many starts of a program a call takes at most.
MOST_STARTS = 12

DOCUMENT = {
    "containers": {
        "store": {
            "autostart": False,
            "provides": {
                "count": {"socket": "/run/count", "user": "alice", "max_connections": 2},
                "port": {"tcp": 5432},
            },
            "users": {"alice": {"uid": 1000}},
            "state": ["/var/lib/kept"],
        },
        "web": {
            "provides": {
                "who": {"socket": "/run/who"},
                "mute": {"socket": "/run/mute", "idle_timeout": 2},
            },
            "consumes": {"db": {"socket": "/run/db.sock"}, "cache": {"tcp": 6379}, "bare": {}},
        },
    },
    "root": {
        "provides": {"count": {"socket": "/run/own"}},
        "consumes": {"db": {"socket": "/run/db.sock"}, "cache": {"tcp": 6380}},
    },
}


def server(address, command):
    """A server that has its command read all that a caller says, and then answer."""
    text = f"[Service]\nExecStart=/socat/socat -t 60 {address},fork EXEC:'{command}'\n"
    return {"text": text, "wantedBy": ["multi-user.target"], "requiredBy": []}


SERVICES = {
    "store": {
        "count.service": server("UNIX-LISTEN:/run/count,mode=666", "wc -c"),
        "port.service": server("TCP4-LISTEN:5432,bind=127.0.0.1", "wc -c"),
    },
    "web": {
        "who.service": server("UNIX-LISTEN:/run/who,mode=666", "wc -c"),
        "mute.service": server("UNIX-LISTEN:/run/mute,mode=666", "sleep 3600"),
    },
}


@pytest.fixture(scope="module")
def qube(evaluated, tmp_path_factory):
    qube = Booted(tmp_path_factory.mktemp("qube"), evaluated(DOCUMENT), SERVICES)
    try:
        qube.start()
    except AssertionError:
        pytest.fail(qube.console())
    yield qube
    qube.stop()


def test_a_container_is_started_by_the_first_call_and_answers_it(qube):
    wait_for(lambda: qube.active("container@web.service"))
    assert not qube.active("container@store.service")
    assert qube.call("/run/tesseraqt/api/store/count", b"hello") == b"5"
    assert qube.active("container@store.service")
    assert qube.call("/run/tesseraqt/api/store/port", b"hello you") == b"9"


def test_what_is_not_wired_is_not_there(qube):
    assert qube.run("ls", "/run/api", "/run/tesseraqt/slots/web").stdout.split() == [
        b"/run/api:",
        b"/run/tesseraqt/slots/web:",
    ]
    assert qube.inside("web", "ls", "/run/api").stdout == b""
    assert qube.refused("/run/db.sock", of="web")
    assert qube.refused("127.0.0.1:6379", of="web")


@pytest.fixture
def wired(qube):
    """Everything is wired to the container of the same qube; afterwards nothing is."""
    qube.say("web", "db=store.count cache=store.port")
    qube.say("qube", "db=store.count cache=web.who")
    wait_for(lambda: len(qube.run("ls", "/run/api").stdout.split()) == 2)
    wait_for(lambda: len(qube.inside("web", "ls", "/run/api").stdout.split()) == 2)
    yield qube
    qube.allow()
    qube.say("web", "")
    qube.say("qube", "")
    wait_for(lambda: qube.run("ls", "/run/api").stdout == b"")
    wait_for(lambda: qube.inside("web", "ls", "/run/api").stdout == b"")


@pytest.mark.parametrize("where", ["/run/api/db", "/run/db.sock", "127.0.0.1:6379"])
def test_a_container_calls_another_of_its_qube(wired, where):
    assert wired.call(where, b"four", of="web") == b"4"


@pytest.mark.parametrize("where", ["/run/api/db", "/run/db.sock", "127.0.0.1:6380"])
def test_the_qube_as_such_calls_its_containers(wired, where):
    assert wired.call(where, b"four") == b"4"


def test_a_container_can_do_nothing_to_its_slots(wired):
    for command in ("rm /run/api/db", "touch /run/api/x", "umount /run/api", "ls /run/tesseraqt"):
        assert wired.inside("web", "sh", "-c", command, check=False).returncode != 0


@pytest.mark.parametrize("where", ["/run/db.sock", "127.0.0.1:6379"])
def test_a_container_calls_one_of_another_qube(wired, where):
    """That other qube is this one too, behind what stands for qrexec."""
    wired.say("web", "db=vault/store.count cache=vault/store.port")
    wired.allow("vault tesseraqt.Api+store.count", "vault tesseraqt.Api+store.port")
    wait_for(lambda: wired.leads("web/db") == "vault/store.count")
    # A call that begins while the slot is led elsewhere may be ended with the others.
    wait_for(lambda: wired.call(where, b"five!", of="web") == b"5")
    wired.allow()
    assert wired.refused(where, of="web")


def test_a_slot_leads_elsewhere_without_anything_being_started_again(wired):
    before = wired.started("web"), wired.started("store")
    assert wired.call("/run/db.sock", b"x", of="web") == b"1"
    wired.say("web", "db=qube.count")
    wait_for(lambda: wired.leads("web/db") == "qube.count")
    assert wired.call("/run/db.sock", b"x", of="web") == b""  # nobody serves that in this test
    wired.say("web", "db=store.count")
    wait_for(lambda: wired.leads("web/db") == "store.count")
    assert wired.call("/run/db.sock", b"xx", of="web") == b"2"
    assert (wired.started("web"), wired.started("store")) == before


def test_calls_that_go_where_a_slot_led_are_over_when_it_leads_elsewhere(wired):
    calling = wired.open("/run/db.sock", of="web")
    other = wired.open("127.0.0.1:6379", of="web")
    wait_for(lambda: wired.going("tesseraqt-slot-web.db") == 1)
    wait_for(lambda: wired.going("tesseraqt-slot-web.cache") == 1)
    wired.say("web", "db=web.who cache=store.port")
    wait_for(lambda: wired.going("tesseraqt-slot-web.db") == 0)
    assert calling.communicate(b"too late", timeout=10)[0] == b""
    assert other.communicate(b"in time")[0] == b"7\n"


def test_a_consumer_at_its_limit_waits_for_its_turn_and_delays_no_other(wired):
    """The API takes two calls of one consumer at once."""
    greedy = [wired.open("/run/db.sock", of="web") for _ in range(4)]
    try:
        wait_for(lambda: wired.going("tesseraqt-slot-web.db") == 2)
        assert wired.call("/run/db.sock", b"me?") == b"3"  # the qube as such
        assert wired.going("tesseraqt-slot-web.db") == 2
        for number, one in enumerate(greedy):
            assert one.communicate(b"x" * number, timeout=10)[0] == b"%d\n" % number
    finally:
        for one in greedy:
            one.kill()
    wait_for(lambda: wired.going("tesseraqt-slot-web.db") == 0)


def test_a_relay_that_dies_is_back_with_the_next_call(wired):
    assert wired.call("/run/db.sock", b"x", of="web") == b"1"
    for _ in range(7):
        wired.run("systemctl", "kill", "--signal=KILL", "tesseraqt-slot-web.db.service")
        assert wired.call("/run/db.sock", b"xx", of="web") == b"2"
    wired.inside("store", "systemctl", "kill", "--signal=KILL", "tesseraqt-api-count.service")
    assert wired.call("/run/db.sock", b"xxx", of="web") == b"3"


def test_a_call_without_a_byte_for_too_long_is_over_and_the_relay_stays(wired):
    with wired.open("/run/db.sock", of="web") as other:
        for half in ("", "one.shutdown(socket.SHUT_WR)"):
            silent = wired.run("/usr/bin/python3", "-c", SILENT.format(half=half)).stdout
            assert 1.5 < float(silent) < 8
        assert wired.call("/run/tesseraqt/api/web/who", b"xx") == b"2"
        assert other.communicate(b"there", timeout=10)[0] == b"5\n"


@pytest.mark.parametrize("how", [("in-a-row", "200"), ("at-once", "2"), ("bytes", str(1 << 28))])
@pytest.mark.parametrize("to", ["store.count", "vault/store.count"])
def test_calls_of_a_program_in_a_container(wired, how, to):
    wired.allow("vault tesseraqt.Api+store.count")
    wired.say("web", f"db={to} cache=store.port")
    wait_for(lambda: wired.leads("web/db") == to)
    wait_for(lambda: wired.call("/run/db.sock", b"x", of="web") == b"1")
    began = time.monotonic()
    called = wired.inside("web", "/usr/bin/python3", "-c", CALLER, *how, check=False)
    assert (called.returncode, called.stderr.decode()) == (0, "")
    took = time.monotonic() - began
    print(f"{to}, {' '.join(how)}: {took:.2f} s")
    if how == ("in-a-row", "200") and "/" not in to:
        starts = float(called.stdout)
        print(f"a call takes {starts:.1f} starts of a program")
        assert starts < MOST_STARTS


def test_a_container_that_dies_is_started_by_the_next_call(wired):
    before = wired.started("store")
    wired.run("systemctl", "kill", "--signal=KILL", "container@store.service")
    wired.run("systemctl", "stop", "container@store.service")
    assert wired.call("/run/db.sock", b"again", of="web") == b"5"
    assert wired.started("store") != before


def test_a_container_that_cannot_start_is_tried_again_and_then_answers_who_waits(wired):
    """Its state directory is a link, until somebody mends that."""
    wired.run("systemctl", "stop", "container@store.service", "tesseraqt-state-store.service")
    kept = "/rw/tesseraqt/store/var/lib/kept"
    wired.run("sh", "-c", f"mv {kept} {kept}.away && ln -s /tmp {kept}")
    busy = wired.busy()
    waiting = wired.open("/run/db.sock", of="web")
    time.sleep(13)
    assert 1 <= wired.restarts("tesseraqt-state-store.service") <= 4
    assert wired.busy() - busy < 1
    wired.run("sh", "-c", f"rm {kept} && mv {kept}.away {kept}")
    assert waiting.communicate(b"patient", timeout=20)[0] == b"7\n"
    assert wired.call("/run/tesseraqt/api/store/port", b"x") == b"1"


def test_a_container_that_starts_by_itself_is_tried_again_until_it_does(wired):
    wired.run("mv", "/nix/store/web/payload", "/nix/store/web/away")
    wired.run("systemctl", "restart", "container@web.service", check=False)
    time.sleep(12)
    assert 1 <= wired.restarts("container@web.service") <= 4
    wired.run("mv", "/nix/store/web/away", "/nix/store/web/payload")
    wait_for(lambda: wired.active("container@web.service"))
    wait_for(lambda: wired.call("/run/tesseraqt/api/web/who", b"x") == b"1")


def test_a_container_is_as_hard_as_it_is_declared(qube):
    status = dict(
        line.split(":\t", 1)
        for line in qube.inside("web", "cat", "/proc/1/status").stdout.decode().splitlines()
        if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    dropped = (12, 13, 27, 30)  # NET_ADMIN, NET_RAW, MKNOD, AUDIT_CONTROL
    assert all(not int(status["CapBnd"], 16) >> number & 1 for number in dropped)
    [mapped] = qube.inside("web", "cat", "/proc/self/uid_map").stdout.decode().splitlines()
    assert mapped.split()[0] == "0"
    assert int(mapped.split()[1]) >= 65536
    assert qube.inside("web", "ls", "/sys/class/net").stdout == b"lo\n"
    hidden = ("daemon-socket", "db", "gcroots", "profiles")
    assert (
        qube.inside(
            "web", "find", *(f"/nix/var/nix/{name}" for name in hidden), "-type", "f"
        ).stdout
        == b""
    )
    for path in ("/run/qubes-service", "/run/tesseraqt/slots", "/rw"):
        assert qube.inside("web", "test", "-e", path, check=False).returncode != 0


def test_state_outlives_a_container_and_is_its_roots(qube):
    qube.call("/run/tesseraqt/api/store/port", b"")
    qube.inside("store", "sh", "-c", "echo something > /var/lib/kept/file; echo x > /var/lib/gone")
    qube.run("systemctl", "restart", "container@store.service")
    assert qube.inside("store", "cat", "/var/lib/kept/file").stdout == b"something\n"
    assert qube.inside("store", "stat", "--format=%u", "/var/lib/kept/file").stdout == b"0\n"
    assert qube.inside("store", "test", "-e", "/var/lib/gone", check=False).returncode != 0
    modes = qube.run("stat", "--format=%a %u", "/rw/tesseraqt", "/rw/tesseraqt/store").stdout
    assert modes == b"700 0\n700 0\n"


def test_nothing_is_left_failed_by_what_was_refused(qube):
    assert qube.run("systemctl", "--failed", "--plain", "--no-legend").stdout == b""
