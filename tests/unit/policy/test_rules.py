# SPDX-License-Identifier: MIT
"""The rules of a fleet, judged call by call: by the real parser, where it can be imported, and by
the one of the simulated dom0."""

import importlib
import importlib.util
import itertools
import re
import uuid
from pathlib import Path

import hypothesis
import pytest
import simulated_dom0
from hypothesis import strategies as some
from tesseraqt_lib.policy import rules as policy_rules
from tesseraqt_lib.policy.plan import Found
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.run import validate

simulated_dom0.importable()

from programs import qrexec_policy  # noqa: E402

REAL = importlib.util.find_spec("qrexec") is not None
QUBES = ("a", "a.b", "b", "b-1", "vault")
APIS = ("sql.db", "sql.db2", "sql-2.db", "keys.agent")
#: Whom one can call besides qubes, or in their place.
TARGETS = (*QUBES, "dom0", "@adminvm", "@default", "@dispvm", "@dispvm:dvm", "", "nobody", "dvm")
SOURCES = (*QUBES, "dvm", "disp1234")
SERVICES = (policy_rules.SERVICE, "tesseraqt.Ap", "qubes.Filecopy")
ARGUMENTS = (*APIS, "", "sql", "sql.", "SQL.db", "sql.db+x")


def system():
    """What qubesd tells the parser about every qube, by name and by UUID."""
    found = {}
    for name in ("dom0", *SOURCES):
        number = uuid.UUID(int=0) if name == "dom0" else uuid.uuid5(uuid.NAMESPACE_DNS, name)
        about = {
            "default_dispvm": "dvm",
            "icon": "appvm-red",
            "internal": None,
            "name": name,
            "power_state": "Halted",
            "relayvm": None,
            "tags": ["tesseraqt"],
            "template_for_dispvms": name == "dvm",
            "transport_rpc": None,
            "type": "AdminVM" if name == "dom0" else "AppVM",
            "uuid": str(number),
        }
        found[name] = found[f"uuid:{number}"] = about
    return found


SYSTEM = system()


def really(directory, call):
    """What the real parser says: an action and its target, or ``None`` for a denial."""
    from qrexec.exc import AccessDenied, PolicySyntaxError
    from qrexec.policy import parser

    try:
        found = parser.FilePolicy(policy_path=directory)
        request = parser.Request(
            call.service,
            f"+{call.argument}",
            call.source,
            call.target,
            system_info={"domains": SYSTEM},
        )
        resolution = found.evaluate(request)
    except (AccessDenied, PolicySyntaxError):
        return None
    if isinstance(resolution, parser.AskResolution):
        (target,) = resolution.targets_for_ask
        assert resolution.default_target == target
        return "ask", str(target)
    if resolution.target == call.source:  # refused only when it is carried out
        return None
    return "allow", str(resolution.target)


def simulated(directory, call):
    """What the parser of the simulated dom0 says."""
    try:
        found = qrexec_policy.evaluate([directory], call, SYSTEM)
    except qrexec_policy.Denied:
        return None
    return found.action, found.target


@pytest.fixture(params=["simulated", "real"])
def judge(request):
    """A parser."""
    if request.param == "real" and not REAL:
        pytest.skip("qrexec cannot be imported here; PYTHONPATH may name its sources")
    return {"real": really, "simulated": simulated}[request.param]


@some.composite
def pillars(draw):
    """A fleet of qubes with wires among them, some of which ask."""
    ends = some.tuples(some.sampled_from(QUBES), some.sampled_from(QUBES), some.sampled_from(APIS))
    wires = draw(some.dictionaries(ends, some.booleans(), max_size=12))
    consumes = {f"s{number}": {"optional": True} for number in range(len(wires))}
    provided = {"sql": ("db", "db2"), "sql-2": ("db",), "keys": ("agent",)}
    containers = {
        name: {"provides": {api: {"tcp": 1} for api in provided[name]}} for name in provided
    }
    slots = {name: {} for name in QUBES}
    for number, ((source, target, api), ask) in enumerate(wires.items()):
        slots[source][f"s{number}"] = {"to": f"{target}/{api}", "ask": ask}
    return {
        "containers": {"web": {"consumes": consumes}, **containers},
        "defaults": {"template": "nixos", "label": "red", "prefs": {"netvm": "none"}},
        "qubes": {
            name: {"containers": {"web": slots[name], **dict.fromkeys(provided)}} for name in QUBES
        },
    }


def fleet(pillar):
    problems = Problems()
    found = validate.alone(pillar, problems)
    assert list(map(str, problems.found)) == []
    return found


def declared(pillar):
    """What ought to come of each call, from the pillar alone."""
    found = {}
    for source, qube in pillar["qubes"].items():
        for wire in qube["containers"]["web"].values():
            target, api = wire["to"].split("/")
            if target != source:
                found[source, target, api] = "ask" if wire["ask"] else "allow"
    return found


def calls():
    for words in itertools.product(SERVICES, ARGUMENTS, SOURCES, TARGETS):
        yield qrexec_policy.Call(*words)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("policy.d")


