# SPDX-License-Identifier: MIT
"""A display is there for the containers that have a window, and for nobody else."""

from nix_evaluation import flags, lines


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
    service = lines(full["units"]["tesseraqt-display-mail@.service"])
    assert "DynamicUser=true" in service
    assert "d /run/tesseraqt/display 0700 root root -" in full["tmpfiles"]
