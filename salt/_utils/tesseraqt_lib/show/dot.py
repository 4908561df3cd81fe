# SPDX-License-Identifier: MIT
"""A picture as DOT, for graphviz. Pure.

A qube is one node, a table in the colour of its label: a row for each container, with its
APIs on the left, where wires arrive, and its slots on the right, where they leave. Qubes
are put together by where they have their network from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import pairwise, zip_longest

from tesseraqt_lib.show.graph import Box, Inside, Line, Picture, colours

HEAD = """digraph tesseraqt {
  graph [rankdir=LR, compound=true, newrank=true, fontname="DejaVu Sans", fontsize=11,
         nodesep=0.18, ranksep=1.1, pad=0.3, bgcolor="#ffffff"];
  node [shape=plaintext, margin=0, fontname="DejaVu Sans", fontsize=10];
  edge [fontname="DejaVu Sans", fontsize=9, arrowsize=0.7, color="#444444"];"""
GRAY, PALE, EMPTY = "#b0b0b0", "#c8c8c8", "#f4f4f4"
ODD = UPWARDS = "#d40000"
NEEDS = "#c64600"
#: So many qubes without wires stand below each other; the next column is beside them.
COLUMN = 6


def dot(picture: Picture) -> str:
    """The picture in the language of graphviz."""
    lines = [HEAD, *templates(picture), *networks(picture), *paths(picture)]
    lines += [wire(one) for one in picture.lines]
    lines += legend(picture)
    return "\n".join((*lines, "}\n"))


def quoted(*words: str) -> str:
    """Words as one identifier of DOT, whatever is in them."""
    text = "/".join(words).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def label(html: str) -> str:
    """A label of HTML."""
    return f"<{html}>"


def attributes(**given: str) -> str:
    """Attributes of a node or an edge; labels of HTML stand as they are."""
    pairs = (f"{key}={text if text[:1] == '<' else quoted(text)}" for key, text in given.items())
    return f"[{', '.join(pairs)}]"


def networks(picture: Picture) -> Iterator[str]:
    """The qubes, those with network from the same qube in a box of their own."""
    busy = {name for one in picture.lines for name in (one.source[0], one.target[0])}
    providers = set(picture.networks)
    for number, (netvm, boxes) in enumerate(picture.networks.items()):
        inner = [box for box in boxes if box.name not in providers]
        for box in boxes:
            if box.name in providers:
                yield f"  {node(box)}"
        if inner:
            title = f"network through {netvm}" if netvm else "no network"
            yield f"  subgraph {quoted(f'cluster_{number}')} {{"
            yield f'    label={quoted(title)}; labeljust=l; style="rounded"; color="{GRAY}";'
            yield '    fontcolor="#777777"; margin=10;'
            yield from (f"    {node(box)}" for box in inner)
            yield from columns([box.name for box in inner if box.name not in busy])
            yield "  }"


def columns(names: list[str]) -> Iterator[str]:
    """What has no wire stands in columns of some length, not in one that has no end."""
    stacks = [names[at : at + COLUMN] for at in range(0, len(names), COLUMN)]
    for left, right in pairwise(stacks):
        for one, other in zip(left, right, strict=False):
            yield f"    {quoted(one)} -> {quoted(other)} [style=invis];"


def paths(picture: Picture) -> Iterator[str]:
    """The ways to the network, from each box of qubes, and from each qube that gives it."""
    providers = set(picture.networks)
    for number, (netvm, boxes) in enumerate(picture.networks.items()):
        if not netvm:
            continue
        inner = [box.name for box in boxes if box.name not in providers]
        for name in [box.name for box in boxes if box.name in providers]:
            yield path(name, netvm)
        if inner:
            yield path(inner[-1], netvm, ltail=f"cluster_{number}")


def path(source: str, target: str, **more: str) -> str:
    """A line of the network."""
    given = {"color": GRAY, "penwidth": "3", "arrowhead": "none", "weight": "3", **more}
    return f"  {quoted(source)} -> {quoted(target)} {attributes(**given)};"


def templates(picture: Picture) -> Iterator[str]:
    """The templates, and which is a clone of which."""
    if not picture.templates:
        return
    yield '  subgraph "cluster_templates" {'
    yield f'    label="templates"; labeljust=l; style="rounded,dashed"; color="{GRAY}";'
    yield '    fontcolor="#777777"; margin=10;'
    yield from (f"    {node(box, 'template')}" for box in picture.templates)
    names = {box.name for box in picture.templates}
    for box in picture.templates:
        if box.template in names:
            clone = attributes(style="dotted", label="clone", fontcolor="#777777")
            yield f"    {template_id(box.template)} -> {template_id(box.name)} {clone};"
    yield "  }"


def template_id(name: str) -> str:
    """A template, which is no node of a wire."""
    return quoted("template", name)


def node(box: Box, *kind: str) -> str:
    """A qube or template as a table."""
    given = {"label": label(table(box)), "tooltip": tooltip(box)}
    return f"{quoted(*kind, box.name)} {attributes(**given)};"


def tooltip(box: Box) -> str:
    """What is not said in the table: how the qube differs from what is declared."""
    needs = [box.needs] if box.needs else []
    return "; ".join((f"{box.name}: {box.status or box.klass}", *needs, *box.notes))


def table(box: Box) -> str:
    """The qube as HTML of graphviz."""
    back, front = colours(box.label)
    edge, width = (ODD, 3) if box.odd else (back, 1)
    style = ' STYLE="DASHED"' if box.status in ("undeclared", "missing") else ""
    look = f'BORDER="{width}" COLOR="{edge}" BGCOLOR="#ffffff"{style}'
    rows = "".join(container(one) for one in box.containers)
    return (
        f'<TABLE {look} CELLBORDER="0" CELLSPACING="0" CELLPADDING="3">'
        f'<TR><TD COLSPAN="3" BGCOLOR="{back}">{text(box.name, front, bold=True)}</TD></TR>'
        f"{subtitle(box)}{rows}</TABLE>"
    )


def subtitle(box: Box) -> str:
    """What the qube is, and that it is not as declared, where that is so."""
    kind = "" if box.klass in ("AppVM", "TemplateVM") else box.klass
    said = " on ".join(word for word in (kind, box.template) if word)
    lines = [text(said, "#777777", size=8)] if said else []
    if box.status == "undeclared":
        lines = [text("undeclared", "#777777", size=8)]
    if box.odd:
        lines.append(text(box.status, ODD, size=9, bold=True))
    if box.needs:
        lines.append(text(box.needs, NEEDS, size=9, bold=True))
    return "".join(f'<TR><TD COLSPAN="3">{line}</TD></TR>' for line in lines)


def text(said: str, colour: str, size: int = 10, *, bold: bool = False) -> str:
    """Words in a colour, with nothing in them that HTML would act on."""
    inner = f"<B>{escape(said)}</B>" if bold else escape(said)
    return f'<FONT COLOR="{colour}" POINT-SIZE="{size}">{inner}</FONT>'


def container(one: Inside) -> str:
    """The rows of a container: name in the middle, APIs on the left, slots on the right."""
    ends = list(zip_longest(one.apis, one.slots.items()))
    look = f'BORDER="1" COLOR="{PALE}" BGCOLOR="{EMPTY}"'
    name = f'<TD {look} ROWSPAN="{max(1, len(ends))}">{text(one.name, "#000000")}</TD>'
    if not ends:
        return f"<TR><TD></TD>{name}<TD></TD></TR>"
    rows = []
    for at, (api, slot) in enumerate(ends):
        middle = name if at == 0 else ""
        rows.append(f"<TR>{provided(one, api)}{middle}{consumed(one, slot)}</TR>")
    return "".join(rows)


def provided(one: Inside, api: str | None) -> str:
    """The cell of an API."""
    if api is None:
        return "<TD></TD>"
    port = escape(f"api {one.name}.{api}")
    return f'<TD PORT="{port}" ALIGN="LEFT">{text(api, "#1a5fb4", size=8)}</TD>'


def consumed(one: Inside, slot: tuple[str, str | None] | None) -> str:
    """The cell of a slot; one that leads to the same qube says where, one to nowhere is pale."""
    if slot is None:
        return "<TD></TD>"
    name, end = slot
    port = escape(f"slot {one.name}.{name}")
    said = text(name, PALE if end is None else "#26762a", size=8)
    said += text(f" = {end}", "#777777", size=8) if end else ""
    return f'<TD PORT="{port}" ALIGN="RIGHT">{said}</TD>'


def wire(one: Line) -> str:
    """A wire between two qubes: red where it leads up, dashed where it waits."""
    source, target = one.source, one.target
    start = f"{quoted(source[0])}:{quoted(f'slot {source[1]}.{source[2]}')}:e"
    end = f"{quoted(target[0])}:{quoted(f'api {target[1]}.{target[2]}')}:w"
    given = {"tooltip": f"{'/'.join(source)} to {'/'.join(target)}", "weight": "2"}
    if one.ask:
        given["label"] = "ask"
    if one.upwards:
        colour = {"color": UPWARDS, "fontcolor": UPWARDS}
        given |= {**colour, "penwidth": "1.6", "arrowhead": "normalnormal"}
    if one.waiting:
        given["style"] = "dashed"
    return f"  {start} -> {end} {attributes(**given)};"


def legend(picture: Picture) -> Iterable[str]:
    """What the lines mean."""
    said = (
        "&#8594; wire: slot of one container to API of another &#160;&#160; "
        f'<FONT COLOR="{UPWARDS}">&#8608; to a label that is trusted more</FONT>'
        " &#160;&#160; dashed: does not work yet &#160;&#160; ask: Qubes asks each time"
        f' &#160;&#160; <FONT COLOR="{GRAY}"><B>&#8212;</B></FONT> way to the network'
    )
    yield f'  labelloc=b; label=<<FONT POINT-SIZE="9" COLOR="#777777">{said}</FONT>>;'
