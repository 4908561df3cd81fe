# SPDX-License-Identifier: MIT
"""The policy file: exactly what is declared, never broken and never broader, whatever fails."""

import os
import signal
import stat
import subprocess
import sys

import pytest

FILE = "30-tesseraqt.policy"
HEADER = (
    "# tesseraqt keeps this file: whatever is changed here is changed back.\n"
    "# These are the wires between qubes that pillar declares (qubesctl tesseraqt.wires).\n"
)
SQL = {"from": "docs", "to": "data", "api": "postgres.sql"}
KEYS = {"from": "mail", "to": "vault", "api": "keys.agent", "ask": True}
SQL_LINE = "tesseraqt.Api +postgres.sql docs data allow\n"
KEYS_LINE = "tesseraqt.Api +keys.agent mail vault ask target=vault default_target=vault\n"
REST = "tesseraqt.Api * * * deny\n"
OURS = HEADER + KEYS_LINE + SQL_LINE + REST
WIRED, NARROWED = "tesseraqt.policy", "tesseraqt.policy_narrowed"


@pytest.fixture
def file(world):
    return world.policy / FILE


@pytest.fixture
def run(loaders):
    """``run(function, rules, test=False)``: what the state returns."""

    def single(function, rules, **options):
        answer = loaders.modules["state.single"](function, "policy", rules=rules, **options)
        (found,) = answer.values()
        return found

    return single


def names(world):
    return sorted(path.name for path in world.policy.iterdir())


def test_the_file_has_what_is_declared_and_denies_the_rest(run, file):
    done = run(WIRED, [SQL, KEYS])
    assert done["result"] is True
    assert file.read_text() == OURS
    assert stat.S_IMODE(file.stat().st_mode) == 0o664
    new = (KEYS_LINE + SQL_LINE + REST).strip().replace("\n", "; ")
    assert done["changes"] == {"policy": {"old": None, "new": new}}


def test_once_it_is_there_nothing_is_done(run, file):
    run(WIRED, [SQL, KEYS])
    before = file.stat()
    for function in (WIRED, NARROWED):
        again = run(function, [KEYS, SQL])
        assert again["result"] is True
        assert again["changes"] == {}
    assert file.stat() == before


@pytest.mark.parametrize("start", [None, OURS, HEADER + SQL_LINE + REST, HEADER + REST])
@pytest.mark.parametrize("rules", [[], [SQL], [SQL, KEYS]], ids=len)
@pytest.mark.parametrize("function", [WIRED, NARROWED])
def test_a_test_run_foretells_it_and_writes_nothing(run, world, file, start, rules, function):
    if start is not None:
        file.write_text(start)
        file.chmod(0o664)
    foretold = run(function, rules, test=True)
    assert (file.read_text() if file.exists() else None) == start
    assert names(world) == ([] if start is None else [FILE])
    done = run(function, rules)
    assert foretold["changes"] == done["changes"]
    assert foretold["result"] is (None if done["changes"] else True)
    assert run(function, rules)["changes"] == {}


def test_with_the_last_wire_the_file_goes(run, world, file):
    run(WIRED, [SQL])
    done = run(WIRED, [])
    assert done["changes"]["policy"]["new"] is None
    assert names(world) == []
    assert run(WIRED, [])["changes"] == {}


def test_narrowing_takes_away_and_never_adds(run, file):
    run(WIRED, [SQL])
    done = run(NARROWED, [KEYS])
    assert file.read_text() == HEADER + REST
    assert done["changes"] == {"policy": {"old": SQL_LINE.strip(), "new": None}}
    file.unlink()
    assert run(NARROWED, [KEYS])["changes"] == {}
    assert not file.exists()


