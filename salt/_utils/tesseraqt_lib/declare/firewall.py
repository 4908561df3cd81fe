# SPDX-License-Identifier: MIT
"""Firewall rules in one spelling, so that the same rule is always the same text.

The spelling and what is refused come from ``qubes/firewall.py`` in core-admin; the order of
the parts is that of ``qubesadmin.firewall.Rule.rule``.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tesseraqt_lib.problems import Problems, joined, nearest, shown
from tesseraqt_lib.shapes.scalars import INVALID, kind_of, scalar_text, unsafe_text

PARTS = ("action", "proto", "dsthost", "dstports", "icmptype", "specialtarget", "comment")
SPELLINGS = {"dst4": "dsthost", "dst6": "dsthost"}
#: What a qube has that nobody gave rules (``qubes/firewall.py`` Firewall.load_defaults).
DEFAULT = ("action=accept",)
#: No rules at all mean this, for what no rule accepts is dropped; qubesd refuses an empty list.
DROP = ("action=drop",)
#: A name of the DNS. Digits and dots alone would be one too: an address with a typo.
HOST = r"(?![0-9.]+$)(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_-]+)*"
#: No rule is longer, so that nobody has to look at the end of one that is.
LONGEST = 1024


class Refused(ValueError):
    """A part of a rule that qubesd would refuse; the text says why."""


@dataclass(frozen=True)
class FirewallRule:
    """A rule as a map (``{action: accept, proto: tcp, dstports: 443}``) or as Qubes' own text."""

    def read(self, raw: Any, at: str, problems: Problems) -> Any:
        try:
            parts = split(raw) if isinstance(raw, str) else parts_of(raw)
            return canonical(parts)
        except Refused as refused:
            problems.add(at, str(refused))
            return INVALID

    def schema(self) -> dict[str, Any]:
        text = {"type": ["string", "integer"], "maxLength": LONGEST}
        as_map = {
            "type": "object",
            "properties": {
                **dict.fromkeys((*PARTS, *SPELLINGS), text),
                **{part: {"enum": list(words)} for part, words in WORDS.items()},
            },
            "required": ["action"],
            "additionalProperties": False,
        }
        as_text = {"type": "string", "pattern": "^ *(accept|drop)|action=(accept|drop)"}
        return {"anyOf": [as_text, as_map]}


def split(text: str) -> dict[str, str]:
    """The parts of a rule written as text; a first word without ``=`` is the action.

    :raises Refused: the text is no rule.
    """
    check_text(text)
    options, comment_key, comment = text.strip().partition("comment=")
    parts: dict[str, str] = {}
    for at, word in enumerate(options.split()):
        key, equals, value = word.partition("=")
        if not equals and at == 0:
            key, value = "action", word
        elif not equals:
            raise Refused(f"{shown(word)} is no part of a rule: write part=value")
        if key in parts:
            raise Refused(f"{shown(text)} says {key!r} twice")
        parts[key] = value
    return {**parts, "comment": comment} if comment_key else parts


def parts_of(raw: Any) -> dict[str, str]:
    """The parts of a rule written as a map, as text.

    :raises Refused: it is no map of plain values.
    """
    if not isinstance(raw, Mapping):
        raise Refused(f"{shown(raw)} is {kind_of(raw)}, but a rule is a map or text")
    parts: dict[str, str] = {}
    for key, value in raw.items():
        text = None if isinstance(value, bool) else scalar_text(value)
        if text is None:
            raise Refused(f"{joined('', key)} is {kind_of(value)}, but text is wanted")
        if not isinstance(key, str):
            raise Refused(f"{shown(key)} is {kind_of(key)}, but a part of a rule is a word")
        check_text(text)
        parts[key] = text
    return dict(sorted(parts.items()))


def check_text(text: str) -> None:
    """The text is short and printable.

    :raises Refused: it is not.
    """
    if len(text) > LONGEST:
        raise Refused(f"{shown(text)} is longer than {LONGEST} characters")
    if why := unsafe_text(text):
        raise Refused(f"{shown(text)} {why}")


