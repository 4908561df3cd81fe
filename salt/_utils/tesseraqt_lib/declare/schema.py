# SPDX-License-Identifier: MIT
"""The shapes of whole declarations: what may stand where in pillar, and in a state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.declare import values
from tesseraqt_lib.declare.apis import API, Number
from tesseraqt_lib.declare.containers import (
    CONTAINER,
    CONTAINER_NAME,
    CONTAINERS,
    NIXOS,
    QUBE_CONTAINERS,
    TOLD,
)
from tesseraqt_lib.declare.devices import DEVICES
from tesseraqt_lib.declare.features import FEATURES, SERVICES, TAGS
from tesseraqt_lib.declare.firewall import FirewallRule
from tesseraqt_lib.declare.properties import GLOBAL_PREFS, PREFS, PROPERTIES
from tesseraqt_lib.problems import Problems, joined
from tesseraqt_lib.shapes.mappings import Listed, Map, Record, Section, Shared, Short
from tesseraqt_lib.shapes.scalars import Boolean, Choice, Flag, Nullable, Shape, Text, Whole

#: What everybody tries first, and where it stands.
ELSEWHERE = {name: f"properties stand below `prefs:`, as `{name}`" for name in PROPERTIES}
#: What the states ``qvm.vm`` and its like of Qubes call what stands here by another name.
OF_QVM = {
    "actions": "what is declared is made so; no list of actions is needed",
    "gone": "write `absent: true`",
    "pcidevs": "write `devices: {pci: {...}}`",
    "present": "whatever is declared is made; write its keys here",
    "shutdown": "write `running: false`",
    "start": "write `running: true`",
}


def one_autostart(read: Mapping[str, Any], at: str, problems: Problems) -> None:
    """``autostart`` is short for the property, and not said beside it."""
    if "autostart" in read and "autostart" in read.get("prefs", {}):
        problems.add(joined(at, "autostart"), "stands below `prefs:` too; keep one of them")


def one_source(read: Mapping[str, Any], at: str, problems: Problems) -> None:
    """A template comes out of a repository or out of a local package of known content."""
    if "rpm" in read and "sha256" not in read and joined(at, "sha256") not in problems.blamed:
        problems.add(at, "a local `rpm:` needs its `sha256:`")
    if "sha256" in read and "rpm" not in read and joined(at, "rpm") not in problems.blamed:
        problems.add(joined(at, "sha256"), "is of no `rpm:`; what a repository has is signed")
    for key in ("repository", "version"):
        if "rpm" in read and key in read:
            problems.add(joined(at, key), "goes only with a repository, not with `rpm:`")


VOLUME = Short(
    "size",
    Record({"size": values.Size(), "revisions_to_keep": Whole(0, 100, "a small number")}),
)
INSTALL = Record(
    {"repository": values.WORD, "version": values.WORD, "rpm": values.RPM, "sha256": values.SHA256},
    together=one_source,
    rules={
        "dependentRequired": {"rpm": ["sha256"], "sha256": ["rpm"]},
        "not": {
            "required": ["rpm"],
            "anyOf": [{"required": ["repository"]}, {"required": ["version"]}],
        },
    },
)
#: The parts of a declaration that stand in several places, by their titles in JSON Schema.
SHARED = (
    Shared("label", values.LABEL),
    Shared("prefs", PREFS),
    Shared("features", FEATURES),
    Shared("services", SERVICES),
    Shared("tags", TAGS),
    Shared("volumes", Record({"private": VOLUME, "root": VOLUME})),
    Shared("firewall", Nullable(Listed(FirewallRule()))),
    Shared("restart", Choice(("never", "when_needed"))),
    Shared("devices", DEVICES),
)
TITLED = {shared.title: shared for shared in SHARED}

#: What defaults and every kind of qube may say.
COMMON: Mapping[str, Shape] = {
    title: shared for title, shared in TITLED.items() if title != "devices"
}
PER_QUBE: Mapping[str, Shape] = {
    "os": Choice(words.SYSTEMS),
    "devices": TITLED["devices"],
    "autostart": Nullable(Boolean()),
    "nixos": Section(NIXOS),
    "running": Flag(),
    "adopt": Flag(),
    "absent": Flag(),
    "protect": Flag(),
}

DEFAULTS = Record(
    {**COMMON, "template": values.QubeName()},
    elsewhere={**ELSEWHERE, "class": "each qube says its own, or is an AppVM"},
)
TEMPLATE = Record(
    {**COMMON, **PER_QUBE, "clone": values.QubeName(), "install": INSTALL},
    elsewhere={
        **ELSEWHERE,
        **OF_QVM,
        "class": "everything below `templates:` is a TemplateVM",
        "template": "a TemplateVM has none; `clone:` copies another one",
        "containers": "qubes have containers; name them below `qubes:`",
    },
    together=one_autostart,
    rules={"not": {"required": ["clone", "install"]}},
)
QUBE = Record(
    {
        **COMMON,
        **PER_QUBE,
        "class": Choice(words.CLASSES),
        "template": values.QubeName(),
        "containers": QUBE_CONTAINERS,
    },
    elsewhere={
        **ELSEWHERE,
        **OF_QVM,
        "clone": "only templates are cloned: see `templates:`",
        "install": "only templates are installed: see `templates:`",
    },
    together=one_autostart,
)
#: How many roots may be worked on at once.
JOBS = Number(1, 64, "a small number")
FLEET = Record(
    {
        "defaults": Section(DEFAULTS),
        "templates": Section(Map(values.QubeName(), Section(TEMPLATE))),
        "qubes": Section(Map(values.QubeName(), Section(QUBE))),
        "containers": Section(CONTAINERS),
        "globals": Section(GLOBAL_PREFS),
        "nixos_only": Choice(("enforce", "warn", "off"), {False: "off"}),
        "jobs": JOBS,
        "trust": Listed(values.LABEL),
    }
)
#: What the state ``present`` takes, whatever the kind of qube.
DECLARATION = Record(
    {
        **{
            key: shape
            for key, shape in {**TEMPLATE.fields, **QUBE.fields}.items()
            if key not in ("absent", "nixos", "os")
        },
        "existing": Flag(),
    },
    elsewhere={
        **ELSEWHERE,
        "absent": "write a state tesseraqt.absent",
        "nixos": "write a state tesseraqt.deployed",
        "os": "what a qube runs is declared in pillar",
    },
    together=one_autostart,
)
#: What the state ``restarted`` takes.
RESTARTED = Record(
    {
        "root": values.QubeName(),
        "parts": Map(API, Text(r"[0-9a-f]{12}", "a fingerprint is 12 hexadecimal digits")),
        "restart": TITLED["restart"],
    },
    required=("root", "parts"),
)
#: What the states take that halt qubes for a change, and start them again.
CHAIN = Record(
    {key: Listed(values.QubeName()) for key in ("qubes", "for_good", "adopt")},
    required=("qubes",),
)
#: What the state ``halted_for_restart`` takes.
RESTARTS = Record(
    {"systems": Map(values.QubeName(), RESTARTED), "qubes": Listed(values.QubeName())},
    required=("systems", "qubes"),
)
#: What the state ``deployed`` takes as ``system``: what one root is told.
DOCUMENT = Record({"containers": Map(CONTAINER_NAME, TOLD), "root": TOLD})
#: And as ``modules``.
MODULES = CONTAINER.fields["modules"]
#: What the state ``absent`` takes.
ABSENT = Record({"adopt": Flag(), "protect": Flag(), "running": Flag()})


def json_schema() -> dict[str, Any]:
    """What pillar may hold below ``tesseraqt``, as JSON Schema: made from the same shapes."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tesseraqt",
        "description": "What pillar may hold below the key `tesseraqt`; see docs/pillar.md.",
        **FLEET.schema(),
        "$defs": {shared.title: shared.inner.schema() for shared in SHARED},
    }