@pytest.mark.parametrize(
    "line",
    [
        "tesseraqt.Api * @anyvm @anyvm allow\n",
        "!include include/other\n",
        "* * work @adminvm allow\n",
        "qubes.VMShell\t*  mail   vault allow\n",
        SQL_LINE.replace("allow", "allow user=root"),
        SQL_LINE.replace("data allow", "@default allow target=data"),
    ],
)
def test_narrowing_takes_out_what_somebody_put_in(run, file, line):
    file.write_text(HEADER + line + SQL_LINE + REST)
    assert run(NARROWED, [SQL])["result"] is True
    assert file.read_text() == HEADER + SQL_LINE + REST


def test_narrowing_puts_back_the_denial_at_the_end(run, file):
    file.write_text(HEADER + SQL_LINE)
    run(NARROWED, [SQL])
    assert file.read_text() == HEADER + SQL_LINE + REST


def test_who_is_to_be_asked_is_allowed_nothing_in_between(run, file):
    run(WIRED, [SQL])
    asked = {**SQL, "ask": True}
    run(NARROWED, [asked])
    assert file.read_text() == HEADER + REST
    run(WIRED, [asked])
    assert "allow" not in file.read_text()


def test_of_two_rules_for_the_same_the_one_that_asks_holds(run, file):
    run(WIRED, [SQL, {**SQL, "ask": True}])
    assert SQL_LINE not in file.read_text()
    assert "docs data ask target=data" in file.read_text()


def test_what_was_changed_by_hand_is_changed_back(run, file):
    run(WIRED, [SQL])
    for change in (lambda: file.write_text(HEADER + "# mine\n" + SQL_LINE + REST), mode(file)):
        change()
        done = run(WIRED, [SQL])
        assert done["changes"] == {"policy": {"old": "changed by hand", "new": "as declared"}}
        assert file.read_text() == HEADER + SQL_LINE + REST
        assert stat.S_IMODE(file.stat().st_mode) == 0o664


def mode(file):
    return lambda: file.chmod(0o666)


@pytest.mark.parametrize("function", [WIRED, NARROWED])
@pytest.mark.parametrize("content", [b"", b"* * * * allow\n", b"\xff\xfe\n", REST.encode()])
def test_a_file_that_is_not_ours_is_refused(run, file, function, content):
    file.write_bytes(content)
    for test in (True, False):
        done = run(function, [SQL], test=test)
        assert done["result"] is False
        assert "is not tesseraqt's" in done["comment"]
    assert file.read_bytes() == content


@pytest.mark.parametrize("function", [WIRED, NARROWED])
def test_what_is_no_plain_file_is_refused(run, world, file, function):
    (world.policy / "elsewhere").write_text(OURS)
    file.symlink_to("elsewhere")
    assert "is no plain file" in run(function, [SQL])["comment"]
    assert (world.policy / "elsewhere").read_text() == OURS


def test_a_file_that_stands_in_its_place_is_refused(run, world):
    shadow = world.path / "run/qubes/policy.d"
    shadow.mkdir(parents=True)
    (shadow / FILE).touch()
    done = run(WIRED, [SQL])
    assert done["result"] is False
    assert f"{shadow / FILE} stands in its place" in done["comment"]


def test_without_the_directory_of_qubes_nothing_is_made(run, world):
    world.policy.rmdir()
    done = run(WIRED, [SQL])
    assert done["result"] is False
    assert "is this a dom0?" in done["comment"]
    assert not world.policy.exists()


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ([{"from": "docs", "to": "data"}], "rules[0]: 'api' is missing"),
        ([{**SQL, "to": "@anyvm"}], "rules[0].to: '@anyvm' is refused: a qube name is"),
        ([{**SQL, "from": "a b"}], "rules[0].from: 'a b' is refused: a qube name is"),
        ([{**SQL, "api": "*"}], "rules[0].api: '*' is refused: an API is named container.api"),
        ([{**SQL, "api": "a.b allow\n"}], "rules[0].api: 'a.b allow\\n' holds a character"),
        ([{**SQL, "action": "allow"}], "rules[0].action: unknown key"),
        ([{**SQL, "to": "dom0"}], "rules[0].to: 'dom0' is a name that Qubes keeps for itself"),
        ("all", "rules: 'all' is text, but a list is wanted"),
    ],
)
@pytest.mark.parametrize("function", [WIRED, NARROWED])
def test_wrong_rules_are_refused(run, file, function, rules, problem):
    done = run(function, rules)
    assert done["result"] is False
    assert problem in done["comment"]
    assert not file.exists()


