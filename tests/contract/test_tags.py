# SPDX-License-Identifier: MIT
"""qvm-tags: names, and the tags that qubesd itself puts on qubes."""

import pytest
import qubesadmin.exc

EMPTY_ANSWER = "Got empty response from qubesd. See journalctl in dom0 for details."
MADE_BY_DOM0 = ["audiovm-dom0", "created-by-dom0", "guivm-dom0"]


@pytest.fixture
def tags(tool, work):
    """``tags("add", "mine")``: what qvm-tags does when it is told so."""
    return lambda *given: tool("qvm_tags", "--", work, *given)


def test_a_new_qube_is_tagged_by_who_made_it_and_shows_it(work, look):
    assert sorted(look(work).tags) == MADE_BY_DOM0


def test_all_tags_are_one_call_and_one_tag_is_one_call(app, calls):
    qube = app.domains["sys-net"]
    calls.clear()
    assert sorted(qube.tags) == MADE_BY_DOM0
    assert "mine" not in qube.tags
    assert calls == [
        ("admin.vm.tag.List", "sys-net", None),
        ("admin.vm.tag.Get", "sys-net", "mine"),
    ]


@pytest.mark.parametrize("name", ["tesseraqt", "UPPER_lower-1", "1", "t" * 300])
def test_a_tag_is_letters_digits_dash_and_underscore(tags, work, look, name):
    assert tags("add", name) == (0, "", "")
    assert name in list(look(work).tags)


def test_several_tags_can_be_added_at_once(tags, work, look):
    assert tags("add", "one", "two") == (0, "", "")
    assert sorted(look(work).tags) == [*MADE_BY_DOM0, "one", "two"]


def test_only_one_tag_can_be_taken_off_at_once(tags):
    assert tags("del", "one", "two") == (2, "", "error: unrecognized arguments: two\n")


def test_adding_and_taking_off_twice_is_no_error(tags):
    for action in ("add", "add", "del", "del"):
        assert tags(action, "mine") == (0, "", "")


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("a.b", "error: disallowed characters\n"),
        ("a/b", "error: disallowed characters\n"),
        ("a b", f"error: {EMPTY_ANSWER}\n"),
        ("", "qubesadmin.exc.ProtocolError: expected an argument\n"),
    ],
)
@pytest.mark.since_4_4("4.3 answers nothing, and no tag is no error")
def test_other_tags_are_refused(tags, name, error):
    assert tags("add", name) == (1, "", error)


# The tag's own subcommand parses it again, after the first "--" is gone.
def test_a_tag_that_starts_with_a_dash_needs_a_second_separator(tags, work, look):
    assert tags("add", "-mine") == (
        2,
        "",
        "error: the following arguments are required: tag\n",
    )
    assert tags("add", "--", "-mine") == (0, "", "")
    assert "-mine" in list(look(work).tags)


def test_tags_are_printed_in_order(tags):
    tags("add", "zebra")
    assert tags("list") == (0, "audiovm-dom0\ncreated-by-dom0\nguivm-dom0\nzebra\n", "")


def test_one_tag_is_printed_or_rc_1(tags):
    assert tags("list", "guivm-dom0") == (0, "guivm-dom0\n", "")
    assert tags("list", "nosuch") == (1, "", "")


def test_the_qube_has_to_exist(tool):
    assert tool("qvm_tags", "--", "nosuch", "add", "mine") == (
        2,
        "",
        "error: no such domain: 'nosuch'\n",
    )


def test_a_missing_tag_is_a_key_error(work, look):
    with pytest.raises(qubesadmin.exc.QubesTagNotFoundError) as raised:
        look(work).tags.remove("nosuch")
    assert str(raised.value) == "Tag not set for domain work: nosuch"
    assert isinstance(raised.value, KeyError)


# dom0 may do it, so nothing but our own care protects these three kinds.
@pytest.mark.parametrize("name", MADE_BY_DOM0)
def test_dom0_can_take_off_the_tags_that_qubesd_put_on(tags, work, look, name):
    assert tags("del", name) == (0, "", "")
    assert name not in list(look(work).tags)


# Refused, and there all the same.
def test_created_by_a_qube_that_does_not_exist_is_refused_and_added(tags, work, look):
    assert tags("add", "created-by-nosuch") == (1, "", f"error: {EMPTY_ANSWER}\n")
    assert "created-by-nosuch" in list(look(work).tags)


# Setting guivm and audiovm again takes such tags off; see test_prefs_qubes.py.
def test_guivm_and_audiovm_tags_can_be_added_at_will(tags, work, look):
    assert tags("add", "guivm-nosuch") == (0, "", "")
    assert "guivm-nosuch" in list(look(work).tags)


@pytest.mark.since_4_4("4.3 does not name the qube")
def test_a_qube_being_restored_from_backup_does_not_start(tags, tool, work):
    tags("add", "backup-restore-in-progress")
    assert tool("qvm_start", "--", work) == (
        1,
        "",
        "Error: Starting qube failed: work: Restore of this domain in progress, cannot start\n",
    )
