# SPDX-License-Identifier: MIT
"""What NixOS makes of the golden documents; needs a nixpkgs, see docs/nixos.md."""

import json
import re

import pytest
from nix_evaluation import EVALUATE, HERE, EvaluationError, golden
from tesseraqt_lib import containers, render


def unpinned(document):
    """The same without a nixpkgs of its own, which would have to be fetched."""
    text = json.loads(json.dumps(document))
    for container in text["containers"].values():
        container.pop("nixpkgs", None)
    return text


DOCUMENTS = sorted(path.stem for path in (HERE / "golden").iterdir())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_root_with_this_document_has_a_system(evaluated, name):
    root = evaluated(unpinned(golden(name)))
    assert root["toplevel"].endswith(".drv")
    assert (root["failed"], root["warnings"]) == ([], [])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_container_of_the_document_has_a_system(evaluated, name):
    root = evaluated(unpinned(golden(name)))
    assert set(root["guests"]) == set(golden(name)["containers"])
    for guest in root["guests"].values():
        assert guest["toplevel"].endswith(".drv")
        assert (guest["failed"], guest["warnings"]) == ([], [])


def test_python_and_nix_use_the_same_words(full):
    assert full["flags"] == {name: render.flag(name) for name in full["flags"]}
    assert tuple(full["dropped"]) == containers.DROPPED


def lines(full, name):
    return full["units"][name]["text"].splitlines()


def flags(root, name):
    """The flags of nspawn that the container gets beyond those of NixOS."""
    [found] = re.findall('EXTRA_NSPAWN_FLAGS="(.*)"', root["confs"][name])
    return found.split()


@pytest.mark.parametrize("name", ["keys", "mail", "postgres"])
def test_a_container_waits_for_its_flag_and_follows_a_switch(full, name):
    unit = lines(full, f"container@{name}.service")
    assert f"ConditionPathExists=/run/qubes-service/tesseraqt-{name}" in unit
    [after] = [line for line in unit if line.startswith("After=")]
    assert "qubes-sysinit.service" in after.removeprefix("After=").split()
    assert any(line.startswith("X-Restart-Triggers=") for line in unit)
    assert "X-RestartIfChanged=false" not in unit
    assert not any(line.startswith("ExecReload=") for line in unit)


def test_a_container_without_autostart_waits_to_be_called(full):
    assert full["units"]["container@keys.service"]["wantedBy"] == []
    assert full["units"]["container@mail.service"]["wantedBy"] == ["machines.target"]


@pytest.mark.parametrize("name", ["keys", "mail", "postgres"])
def test_no_container_is_without_a_user_namespace(full, name):
    typed = re.findall("^PRIVATE_USERS=(.*)$", full["confs"][name], re.MULTILINE)
    flagged = [flag for flag in flags(full, name) if flag.startswith("--private-users")]
    assert (typed, flagged) in ((["pick"], []), ([], ["--private-users=pick"]))


def test_the_defaults_of_the_hardening(full):
    assert {"--settings=no", "--no-new-privileges=yes"} <= set(flags(full, "keys"))
    assert f"--drop-capability={','.join(containers.DROPPED)}" in flags(full, "keys")
    assert "PRIVATE_NETWORK=1" in full["confs"]["keys"]
    hidden = set(re.findall(r"--tmpfs=([^:\s]+):", full["starts"]["keys"]))
    assert hidden == {f"/nix/var/nix/{d}" for d in ("daemon-socket", "db", "gcroots", "profiles")}
    assert "--ephemeral" in full["starts"]["keys"]
    assert "COPY_RESOLV_CONF=1" not in full["confs"]["keys"]
    assert "DeviceAllow=" not in full["units"]["container@keys.service"]["text"]
    assert not re.search("HOST_ADDRESS=|LOCAL_ADDRESS=|HOST_PORT=", full["confs"]["keys"])


def test_each_default_is_taken_back_alone(full):
    assert "--no-new-privileges=yes" not in flags(full, "mail")
    assert "--no-new-privileges=yes" in flags(full, "postgres")
    kept = [name for name in containers.DROPPED if name != "CAP_NET_RAW"]
    assert f"--drop-capability={','.join(kept)}" in flags(full, "postgres")
    assert "PRIVATE_NETWORK=1" not in full["confs"]["postgres"]
    assert "daemon-socket:mode" not in full["starts"]["postgres"]
    assert "--tmpfs=/nix/var/nix/gcroots:" in full["starts"]["postgres"]