@pytest.fixture
def program(tmp_path, monkeypatch):
    """``program(name, script)``: a shell script that is found before the program of that name."""

    def put(name, script):
        path = tmp_path / "programs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")

    return put


@pytest.mark.parametrize("name", ["qubes-policy-lint", "mv"])
def test_when_a_command_fails_the_old_file_stays(run, world, file, program, name):
    run(WIRED, [SQL])
    before = file.read_text()
    program(name, "echo it does not want to >&2; exit 1")
    done = run(WIRED, [SQL, KEYS])
    assert done["result"] is False
    assert "it does not want to" in done["comment"]
    assert name in done["comment"]
    assert done["changes"] == {}
    assert file.read_text() == before
    assert names(world) == [FILE]


def test_when_the_linter_is_missing_the_old_file_stays(run, world, monkeypatch, file):
    run(WIRED, [SQL])
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    done = run(WIRED, [])
    assert done["result"] is True
    done = run(WIRED, [SQL])
    assert done["result"] is False
    assert "qubes-policy-lint cannot be run" in done["comment"]
    assert names(world) == []


def test_no_other_name_that_the_parser_reads_is_ever_there(run, world, program, tmp_path):
    seen = tmp_path / "seen"
    program("qubes-policy-lint", f'ls -A "{world.policy}" >> "{seen}"')
    program("mv", f'ls -A "{world.policy}" >> "{seen}"; exec /bin/mv "$@"')
    for rules in ([SQL], [SQL, KEYS], [KEYS], []):
        run(WIRED, rules)
    listed = set(seen.read_text().split())
    assert listed == {FILE, f".{FILE}.draft"}


@pytest.mark.parametrize("name", ["qubes-policy-lint", "mv"])
def test_killed_at_any_point_there_is_the_old_file_or_the_new_one(world, program, file, name):
    """Real processes: the state runs in one of its own, and a command kills it."""
    script = (
        "import sys; from pathlib import Path\n"
        "from tesseraqt_lib.policy import file, plan, rules\n"
        "door = file.PolicyFile(Path(sys.argv[1]))\n"
        "wanted = [rules.Rule('docs', 'data', api) for api in sys.argv[2:]]\n"
        "door.carry_out('policy', plan.widened(wanted, (), door.look()).steps)\n"
    )

    def apply(*apis):
        argv = [sys.executable, "-c", script, str(world.path), *apis]
        env = world.environ() | {"PATH": os.environ["PATH"]}
        env["PYTHONPATH"] = os.pathsep.join([*sys.path, env["PYTHONPATH"]])
        return subprocess.run(argv, env=env, check=False).returncode

    assert apply("a.a") == 0
    before = file.read_text()
    program(name, "kill -KILL $PPID")
    assert apply("a.a", "b.b") == -signal.SIGKILL
    assert file.read_text() == before
    assert set(names(world)) <= {FILE, f".{FILE}.draft"}
    program(name, f'PATH=${{PATH#*:}}; exec {name} "$@"')
    assert apply("a.a", "b.b") == 0
    assert "+b.b" in file.read_text()
    assert names(world) == [FILE]


def test_a_policy_file_without_end_is_not_read(world, minion):
    path = world.path / "etc/qubes/policy.d/30-tesseraqt.policy"
    path.touch()
    os.truncate(path, 1 << 40)
    answer = minion.single(world, "policy", "any").results["any"]
    assert answer["result"] is False
    assert answer["comment"] == f"{path} is larger than 16 MiB: move it away"