def canonical(parts: Mapping[str, str]) -> str:
    """The one spelling of the rule that has these parts.

    :raises Refused: a part is unknown, wrong, or does not go with the others.
    """
    named: dict[str, str] = {}
    for key, value in parts.items():
        name = SPELLINGS.get(key, key)
        if name not in PARTS:
            near = nearest(key, (*PARTS, *SPELLINGS)) or why_not(key)
            raise Refused(f"unknown part {shown(key)} of a rule{near}")
        if name in named:
            raise Refused("a rule has one destination: dsthost, dst4 or dst6")
        named[name] = value
        check_version(key, value)
    check_together(named)
    texts = (PART_TEXT[part](named[part]) for part in PARTS if part in named)
    return " ".join(text for text in texts if text)


def why_not(key: str) -> str:
    """Why the part of this name, which Qubes knows, cannot be declared."""
    if key == "expire":
        return "; a rule that expires is nothing to declare: use qvm-firewall for it"
    return f"; known here: {', '.join(PARTS)}"


def check_version(key: str, value: str) -> None:
    """``dst4`` and ``dst6`` hold an address of their own version; Qubes takes any.

    :raises Refused: it is another.
    """
    version = {"dst4": "4", "dst6": "6"}.get(key)
    if version and not destination(value).startswith(f"{key}="):
        raise Refused(f"{key}: {shown(value)} is no IPv{version} address")


def check_together(named: Mapping[str, str]) -> None:
    """Nothing is wrong with which parts stand beside each other.

    :raises Refused: something is.
    """
    if "action" not in named:
        raise Refused("a rule needs an action: accept or drop")
    if "dstports" in named and named.get("proto") not in ("tcp", "udp"):
        raise Refused("dstports goes only with proto tcp or udp")
    if "icmptype" in named and named.get("proto") != "icmp":
        raise Refused("icmptype goes only with proto icmp")


def one_of(part: str, *allowed: str) -> Any:
    """A text function for a part that is one of a few words."""

    def text(value: str) -> str:
        if value not in allowed:
            near = nearest(value, allowed)
            raise Refused(f"{part}: {shown(value)} is not one of: {', '.join(allowed)}{near}")
        return f"{part}={value}"

    return text


def destination(value: str) -> str:
    """``dst4=``, ``dst6=`` or ``dsthost=``, an address in its shortest spelling.

    Qubes' own tools leave out a destination of /0, and the rule then is for both versions of
    IP; who writes ``::/0`` may not mean that, so nobody can.
    """
    host, slash, prefix = value.partition("/")
    try:
        address = ipaddress.ip_address("" if "%" in host else host)
    except ValueError:
        if slash or not re.match(rf"\A(?:{HOST})\Z", value):
            raise Refused(f"dsthost: {shown(value)} is no address or lower-case host") from None
        return f"dsthost={value}"
    longest = address.max_prefixlen
    if slash and not (re.match(r"\A[0-9]{1,3}\Z", prefix) and 0 < int(prefix) <= longest):
        why = f"has no prefix of 1 to {longest}; without dsthost, a rule is for every address"
        raise Refused(f"dsthost: {shown(value)} {why}")
    length = int(prefix) if slash else longest
    net = ipaddress.ip_network(f"{address}/{length}", strict=False)
    return f"dst{address.version}={net}"


def ports(value: str) -> str:
    """``dstports=first-last``."""
    found = re.match(r"\A([0-9]{1,5})(?:-([0-9]{1,5}))?\Z", value)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if first > last or last > 65535:
        raise Refused(f"dstports: {shown(value)} is no port or range of ports up to 65535")
    return f"dstports={first}-{last}"


def icmp_type(value: str) -> str:
    """``icmptype=n``."""
    if not re.match(r"\A[0-9]{1,3}\Z", value) or int(value) > 255:
        raise Refused(f"icmptype: {shown(value)} is not 0 to 255")
    return f"icmptype={int(value)}"


def comment(value: str) -> str:
    """``comment=…``, of the characters that qubesd takes."""
    if not re.match(r"\A[A-Za-z0-9:;,./_\[\] -]*\Z", value) or value != value.strip():
        raise Refused(f"comment: {shown(value)} may hold letters, digits and :;,./-_[] only")
    return f"comment={value}" if value else ""


#: Parts that are one of a few words.
WORDS = {
    "action": ("accept", "drop"),
    "proto": ("tcp", "udp", "icmp"),
    "specialtarget": ("dns",),
}
PART_TEXT = {
    **{part: one_of(part, *allowed) for part, allowed in WORDS.items()},
    "dsthost": destination,
    "dstports": ports,
    "icmptype": icmp_type,
    "comment": comment,
}
