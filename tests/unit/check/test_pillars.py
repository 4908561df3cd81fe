# SPDX-License-Identifier: MIT
"""Whole pillars, good and bad: each bad one is named for what is wrong with it.

``GOLDEN=write make fast`` writes the messages anew; read every changed one.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

import jsonschema
import pytest
import salt.utils.yaml
from tesseraqt_lib.declare import schema
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.run import validate

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad_pillars").glob("*.yaml"))
GOOD = sorted((HERE / "good_pillars").glob("*.yaml"))
DOCUMENT = schema.json_schema()
JSON_SCHEMA = jsonschema.Draft202012Validator(DOCUMENT)
#: The first line of a pillar whose problem no JSON Schema can express.
BEYOND = "# beyond JSON Schema\n"
PRINTED = HERE.parents[2] / "docs" / "pillar.schema.json"


def named(path):
    return path.stem


def loaded(path):
    """The pillar as Salt loads it."""
    return salt.utils.yaml.safe_load(path.read_text())


def as_json(pillar):
    """The pillar as an editor sees it: JSON has no keys but text, and no dates."""
    text = json.dumps(pillar, default=lambda value: [str(value)], skipkeys=True)
    return json.loads(text)


def told(pillar):
    problems = Problems()
    validate.alone(pillar, problems)
    return problems.text() + "\n"


def test_there_are_many_bad_pillars():
    assert len(BAD) >= 60
    assert {path.stem for path in BAD} == {path.stem for path in HERE.glob("bad_pillars/*.txt")}


@pytest.mark.parametrize("path", BAD, ids=named)
def test_a_bad_pillar_is_told_every_problem_once(path):
    text = told(loaded(path))
    golden = path.with_suffix(".txt")
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(text)
    assert text == golden.read_text()
    assert not text.startswith("0 problems")


@pytest.mark.parametrize("path", BAD, ids=named)
def test_messages_are_lines_of_printable_ascii_of_bounded_length(path):
    for line in told(loaded(path)).splitlines():
        assert re.fullmatch(r"[ -~]{1,240}", line), line


@pytest.mark.parametrize("path", GOOD, ids=named)
def test_a_good_pillar_has_no_problem(path):
    assert told(loaded(path)) == "0 problems in the declaration, nothing was done:\n"


@pytest.mark.parametrize("path", GOOD, ids=named)
def test_an_editor_takes_a_good_pillar(path):
    JSON_SCHEMA.validate(as_json(loaded(path)))


def test_the_good_pillars_together_have_every_key_there_is():
    known = {key for node in maps(DOCUMENT) for key in node.get("properties", ())}
    used = {key.replace("-", "_") for path in GOOD for node in maps(loaded(path)) for key in node}
    assert {key.replace("-", "_") for key in known} - used == set()


def maps(node):
    """Every map in ``node``, at any depth."""
    if isinstance(node, dict):
        yield node
        node = node.values()
    for value in () if isinstance(node, str) else node if isinstance(node, Iterable) else ():
        yield from maps(value)


# An exception that holds no longer is a rule that the JSON Schema has and nothing tests.
@pytest.mark.parametrize("path", BAD, ids=named)
def test_an_editor_refuses_a_bad_pillar_if_any_schema_could(path):
    could = not path.read_text().startswith(BEYOND)
    pillar = {} if path.stem == "holds-itself" else as_json(loaded(path))
    assert JSON_SCHEMA.is_valid(pillar) is not could


def test_the_json_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(DOCUMENT)


def test_the_json_schema_in_the_documents_is_the_generated_one():
    text = json.dumps(DOCUMENT, indent=1, ensure_ascii=True) + "\n"
    if os.environ.get("GOLDEN") == "write":
        PRINTED.write_text(text)
    assert PRINTED.read_text() == text


def patterns():
    """Every pattern in the JSON Schema."""
    for node in maps(DOCUMENT):
        yield from node.get("patternProperties", ())
        yield from [node["pattern"]] if isinstance(node.get("pattern"), str) else ()


@pytest.mark.skipif(not shutil.which("node"), reason="needs node, which knows ECMA's patterns")
def test_patterns_are_patterns_to_an_editor_too():
    found = json.dumps(sorted(set(patterns())))
    script = f"for (const pattern of {found}) new RegExp(pattern, 'u')"
    run = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")


def test_patterns_have_nothing_that_only_python_knows():
    for pattern in patterns():
        assert not re.search(r"\\[AZz]|\(\?P|\(\?[aiLmsux]", pattern), pattern


def test_a_question_that_is_never_asked_is_warned_of():
    problems = Problems()
    pillar = {
        "containers": {"web": {"consumes": {"db": None}}, "sql": {"provides": {"db": {"tcp": 1}}}},
        "defaults": {"template": "nixos", "label": "red"},
        "qubes": {"a": {"containers": {"sql": {}, "web": {"db": {"to": "sql.db", "ask": True}}}}},
    }
    validate.alone(pillar, problems)
    assert problems.found == []
    said = "qubes.a.containers.web.db: stays in its qube, where Qubes asks nobody"
    assert [str(warning) for warning in problems.warnings] == [f"{said}: `ask` does nothing"]
