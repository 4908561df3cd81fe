# SPDX-License-Identifier: MIT
"""A container does without what its services do not need, and has whatever is asked for."""

import pytest

LOGGED_IN = {"uid": None, "groups": [], "home": None}
DOCUMENT = {
    "containers": {
        "idle": {},
        "asks": {
            "config": {
                "services.logrotate.enable": True,
                "services.nscd.enable": False,
                "services.journald.extraConfig": "RuntimeMaxUse=64M",
                "fonts.fontconfig.enable": True,
                "networking.resolvconf.enable": True,
                "systemd.services.console-getty.enable": True,
            },
            "hardening": {"no_new_privileges": False, "network": "qube"},
        },
        "ssh": {"config": {"services.openssh.enable": True}},
        "stays": {"users": {"anna": LOGGED_IN}, "config": {"users.users.anna.linger": True}},
        "log": {"state": ["/var/log"]},
        "terminal": {"desktop": {"top": {"title": "Top", "command": ["top"], "terminal": True}}},
        "window": {"desktop": {"clock": {"title": "Clock", "command": ["xclock"]}}},
    },
}

ALWAYS_OFF = {
    "systemd-journal-catalog-update.service",
    "systemd-update-done.service",
    "systemd-update-utmp.service",
    "systemd-ask-password-console.path",
    "systemd-ask-password-wall.path",
}


@pytest.fixture
def guests(evaluated):
    return evaluated(DOCUMENT)["guests"]


def test_nothing_is_wrong_with_any_of_them(evaluated):
    guests = evaluated(DOCUMENT)["guests"].values()
    assert [guest["failed"] + guest["warnings"] for guest in guests] == [[]] * len(guests)


def test_nobody_logs_in_to_an_idle_container(guests):
    off = set(guests["idle"]["off"])
    session = {"console-getty.service", "suid-sgid-wrappers.service", "systemd-logind.service"}
    assert ALWAYS_OFF | session | {"systemd-journal-flush.service"} <= off
    assert not any(guests["idle"][name] for name in ("fonts", "icons", "logrotate", "resolvconf"))


def test_who_logs_in_or_stays_has_a_session(guests):
    off = {name: "systemd-logind.service" in guest["off"] for name, guest in guests.items()}
    assert [name for name in sorted(off) if not off[name]] == ["ssh", "stays"]


def test_what_a_person_asks_for_counts(guests):
    asks = guests["asks"]
    assert asks["logrotate"] is asks["fonts"] is asks["resolvconf"] is True
    assert not {"console-getty.service", "suid-sgid-wrappers.service"} & set(asks["off"])


def test_one_word_turns_off_the_service_for_names(guests):
    assert guests["asks"]["names"] == ""
    assert guests["idle"]["names"] != ""


def test_the_journal_is_bounded_in_memory_until_it_is_kept(guests):
    assert "Storage=volatile" in guests["idle"]["journal"]
    assert guests["idle"]["journal"].splitlines()[-1] == "RuntimeMaxUse=16M"
    assert guests["asks"]["journal"].splitlines()[-2:] == ["RuntimeMaxUse=16M", "RuntimeMaxUse=64M"]
    assert "Storage=persistent" in guests["log"]["journal"]
    assert "systemd-journal-flush.service" not in guests["log"]["off"]


def test_icons_are_for_every_entry_of_the_menu_and_fonts_for_windows(guests):
    shown = [(guests[name]["icons"], guests[name]["fonts"]) for name in ("terminal", "window")]
    assert shown == [(True, False), (True, True)]


def test_a_program_with_a_window_has_letters_to_write_with(guests):
    assert guests["terminal"]["font_packages"] == []
    assert "dejavu_fonts" in guests["window"]["font_packages"]


def test_a_qube_with_containers_has_enough_inotify_instances(evaluated):
    assert evaluated(DOCUMENT)["inotify"] == 4096


def test_users_are_numbered_before_nixos_does_where_anything_is_kept(guests):
    assert "tesseraqt-user-numbers" in guests["log"]["before_users"]
    assert "tesseraqt-user-numbers" not in guests["idle"]["before_users"]
