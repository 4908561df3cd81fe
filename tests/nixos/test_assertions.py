# SPDX-License-Identifier: MIT
"""What the modules refuse again, though dom0 has refused it already."""

import json
import re

import pytest
from nix_evaluation import HERE, NIXOS, refusal

REFUSALS = HERE / "refusals.nix"

REFUSED = [
    ("Web", {}, "name: "),
    ("we_b", {}, "name: "),
    ("qube", {}, "name: is what wires call the qube as such"),
    ("w" * 33, {}, "name: "),
    ("a;b", {}, "name: "),
    ("web", {"packages": ["hello; rm"]}, "packages: "),
    ("web", {"modules": ["/etc/passwd"]}, "modules: "),
    ("web", {"modules": ["modules/../../x.nix"]}, "modules: "),
    ("web", {"users": {"a b": {}}}, "users: "),
    ("web", {"users": {"root": {}}}, "users.root: "),
    ("web", {"users": {"a": {"groups": ["x y"]}}}, "users.a.groups: "),
    ("web", {"users": {"a": {"home": "/home/../etc"}}}, "users.a.home: "),
    ("web", {"state": ["var/lib"]}, "state: is no plain"),
    ("web", {"state": ["/var/lib/../x"]}, "state: is no plain"),
    ("web", {"state": ["/var/lib/a b"]}, "state: is no plain"),
    ("web", {"state": ["/var/lib/x:rbind"]}, "state: is no plain"),
    ("web", {"state": ["/var/lib/$(x)"]}, "state: is no plain"),
    ("web", {"state": ["/var/lib/*"]}, "state: is no plain"),
    ("web", {"state": ["/var/lib/x\n"]}, "state: is no plain"),
    ("web", {"state": ["/var/lib/"]}, "state: is no plain"),
    ("web", {"state": ["/etc"]}, "state: cannot be kept"),
    ("web", {"state": ["/nix/store"]}, "state: cannot be kept"),
    ("web", {"state": ["/run/x"]}, "state: cannot be kept"),
    ("web", {"state": ["/var/lib", "/var/lib/x"]}, "state: is below another one: /var/lib/x"),
    ("web", {"state": {"/srv/x": {"user": "a b"}}}, "state./srv/x.user: "),
    ("web", {"state": {"/srv/x": {"group": "-"}}}, "state./srv/x.group: "),
    ("web", {"state": {"/srv/x": {"mode": "4755"}}}, "state./srv/x.mode: "),
    ("web", {"state": {"/srv/$(x)": {}}}, "state: is no plain"),
    ("web", {"config": {"_module.check": False}}, "config: `_module`"),
    ("web", {"config": {"a": {"_module": {"check": False}}}}, "config: `_module`"),
    ("web", {"desktop": {"A b": {"title": "X", "command": ["x"]}}}, "desktop: "),
    ("web", {"desktop": {"x": {"title": "X\nExec=y", "command": ["x"]}}}, "desktop.x.title: "),
    ("web", {"desktop": {"x": {"title": "X", "command": ["a\nb"]}}}, "desktop.x.command: "),
    (
        "web",
        {"desktop": {"x": {"title": "X", "command": ["x"], "icon": "../x"}}},
        "desktop.x.icon: ",
    ),
    (
        "web",
        {"desktop": {"x": {"title": "X", "command": ["x"], "user": "a b"}}},
        "desktop.x.user: ",
    ),
    ("web", {"provides": {"A": {"tcp": 1}}}, "provides: "),
    ("web", {"provides": {"a": {}}}, "provides.a: needs a socket or a port"),
    ("web", {"provides": {"a": {"tcp": 1, "socket": "/x"}}}, "provides.a: is a socket or a port"),
    ("web", {"provides": {"a": {"socket": "x"}}}, "provides.a.socket: "),
    ("web", {"provides": {"a": {"tcp": 1, "user": "A"}}}, "provides.a.user: "),
    ("web", {"consumes": {"A": {}}}, "consumes: "),
    ("web", {"consumes": {"a": {"socket": "/a:b"}}}, "consumes.a.socket: "),
    ("web", {"consumes": {"a": {"tcp": 1, "socket": "/x"}}}, "consumes.a: is a socket or a port"),
    ("web", {"consumes": {"a": {"socket": "/etc"}}}, "consumes.a.socket: is no place"),
    ("web", {"consumes": {"a": {"tcp": 1}, "b": {"tcp": 1}}}, "consumes: two slots are at port 1"),
    (
        "web",
        {"consumes": {"a": {"socket": "/x"}, "b": {"socket": "/x"}}},
        "consumes: two slots are at socket /x",
    ),
    ("web", {"hardening": {"capabilities": ["CAP_SYS_MODULE"]}}, "hardening.capabilities: "),
    ("web", {"hardening": {"capabilities": ["CAP_SYS_PTRACE"]}}, "hardening.capabilities: "),
    ("web", {"hardening": {"nix_daemon": True}}, "hardening.nix_daemon: "),
    ("web", {"nixpkgs": {"url": "file:///x", "hash": f"sha256-{'A' * 43}="}}, "nixpkgs.url: "),
    ("web", {"nixpkgs": {"url": "https://x/y", "hash": "sha256-x"}}, "nixpkgs.hash: "),
    ("web", {"config": {"a": [{"_type": "if"}]}}, "config: `_type`"),
    ("web", {"config": ["a"]}, "config: is no set of options"),
]


