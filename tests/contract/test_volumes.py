# SPDX-License-Identifier: MIT
"""qvm-volume: sizes and their units, what grows, what does not shrink, and revisions."""

import pytest
import qubesadmin.exc

GIB = 1024**3
PROTOCOL = "qubesadmin.exc.ProtocolError: "


def shrink(volume, size, new):
    return (
        1,
        "",
        f"Error: Refusing to shrink volume {volume} from {size} to {new} bytes.\n"
        "If you really know what you are doing: Manually shrink the filesystem on the volume "
        "first, and repartition the volume if it is partitioned. Do this in a VM, not in dom0. "
        f"Then use 'qvm-volume resize --force {volume} {new}'\n",
    )


@pytest.fixture
def resize(tool):
    """``resize("work:private", "3GiB")``: what qvm-volume does when it is told so."""
    return lambda volume, size: tool("qvm_volume", "resize", "--", volume, size)


@pytest.fixture
def config(tool):
    """``config("work:private", "rw", "True")``: what qvm-volume does when it is told so."""
    return lambda *given: tool("qvm_volume", "config", "--", *given)


@pytest.mark.parametrize(
    ("size", "octets"),
    [
        ("3221225472", 3 * GIB),
        ("3GiB", 3 * GIB),
        ("3Gi", 3 * GIB),
        ("3gib", 3 * GIB),
        ("3 GiB", 3 * GIB),
        ("3072MiB", 3 * GIB),
        ("3GB", 3_000_000_000),
        ("3G", 3_000_000_000),
        ("3000M", 3_000_000_000),
    ],
)
def test_a_volume_grows_to_a_size_in_these_units(resize, work, look, size, octets):
    assert resize("work:private", size) == (0, "", "")
    assert look(work).volumes["private"].size == octets


@pytest.mark.parametrize(
    ("size", "error"),
    [
        ("huge", "Error: Invalid size: HUGE.\n"),
        ("1T", "Error: Invalid size: 1T.\n"),
        ("-1", "Error: Invalid size: -1.\n"),
        ("", "Error: Invalid size: .\n"),
        ("2.5GiB", "ValueError: invalid literal for int() with base 10: '2.5'\n"),
        pytest.param(
            "9" * 20,
            f"{PROTOCOL}Volume size is bigger than 19 decimal digits\n",
            marks=pytest.mark.since_4_4("4.3 answers nothing"),
        ),
    ],
)
def test_other_sizes_are_refused(resize, work, size, error):
    assert resize("work:private", size) == (1, "", error)


def test_the_size_it_has_is_no_change(resize, work, look):
    assert resize("work:private", "2GiB") == (0, "", "")
    assert look(work).volumes["private"].size == 2 * GIB


@pytest.mark.since_4_4("4.3 says 'For your own safety, shrinking … is disabled'")
def test_a_volume_does_not_shrink(resize, work, look):
    assert resize("work:private", "1GiB") == shrink("work:private", 2 * GIB, GIB)
    assert look(work).volumes["private"].size == 2 * GIB


# The refusal is the client's: qubesd would do it.
@pytest.mark.since_4_4("4.3 leaves that to the tool")
def test_the_volume_object_refuses_to_shrink_before_it_asks(work, app, calls):
    volume = app.domains[work].volumes["private"]
    calls.clear()
    with pytest.raises(qubesadmin.exc.StoragePoolException, match=r"^Refusing to shrink volume"):
        volume.resize(GIB)
    assert [call[0] for call in calls] == ["admin.vm.volume.Info"]


def test_a_running_qubes_volume_grows(resize, busy, look):
    assert resize("busy:private", "3GiB") == (0, "", "")
    assert look(busy).volumes["private"].size == 3 * GIB


def test_a_templates_root_grows_and_so_does_that_of_its_qubes(resize, tool, work, look):
    assert resize("nixos:root", "15GiB") == (0, "", "")
    tool("qvm_start", "--", work)
    assert look(work).volumes["root"].size == 15 * GIB


# A size of an AppVM's own root says nothing: it is the template's again when it runs.
def test_the_root_of_an_appvm_grows_until_the_qube_is_started(resize, tool, work, look):
    assert resize("work:root", "20GiB") == (0, "", "")
    assert look(work).volumes["root"].size == 20 * GIB
    tool("qvm_start", "--", work)
    assert look(work).volumes["root"].size == 10 * GIB


