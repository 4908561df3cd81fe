# SPDX-License-Identifier: MIT
"""The watcher makes of the slots what dom0 says in QubesDB, as it says it."""

import os
import shutil
import subprocess
import time

import pytest
from nix_evaluation import NIXOS
from played import QUBESDB_READ, QUBESDB_WATCH, put

pytestmark = pytest.mark.skipif(not shutil.which("socat"), reason="there is no socat")

#: Of systemd: what it is told is noted, and which sockets there are now.
SYSTEMCTL = """#!/bin/sh
echo "$*" >> "$QDB/told"
verb=$1; shift
for unit; do
  case $verb,$unit in
    start,*.socket) : > "$QDB/sockets/$unit" ;;
    stop,*.socket) rm -f "$QDB/sockets/$unit" ;;
  esac
done
"""

NOTIFY = """#!/bin/sh
echo "$*" >> "$QDB/notified"
"""


class Wires:
    """The script at work."""

    def __init__(self, place, slots):
        self.place = place
        (place / "sockets").mkdir()
        os.mkfifo(place / "changes")
        programs = place / "bin"
        put(
            programs,
            {
                "qubesdb-read": QUBESDB_READ,
                "qubesdb-watch": QUBESDB_WATCH,
                "systemctl": SYSTEMCTL,
                "systemd-notify": NOTIFY,
            },
        )
        text = (NIXOS / "slot-watch.sh").read_text().replace("/run/tesseraqt", str(place))
        (place / "slot-watch.sh").write_text(f"slots={slots!r}\nlimits='store.few=2'\n{text}")
        self.env = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "QDB": str(place),
        }
        self.process = self.watched = None

    def say(self, party, text):
        (self.place / f"tesseraqt-{party}").write_text(text)

    def start(self):
        self.process = subprocess.Popen(
            ["bash", self.place / "slot-watch.sh"], stderr=subprocess.PIPE, text=True, env=self.env
        )
        self.watched = (self.place / "changes").open("w")
        wait_for((self.place / "notified").exists)

    def change(self, party):
        self.watched.write(f"tesseraqt-{party}\n")
        self.watched.flush()

    def sockets(self):
        return {path.name for path in (self.place / "sockets").iterdir()}

    def notes(self):
        wires = self.place / "wires"
        found = wires.rglob("*") if wires.exists() else ()
        return {str(path.relative_to(wires)): path.read_text() for path in found if path.is_file()}

    def told(self):
        return (self.place / "told").read_text().splitlines()

    def stop(self):
        """What it said until then."""
        self.process.terminate()
        self.watched.close()
        return self.process.communicate()[1]


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def wires(tmp_path):
    wires = Wires(tmp_path, "web/db web/cache qube/clock")
    yield wires
    if wires.process and wires.process.poll() is None:
        wires.stop()


def test_without_a_word_of_dom0_no_slot_has_a_socket(wires):
    wires.start()
    assert (wires.sockets(), wires.notes()) == (set(), {})


def test_a_wired_slot_has_its_socket_before_the_service_is_up(wires):
    wires.say("web", "db=store.sql")
    wires.say("qube", "clock=sys-time/ntp.now")
    wires.start()
    assert wires.sockets() == {"tesseraqt-slot-web.db.socket", "tesseraqt-slot-qube.clock.socket"}
    assert wires.notes() == {"web/db": "store.sql 8\n", "qube/clock": "sys-time/ntp.now 8\n"}


def test_a_slot_is_wired_and_unwired_while_the_qube_runs(wires):
    wires.start()
    wires.say("web", "db=store.sql cache=vault/redis.cache")
    wires.change("web")
    wait_for(lambda: len(wires.sockets()) == 2)
    wires.say("web", "db=store.sql")
    wires.change("web")
    wait_for(lambda: wires.notes() == {"web/db": "store.sql 8\n"})
    assert wires.sockets() == {"tesseraqt-slot-web.db.socket"}
    (wires.place / "tesseraqt-web").unlink()
    wires.change("web")
    wait_for(lambda: wires.sockets() == set())


