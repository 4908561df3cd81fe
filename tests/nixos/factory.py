# SPDX-License-Identifier: MIT
"""A root file system with a NixOS that the modules of a real nixpkgs make and nix builds.

Its programs are Debian's: no NixOS package is needed, and no network but for fetching those. What
was made is kept in a directory, and made again when what it is made from has changed.
"""

import hashlib
import json
import shutil
import subprocess

import package_names
from nix_evaluation import HERE

DEBIAN = HERE / "debian"
TRIXIE = HERE.parent.parent / "tools" / "trixie"
#: What no package of nixpkgs is, and scripts of NixOS or of tests need nevertheless.
MORE = (
    "ca-certificates",
    "libconfig-inifiles-perl",
    "libfile-slurp-perl",
    "libjson-perl",
    "libnet-dbus-perl",
    "mawk",
    "netbase",
)
DIRECTORIES = (
    "bin",
    "boot",
    "dev",
    "etc",
    "home",
    "lib64",
    "nix",
    "proc",
    "root",
    "run",
    "rw",
    "sbin",
    "sys",
    "tmp",
    "usr",
    "var",
)


def programs():
    return json.loads((DEBIAN / "programs.json").read_text())


def debs():
    return sorted({deb for listed in programs().values() for deb in listed}.union(MORE))


def digest(*values):
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def contents(directory):
    """What tells whether any file below this one has changed."""
    paths = [
        path for path in sorted(directory.rglob("*")) if path.suffix in (".nix", ".json", ".sh", "")
    ]
    return [
        (str(path.relative_to(directory)), path.stat().st_size, path.stat().st_mtime_ns)
        for path in paths
        if path.is_file()
    ]


def added(root, path):
    """The path in the store of this root of a directory that is added to it."""
    command = ("nix-store", "--store", str(root), "--add", str(path))
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class Factory:
    """Makes the root; ``kept`` is the directory with what was made."""

    def __init__(self, kept, nixpkgs):
        self.kept, self.nixpkgs = kept.resolve(), nixpkgs
        kept.mkdir(parents=True, exist_ok=True)

    def root(self):
        """The root, made if need be."""
        ours = [
            path.read_text()
            for place in (DEBIAN, HERE / "qube_programs")
            for path in sorted(place.iterdir())
            if path.is_file()
        ]
        theirs = [contents(self.nixpkgs / name) for name in ("lib", "nixos/modules")]
        key = digest(debs(), ours, theirs, (HERE / "machine.nix").read_text())
        root = self.kept / f"root-{key}"
        if not (root / "ready").exists():
            for old in self.kept.glob("root-*"):
                shutil.rmtree(old)
            self._make(root)
            (root / "ready").touch()
        return root

    def _debian(self):
        """Debian's tree, unpacked and fit for a store."""
        tree = self.kept / f"debian-{digest(debs(), (DEBIAN / 'tree.py').read_text())}"
        if not tree.exists():
            for old in self.kept.glob("debian-*"):
                shutil.rmtree(old)
            new = tree.with_name("new-debian")
            shutil.rmtree(new, ignore_errors=True)
            subprocess.run([TRIXIE, new, *debs()], check=True)
            subprocess.run(["python3", DEBIAN / "tree.py", new], check=True)
            new.rename(tree)
        return tree

    def _compose(self, root, debian):
        """The nixpkgs of the root: the modules of a real one, and packages of ours."""
        made = self.kept / "nixpkgs"
        shutil.rmtree(made, ignore_errors=True)
        shutil.copytree(DEBIAN, made, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        shutil.copytree(self.nixpkgs / "lib", made / "lib", symlinks=True)
        shutil.copytree(self.nixpkgs / "nixos", made / "nixos", symlinks=True)
        (made / "debian").write_text(f"{debian}\n")
        (made / "names.json").write_text(json.dumps(package_names.of_tree(made / "nixos")))
        listed = made / "nixos" / "modules" / "module-list.nix"
        listed.rename(listed.with_name("module-list-of-nixos.nix"))
        listed.write_text("[ ../../module.nix ] ++ import ./module-list-of-nixos.nix\n")
        return added(root, made)

    def _make(self, root):
        for name in DIRECTORIES:
            (root / name).mkdir(parents=True)
        debian = added(root, self._debian())
        (root / "lib64" / "ld-linux-x86-64.so.2").symlink_to(
            f"{debian}/usr/lib64/ld-linux-x86-64.so.2"
        )
        for name in ("lib", "share", "bin"):
            (root / "usr" / name).symlink_to(f"{debian}/usr/{name}")
        (root / "bin" / "sh").symlink_to(f"{debian}/usr/bin/bash")
        (root / "usr" / "sbin").symlink_to(f"{debian}/usr/sbin")
        nixpkgs = self._compose(root, debian)
        channels = root / "nix" / "var" / "nix" / "profiles" / "per-user" / "root" / "channels"
        channels.mkdir(parents=True)
        (channels / "nixpkgs").symlink_to(nixpkgs)
        configuration = root / "etc" / "nixos"
        configuration.mkdir()
        shutil.copy(HERE / "machine.nix", configuration / "configuration.nix")
        shutil.copytree(HERE / "qube_programs", configuration / "qube_programs")
        self._build(root, nixpkgs)

    def _build(self, root, nixpkgs):
        """The first system, as an installer would make it."""
        build = (
            f"nix-build {nixpkgs}/nixos -A system -I nixos-config=/etc/nixos/configuration.nix"
            " --out-link /tmp/result && "
            "nix-env -p /nix/var/nix/profiles/system --set /tmp/result && rm /tmp/result"
        )
        (root / "etc" / "passwd").write_text("root:x:0:0::/root:/bin/sh\n")
        (root / "etc" / "group").write_text("root:x:0:\n")
        inside(root, build)
        for name in ("bin", "sbin"):
            (root / "usr" / name).unlink()
        (root / "etc" / "NIXOS").touch()


def inside(root, script):
    """Runs a shell script with the root as its file system, before anything boots in it."""
    nspawn = (
        "systemd-nspawn",
        "--quiet",
        "--register=no",
        "--keep-unit",
        "--as-pid2",
        "--private-network",
    )
    never = ("--resolv-conf=off", "--timezone=off", "--link-journal=no")
    variables = {"PATH": "/usr/bin:/usr/sbin", "NIX_CONFIG": "build-users-group =\nsandbox = false"}
    told = [f"--setenv={name}={value}" for name, value in variables.items()]
    argv = [*nspawn, *never, *told, f"--directory={root}", "/bin/sh", "-ec", script]
    done = subprocess.run(
        argv, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-6000:]
