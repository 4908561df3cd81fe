# SPDX-License-Identifier: MIT
"""What the documents show happens: their examples, the installation, and the demo."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import documents
import pytest
import salt.loader
import simulated_dom0

FIRST = documents.blocks("yaml pillar")[0]


@pytest.fixture
def whole(world):
    """A dom0 with everything that the installer of Qubes offers."""
    return world.complete()


def declared(block):
    return {"tesseraqt": block.pillar}


@pytest.mark.parametrize("block", documents.blocks("yaml pillar"), ids=str)
def test_every_example_is_valid(block, whole, declare):
    assert declare(declared(block)).modules.tesseraqt.check()["problems"] == []


@pytest.mark.parametrize("block", documents.blocks("yaml refused"), ids=str)
def test_every_refused_example_has_the_problems_that_are_told(block, whole, declare):
    found = declare(declared(block)).modules.tesseraqt.check()["problems"]
    assert found == block.next.text.splitlines()


def test_the_plan_of_the_readme_is_what_is_printed(whole, declare):
    loaders = declare(declared(FIRST))
    printed = salt.loader.outputters(loaders.opts)["tesseraqt"]
    assert FIRST.next.kind == "text plan"
    assert printed({"local": loaders.modules.tesseraqt.plan()}) == FIRST.next.text.rstrip()


def test_the_plan_of_the_readme_comes_true(whole, apply):
    apply(declared(FIRST))
    assert "tesseraqt" in whole.qube("work")["tags"]
    assert whole.qube("vault")["properties"]["netvm"] in (None, "")


@pytest.mark.parametrize("block", documents.blocks("yaml sls"), ids=str)
def test_every_sls_can_be_tested_applied_and_applied_again(
    block, whole, apply, minion_opts, tmp_path
):
    (tmp_path / "mine.sls").write_text(block.text)
    minion_opts["file_roots"]["base"].append(str(tmp_path))
    whole.forget_calls()
    foretold = apply(declared(FIRST), "mine", test=True)
    assert whole.writes() == []
    done = apply(declared(FIRST), "mine")
    assert {one["result"] for one in done.values()} == {True}
    assert changes(done) == changes(foretold)
    assert changes(apply(declared(FIRST), "mine")) == {}


def changes(answer):
    return {id_: one["changes"] for id_, one in answer.items() if one["changes"]}


def test_the_example_fleet_is_made_and_leaves_everything_else_alone(world, example, apply):
    before = world.snapshot()["qubes"]
    done = apply(example)
    assert {one["result"] for one in done.values()} == {True}
    after = world.snapshot()["qubes"]
    assert {name: after[name] for name in before} == before
    assert {"work", "dev", "vault", "builder", "disp-browser"} <= set(after)
    world.forget_calls()
    apply(example)
    assert world.writes() == []


def test_the_example_fleet_can_have_whonix_too(whole, example, apply):
    text = documents.text("pillar/tesseraqt/whonix.sls")
    more = documents.yaml.safe_load(text)["tesseraqt"]
    for section, found in more.items():
        example["tesseraqt"][section] = example["tesseraqt"][section] | found
    done = apply(example)
    assert {one["result"] for one in done.values()} == {True}
    assert whole.qube("anon-reader")["properties"]["netvm"] == "sys-whonix"


class Dom0:
    """A directory that takes the place of / for the commands of the README."""

    def __init__(self, root, world, checkout=documents.REPO):
        self.root, self.world, self.checkout = root, world, checkout
        pillars = {"base": [f"{root}/srv/pillar"], "user": [f"{root}/srv/user_pillar"]}
        self.config_dir = simulated_dom0.write_config(root, pillar_roots=pillars)

    def type(self, block):
        """Every command of the block is run, and succeeds."""
        for line in block.text.splitlines():
            words = [word for word in shlex.split(line, comments=True) if word != "sudo"]
            if words[:1] == ["qubesctl"]:
                self.qubesctl(*words[1:])
            else:
                moved = re.sub(r"(?<![^\s'])/(?=(?:srv|etc|var)/)", f"{self.root}/", line)
                argv = ["sh", "-c", moved.replace("sudo ", "")]
                subprocess.run(argv, check=True, cwd=self.checkout)
                self.point_there()

    def qubesctl(self, *arguments):
        ended = simulated_dom0.salt_call(
            self.config_dir, *arguments, env=self.world.environ(), capture_output=True, text=True
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def point_there(self):
        """The drop-in that was copied names the directory below this root."""
        drop_in = self.root / "etc/salt/minion.d/tesseraqt.conf"
        if drop_in.exists() and f"- {simulated_dom0.INSTALLED}" in drop_in.read_text():
            there = f"{self.root}{simulated_dom0.INSTALLED}"
            drop_in.write_text(drop_in.read_text().replace(simulated_dom0.INSTALLED, there))


INSTALL, PILLAR, USE, ROOTS, REMOVE = (
    block for block in documents.blocks("sh dom0") if block.file == "README.md"
)
[TOP] = (block for block in documents.blocks("yaml top") if block.file == "README.md")
#: A state of the user's own that has nothing to do with tesseraqt, and the pillar that it shows.
FOREIGN = """
it-is-{{ pillar.get("mine", "alone") }}:
  test.succeed_without_changes: []
