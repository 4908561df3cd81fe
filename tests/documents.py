# SPDX-License-Identifier: MIT
"""What stands in the documents: their fenced blocks, by what is to be done with them.

The second word after the fence says that; GitHub shows the block by the first one.

    yaml pillar     a declaration without any problem
    yaml refused    a declaration with problems; the ``text problems`` that follows tells them
    yaml sls        states that can be applied
    yaml top        a top file for /srv/user_pillar
    text plan       what tesseraqt.plan prints for the pillar before it
    sh dom0         commands in a dom0 in which the checkout is the current directory
    sh make         commands in a checkout
"""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

REPO = Path(__file__).resolve().parent.parent
FILES = ("README.md", "CHANGELOG.md", *(f"docs/{p.name}" for p in sorted(REPO.glob("docs/*.md"))))
#: Blocks that nothing can check, and what they may be.
UNCHECKED = ("sh", "text", "")
FENCE = re.compile(r"^```([a-z0-9 ]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block, and the one after it in the same document."""

    file: str
    line: int
    kind: str
    text: str
    next: "Block | None" = None

    def __str__(self):
        return f"{self.file}:{self.line}"

    @property
    def pillar(self):
        """What stands below the key ``tesseraqt``."""
        found = yaml.safe_load(self.text)
        assert list(found) == ["tesseraqt"], "an example starts with `tesseraqt:`"
        return found["tesseraqt"]


def text(file):
    return (REPO / file).read_text()


def blocks(*kinds):
    """The blocks of these kinds in all documents; all of them if none is given."""
    return [one for file in FILES for one in _of(file) if not kinds or one.kind in kinds]


def _of(file):
    found, after = [], None
    for match in reversed(list(FENCE.finditer(text(file)))):
        line = text(file).count("\n", 0, match.start()) + 1
        after = Block(file, line, match[1], match[2], after)
        found.insert(0, after)
    return found


def tables(file):
    """The rows of every table by the heading above it; a row is the texts of its cells."""
    found, heading = {}, ""
    for line in FENCE.sub("", text(file)).splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ").strip("`")
        elif line.startswith(("| ", "|-")):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
            found.setdefault(heading, []).append(cells)
    return {heading: rows[2:] for heading, rows in found.items()}
