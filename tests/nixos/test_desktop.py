# SPDX-License-Identifier: MIT
"""Programs of containers: in the menu of the qube, and started by a name alone."""


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
