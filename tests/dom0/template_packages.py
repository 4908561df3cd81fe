# SPDX-License-Identifier: MIT
"""Packages of templates, and the repositories that have them, for the simulated qvm-template.

A package is a JSON document named as an RPM would be: ``name`` (without ``qubes-template-``),
``epoch``, ``version``, ``release``, ``signed``, ``root_size`` in bytes, ``config`` (what
template.conf says) and ``announces`` (the features that the guest requests when it first runs).
Repositories are directories below ``repositories`` in the state directory; one that holds a file
``disabled`` is used only when somebody asks for it.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import os
from collections.abc import Iterator
from pathlib import Path

PREFIX = "qubes-template-"
COMMAND_LINE = "@commandline"


class SignatureVerificationError(Exception):
    """Nobody we trust has signed the package."""


@dataclasses.dataclass
class Package:
    """One template as it can be installed."""

    name: str
    epoch: str = "0"
    version: str = "4.3.0"
    release: str = "202511010000"
    signed: bool = True
    root_size: int = 20 * 1024**3
    config: dict[str, str] = dataclasses.field(default_factory=lambda: {"gui": "1", "qrexec": "1"})
    announces: dict[str, str] = dataclasses.field(default_factory=dict)
    buildtime: str = "2025-11-01 00:00:00"
    license: str = "GPL"
    url: str = "https://www.qubes-os.org"
    summary: str = "Qubes OS template"
    description: str = "Qubes OS template"
    reponame: str = COMMAND_LINE

    @property
    def evr(self) -> str:
        """Epoch, version and release, as they are compared."""
        return f"{self.epoch}:{self.version}-{self.release}"

    @property
    def full_name(self) -> str:
        """The name of the package, with its version."""
        return f"{PREFIX}{self.name}-{self.evr}"

    @property
    def age(self) -> list[int | str]:
        """The larger the newer."""
        words = f"{self.epoch}.{self.version}.{self.release}".replace("-", ".").split(".")
        return [int(word) if word.isdigit() else word for word in words]

    def write(self, directory: Path) -> Path:
        """The package is a file in the directory."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{self.full_name}.rpm"
        path.write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")
        return path

    def matches(self, spec: str) -> bool:
        """The specification means this package: its name, perhaps with a version."""
        names = [self.name, f"{self.name}-{self.evr}", f"{self.name}-{self.epoch}:{self.version}"]
        if self.epoch == "0":
            names += [f"{self.name}-{self.version}-{self.release}", f"{self.name}-{self.version}"]
        return any(fnmatch.fnmatch(name, spec) for name in names)


def read(path: str | Path, reponame: str = COMMAND_LINE) -> Package:
    """The package in that file."""
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    return Package(**{**document, "reponame": reponame})


def verified(path: str | Path, nogpgcheck: bool) -> Package:
    """The package in that file, if it is signed or if that does not matter."""
    package = read(path)
    if not package.signed and not nogpgcheck:
        raise SignatureVerificationError(
            "Signature verification failed: -: digests SIGNATURES NOT OK\n"
        )
    return package


def repositories() -> Path:
    """Where the repositories are."""
    return Path(os.environ["TESSERAQT_DOM0"], "repositories")


def enabled(wishes: list[tuple[str, str]]) -> list[str]:
    """The repositories used, after ``--enablerepo``, ``--disablerepo`` and ``--repoid``."""
    known = sorted(path.name for path in repositories().glob("*/"))
    only = [pattern for option, pattern in wishes if option == "repoid"]
    if only:
        return [name for name in known if any(fnmatch.fnmatch(name, p) for p in only)]
    used = {name for name in known if not (repositories() / name / "disabled").exists()}
    for option, pattern in wishes:
        matching = set(fnmatch.filter(known, pattern))
        used = used | matching if option == "enablerepo" else used - matching
    return sorted(used)


def available(wishes: list[tuple[str, str]], spec: str = "*") -> Iterator[Package]:
    """The packages in these repositories that the specification means."""
    for name in enabled(wishes):
        for path in sorted((repositories() / name).glob("*.rpm")):
            package = read(path, name)
            if package.matches(spec):
                yield package


def newest(packages: Iterator[Package]) -> dict[str, Package]:
    """One package for each template."""
    found: dict[str, Package] = {}
    for package in packages:
        if package.name not in found or found[package.name].age < package.age:
            found[package.name] = package
    return found
