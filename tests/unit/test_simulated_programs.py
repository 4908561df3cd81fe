# SPDX-License-Identifier: MIT
"""What the simulated dom0 has for the author of a test, and programs without a contract test."""

import subprocess
import sys

import pytest


@pytest.fixture
def run(world, capsys, monkeypatch):
    """A program of this dom0 has run, in this process: that is faster."""
    import launcher

    def run(command):
        monkeypatch.setattr(sys, "argv", command.split())
        with pytest.raises(SystemExit) as ended:
            launcher.run()
        return subprocess.CompletedProcess(command, ended.value.code or 0, *capsys.readouterr())

    return run


def features(world, qube="sys-net"):
    return world.qube(qube)["features"]


def test_edit_asks_no_rule(world, run):
    world.edit("sys-net", properties={"maxmem": -1}, features={"x": "1"}, tags=["spaced out"])
    world.edit("sys-net", features={"x": None})
    assert run("qvm-prefs sys-net maxmem").stdout == "-1\n"
    assert "x" not in features(world)


def test_power(world):
    world.power("sys-firewall", "Halted")
    world.power("sys-net", "Paused")
    assert world.qube("sys-firewall")["power"] == "Halted"
    assert world.qube("sys-net")["power"] == "Paused"
    world.power("sys-net", "Running")
    world.power("sys-firewall", "Running")
    assert {world.qube(name)["power"] for name in ("sys-net", "sys-firewall")} == {"Running"}


def test_silent_refusals(world, run):
    from qubesadmin import exc

    with pytest.raises(exc.ProtocolError):
        run("qvm-features sys-net no+name 1")
    world.edit_system(silent_refusals=True)
    assert "Got empty response from qubesd" in run("qvm-features sys-net no+name 1").stderr


def test_complete_world_has_whonix(world, run):
    world.complete()
    assert {"debian-13", "whonix-gateway-18", "sys-whonix", "anon-whonix"} < set(world.qubes())
    assert world.qube("sys-whonix")["power"] == "Running"
    assert "anon-gateway" in world.qube("sys-whonix")["tags"]
    run("qvm-create --template whonix-workstation-18 --label red new")
    assert "anon-vm" in world.qube("new")["tags"]
    assert run("qvm-prefs new netvm").stdout == "sys-whonix\n"


def test_pci_device_in_use_stops_a_start(world, run):
    for name in ("one", "two"):
        world.add_qube(name)
        assert run(f"qvm-pci assign --required {name} dom0:00_14.0").returncode == 0
    assert run("qvm-start one").returncode == 0
    ended = run("qvm-start two")
    assert ended.returncode == 1
    assert "0000:00:14.0 is in use" in ended.stderr
    assert world.qube("two")["power"] == "Halted"


def test_oversized_vm_config_stops_a_start(world, run):
    world.add_qube("new")
    assert run(f"qvm-features new vm-config.big {'x' * 4000}").returncode == 0
    assert run("qvm-start new").returncode == 1
    assert world.qube("new")["power"] == "Halted"


def test_template_from_a_repository(world, run):
    world.publish("arch", version="1")
    world.publish("arch", version="2")
    ended = run("qvm-template --yes install arch")
    assert ended.returncode == 0, ended.stderr
    assert features(world, "arch")["template-version"] == "2"
    assert world.qube("arch")["klass"] == "TemplateVM"


def test_template_from_a_file(world, run, tmp_path):
    world.publish("arch")
    path = next((world.path / "repositories").rglob("*.rpm"))
    assert run(f"qvm-template install --yes {path}").returncode == 0
    assert "arch" in world.qubes()


def test_installed_template_stays(world, run):
    world.publish("arch")
    run("qvm-template install --yes arch")
    before = world.snapshot()
    ended = run("qvm-template install --yes arch")
    assert ended.returncode == 0
    assert "already installed" in ended.stderr
    assert world.snapshot() == before


def test_unsigned_template(world, run):
    path = world.publish("arch", signed=False)
    assert run(f"qvm-template install --yes {path}").returncode == 1
    assert "arch" not in world.qubes()
    assert run(f"qvm-template install --yes --nogpgcheck {path}").returncode == 0


def test_repository_that_is_not_enabled(world, run):
    path = world.publish("arch", repository="community")
    (path.parent / "disabled").touch()
    assert run("qvm-template install --yes arch").returncode == 2
    assert run("qvm-template install --yes --enablerepo=community arch").returncode == 0


def test_qubesctl_passes_over_unknown_targets(run):
    assert run("qubesctl --skip-dom0 --targets=nobody state.apply").returncode == 0


def test_qubesd_query(run):
    ended = run("qubesd-query -e dom0 admin.vm.CurrentState sys-net")
    assert ended.returncode == 0
    assert ended.stdout.startswith("0\0mem=")


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ("qubes.Filecopy * @anyvm @anyvm ask default_target=work\n", 0),
        ("tesseraqt.Probe + @tag:a @default allow target=@dispvm:dvm\n", 0),
        ("qubes.Filecopy * @anyvm @anyvm perhaps\n", 1),
        ("qubes.Filecopy * @anyvm\n", 1),
        ("!nonsense\n", 1),
    ],
)
def test_policy_lint(run, tmp_path, policy, code):
    path = tmp_path / "50-test.policy"
    path.write_text(policy)
    assert run(f"qubes-policy-lint {path}").returncode == code


def test_nothing_runs_in_a_qube(run):
    ended = run("qvm-run sys-net true")
    assert ended.returncode != 0
    assert "sys-net" in ended.stderr