@hypothesis.given(pillar=pillars())
@hypothesis.settings(
    max_examples=25, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
def test_every_call_is_allowed_exactly_if_it_is_declared(judge, directory, pillar):
    rules = policy_rules.rules(fleet(pillar))
    (directory / policy_rules.FILE).write_text(policy_rules.text(rule.line for rule in rules))
    wanted = declared(pillar)
    for call in calls():
        action = wanted.get((call.source, call.target, call.argument))
        expected = (
            (action, call.target) if action and call.service == policy_rules.SERVICE else None
        )
        assert judge(directory, call) == expected, call


def test_a_call_of_anything_undeclared_is_denied_though_later_rules_allow_it(judge, directory):
    (directory / policy_rules.FILE).write_text(policy_rules.text(["tesseraqt.Api +a.b a b allow"]))
    later = directory / "90-default.policy"
    later.write_text("* * @anyvm @anyvm allow\n* * * @adminvm allow\n")
    try:
        for call in calls():
            allowed = (call.source, call.target, call.argument) == ("a", "b", "a.b")
            if call.service == policy_rules.SERVICE and not allowed:
                assert judge(directory, call) is None, call
        other = qrexec_policy.Call("qubes.Filecopy", "", "a", "b")
        assert judge(directory, other) == ("allow", "b")
    finally:
        later.unlink()


def test_by_hand_every_call_of_ours_is_denied_as_docs_say(judge, directory):
    docs = (simulated_dom0.REPO / "docs" / "wires.md").read_text()
    line, name = re.search(
        r"^echo '(.*)' \| sudo tee /etc/qubes/policy.d/(\S+)$", docs, re.M
    ).groups()
    (directory / policy_rules.FILE).write_text(policy_rules.text(["tesseraqt.Api +a.b a b allow"]))
    call = qrexec_policy.Call(policy_rules.SERVICE, "a.b", "a", "b")
    assert judge(directory, call) == ("allow", "b")
    (directory / name).write_text(f"{line}\n")
    try:
        assert {judge(directory, one) for one in calls() if one.service == call.service} == {None}
    finally:
        (directory / name).unlink()


def test_without_the_file_every_call_of_ours_is_denied(judge, directory):
    (directory / policy_rules.FILE).unlink(missing_ok=True)
    assert {judge(directory, one) for one in calls() if one.service == policy_rules.SERVICE} == {
        None
    }


@pytest.mark.parametrize(
    "name", ["!30-tesseraqt.policy", "30-Tesseraqt.policy", "30-tesseraqt copy.policy"]
)
def test_a_file_of_a_wrong_name_denies_every_call(judge, directory, name):
    """Why no temporary file may end in ``.policy``: that of ``qubes-policy`` does."""
    (directory / policy_rules.FILE).write_text(policy_rules.text(["tesseraqt.Api +a.b a b allow"]))
    call = qrexec_policy.Call(policy_rules.SERVICE, "a.b", "a", "b")
    assert judge(directory, call) == ("allow", "b")
    (directory / name).touch()
    try:
        assert judge(directory, call) is None
    finally:
        (directory / name).unlink()


def test_a_draft_is_passed_over(judge, directory):
    (directory / policy_rules.FILE).write_text(policy_rules.text(["tesseraqt.Api +a.b a b allow"]))
    draft = Found(Path(directory / policy_rules.FILE)).draft
    draft.write_text("half a li")
    try:
        call = qrexec_policy.Call(policy_rules.SERVICE, "a.b", "a", "b")
        assert judge(directory, call) == ("allow", "b")
    finally:
        draft.unlink()


def test_a_line_that_is_wrong_denies_every_call(judge, directory):
    (directory / policy_rules.FILE).write_text("tesseraqt.Api +a.b a b allow\nhalf a li\n")
    assert judge(directory, qrexec_policy.Call(policy_rules.SERVICE, "a.b", "a", "b")) is None


def test_rules_are_the_same_whatever_the_order_in_pillar():
    pillar = {
        "containers": {
            "web": {"consumes": {"x": None, "y": None}},
            "sql": {"provides": {"db": {"tcp": 1}}},
        },
        "defaults": {"template": "nixos", "label": "red"},
        "qubes": {
            "b": {"containers": {"web": {"x": "a/sql.db", "y": "a/sql.db"}}},
            "a": {"containers": ["sql"]},
        },
    }
    backwards = {**pillar, "qubes": dict(reversed(pillar["qubes"].items()))}
    found = policy_rules.rules(fleet(pillar))
    assert found == policy_rules.rules(fleet(backwards)) == (policy_rules.Rule("b", "a", "sql.db"),)
    assert policy_rules.text(rule.line for rule in found).splitlines()[2:] == [
        "tesseraqt.Api +sql.db b a allow",
        "tesseraqt.Api * * * deny",
    ]


@pytest.fixture(params=["simulated", "real"])
def lint(request, monkeypatch):
    """``lint(path)``: the exit code of a ``qubes-policy-lint``, called as we call it."""
    if request.param == "real" and not REAL:
        pytest.skip("qrexec cannot be imported here; PYTHONPATH may name its sources")
    where = {"real": "qrexec.tools", "simulated": "programs"}[request.param]
    program = importlib.import_module(f"{where}.qubes_policy_lint")

    def run(path):
        monkeypatch.setattr("sys.argv", ["qubes-policy-lint", "--", str(path)])
        try:
            return program.main() or 0
        except SystemExit as end:
            return end.code

    return run


def test_the_linter_takes_a_draft_and_refuses_what_the_parser_would(lint, tmp_path):
    draft = Found(tmp_path / policy_rules.FILE).draft
    rules = [policy_rules.Rule("a", "b", "c.d", ask=True), policy_rules.Rule("a", "b", "c.e")]
    draft.write_text(policy_rules.text(rule.line for rule in rules))
    assert lint(draft) == 0
    draft.write_text(draft.read_text() + "half a li\n")
    assert lint(draft) == 1
