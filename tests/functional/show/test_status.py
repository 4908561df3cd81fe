# SPDX-License-Identifier: MIT
"""What status tells of qubes that run: which units have failed, by what each qube says."""

import contextlib

import pytest
import salt.exceptions
from tesseraqt_lib.show import text

FLEET = {
    "templates": {"nixos": {"os": "nixos", "adopt": True}},
    "containers": {"web": None},
    "defaults": {"template": "nixos", "label": "blue", "prefs": {"netvm": "none"}},
    "qubes": {
        "work": {"containers": ["web"]},
        "wild": {"containers": ["web"]},
        "off": {"containers": ["web"]},
        "plain": {},
    },
}
SYSTEMCTL = """#!/bin/sh
case "$*" in
  "--machine=web --failed "*) echo "nginx.service loaded failed failed a web server" ;;
  "--failed "*) echo "tesseraqt-slot-web.db.socket loaded failed failed a slot" ;;
  "show container@"*)
    printf '%s\\n' Id=container@web.service ActiveState=active InvocationID=1 "" ;;
esac
"""


@pytest.fixture
def running(world, root):
    """A dom0 in which two qubes with containers and one without run."""
    for name in FLEET["qubes"]:
        world.add_qube(name, template="nixos", label="blue", tags=["tesseraqt"])
        world.power(name, "Halted" if name == "off" else "Running")
    return world


@pytest.fixture
def status(running, minion):
    """``status()``: the declared qubes as status tells them."""
    return lambda: minion.call(running, FLEET, "tesseraqt.status")["declared"]


def systemctl(world, name, text=SYSTEMCTL):
    program = world.path / "guests" / name / "root" / "run" / "wrappers" / "bin" / "systemctl"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(text)
    program.chmod(0o755)


def test_units_that_failed_are_told_of_the_qubes_that_run(running, minion, status):
    status()
    systemctl(running, "work")
    systemctl(running, "wild", "#!/bin/sh\n")
    before = running.snapshot()
    found = {name: one["failed"] for name, one in status().items() if "failed" in one}
    assert found == {"work": ["tesseraqt-slot-web.db.socket", "web/nginx.service"]}
    told = text.printed({"dom0": minion.call(running, FLEET, "tesseraqt.status")})
    assert "    failed units: tesseraqt-slot-web.db.socket, web/nginx.service" in told.splitlines()
    assert running.snapshot() == before
    assert running.qube("off")["power"] == "Halted"


def test_a_systemd_that_does_not_say_is_not_told_as_well(running, status):
    status()
    systemctl(running, "work", SYSTEMCTL.replace('echo "nginx', 'exit 1; echo "nginx'))
    systemctl(running, "wild", "#!/bin/sh\nexit 1\n")
    found = status()
    assert found["work"]["failed"] == ["tesseraqt-slot-web.db.socket", "web/unknown"]
    assert found["wild"]["failed"] == ["unknown"]


def test_a_qube_that_is_not_ours_is_asked_nothing(world, root, minion):
    for name in FLEET["qubes"]:
        world.add_qube(name, template="nixos", label="blue")
        world.power(name, "Running")
    with contextlib.suppress(salt.exceptions.SaltInvocationError):
        minion.call(world, FLEET, "tesseraqt.status")
    assert not (world.path / "guests").exists()


def test_what_a_qube_makes_up_is_no_unit(running, status):
    status()
    systemctl(
        running, "work", "#!/bin/sh\nprintf 'a;b\\n\\033[31mred\\n%s\\nok.service\\n' \"$(id)\"\n"
    )
    assert status()["work"]["failed"] == ["ok.service"]


def test_a_qube_that_does_not_answer_keeps_none_of_the_others(running, status, monkeypatch):
    status()
    systemctl(running, "work")
    (running.path / "guests" / "wild" / "manner").write_text("flood")
    found = status()
    assert found["wild"]["failed"] == [
        "not known: wild: health: its answer is longer than 65536 bytes"
    ]
    assert found["work"]["failed"] == ["tesseraqt-slot-web.db.socket", "web/nginx.service"]