@pytest.fixture(scope="session")
def refusals(nix, nixpkgs, tmp_path_factory):
    """What the assertions say to each case, all asked at once."""
    cases = tmp_path_factory.mktemp("cases") / "cases.json"
    cases.write_text(json.dumps([{"containers": {name: said}} for name, said, _ in REFUSED]))
    return nix.evaluate(REFUSALS, nixpkgs=nixpkgs, nixos=NIXOS, cases=cases)


@pytest.mark.parametrize("case", range(len(REFUSED)), ids=lambda case: REFUSED[case][2].strip(": "))
def test_what_could_break_out_is_refused_again(refusals, case):
    name, _, said = REFUSED[case]
    assert len(refusals[case]) == 1
    assert refusals[case][0].startswith(f"tesseraqt.containers.{name}.{said}")


#: What is declared of the qube itself is judged as what is declared of a container.
OF_THE_ROOT = [
    ({"packages": ["a b"]}, "packages: "),
    ({"modules": ["modules/../x.nix"]}, "modules: "),
    ({"config": {"a": {"_type": "if"}}}, "config: `_type`"),
    ({"provides": {"a": {"socket": "/a b"}}}, "provides.a.socket: "),
    ({"consumes": {"a": {"socket": "/a/../b"}}}, "consumes.a.socket: "),
]


@pytest.mark.parametrize(("said", "answer"), OF_THE_ROOT)
def test_of_the_qube_itself_too(nix, nixpkgs, tmp_path, said, answer):
    cases = tmp_path / "cases.json"
    cases.write_text(json.dumps([{"root": said}]))
    [[refused]] = nix.evaluate(REFUSALS, nixpkgs=nixpkgs, nixos=NIXOS, cases=cases)
    assert refused.startswith(f"tesseraqt.root.{answer}")


def test_each_assertion_has_a_case():
    text = (NIXOS / "assertions.nix").read_text()
    labels = {label.split("$")[0] for label in re.findall(r'(?:all|some|ends) "([a-z.$]+)', text)}
    labels |= {label.split("$")[0] for label in re.findall(r'\) "([a-z.$]+)[^"]*: ', text)}
    assert labels
    for label in labels:
        assert any(said.startswith(label) for _, _, said in REFUSED), label


def test_a_failed_assertion_stops_the_root(nix, nixpkgs, plant):
    said = refusal(nix, nixpkgs, plant, {"state": ["/var/lib/x:rbind"]}, "toplevel")
    assert "tesseraqt.containers.web.state: is no plain absolute path" in said
