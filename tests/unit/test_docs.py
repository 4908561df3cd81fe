# SPDX-License-Identifier: MIT
"""What the documents say exists does, and what exists is documented."""

import re
import shlex

import documents
import pytest
import yaml
from tesseraqt_lib.declare import schema
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.run import validate

DOCUMENT = schema.json_schema()
REFERENCE = documents.tables("docs/pillar.md")
#: Where in the table of a qube's keys each key may stand.
HOLDERS = {"D": "defaults", "T": "templates.NAME", "Q": "qubes.NAME"}
KINDS = (
    *("yaml pillar", "yaml refused", "yaml sls", "yaml top", "text plan", "text problems"),
    *("sh dom0", "sh make", "yaml", *documents.UNCHECKED),
)


def alternatives(node):
    """The schemas that ``node`` stands for: whatever it refers to or offers, and it itself."""
    if "$ref" in node:
        return alternatives(DOCUMENT["$defs"][node["$ref"].rpartition("/")[2]])
    return [node, *(found for one in node.get("anyOf", ()) for found in alternatives(one))]


def below(node, part):
    """What ``part`` of a path leads to; upper case stands for any name."""
    for one in alternatives(node):
        if not part.isupper() and part in one.get("properties", {}):
            yield one["properties"][part]
        if part.isupper() and isinstance(one.get("additionalProperties"), dict):
            yield one["additionalProperties"]
        elif part.isupper():
            yield from one.get("properties", {}).values()


def keys(path):
    """The keys that the schema has at a path such as ``qubes.NAME.volumes.VOLUME``."""
    nodes = [DOCUMENT]
    for part in path.split(".") if path else ():
        nodes = [found for node in nodes for found in below(node, part)]
    return {key for node in nodes for one in flat(node) for key in one.get("properties", {})}


def flat(node):
    """The schemas of ``node``, and of its items if it is a list."""
    for one in alternatives(node):
        yield one
        yield from flat(one["items"]) if "items" in one else ()


def records(node, seen=()):
    """The sets of keys of every record in the schema."""
    for one in alternatives(node):
        if id(one) in seen:
            continue
        if one.get("properties"):
            yield frozenset(one["properties"])
        inner = [*one.get("properties", {}).values(), one.get("additionalProperties")]
        for child in (*inner, one.get("items")):
            if isinstance(child, dict):
                yield from records(child, (*seen, id(one)))


def documented(heading):
    return {row[0].strip("`") for row in REFERENCE[heading]}


def paths():
    """The headings of the reference that are paths, with the tables below them."""
    return [heading for heading in REFERENCE if re.fullmatch(r"[a-z]+(\.[A-Za-z]+)*", heading)]


@pytest.mark.parametrize("path", [one for one in paths() if one != "qubes.NAME"])
def test_the_reference_has_exactly_the_keys_of_the_schema(path):
    assert documented(path) == keys("" if path == "tesseraqt" else path)


@pytest.mark.parametrize("letter", HOLDERS)
def test_the_reference_says_where_each_key_of_a_qube_may_stand(letter):
    rows = REFERENCE["qubes.NAME"]
    said = {row[0].strip("`") for row in rows if letter in row[1].split()}
    assert said == keys(HOLDERS[letter])


def test_no_part_of_the_schema_is_left_out_of_the_reference():
    written = {frozenset(keys("" if path == "tesseraqt" else path)) for path in paths()}
    written |= {frozenset(keys(holder)) for holder in HOLDERS.values()}
    # `private` and `root` are one heading
    written.add(frozenset(("private", "root")))
    written |= {frozenset(keys(f"qubes.NAME.devices.{kind}.PORT")) for kind in ("pci", "usb")}
    assert [sorted(one) for one in set(records(DOCUMENT)) - written] == []


@pytest.mark.parametrize("block", documents.blocks("yaml pillar"), ids=str)
def test_every_example_is_valid_as_far_as_it_can_be_seen(block):
    problems = Problems()
    validate.alone(block.pillar, problems)
    assert list(map(str, problems.found)) == []


