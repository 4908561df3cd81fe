# SPDX-License-Identifier: MIT
"""The properties of qubes and of the machine, and the shape of each.

They are those of qubesd 4.4 (``qubes/vm/*.py``, ``qubes/vm/mix/*.py``, ``qubes/app.py``).
A newer one takes any plain value, and qubesd judges it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib import vocabulary as words
from tesseraqt_lib.declare.values import NATURAL, POSITIVE, WORD, Address, Reference, Scalar
from tesseraqt_lib.problems import Problems, nearest
from tesseraqt_lib.shapes.mappings import Map
from tesseraqt_lib.shapes.scalars import INVALID, Boolean, Choice, Nullable, Shape, Text

QUBE = Reference()
QUBE_OR_DOM0 = Reference(also=("dom0",))
KERNEL = Text(
    r"(?!-|\.{1,2}$)[A-Za-z0-9._+-]{0,128}",
    "a kernel is one of /var/lib/qubes/vm-kernels, or empty for the qube's own",
)
#: It ends in libvirt's XML and on a command line: nothing that means something in XML or quotes.
KERNELOPTS = Text(
    r"""[^"'<>&`\\]{0,512}""", "kernel options are up to 512 characters, without quotes"
)
USER = Text(r"[A-Za-z0-9_+,.][A-Za-z0-9_+,.-]{0,63}", "a user is letters, digits or one of _-+,.")


def sorted_codes(text: str) -> str:
    """Interface codes as qubesd stores them: each once, in order (``_setter_denied_list``)."""
    return "".join(sorted({text[at : at + 7] for at in range(0, len(text), 7)}))


#: Every property that a qube may have set, by its Qubes name (``qvm-prefs --help-properties``).
PROPERTIES: Mapping[str, Shape] = {
    "appvm_default_bootmode": WORD,
    "audiovm": QUBE_OR_DOM0,
    "auto_cleanup": Boolean(),
    "autostart": Boolean(),
    "bootmode": WORD,
    "debug": Boolean(),
    "default_dispvm": QUBE,
    "default_user": USER,
    "devices_denied": Text(
        r"(?:[bump*][0-9a-f*]{6})*",
        "device interface codes such as b****** or u03****",
        normal=sorted_codes,
    ),
    "guivm": QUBE_OR_DOM0,
    "include_in_backups": Boolean(),
    "installed_by_rpm": Boolean(),
    "ip": Address(4),
    "ip6": Address(6),
    "kernel": KERNEL,
    "kernelopts": KERNELOPTS,
    "keyboard_layout": Text(
        r"[A-Za-z]{1,64}\+[A-Za-z0-9_-]{0,64}\+[A-Za-z0-9_:,-]{0,256}",
        "layout+variant+options such as us++",
    ),
    "mac": Text(
        r"(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}",
        "a MAC address is six pairs of digits, in quotes",
        normal=str.lower,
    ),
    "management_dispvm": QUBE,
    "maxmem": NATURAL,
    "memory": POSITIVE,
    "netvm": QUBE,
    "provides_network": Boolean(),
    "qrexec_timeout": POSITIVE,
    "shutdown_timeout": POSITIVE,
    "stubdom_mem": POSITIVE,
    "template_for_dispvms": Boolean(),
    "vcpus": POSITIVE,
    "virt_mode": Choice(("hvm", "pv", "pvh")),
}

#: Every global property that may be set (``qubes-prefs``).
GLOBALS: Mapping[str, Shape] = {
    "check_updates_vm": Boolean(),
    "clockvm": QUBE_OR_DOM0,
    "default_audiovm": QUBE_OR_DOM0,
    "default_dispvm": QUBE,
    "default_guivm": QUBE_OR_DOM0,
    "default_kernel": Text(rf"(?!$){KERNEL.pattern}", "a kernel is one of vm-kernels"),
    "default_netvm": QUBE,
    "default_pool": WORD,
    "default_pool_kernel": WORD,
    "default_pool_private": WORD,
    "default_pool_root": WORD,
    "default_pool_volatile": WORD,
    "default_qrexec_timeout": POSITIVE,
    "default_shutdown_timeout": POSITIVE,
    "default_template": QUBE,
    "management_dispvm": QUBE,
    "stats_interval": POSITIVE,
    "updatevm": QUBE_OR_DOM0,
}


@dataclass(frozen=True)
class PropertyName:
    """The name of a property that can be set; dashes are taken for underscores, as Qubes does."""

    known: Mapping[str, Shape]
    #: Why the others that Qubes has are not.
    refused: Mapping[str, str]

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        name = Text(r"[a-z][a-z0-9_-]{0,63}", "a property is lower-case words joined by '_'")
        word = name.read(raw, at, problems)
        if word is INVALID:
            return INVALID
        word = word.replace("-", "_")
        near = "" if word in self.known else nearest(word, self.known)
        why = self.refused.get(word) or (f"is no property of Qubes{near}" if near else "")
        if why:
            problems.add(at, why)
        return INVALID if why else word

    def schema(self) -> dict[str, Any]:
        return {"pattern": "^[a-z][a-z0-9_-]{0,63}$", "not": {"enum": sorted(self.refused)}}


def computed(names: frozenset[str]) -> dict[str, str]:
    """What to say of the properties that Qubes sets itself."""
    return dict.fromkeys(names, "is computed by Qubes and cannot be set")


def settings(known: Mapping[str, Shape], refused: Mapping[str, str], fixed: frozenset[str]) -> Map:
    """The shape of properties; all but those in ``fixed`` can be null."""
    shapes = {name: shape if name in fixed else Nullable(shape) for name, shape in known.items()}
    return Map(PropertyName(known, refused), Nullable(Scalar()), known=shapes)


PREFS = settings(PROPERTIES, {**computed(words.COMPUTED), **words.BESIDE_PREFS}, words.NEVER_RESET)
GLOBAL_PREFS = settings(
    GLOBALS, {**computed(words.GLOBAL_COMPUTED), **words.BESIDE_GLOBALS}, words.NEVER_RESET
)
