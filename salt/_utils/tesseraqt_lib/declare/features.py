# SPDX-License-Identifier: MIT
"""Features, services and tags: which may be declared, and what each may hold.

qubesd stores some of them without a look, and the next start of the qube then fails
(``qubes/ext/vm_config.py`` and ``custom_persist.py`` check what is stored already).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.declare.values import Address, Scalar
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.shapes.mappings import Map
from tesseraqt_lib.shapes.scalars import INVALID, Flag, Nullable, Text, Whole

#: A QubesDB value is shorter than this, and its key at most 63 bytes with the directory.
QUBESDB_VALUE = 3071
VM_CONFIG_NAME, PERSIST_NAME = 52, 54
#: The client sends a feature in one request of at most 64 KiB.
LONGEST = 16384


@dataclass(frozen=True)
class FeatureValue:
    """A feature's text; yes is ``1`` and no is empty, as ``qubesadmin.features`` has it."""

    longest: int = LONGEST

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        if isinstance(raw, bool):
            return "1" if raw else ""
        return Scalar(self.longest).read(raw, at, problems)

    def schema(self) -> dict[str, Any]:
        return Scalar(self.longest).schema()


@dataclass(frozen=True)
class OwnName:
    """A name that is nobody else's to give: ``refused`` says why, or nothing."""

    text: Text
    refused: Callable[[str], str]

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        name = self.text.read(raw, at, problems)
        if name is not INVALID and (why := self.refused(name)):
            problems.add(at, why)
            return INVALID
        return name

    def schema(self) -> dict[str, Any]:
        return self.text.schema()


def feature_refused(name: str) -> str:
    """Why the feature may not be declared; empty when it may."""
    prefix, _, rest = name.partition(".")
    if prefix == "service":
        return f"is a service: write `services: {{{rest}: true}}`"
    if name.startswith(words.OWN_FEATURES):
        return "is tesseraqt's own record"
    if name in words.QUBES_FEATURES:
        return "is kept by Qubes itself"
    if name.startswith(f"vm-config.{words.PART}"):
        return "is kept by tesseraqt itself: write `containers:`"
    if prefix == "vm-config" and not (rest[:1].isalpha() and len(rest) <= VM_CONFIG_NAME):
        return f"vm-config names start with a letter and have up to {VM_CONFIG_NAME} characters"
    if prefix == "custom-persist" and not 0 < len(rest) <= PERSIST_NAME:
        return f"custom-persist names have 1 to {PERSIST_NAME} characters"
    return ""


def service_refused(name: str) -> str:
    """Why the service may not be declared; empty when it may."""
    if name == "meminfo-writer":
        how = "for no memory balancing write `prefs: {maxmem: 0}`, else leave both out"
        return f"Qubes makes `maxmem` of it: {how}"
    if name.startswith(words.PART):
        return "is kept by tesseraqt itself: write `containers:`"
    return ""


def tag_refused(name: str) -> str:
    """Why the tag may not be declared; empty when it may."""
    own, start = words.OWN_TAGS
    if name == own or name.startswith(start):
        return "is kept by tesseraqt itself"
    return "is kept by Qubes itself" if name.startswith(words.QUBES_TAGS) else ""


# Qubes would take a leading dash, and then its tools would take the name for an option.
FEATURE = Text(
    r"(?!-)[A-Za-z0-9_.-]{1,200}", "a feature is letters, digits, '-', '_' or '.', no '-' first"
)
SERVICE = Text(
    r"(?!-|\.{1,2}$)(?:app-dispvm\.[A-Za-z0-9_.-]{1,189}|[A-Za-z0-9_.-]{1,48})",
    "a service is up to 48 letters, digits, '-', '_' or '.', no '-' first",
)
TAG = Text(r"(?!-)[A-Za-z0-9_-]{1,200}", "a tag is letters, digits, '-' or '_', no '-' first")
PERSISTED = Text(
    r"/.*|(?:file|dir):[^:]*:[^:]*:[0-7]{1,4}:/.*",
    "custom-persist takes /path, or file or dir:owner:group:mode:/path",
    longest=QUBESDB_VALUE,
)
SECONDS = Text(r"-?[0-9]{1,6}(?:\.[0-9]{1,6})?", "a delay is seconds, in quotes if not whole")
NETMASK = Text(r"[0-9]|1[0-9]|2[0-4]|255(?:\.[0-9]{1,3}){3}", "a netmask is 0 to 24, or 255...")

FEATURES = Map(
    OwnName(FEATURE, feature_refused),
    Nullable(FeatureValue()),
    known={
        "net.fake-gateway": Nullable(Address(4)),
        "net.fake-ip": Nullable(Address(4)),
        "net.fake-netmask": Nullable(NETMASK),
        "preload-dispvm-delay": Nullable(SECONDS),
        "preload-dispvm-max": Nullable(Whole(0, 9999, "a number of disposables")),
    },
    prefixed={
        "custom-persist.": Nullable(PERSISTED),
        "vm-config.": Nullable(FeatureValue(QUBESDB_VALUE)),
    },
)
SERVICES = Map(OwnName(SERVICE, service_refused), Nullable(Flag()), listed=True)
TAGS = Map(OwnName(TAG, tag_refused), Nullable(Flag()), listed=True)
