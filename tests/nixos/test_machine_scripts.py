# SPDX-License-Identifier: MIT
"""What dom0 does with a root, against a NixOS that booted: from probe to rollback."""

import pytest
from deploying import Root, packed
from machines import document, fleet

NEW = {"containers": {"plain": {"packages": ["jq"]}}}
FAILING = {
    "root": {
        "config": {
            "systemd.services.broken": {
                "wantedBy": ["multi-user.target"],
                "serviceConfig": {
                    "Type": "oneshot",
                    "ExecStart": "/run/current-system/sw/bin/false",
                },
            }
        }
    }
}
#: What the template's own updater does: `nixos-rebuild switch`.
NATIVE = """
. /etc/set-environment
system=$(nix-build '<nixpkgs/nixos>' -A system --no-out-link)
nix-env -p /nix/var/nix/profiles/system --set "$system"
"$system/bin/switch-to-configuration" switch
"""


@pytest.fixture(scope="module")
def root(machines, deployed_root):
    return Root(machines.boot("scripts", deployed_root, ["tesseraqt-plain", "tesseraqt-app"]))


def current(root):
    return root.machine.says("readlink", "-f", "/run/current-system")


def booting(root):
    return root.machine.says("readlink", "-f", "/nix/var/nix/profiles/system")


def generation(root):
    return root.ask("generations").values["current"]


def test_the_first_question_is_answered(root):
    told = root.ask("probe").values
    assert (told["system"], told["configuration"], told["proxy"]) == ("nixos", "file", "no")
    assert told["nix"].startswith("2.")
    assert int(told["free"]) > 0 < int(told["memory"])


def test_what_was_deployed_before_it_was_halted_is_what_booted(root):
    assert current(root) == booting(root)
    assert "1@" in root.ask("generations").values["generations"]
    assert set(fleet()["containers"]) <= {
        unit.split("@")[1].removesuffix(".service")
        for unit in root.machine.says("ls", "/etc/systemd/system").split()
        if unit.startswith("container@") and unit != "container@.service"
    }


def test_a_preview_names_what_a_switch_would_do_and_does_nothing(root):
    sent = packed(NEW)
    assert root.ask("preview", sent.digest).values["built"] == "no"
    before = current(root)
    assert root.build(sent)["code"] == "0"
    root.log.clear()
    told = root.ask("preview", sent.digest)
    assert told.values == {"built": "yes", "code": "0"}
    [stopped] = [line for line in told.lines if "would stop the following units" in line]
    assert "container@app.service" in stopped
    assert current(root) == before
    assert not root.machine.active("container@plain.service")


def test_a_switch_that_is_confirmed_stays(root):
    system = root.deploy(NEW)
    assert current(root) == system != booting(root)
    assert root.machine.active("container@plain.service")
    assert root.machine.inside("plain", "jq", "--version").stdout.startswith(b"jq-")


def test_a_switch_after_which_a_unit_fails_is_undone(root):
    sent = packed({**NEW, **FAILING})
    before = current(root)
    started = root.machine.property("container@plain", "InvocationID")
    built = root.build(sent)
    told = root.switch(sent, built["toplevel"])
    assert told["failed_units"] == "1"
    assert told["back"] == "0"
    assert current(root) == before
    assert root.machine.property("container@plain", "InvocationID") == started
    assert "the unit broken.service has failed" in "\n".join(root.log)


def test_health_names_what_has_failed_in_the_qube_and_in_its_containers(root):
    root.deploy(NEW)
    assert root.ask("health").values == {"failed_units": ""}
    broken = ("--unit=broken", "--property=Type=oneshot", "/run/current-system/sw/bin/false")
    root.machine.run("systemd-run", *broken, check=False)
    root.machine.run("systemd-run", "--machine=plain", *broken, check=False)
    assert root.ask("health").values == {"failed_units": "broken.service,plain/broken.service"}
    root.machine.run("systemctl", "reset-failed")
    root.machine.run("systemctl", "--machine=plain", "reset-failed")
    assert root.ask("health").values == {"failed_units": ""}


def test_a_build_that_fails_says_where(root):
    sent = packed({"containers": {"plain": {"packages": ["no-such-thing"]}}})
    root.log.clear()
    assert root.build(sent)["code"] == "1"
    assert any("no-such-thing" in line for line in root.log)


def test_an_older_generation_boots_again(root):
    sent = packed(NEW)
    system = root.build(sent)["toplevel"]
    before = generation(root)
    assert root.ask("activate", sent.digest, system, "3").values["code"] == "0"
    assert booting(root) == system
    answer = root.ask("rollback", "previous").values
    assert answer == {"code": "0", "generation": before}
    assert booting(root) != system
    root.machine.halt()
    root.machine.start(["tesseraqt-app"])
    assert current(root) == booting(root)
    assert root.machine.active("container@app.service")


def test_the_templates_own_updater_takes_containers_away_and_a_deployment_brings_them_back(root):
    root.machine.run("sh", "-ec", NATIVE)
    assert current(root) == booting(root)
    assert not root.machine.active("container@app.service")
    sent = packed(document(fleet()))
    system = root.build(sent)["toplevel"]
    assert root.switch(sent, system) == {"code": "0", "failed_units": "0"}
    assert root.machine.active("container@app.service")
