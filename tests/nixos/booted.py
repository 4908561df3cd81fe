# SPDX-License-Identifier: MIT
"""A qube of real systemd: the units that NixOS makes of a root, and those of its containers.

It is a container itself, with a systemd of its own as its first process and the programs of
this machine. Containers in it are started by the very script, unit and flags that NixOS
makes, but what boots in them is this machine's systemd with the units of the guest, for no
NixOS can be built here.
"""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import new_socat
from nix_evaluation import HERE, NIXOS
from played import QUBESDB_READ, QUBESDB_WATCH, put
from small_systemd import put_units, skeleton

NEEDED = ("systemd-nspawn", "nsenter", "pgrep")


class Booted:
    """The qube."""

    def __init__(self, place, evaluated, services):
        """``services`` are further units of guests, by container and name."""
        self.root = place / "root"
        self.qube = self.root / "qube"
        self.evaluated = evaluated
        skeleton(self.root)
        for name in ("store", "var/nix/db", "var/nix/daemon-socket", "var/nix/profiles"):
            (self.root / "nix" / name).mkdir(parents=True)
        self._put_qube()
        for name in evaluated["confs"]:
            self._put_container(name, services.get(name, {}))
        self.process = self.leader = None

    def _put_qube(self):
        rules = [
            rule for rule in self.evaluated["tmpfiles"] if "tesseraqt" in rule or "/run/api" in rule
        ]
        flags = [
            f"f /run/qubes-service/{flag}"
            for flag in (*self.evaluated["flags"].values(), "tesseraqt-qube")
        ]
        rules = [rule for rule in rules if "qubes-rpc" not in rule]
        put_units(self.qube / "units", self.evaluated["units"], rules + flags)
        (self.qube / "tmpfiles.conf").symlink_to("units/tmpfiles.conf")
        client = '#!/bin/sh\nexec /usr/bin/python3 /qube/client.py "$@"\n'
        put(
            self.qube / "bin",
            {
                "qubesdb-read": QUBESDB_READ,
                "qubesdb-watch": QUBESDB_WATCH,
                "qrexec-client-vm": client,
            },
        )
        shutil.copy(HERE / "qrexec_client_vm.py", self.qube / "client.py")
        slots, limits = " ".join(self.evaluated["slots"]), self.evaluated["limits"]
        (self.qube / "rpc").mkdir()
        for name, place, said in (
            ("slot-relay.sh", self.qube, ""),
            ("slot-watch.sh", self.qube, f"slots='{slots}'\nlimits='{limits}'\n"),
            ("api.sh", self.qube / "rpc", f"limits='{limits}'\n"),
        ):
            (place / name).write_text(said + (NIXOS / name).read_text())
        for name, script in self.evaluated["states"].items():
            (self.qube / f"state-{name}").write_text(f"set -e\n{script}")
        self.allow()
        (self.qube / "qdb").mkdir()
        os.mkfifo(self.qube / "qdb" / "changes")

    def _put_container(self, name, services):
        guest, system = self.qube / "guests" / name, f"/nix/store/{name}"
        (self.root / system[1:]).mkdir()
        (self.root / system[1:] / "system").write_text("x86_64-linux")
        payload = "#!/bin/sh\nexport SYSTEMD_UNIT_PATH=/qube/units\nexec /lib/systemd/systemd\n"
        put(self.root / system[1:], {"payload": payload})
        units = {**self.evaluated["guests"][name]["units"], **services}
        links = [rule for rule in self.evaluated["guests"][name]["links"] if "/run/api/" in rule]
        put_units(guest / "units", units, links)
        (guest / "tmpfiles.conf").symlink_to("units/tmpfiles.conf")
        skeleton(guest / "root")
        conf = re.sub("SYSTEM_PATH=.*", f"SYSTEM_PATH={system}", self.evaluated["confs"][name])
        more = f" --register=no --bind-ro=/usr --bind-ro=/socat --bind-ro=/qube/guests/{name}:/qube"
        conf = re.sub('(EXTRA_NSPAWN_FLAGS="[^"]*)"', rf'\1{more}"', conf)
        (self.root / "etc" / "nixos-containers").mkdir(exist_ok=True)
        (self.root / "etc" / "nixos-containers" / f"{name}.conf").write_text(conf)
        (self.qube / f"start-{name}").write_text(self._start(name))

    def _start(self, name):
        text = re.sub(
            r"/nix/store/\S*/bin/systemd-nspawn",
            "/usr/bin/systemd-nspawn",
            self.evaluated["starts"][name],
        )
        text = re.sub(r"/nix/store/\S*-container-init", f"/nix/store/{name}/payload", text)
        return f'set -e\nmkdir -p "$root"\ncp -a /qube/guests/{name}/root/. "$root"\n{text}'

    def allow(self, *calls):
        (self.qube / "rpc" / "allowed").write_text("\n".join(calls))

    def say(self, party, text):
        """dom0 says where the slots of a container lead, and the qube hears of it."""
        (self.qube / "qdb" / f"tesseraqt-{party}").write_text(text)
        self.changes.write(f"tesseraqt-{party}\n")
        self.changes.flush()

    def start(self):
        argv = ["systemd-nspawn", "--quiet", f"--directory={self.root}", "--bind-ro=/usr"]
        argv += [f"--bind-ro={new_socat.DIRECTORY}:/socat"]
        # By that name nspawn keeps a directory on this machine, where others may test too.
        argv += ["--register=no", "--keep-unit", f"--machine=qube{os.getpid()}"]
        argv += ["--private-network", "--capability=all", "--console=pipe", "--kill-signal=SIGKILL"]
        (self.root.parent / "rw").mkdir()
        argv += [f"--bind={self.root.parent}/rw:/rw"]
        argv += ["--setenv=SYSTEMD_UNIT_PATH=/qube/units", "--boot"]
        argv += ["systemd.log_target=console"]
        # Else a container in it could not have a /proc of its own.
        env = {
            **os.environ,
            "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "yes",
            "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
        }
        log = (self.root.parent / "console").open("w")
        self.process = subprocess.Popen(
            argv, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        wait_for(self._found)
        self.changes = (self.qube / "qdb" / "changes").open("w")
        wait_for(lambda: self.active("default.target"))

    def _found(self):
        assert self.process.poll() is None, self.console()
        children = subprocess.run(
            ["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        self.leader = next(iter(children.stdout.split()), None)
        return self.leader and self.run("systemctl", "show", check=False).returncode == 0

    def console(self):
        return (self.root.parent / "console").read_text()

    def _entered(self, *argv):
        """The command that runs this one in the qube."""
        spaces = ("--mount", "--uts", "--ipc", "--net", "--pid")
        return ["nsenter", f"--target={self.leader}", *spaces, *argv]

    def run(self, *argv, check=True):
        """Runs a program in the qube."""
        argv = self._entered(*argv)
        return subprocess.run(argv, capture_output=True, check=check, timeout=60)

    def _payload(self, container):
        """The first process of a container."""
        nspawn = self.main(f"container@{container}")
        return self.run("pgrep", "-P", str(nspawn)).stdout.decode().split()[0]

    def inside(self, container, *argv, **how):
        """Runs a program in a container of the qube, as its root."""
        return self.run("nsenter", f"--target={self._payload(container)}", "--all", *argv, **how)

    def _client(self, where, of):
        """A program that says what it is given to an address, and what it is answered."""
        kind = "UNIX-CONNECT" if where.startswith("/") else "TCP4"
        client = ("/socat/socat", "-t", "20", "STDIO", f"{kind}:{where}")
        if of is not None:
            client = ("nsenter", f"--target={self._payload(of)}", "--all", *client)
        return self._entered(*client)

    def call(self, where, data, of=None):
        """What is answered, without its end of line, to a caller in the qube or a container."""
        argv = self._client(where, of)
        called = subprocess.run(argv, input=data, capture_output=True, check=False, timeout=30)
        return called.stdout.rstrip()

    def refused(self, where, of=None):
        """Whether a call ends at once, unanswered."""
        began = time.monotonic()
        return self.call(where, b"x", of) == b"" and time.monotonic() - began < 5

    def open(self, where, of=None):
        """A call that goes on."""
        return subprocess.Popen(
            self._client(where, of), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def leads(self, slot):
        """Where the qube has noted that a slot leads."""
        note = self.run("cat", f"/run/tesseraqt/wires/{slot}", check=False).stdout.decode()
        return note.partition(" ")[0]

    def started(self, container):
        """When this container was started."""
        shown = ("systemctl", "show", "--property=ExecMainStartTimestampMonotonic")
        return self.run(*shown, f"container@{container}").stdout

    def main(self, unit):
        """The main process of a unit; 0 if it has none."""
        return int(self.shown(unit, "MainPID"))

    def restarts(self, unit):
        """How often a unit was started again after it had failed."""
        return int(self.shown(unit, "NRestarts"))

    def shown(self, unit, key):
        argv = ("systemctl", "show", f"--property={key}", "--value", unit)
        return self.run(*argv).stdout.decode().strip()

    def busy(self):
        """The seconds of CPU that the first process of the qube has had."""
        numbers = Path(f"/proc/{self.leader}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, numbers[11:13])) / os.sysconf("SC_CLK_TCK")

    def going(self, slot):
        """How many calls go through a slot of the qube now: each is a child of a worker."""
        group = self.shown(slot, "ControlGroup")
        listed = self.run("cat", f"/sys/fs/cgroup/{group}/cgroup.procs", check=False)
        pids = listed.stdout.decode().split()
        asked = ("ps", "-o", "ppid=", "-p", ",".join(pids) or "0")
        main = str(self.main(slot))
        parents = self.run(*asked, check=False).stdout.decode().split()
        return sum(parent in pids and parent != main for parent in parents)

    def active(self, unit):
        return self.run("systemctl", "is-active", "--quiet", unit, check=False).returncode == 0

    def stop(self):
        self.changes.close()
        self.process.terminate()
        self.process.wait(20)


def wait_for(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
