# SPDX-License-Identifier: MIT
"""Debian's packages as one path of a store, fit to be the programs of a NixOS.

Usage: tree.py DIRECTORY    The directory is what tools/trixie made; it is changed in place.
"""

import shutil
import stat
import sys
from pathlib import Path

#: Nobody reads it, or a machine without a screen cannot use it.
DROPPED = (
    "usr/include",
    "usr/lib/x86_64-linux-gnu/libLLVM.so.19.1",
    "usr/lib/x86_64-linux-gnu/libz3.so.4",
    "usr/share/bug",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
)
#: What a distribution decides: Debian's would act beside NixOS' own.
POLICY = {
    "usr/lib/systemd/system": "units/systemd/system",
    "usr/lib/systemd/user": "units/systemd/user",
    "usr/lib/tmpfiles.d": "units/tmpfiles.d",
    "usr/lib/sysctl.d": "units/sysctl.d",
    "usr/lib/sysusers.d": "units/sysusers.d",
    "usr/lib/modprobe.d": "units/modprobe.d",
    "usr/lib/systemd/system-preset": "units/system-preset",
    "usr/lib/systemd/user-preset": "units/user-preset",
    "usr/lib/environment.d": "units/environment.d",
}
#: What scripts of packages would have set up.
LINKS = {"usr/bin/awk": "mawk", "usr/bin/sh": "bash", "usr/bin/which": "which.debianutils"}


def drop(tree):
    for name in DROPPED:
        path = tree / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def move_policy(tree):
    for name, elsewhere in POLICY.items():
        (tree / elsewhere).parent.mkdir(parents=True, exist_ok=True)
        if (tree / name).exists():
            (tree / name).rename(tree / elsewhere)


def make_links(tree):
    for name, target in LINKS.items():
        (tree / name).unlink(missing_ok=True)
        (tree / name).symlink_to(target)


def settle(tree):
    """No program of the tree is setuid, and no link leaves it but to nowhere."""
    for path in tree.rglob("*"):
        if path.is_symlink():
            target = str(path.readlink())
            if target.startswith("/") and target != "/dev/null":
                up = "../" * (len(path.relative_to(tree).parts) - 1)
                path.unlink()
                path.symlink_to(up + target[1:])
        elif path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID):
            path.chmod(0o755)


def main():
    tree = Path(sys.argv[1])
    drop(tree)
    move_policy(tree)
    make_links(tree)
    settle(tree)


main()
