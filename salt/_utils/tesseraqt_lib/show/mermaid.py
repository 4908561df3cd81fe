# SPDX-License-Identifier: MIT
"""A picture as Mermaid, which wikis and forges draw. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from tesseraqt_lib.show.graph import Box, Line, Picture, colours


def mermaid(picture: Picture) -> str:
    """The picture in the language of Mermaid."""
    ids = {box.name: f"q{number}" for number, box in enumerate(picture.qubes)}
    lines = ["flowchart LR"]
    for number, box in enumerate(picture.templates):
        lines += qube(f"t{number}", box)
    for box in picture.qubes:
        lines += qube(ids[box.name], box)
    clones = {box.name: f"t{number}" for number, box in enumerate(picture.templates)}
    for box in picture.templates:
        if box.template in clones:
            lines.append(f"  {clones[box.template]} -. clone .-> {clones[box.name]}")
    for box in picture.qubes:
        if box.netvm:
            lines.append(f"  {ids[box.name]} ==> {ids[box.netvm]}")
    arrows = [arrow(picture, ids, one) for one in picture.lines]
    return "\n".join((*lines, *arrows, *styles(picture, ids), ""))


def quoted(text: str) -> str:
    """Text that Mermaid shows as it is."""
    plain = "".join(
        one if one.isalnum() or one in " .,-_/=:()" else f"#{ord(one)};" for one in text
    )
    return f'"{plain}"'


def qube(id_: str, box: Box) -> Iterator[str]:
    """A qube: a box of its own, with its containers in it."""
    said = [box.name, *([box.template] if box.template else [])]
    said += [box.status] if box.odd or box.status == "undeclared" else []
    said += [box.needs] if box.needs else []
    title = quoted(" / ".join(said))
    if not box.containers:
        yield f"  {id_}[{title}]"
        return
    yield f"  subgraph {id_}[{title}]"
    yield from (f"    {id_}c{at}[{quoted(one.name)}]" for at, one in enumerate(box.containers))
    names = [one.name for one in box.containers]
    for at, one in enumerate(box.containers):
        for slot, end in one.slots.items():
            if end:
                target = f"{id_}c{names.index(end.partition('.')[0])}"
                yield f"    {id_}c{at} -->|{quoted(f'{slot} = {end}')}| {target}"
    yield "  end"


def arrow(picture: Picture, ids: dict[str, str], one: Line) -> str:
    """A wire between two qubes; dotted where it does not work yet."""
    marks = [word for word, is_so in (("ask", one.ask), ("trust", one.upwards)) if is_so]
    said = quoted(" ".join((f"{one.source[2]} = {one.target[1]}.{one.target[2]}", *marks)))
    shape = "-.->" if one.waiting else "-->"
    ends = (end(picture, ids, one.source), end(picture, ids, one.target))
    return f"  {ends[0]} {shape}|{said}| {ends[1]}"


def end(picture: Picture, ids: dict[str, str], place: tuple[str, str, str]) -> str:
    """The container at an end of a wire."""
    box = next(box for box in picture.qubes if box.name == place[0])
    return f"{ids[box.name]}c{[one.name for one in box.containers].index(place[1])}"


def styles(picture: Picture, ids: dict[str, str]) -> Iterator[str]:
    """Each qube in the colour of its label; those that are not as declared with a red edge."""
    for box in picture.qubes:
        back, front = colours(box.label)
        fill = f"stroke:{back},stroke-width:3px" if box.containers else f"fill:{back},color:{front}"
        odd = ",stroke:#d40000,stroke-width:4px" if box.odd else ""
        yield f"  style {ids[box.name]} {fill}{odd}"