def test_limits_are_those_of_the_unit(full):
    for line in ("MemoryMax=536870912", "CPUQuota=50%", "TasksMax=200"):
        assert line in lines(full, "container@postgres.service")
    for line in ("MemoryMax=1073741824", "CPUQuota=100%", "TasksMax=1024"):
        assert line in lines(full, "container@keys.service")


def test_state_is_of_the_container_and_made_before_it_starts(full):
    binds = [flag for flag in flags(full, "postgres") if flag.startswith("--bind=")]
    assert binds == [
        "--bind=/rw/tesseraqt/postgres/var/lib/nixos:/var/lib/nixos:idmap",
        "--bind=/rw/tesseraqt/postgres/var/lib/postgresql:/var/lib/postgresql:idmap",
    ]
    unit = full["units"]["tesseraqt-state-postgres.service"]
    assert unit["requiredBy"] == ["container@postgres.service"]
    assert "Before=container@postgres.service" in unit["text"]
    assert "After=qubes-sysinit.service qubes-mount-dirs.service" in unit["text"]
    assert "ConditionPathExists=/run/qubes-service/tesseraqt-postgres" in unit["text"]
    assert (
        "mkdir -p -m 0700 /rw/tesseraqt /rw/tesseraqt/postgres"
        in full["states"]["tesseraqt-state-postgres"]
    )


def test_who_mounts_rw_is_not_told_to_do_so_early(full):
    assert "RequiresMountsFor=/rw" not in full["units"]["container@postgres.service"]["text"]


def test_a_container_without_state_has_no_place_for_it(full):
    assert "tesseraqt-state-mail.service" not in full["units"]
    assert not any(flag.startswith("--bind=") for flag in flags(full, "mail"))


def test_users_packages_modules_and_options_come_in(full):
    guests = full["guests"]
    alice = {"uid": 1000, "home": "/home/alice", "extraGroups": ["mail"]}
    assert guests["keys"]["users"]["alice"] == alice
    assert set(guests["keys"]["users"]) == {"alice", "bob"}
    assert {"git", "requests"} <= {name.rpartition("-")[2] for name in guests["mail"]["packages"]}
    assert "hello" in guests["postgres"]["packages"]
    assert "db.example" in guests["postgres"]["hosts"]
    assert all(guest["stateVersion"] == "24.11" for guest in guests.values())
    assert not any(guest["documentation"] for guest in guests.values())


def test_what_a_container_cannot_use_it_does_not_have(full):
    assert [full["guests"][name]["nix"] for name in ("keys", "postgres")] == [False, True]
    assert [full["guests"][name]["sudo"] for name in ("keys", "mail")] == [False, True]
    assert not full["guests"]["keys"]["firewall"]


def test_only_a_container_with_a_window_has_a_display(full):
    bind = "--bind-ro=/run/tesseraqt/display/mail:/run/tesseraqt/display"
    assert [name for name in full["confs"] if bind in flags(full, name)] == ["mail"]
    display = [name for name in full["units"] if "display" in name or "open" in name]
    assert sorted(display) == [
        "tesseraqt-display-mail.socket",
        "tesseraqt-display-mail@.service",
        "tesseraqt-open-mail.socket",
        "tesseraqt-open-mail@.service",
    ]
    for path in ("/tmp/.X11-unix", "/run/qubes", "/run/dbus", "/dev/xen", "/run/systemd"):
        assert not any(path in flag for name in full["confs"] for flag in flags(full, name))


def test_the_display_is_nobodys_and_there_before_the_container(full):
    socket = full["units"]["tesseraqt-display-mail.socket"]
    assert socket["requiredBy"] == ["container@mail.service"]
    service = lines(full, "tesseraqt-display-mail@.service")
    assert "DynamicUser=true" in service
    assert "d /run/tesseraqt/display 0700 root root -" in full["tmpfiles"]


