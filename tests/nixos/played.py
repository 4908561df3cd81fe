# SPDX-License-Identifier: MIT
"""What Qubes has in a qube, played: QubesDB by files in one directory, which is $QDB."""

#: See qubesdb-cmd.c: 2 says that there is no such entry.
QUBESDB_READ = """#!/bin/sh
[ ! -e "$QDB/down" ] || exit 1
cat "$QDB/$(basename "$1")" 2> /dev/null || exit 2
"""

#: As the real one, it does not flush what it says; it ends when it is told so.
QUBESDB_WATCH = """#!/usr/bin/python3
import os, sys
assert sys.argv[1:] == ["-n", "-1", "/vm-config/"], sys.argv
for line in open(os.environ["QDB"] + "/changes"):
    if line == "end\\n":
        sys.exit(1)
    print("/vm-config/" + line, end="")
"""


def put(directory, programs):
    """Each of the programs is in the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in programs.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)