def test_the_kernel_volume_has_no_size(resize, work, look):
    assert look(work).volumes["kernel"].size == 0
    assert resize("work:kernel", "1GiB") == (
        1,
        "",
        "Error: Got empty response from qubesd. See journalctl in dom0 for details.\n",
    )


# Unlike elsewhere, an unknown qube is rc 1.
@pytest.mark.parametrize(
    ("volume", "outcome"),
    [
        ("work:nosuch", (1, "", "error: vm 'work' has no volume 'nosuch'\n")),
        ("nosuch:private", (1, "", "error: no vm 'nosuch'\n")),
        ("dom0:root", (1, "", "error: vm 'dom0' has no volume 'root'\n")),
        ("work", (2, "", "error: expected a vm & volume combination like foo:bar\n")),
    ],
)
def test_the_volume_has_to_exist(resize, work, volume, outcome):
    assert resize(volume, "3GiB") == outcome


def test_reading_a_size_is_a_call_each_time(work, app, calls):
    volumes = app.domains[work].volumes
    calls.clear()
    assert (volumes["private"].size, volumes["private"].revisions_to_keep) == (2 * GIB, 1)
    assert calls == [("admin.vm.volume.Info", work, "private")] * 2


def test_a_volume_that_is_not_there_is_a_key_error(work, look):
    with pytest.raises(KeyError):
        look(work).volumes["nosuch"]


def test_dom0_has_no_volumes(look):
    assert look("dom0").volumes == {}


def test_a_size_is_printed_in_bytes(tool, work):
    assert tool("qvm_volume", "info", "--", "work:private", "size") == (0, f"{2 * GIB}\n", "")


@pytest.mark.parametrize(("value", "kept"), [("5", 5), ("0", 0), ("-1", -1)])
def test_a_volume_keeps_so_many_revisions(config, work, look, value, kept):
    assert config("work:private", "revisions_to_keep", value) == (0, "", "")
    assert look(work).volumes["private"].revisions_to_keep == kept


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("x", f"{PROTOCOL}Revisions to keep contains non ASCII digits\n"),
        ("05", f"{PROTOCOL}Revisions to keep contains spurious leading zeros\n"),
    ],
)
@pytest.mark.since_4_4("4.3 answers nothing")
def test_a_number_of_revisions_is_digits(config, work, value, error):
    assert config("work:private", "revisions_to_keep", value) == (1, "", error)


def test_there_are_no_fewer_than_minus_one_revisions(config, work):
    assert config("work:private", "revisions_to_keep", "-2") == (
        1,
        "",
        "Error: Invalid value for revisions_to_keep\n",
    )


def test_snapshots_can_only_be_switched_off_while_the_qube_is_halted(config, busy):
    assert config("busy:private", "revisions_to_keep", "3") == (0, "", "")
    assert config("busy:private", "revisions_to_keep", "-1") == (
        1,
        "",
        "Error: Domain is not powered off: 'busy'\n",
    )


def test_a_volume_can_be_made_read_only_while_the_qube_is_halted(config, work, busy, look):
    assert config("work:private", "rw", "False") == (0, "", "")
    assert look(work).volumes["private"].rw is False
    assert config("busy:private", "rw", "False") == (
        1,
        "",
        "Error: Domain is not powered off: 'busy'\n",
    )


def test_a_read_only_volume_does_not_grow(config, resize, work):
    config("work:private", "rw", "False")
    assert resize("work:private", "3GiB") == (
        1,
        "",
        "Error: Cannot resize: appvms/work/private is read-only\n",
    )


def test_only_the_volatile_volume_can_be_ephemeral(config, work, look):
    assert config("work:volatile", "ephemeral", "True") == (0, "", "")
    assert look(work).volumes["volatile"].ephemeral is True
    assert config("work:private", "ephemeral", "True") == (
        1,
        "",
        "Error: Cannot enable ephemeral on snap_on_start or save_on_stop or non-dom0 or not "
        "writable volume\n",
    )


def test_other_settings_are_refused(config, work):
    assert config("work:private", "size", "5") == (1, "", "Error: Invalid property: size\n")