def test_programs_are_in_the_menu_and_in_the_terminal(full):
    assert {
        "tesseraqt-enter",
        "tesseraqt-icons-mail",
        "tesseraqt-mail.reader.desktop",
        "tesseraqt-mail.top.desktop",
        "tesseraqt-open-mail",
        "tesseraqt-run-mail.top",
    } == {name for name in full["packages"] if name.startswith("tesseraqt")}


def test_a_program_is_started_by_the_name_of_its_unit_alone(full):
    guest = full["guests"]["mail"]
    assert [name for name in guest["units"] if "desktop" in name] == [
        "tesseraqt-desktop-reader@.service"
    ]
    text = guest["units"]["tesseraqt-desktop-reader@.service"]["text"]
    assert '"git" "gui" "a b %%n $$HOME"' in text
    assert "User=user" in text
    assert {"user", "carol"} <= set(guest["users"])


def test_a_pinned_container_is_evaluated_with_its_own_nixpkgs(nix, nixpkgs, plant):
    with pytest.raises(EvaluationError, match=r"https://example\.com/nixpkgs\.tar\.gz"):
        nix.evaluate(
            EVALUATE, "guests.shell.toplevel", nixpkgs=nixpkgs, tree=plant(golden("full-alone"))
        )


def test_what_is_in_the_store_already_is_not_evaluated(nix, nixpkgs, plant, tmp_path):
    """The pin would have to be fetched, if anything asked for it."""
    (tmp_path / "system").mkdir()
    system = nix.add(tmp_path / "system")
    tree = plant(golden("full-alone"))
    (tree / "built.json").write_text(json.dumps({"shell": system}))
    root = nix.evaluate(EVALUATE, nixpkgs=nixpkgs, tree=tree)
    assert f"SYSTEM_PATH={system}\n" in root["confs"]["shell"]
    assert root["guests"] == {}
    assert root["toplevel"].endswith(".drv")


def broken(nix, nixpkgs, plant, container, attribute=None):
    """What NixOS says to a root with this container."""
    document = {"containers": {"web": container}}
    with pytest.raises(EvaluationError) as refused:
        nix.evaluate(EVALUATE, attribute, nixpkgs=nixpkgs, tree=plant(document))
    return re.sub(r"\x1b\[[0-9;]*m", "", str(refused.value))


def test_a_package_that_is_not_there_is_told_with_the_nearest_names(nix, nixpkgs, plant):
    said = broken(nix, nixpkgs, plant, {"packages": ["helo"]}, "guests.web.toplevel")
    assert "tesseraqt.containers.web.packages: helo: nixpkgs" in said
    assert re.search("has no helo; did you mean .*hello", said)
    said = broken(
        nix, nixpkgs, plant, {"packages": ["python3Packages.requets"]}, "guests.web.toplevel"
    )
    assert "python3Packages has no requets; did you mean requests" in said
    said = broken(nix, nixpkgs, plant, {"packages": ["python3Packages"]}, "guests.web.toplevel")
    assert "web.packages: python3Packages: is no package, but a set of them" in said
    said = broken(nix, nixpkgs, plant, {"packages": ["hello.requests"]}, "guests.web.toplevel")
    assert "web.packages: hello.requests: hello is no set of packages" in said


def test_an_option_that_is_not_there_is_told_with_its_container(nix, nixpkgs, plant):
    said = broken(nix, nixpkgs, plant, {"config": {"services.nginxx.enable": True}}, "toplevel")
    assert "containers.web.services.nginxx" in said
    assert "tesseraqt.containers.web.config" in said


def test_option_data_cannot_import(nix, nixpkgs, plant):
    said = broken(nix, nixpkgs, plant, {"config": {"imports": ["/etc/passwd"]}}, "toplevel")
    assert "containers.web.imports" in said
    assert "does not exist" in said


def test_a_key_that_the_module_does_not_know_is_refused(nix, nixpkgs, plant):
    said = broken(nix, nixpkgs, plant, {"pakages": ["hello"]}, "toplevel")
    assert "tesseraqt.containers.web.pakages" in said
    assert "does not exist" in said


def test_a_failed_assertion_stops_the_root(nix, nixpkgs, plant):
    said = broken(nix, nixpkgs, plant, {"state": ["/var/lib/x:rbind"]}, "toplevel")
    assert "tesseraqt.containers.web.state: is no plain absolute path" in said