"""


@pytest.fixture
def dom0(world, tmp_path):
    """A dom0 without tesseraqt, in which the user has a state of their own."""
    made = Dom0(tmp_path / "root", world)
    # there only because the simulated dom0 runs from the checkout
    (made.root / "etc/salt/minion.d/tesseraqt.conf").unlink()
    for place in ("srv/salt", "srv/user_pillar", "srv/pillar"):
        (made.root / place).mkdir(parents=True)
    (made.root / "srv/salt/foreign.sls").write_text(FOREIGN)
    return made


def test_without_tesseraqt_there_is_nothing_of_it(dom0):
    """What stands in this checkout reaches a dom0 by being installed, and in no other way."""
    assert "qubes" not in dom0.qubesctl("pillar.get", "tesseraqt")
    assert "tesseraqt.plan" not in dom0.qubesctl("sys.list_functions", "tesseraqt")
    assert "it-is-alone" in dom0.qubesctl("state.apply", "foreign")


def test_it_installs_works_and_goes_as_the_readme_says(world, dom0):
    dom0.type(INSTALL)
    dom0.type(PILLAR)
    (dom0.root / "srv/user_pillar/top.sls").write_text(TOP.text)
    dom0.type(USE)
    assert "vault" in world.qubes()
    assert "it-is-alone" in dom0.qubesctl("state.apply", "foreign")
    dom0.type(ROOTS)
    dom0.type(REMOVE)
    assert "vault" in world.qubes()
    assert "tesseraqt.plan" not in dom0.qubesctl("sys.list_functions", "tesseraqt")
    assert "it-is-alone" in dom0.qubesctl("state.apply", "foreign")


def test_a_pillar_of_the_users_own_goes_on_when_it_is_removed(dom0):
    dom0.type(INSTALL)
    dom0.type(PILLAR)
    (dom0.root / "srv/user_pillar/mine.sls").write_text("mine: kept\n")
    (dom0.root / "srv/user_pillar/top.sls").write_text(f"{TOP.text}    - mine\n")
    assert "it-is-kept" in dom0.qubesctl("state.apply", "foreign")
    dom0.type(REMOVE)
    assert "qubes" not in dom0.qubesctl("pillar.get", "tesseraqt")
    assert "it-is-kept" in dom0.qubesctl("state.apply", "foreign")


def test_the_commands_that_install_it_update_it_too(dom0, tmp_path):
    dom0.type(INSTALL)
    (tmp_path / "new").mkdir()
    dom0.checkout = tmp_path / "new"
    shutil.copytree(documents.REPO / "salt", tmp_path / "new" / "salt")
    (tmp_path / "new/salt/tesseraqt/prune.sls").unlink()
    changed = tmp_path / "new/salt/_modules/tesseraqt_wires.py"
    changed.write_text(changed.read_text().replace("def wires()", "def wires_of_today()"))
    dom0.type(INSTALL)
    functions = dom0.qubesctl("sys.list_functions", "tesseraqt").split()
    assert "tesseraqt.wires_of_today" in functions
    assert "tesseraqt.wires" not in functions
    assert "tesseraqt.prune" not in dom0.qubesctl("cp.list_states").split()


def test_it_exits_as_the_readme_says(world, tmp_path):
    root = simulated_dom0.write_pillar(tmp_path / "pillar", {"dom0": {"tesseraqt": {"quebs": {}}}})
    modules = {"module_dirs": [str(simulated_dom0.REPO / "salt")]}
    config_dir = simulated_dom0.write_config(tmp_path / "minion", root, **modules)

    def code(*arguments):
        env = world.environ()
        return simulated_dom0.salt_call(
            config_dir, *arguments, env=env, capture_output=True
        ).returncode

    assert code("tesseraqt.check") == 1
    assert code("state.apply", "tesseraqt") == 2
    assert code("state.apply", "tesseraqt.nosuch") == 1
    (root / "dom0.sls").write_text("{{ broken")
    assert code("state.apply", "tesseraqt") == 5


def test_the_top_files_find_dom0(minion_opts):
    opts = minion_opts | {"nodegroups": {"dom0": "dom0"}, "state_top": "salt://tesseraqt/init.top"}
    modules = salt.loader.minion_mods(opts, utils=salt.loader.utils(opts))
    assert modules["state.show_top"]() == {"base": ["tesseraqt"]}


def test_the_demo_tells_the_truth():
    program = documents.REPO / "tools" / "demo.py"
    ended = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, env=os.environ, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    told = re.findall(
        r"^-> (\d+) Admin API calls, (\d+) of them writing$", ended.stdout, re.MULTILINE
    )
    (_, made), (looks, left), mistaken = [tuple(map(int, counts)) for counts in told]
    assert made >= 90
    assert 10 <= looks <= 70
    assert left == 0
    assert mistaken == (0, 0)
