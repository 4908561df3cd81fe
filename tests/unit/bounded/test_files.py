# SPDX-License-Identifier: MIT
"""Files that somebody names are plain ones of bounded size, or are refused at once."""

import contextlib
import os
import socket
from pathlib import Path

import pytest
from tesseraqt_lib.bounded import files

MOST = 1 << 20


def fifo(path):
    os.mkfifo(path)
    return path


def bound_socket(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))
    return path


def link(path, to="/dev/zero"):
    path.symlink_to(to)
    return path


def sparse(path, size=MOST + 1):
    path.touch()
    os.truncate(path, size)
    return path


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (fifo, "is a FIFO, and no plain file"),
        (Path.mkdir, "is a directory, and no plain file"),
        (lambda path: link(path), "is a symbolic link: name the file itself"),
        (lambda path: link(path, "/etc/shadow"), "is a symbolic link: name the file itself"),
        (sparse, "is larger than 1 MiB"),
        (lambda path: sparse(path, 1 << 40), "is larger than 1 MiB"),
        (lambda path: None, "cannot be read: No such file or directory"),
        (bound_socket, "cannot be read: No such device or address"),
    ],
    ids=["fifo", "directory", "link", "link to a file", "large", "huge", "nothing", "socket"],
)
def test_what_is_no_plain_file_of_bounded_size_is_refused_at_once(tmp_path, make, why):
    path = tmp_path / "x"
    make(path)
    with pytest.raises(files.Unfit) as refused:
        files.read(path, MOST)
    assert str(refused.value) == why


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/proc/kmsg", "/proc/self/mem"])
def test_devices_and_the_kernels_own_files_do_not_hang_or_fill_memory(device):
    with contextlib.suppress(files.Unfit):
        assert len(files.read(Path(device), MOST)) <= MOST


def test_a_file_that_says_it_is_empty_and_is_not_is_read_up_to_its_bound_only():
    with pytest.raises(files.Unfit, match="is larger than 0 MiB"):
        files.read(Path("/proc/self/maps"), 16)


def test_a_plain_file_is_read_whole(tmp_path):
    (tmp_path / "x").write_bytes(b"x" * MOST)
    assert files.read(tmp_path / "x", MOST) == b"x" * MOST


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_can_write_is_told(tmp_path, mode):
    (tmp_path / "x").touch()
    (tmp_path / "x").chmod(mode)
    with files.opened(tmp_path / "x", MOST) as stream:
        told = files.of_root_only(stream)
        assert told == "can be written by others than root: `chmod go-w` it"
        os.fchmod(stream.fileno(), 0o644)
        assert files.of_root_only(stream) == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who can give a file away")
def test_a_file_of_somebody_else_is_told(tmp_path):
    (tmp_path / "x").touch()
    os.chown(tmp_path / "x", 1000, 1000)
    with files.opened(tmp_path / "x", MOST) as stream:
        assert files.of_root_only(stream) == "belongs to user 1000: `chown root` it"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_directory_and_its_parents_are_for_nobody_else_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        files.private_directory(tmp_path / "tesseraqt" / "logs" / "deep")
    finally:
        os.umask(before)
    found = list(tmp_path.rglob("*"))
    assert {oct(path.stat().st_mode & 0o777) for path in found} == {"0o700"}
    assert len(found) == 3