def test_a_slot_that_leads_elsewhere_keeps_its_socket_and_ends_its_calls(wires):
    wires.say("web", "db=store.sql cache=store.cache")
    wires.start()
    (wires.place / "told").write_text("")
    wires.say("web", "db=vault/store.sql cache=store.cache")
    wires.change("web")
    wait_for(lambda: wires.notes()["web/db"] == "vault/store.sql 8\n")
    wait_for(lambda: "stop tesseraqt-slot-web.db.service" in wires.told())
    assert [line for line in wires.told() if line.startswith("stop")] == [
        "stop tesseraqt-slot-web.db.service"
    ]
    assert len(wires.sockets()) == 2


def test_a_relay_is_told_how_many_calls_an_api_of_the_qube_takes(wires):
    wires.say("web", "db=store.few cache=vault/store.few")
    wires.start()
    assert wires.notes() == {"web/db": "store.few 2\n", "web/cache": "vault/store.few 8\n"}


def test_what_changed_before_the_watch_was_there_is_seen_too(wires):
    wires.start()
    wires.say("web", "db=store.sql")
    wait_for(lambda: wires.sockets() == {"tesseraqt-slot-web.db.socket"})


WRONG = [
    "db",
    "db=",
    "=store.sql",
    "db=store",
    "db=store.sql.x",
    "db=/store.sql",
    "db=a/b/store.sql",
    "db=../store.sql",
    "db=-x/store.sql",
    "db=Store.sql",
    "db=store.sql,fork",
    "DB=store.sql",
    "other=store.sql",
    "db=$(reboot).sql",
    "db=@dispvm/store.sql",
    "db=*.sql",
]


@pytest.mark.parametrize("word", WRONG)
def test_what_is_no_wire_is_told_and_has_no_effect(wires, word):
    wires.say("web", f"{word} cache=store.cache")
    wires.start()
    assert wires.notes() == {"web/cache": "store.cache 8\n"}
    assert "web: this is no wire of its: " in wires.stop()


def test_a_slot_cannot_lead_to_two_places(wires):
    wires.say("web", "db=store.sql db=vault/store.sql")
    wires.start()
    assert wires.notes() == {"web/db": "store.sql 8\n"}
    assert "web: this is no wire of its: db=vault/store.sql" in wires.stop()


def test_while_qubesdb_does_not_answer_everything_stays(wires):
    wires.say("web", "db=store.sql")
    wires.start()
    (wires.place / "down").touch()
    wires.change("web")
    time.sleep(0.5)
    assert wires.notes() == {"web/db": "store.sql 8\n"}
    assert wires.sockets() == {"tesseraqt-slot-web.db.socket"}


def test_where_a_slot_leads_now_cannot_be_noted_it_leads_nowhere_until_it_can(wires):
    wires.say("web", "db=store.sql cache=store.cache")
    wires.start()
    # In the place of the new note, as a file system is that is full.
    (wires.place / "wires" / "web" / "db.new").mkdir()
    wires.say("web", "db=vault/store.sql cache=store.cache")
    wires.change("web")
    wait_for(lambda: wires.sockets() == {"tesseraqt-slot-web.cache.socket"})
    wait_for(lambda: wires.notes() == {"web/cache": "store.cache 8\n"})
    wait_for(lambda: "stop tesseraqt-slot-web.db.service" in wires.told())
    (wires.place / "wires" / "web" / "db.new").rmdir()
    wait_for(lambda: wires.notes().get("web/db") == "vault/store.sql 8\n")
    wait_for(lambda: len(wires.sockets()) == 2)


def test_a_qubesdb_that_never_answers_holds_up_nothing(wires):
    wires.say("web", "db=store.sql")
    wires.start()
    (wires.place / "bin" / "qubesdb-read").write_text("#!/bin/sh\nexec sleep 600\n")
    wires.change("web")
    time.sleep(0.5)
    put(wires.place / "bin", {"qubesdb-read": QUBESDB_READ})
    wires.say("qube", "clock=sys-time/ntp.now")
    wires.change("qube")
    wait_for(lambda: "qube/clock" in wires.notes(), 30)
    assert wires.notes()["web/db"] == "store.sql 8\n"


def test_when_the_watch_ends_it_ends_and_systemd_starts_it_again(wires):
    wires.start()
    wires.watched.write("end\n")
    wires.watched.flush()
    assert wires.process.wait(10) == 1


def test_started_again_it_goes_on_without_ending_calls(wires):
    wires.say("web", "db=store.sql")
    wires.start()
    wires.stop()
    (wires.place / "told").write_text("")
    (wires.place / "notified").unlink()
    wires.start()
    assert wires.told() == ["start tesseraqt-slot-web.db.socket"]
