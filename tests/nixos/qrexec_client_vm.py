# SPDX-License-Identifier: MIT
"""Stands for qrexec-client-vm and all that is behind it, up to the script of the service.

The directory in $QREXEC has ``allowed``, lines of a qube and a service, and ``api.sh``; with a
file ``old`` in it, this is one that does not know ``--use-stdin-socket``. The service gets two
socket pairs, as the real one does it (do_fork_exec in libqrexec/exec.c).
"""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

QREXEC = Path(os.environ["QREXEC"])
#: The agent of the qube that is called tells the service who calls.
SERVICE = {"QREXEC_REMOTE_DOMAIN": "work", **os.environ}
REFUSED = 126


def options(argv):
    """Whether stdin is the socket for both directions, and what else is said."""
    both = argv[:1] == ["--use-stdin-socket"]
    if both and (QREXEC / "old").exists():
        sys.exit(2)
    rest = argv[1:] if both else argv
    if rest[:1] == ["--help"]:
        sys.exit(0)
    return both, rest[1:] if rest[:1] == ["--"] else rest


def pump(source, sink, close):
    """Everything from one descriptor to another, and then its end."""
    while data := os.read(source, 65536):
        while data:
            data = data[os.write(sink, data) :]
    close()


def main():
    both, (qube, service) = options(sys.argv[1:])
    if f"{qube} {service}" not in (QREXEC / "allowed").read_text().splitlines():
        sys.exit(REFUSED)
    (ours_in, theirs_in), (ours_out, theirs_out) = socket.socketpair(), socket.socketpair()
    argument = service.partition("+")[2]
    called = subprocess.Popen(
        ["bash", QREXEC / "api.sh", argument], stdin=theirs_in, stdout=theirs_out, env=SERVICE
    )
    theirs_in.close()
    theirs_out.close()
    back = socket.socket(fileno=0) if both else None
    finish = (lambda: back.shutdown(socket.SHUT_WR)) if back else (lambda: os.close(1))
    forth = threading.Thread(
        target=pump,
        args=(0, ours_in.fileno(), lambda: ours_in.shutdown(socket.SHUT_WR)),
        daemon=True,
    )
    forth.start()
    pump(ours_out.fileno(), 0 if back else 1, finish)
    os._exit(called.wait())


main()