def test_every_block_says_what_it_is():
    assert [f"{one}: {one.kind}" for one in documents.blocks() if one.kind not in KINDS] == []


def test_every_refused_example_tells_its_problems():
    refused = documents.blocks("yaml refused")
    assert refused
    assert {one.next.kind for one in refused} == {"text problems"}


@pytest.mark.parametrize("block", documents.blocks("yaml top"), ids=str)
def test_every_top_file_is_for_dom0_and_nobody_else(block):
    top = yaml.safe_load(block.text)
    assert [targets for targets in top.values() if list(targets) != ["dom0"]] == []


def test_the_example_is_for_dom0_and_nobody_else():
    for name in ("top.sls", "tesseraqt/init.top"):
        top = yaml.safe_load(documents.text(f"pillar/{name}"))
        assert list(top["base"]) == ["dom0"], name


def commands(kind):
    """Every command of the blocks of this kind, as words."""
    texts = [block.text for block in documents.blocks(kind)]
    return [words for text in texts for line in text.splitlines() if (words := typed(line))]


def typed(line):
    return [word for word in shlex.split(line, comments=True) if word != "sudo"]


def test_every_make_target_exists():
    targets = set(re.findall(r"^([a-z-]+):", documents.text("Makefile"), re.MULTILINE))
    used = [words[1] for words in commands("sh make")]
    assert {"demo", "test"} <= set(used) <= targets


def test_every_file_that_is_copied_exists():
    copied = [words[-2] for words in commands("sh dom0") if words[0] == "cp"]
    assert copied
    assert [name for name in copied if not (documents.REPO / name).exists()] == []


def test_every_function_and_sls_that_is_named_exists():
    said = "\n".join(map(documents.text, documents.FILES))
    code = "".join(
        path.read_text()
        for kind in ("_modules", "_states")
        for path in documents.REPO.glob(f"salt/{kind}/tesseraqt*.py")
    )
    existing = set(re.findall(r"^def ([a-z]\w*)", code, re.MULTILINE))
    existing |= {path.stem for path in documents.REPO.glob("salt/tesseraqt/*.sls")}
    named = set(re.findall(r"(?<![/\w-])tesseraqt\.([a-z_]+)\b(?!/)", said))
    options = documents.text("salt/tesseraqt/files/nixos/options.nix")
    existing |= set(re.findall(r"^    ([a-z]+) = ", options, re.MULTILINE))
    files = {"conf", "tar", "top"}
    assert named - existing - files == set()


def test_every_file_of_the_library_that_the_design_names_exists():
    said = documents.text("docs/design.md").partition("## Decisions")[0]
    library = documents.REPO / "salt" / "_utils" / "tesseraqt_lib"
    named = set(re.findall(r"\b(\w+/\w+\.py)\b", said))
    assert len(named) > 30
    assert sorted(name for name in named if not (library / name).exists()) == []


def test_every_link_leads_somewhere():
    broken = [
        f"{file}: {target}"
        for file in documents.FILES
        for target in re.findall(r"\]\(([^)]+)\)", documents.text(file))
        if not target.startswith("https://") and not leads(file, target)
    ]
    assert broken == []


def leads(file, target):
    place, _, anchor = target.partition("#")
    path = (documents.REPO / file).parent / place if place else documents.REPO / file
    return path.exists() and (not anchor or anchor in anchors(path.read_text()))


def anchors(text):
    """The anchors that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", documents.FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", one.lower()).replace(" ", "-") for one in headings}


def test_every_test_that_a_promise_names_is_there():
    named = {
        found
        for path in ("README.md", "docs/security.md")
        for found in re.findall(r"`(test_\w+)`", documents.text(path))
    }
    tests = "\n".join(path.read_text() for path in documents.REPO.glob("tests/**/test_*.py"))
    assert {name for name in named if f"def {name}(" not in tests} == set()
    assert len(named) > 30
