# SPDX-License-Identifier: MIT
"""What a small systemd starts from: a root with little in it, units with programs that are here."""

import re
import shutil

PATH = "/qube/bin:/socat:/usr/bin:/usr/sbin:/bin:/sbin"
#: All that a small systemd starts from.
TARGETS = {
    "basic": "Requires=sysinit.target\nAfter=sysinit.target sockets.target\nWants=sockets.target",
    "default": "Requires=multi-user.target\nAfter=multi-user.target",
    "halt": "Requires=halt.service\nAfter=halt.service",
    "multi-user": "Requires=basic.target\nAfter=basic.target\nWants=machines.target",
}
BARE = ("final", "local-fs", "machines", "network", "paths", "shutdown", "sockets", "sysinit")
PASSWD = (
    "root:x:0:0::/:/bin/sh\n"
    "alice:x:1000:100::/:/bin/sh\n"
    "tesseraqt:x:990:990::/:/bin/sh\n"
    "nobody:x:65534:65534::/:/bin/sh\n"
)
GROUP = "root:x:0:\nusers:x:100:\ntesseraqt:x:990:\nnogroup:x:65534:\n"
HALT = "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=systemctl --force halt\n"
TMPFILES = "[Service]\nType=oneshot\nExecStart=systemd-tmpfiles --create /qube/tmpfiles.conf\n"


def here(text):
    """The text of a unit, with this machine's programs instead of the store's."""
    text = re.sub(r"/nix/store/\S*socat\S*/bin/socat", "/socat/socat", text)
    text = re.sub(
        r"/nix/store/\S*-tesseraqt-(slot-(?:relay|watch))\b", r"/bin/bash /qube/\1.sh", text
    )
    text = re.sub(r'^Environment="PATH=.*$', f'Environment="PATH={PATH}"', text, flags=re.M)
    text = re.sub(r"^Environment=.*/nix/store.*\n", "", text, flags=re.M)
    text = re.sub(r"^ExecStart(Pre|Post)=.*\n", "", text, flags=re.M)
    for unit, script in (("container_", "start-%i"), ("tesseraqt-state-", "state-%N")):
        run = f"ExecStart=/bin/bash /qube/{script}"
        text = re.sub(rf"^ExecStart=\S*{unit}\S*", run, text, flags=re.M)
    return text.replace("[Service]\n", "[Service]\nEnvironment=QDB=/qube/qdb QREXEC=/qube/rpc\n")


def put_units(directory, units, tmpfiles):
    """A systemd finds these units in the directory, and a service that keeps these rules."""
    directory.mkdir(parents=True)
    for name, said in {**dict.fromkeys(BARE, ""), **TARGETS}.items():
        (directory / f"{name}.target").write_text(f"[Unit]\nDefaultDependencies=no\n{said}\n")
    (directory / "tmpfiles.service").write_text(
        f"[Unit]\nDefaultDependencies=no\nBefore=sysinit.target\n{TMPFILES}"
    )
    (directory / "tmpfiles.conf").write_text("\n".join(tmpfiles) + "\n")
    pull(directory, "sysinit.target.wants", "tmpfiles.service")
    (directory / "halt.service").write_text(HALT)
    for name, unit in units.items():
        (directory / name).write_text(here(unit["text"]))
        for target in unit["wantedBy"]:
            pull(directory, f"{target}.wants", name)
        for target in unit["requiredBy"]:
            pull(directory, f"{target}.requires", name)


def pull(directory, pulled, name):
    (directory / pulled).mkdir(exist_ok=True)
    (directory / pulled / name).symlink_to(f"../{name}")


def skeleton(root):
    """A directory that a systemd can have as its root, once /usr is in it."""
    for name in ("usr", "etc", "tmp", "run", "var/lib", "proc", "sys", "dev", "root"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    for name, text in {
        "passwd": PASSWD,
        "group": GROUP,
        "resolv.conf": "",
        "machine-id": "",
    }.items():
        (root / "etc" / name).write_text(text)
    shutil.copy("/etc/os-release", root / "etc" / "os-release")
