# SPDX-License-Identifier: MIT
"""Programs that call, to be run in a qube or a container by Python."""

#: How many calls, in a row or at once, or of how many bytes; each is answered with its size. Of
#: those in a row it says how many starts of a program one takes: both wait for a busy machine.
CALLER = """
import socket, statistics, subprocess, sys, time, concurrent.futures as futures
def seconds(function, *arguments):
    began = time.monotonic()
    function(*arguments)
    return time.monotonic() - began
def call(size):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect("/run/api/db")
        rest = size
        while rest:
            rest -= one.send(bytes(min(rest, 1 << 20)))
        one.shutdown(socket.SHUT_WR)
        said = one.makefile("rb").read()
        assert said == b"%d\\n" % size, (size, said)
mode, number = sys.argv[1], int(sys.argv[2])
if mode == "in-a-row":
    rounds = [(seconds(call, size), seconds(subprocess.run, ["true"])) for size in range(number)]
    call, start = map(statistics.median, zip(*rounds))
    print(call / start)
elif mode == "at-once":
    with futures.ThreadPoolExecutor(number) as pool:
        list(pool.map(call, range(number)))
else:
    call(number)
"""

#: Says after how many seconds its call was over, in which it says nothing.
SILENT = """
import socket, time
one, began = socket.socket(socket.AF_UNIX), time.monotonic()
one.connect("/run/tesseraqt/api/web/mute")
{half}
assert one.recv(1) == b""
print(time.monotonic() - began)
"""
