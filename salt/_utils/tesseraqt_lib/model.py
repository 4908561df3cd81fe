# SPDX-License-Identifier: MIT
"""The nouns: what a declaration says, what a machine has, and the steps between.

Values are the text that Qubes stores. In the maps of a declaration ``None`` means
"as Qubes has it by default": a property reset, a feature or service unset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tesseraqt_lib import marks

Settings = Mapping[str, str | None]


@dataclass(frozen=True)
class Repository:
    """A template comes from a repository that ``qvm-template`` knows."""

    name: str | None = None
    version: str | None = None


@dataclass(frozen=True)
class Package:
    """A template comes from a local RPM whose content has this sha256."""

    rpm: str
    sha256: str


@dataclass(frozen=True)
class Volume:
    """What is declared of one volume: bytes at least, revisions kept."""

    size: int | None = None
    revisions_to_keep: str | None = None


@dataclass(frozen=True)
class Device:
    """One assignment: of what, how it is attached, with which options."""

    #: A port (``dom0:00_14.0``), or a device in it or in any (``sys-usb:*:1050:0407::u030101``).
    port: str
    mode: str = "required"
    options: Mapping[str, str] = field(default_factory=dict)
    absent: bool = False


@dataclass(frozen=True)
class Wire:
    """Where a slot leads: ``container.api``, or ``qube/container.api``."""

    to: str
    #: Qubes asks a person each time.
    ask: bool = False
    #: It may lead from a less trusted label to a more trusted one.
    trust: bool = False


@dataclass(frozen=True)
class System:
    """What is declared of the NixOS of a root, as a whole."""

    #: What the NixOS module is told of the root itself: packages, config, modules, APIs, slots.
    declared: Mapping[str, Any] = field(default_factory=dict)
    #: ``auto``, ``file``, or the name of a configuration in the flake.
    configuration: str = "auto"
    generations: int = 5
    #: ``boot`` or ``switch``.
    activation: str = "boot"
    #: Seconds in which a switched system has to show that it is well.
    confirm: int = 120


@dataclass(frozen=True)
class Qube:
    """A declared qube of any class. What is not declared is ``None`` or empty: left alone."""

    name: str
    klass: str | None = None
    template: str | None = None
    label: str | None = None
    clone: str | None = None
    install: Repository | Package | None = None
    os: str | None = None
    prefs: Settings = field(default_factory=dict)
    features: Settings = field(default_factory=dict)
    services: Settings = field(default_factory=dict)
    tags: Mapping[str, bool] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    firewall: tuple[str, ...] | None = None
    devices: Mapping[str, Mapping[str, Device]] = field(default_factory=dict)
    containers: tuple[str, ...] = ()
    #: Whether that says all of them; else they are left alone.
    all_containers: bool = False
    #: By container and slot (``web.db``), ``qube`` for the qube as such.
    wires: Mapping[str, Wire] = field(default_factory=dict)
    #: Whether the qube as such provides or consumes.
    itself: bool = False
    nixos: System | None = None
    running: bool | None = None
    restart: str = "never"
    #: Declared only to be named by others: it must be there already.
    existing: bool = False
    adopt: bool = False
    absent: bool = False
    #: Whether neither ``absent`` nor ``prune`` takes it; ``None`` if nothing is said.
    protect: bool | None = None

    @property
    def managed(self) -> bool:
        """Whether anything at all is declared that tesseraqt would have to keep true."""
        said = replace(
            self, klass=None, os=None, existing=False, restart="never", all_containers=False
        )
        return said != Qube(self.name)

    @property
    def source(self) -> str | None:
        """The qube whose settings a new one gets as its own.

        ``qvm-clone`` copies them, ``qvm-create`` does for a StandaloneVM on a template, and
        qubesd for a DispVM (``qubes/vm/dispvm.py``).
        """
        return self.clone or (self.template if self.klass in ("StandaloneVM", "DispVM") else None)

    @property
    def made_whole(self) -> bool:
        """Whether making it copies volumes, so that half of it is worth nothing."""
        copied = self.klass == "StandaloneVM" and self.template is not None
        return copied or self.clone is not None or self.install is not None


@dataclass(frozen=True)
class Fleet:
    """Everything that pillar declares."""

    templates: Mapping[str, Qube] = field(default_factory=dict)
    qubes: Mapping[str, Qube] = field(default_factory=dict)
    containers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    globals: Settings = field(default_factory=dict)
    nixos_only: str = "enforce"
    #: How many roots are worked on at once.
    jobs: int = 4
    #: Labels from the least trusted to the most.
    trust: tuple[str, ...] = ()
    #: What every qube has that declares nothing else.
    defaults: Qube = field(default_factory=lambda: Qube(""))

    @property
    def all(self) -> Mapping[str, Qube]:
        """Templates and qubes alike, by name."""
        return {**self.templates, **self.qubes}


@dataclass(frozen=True)
class Value:
    """A property as it is: its text, and whether that is the default."""

    text: str
    default: bool


#: What a property is of which nothing is known.
UNSET = Value("", True)


@dataclass(frozen=True)
class Have:
    """What a machine has under a name, as far as a declaration speaks of it."""

    name: str
    klass: str
    state: str
    tags: frozenset[str]
    template: str = ""
    label: str = ""
    prefs: Mapping[str, Value] = field(default_factory=dict)
    features: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    firewall: tuple[str, ...] = ()
    devices: Mapping[str, Mapping[str, Device]] = field(default_factory=dict)
    #: tesseraqt began to make this qube and did not come to mark it.
    unfinished: bool = False
    #: It did not even come to the end of the one step that makes it.
    half: bool = False
    #: tesseraqt halted this qube for a change and did not come to start it again.
    stopped: bool = False
    #: Which qube this is, whoever has its name: its uuid, or its number where Qubes has none.
    identity: str = ""
    #: Whether ``maxmem`` can change while the qube runs.
    hotplug: bool = True
    #: Not seen but predicted: what it does not show is unknown.
    predicted: bool = False

    def pref(self, name: str) -> Value:
        """A property, as by default where the qube does not show it."""
        return self.prefs.get(name, UNSET)

    def is_on(self, name: str) -> bool:
        """Whether a property that is true or false is true."""
        return self.pref(name).text == "True"

    @property
    def halted(self) -> bool:
        """Whether the qube is off."""
        return self.state == "Halted"

    @property
    def owned(self) -> bool:
        """Whether tesseraqt made this qube or was told to adopt it."""
        return self.unfinished or marks.owner(self.name, self.tags) in ("made", "adopted")


@dataclass(frozen=True)
class Step:
    """One change: what, from which value to which, and the command that makes it."""

    #: ``qube`` (it is made or removed), ``power`` (started or halted), ``restart`` (halted for
    #: the steps that follow, or started again), or what is set: ``label``, ``prefs.netvm``,
    #: ``features.NAME``, ``volumes.private.size`` and so on.
    what: str
    old: str | None
    new: str | None
    argv: tuple[str, ...]
    stdin: str | None = None
    #: Checked and copied aside before the command may read it.
    package: Package | None = None
    #: It takes something away, or settles what a new qube must never have otherwise: a qube that
    #: is made and cannot be confined so is not kept.
    confines: bool = False


@dataclass(frozen=True)
class Plan:
    """The steps for one qube in their order, and what stands in the way of them."""

    name: str
    steps: tuple[Step, ...] = ()
    refusals: tuple[str, ...] = ()
    #: What a person should know, and nothing is done about.
    notes: tuple[str, ...] = ()
    #: Whether the qube is declared to be taken over: the door refuses what nobody owns.
    adopts: bool = False
    #: The states that it requires and that cannot come true: so nothing is planned.
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunningSystem:
    """A qube that is to run what its root has: its root, and the fingerprints of its parts."""

    name: str
    root: str
    parts: Mapping[str, str] = field(default_factory=dict)
    restart: str = "never"


@dataclass(frozen=True)
class Chain:
    """Qubes that are halted or started together, in that order."""

    qubes: tuple[str, ...]
    #: Those that are halted for good.
    for_good: tuple[str, ...] = ()
    #: Those that are declared to be taken over.
    adopt: tuple[str, ...] = ()


@dataclass(frozen=True)
class Restarts:
    """What qubes are to run, and which qubes may be restarted for that."""

    systems: tuple[RunningSystem, ...]
    allowed: tuple[str, ...]
