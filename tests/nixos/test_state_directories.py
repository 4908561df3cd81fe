# SPDX-License-Identifier: MIT
"""The directories of a container are made by root of the qube, never behind what it left there."""

import os
import subprocess

import pytest
from nix_evaluation import NIXOS
from played import put

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives directories to root")


@pytest.fixture
def rw(tmp_path):
    (tmp_path / "rw").mkdir()
    return tmp_path / "rw"


@pytest.fixture
def make(tmp_path, rw):
    """``make("/srv/a")``: how making these directories of the container ``web`` ended."""
    put(tmp_path / "bin", {"mountpoint": "#!/bin/sh\n[ ! -e $AWAY ]\n"})

    def make(*paths, version="24.11"):
        said = f"name=web\npaths='{' '.join(paths)}'\nversion={version}\n"
        text = (NIXOS / "state.sh").read_text().replace("/rw", str(rw))
        env = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "AWAY": str(tmp_path / "away")}
        argv = ("bash", "-e", "-c", said + text)
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)

    return make


def everything(place):
    return sorted(str(path.relative_to(place)) for path in place.rglob("*"))


def test_what_is_kept_is_there_and_for_the_container_alone(make, rw):
    for _ in range(2):
        ended = make("/srv/a", "/home/me/.config/b")
        assert (ended.returncode, ended.stderr) == (0, "")
    assert (rw / "tesseraqt/web/home/me/.config/b").is_dir()
    assert (rw / "tesseraqt").stat().st_mode & 0o7777 == 0o700
    assert (rw / "tesseraqt/web").stat().st_mode & 0o7777 == 0o700
    assert (rw / "tesseraqt/web/srv/a").stat().st_mode & 0o7777 == 0o755


def test_what_is_there_stays_as_it_is(make, rw):
    kept = rw / "tesseraqt/web/srv/a"
    kept.mkdir(parents=True)
    os.chown(kept, 1234, 1234)
    kept.chmod(0o2750)
    assert make("/srv/a").returncode == 0
    assert (kept.stat().st_uid, kept.stat().st_mode & 0o7777) == (1234, 0o2750)


LEFT = {
    "a link to elsewhere": ("srv", "elsewhere"),
    "a link to nothing": ("srv/a", "elsewhere/not/there"),
    "a link within what it keeps": ("srv/a/b", "../other"),
    "a link above what it keeps": ("srv", "."),
}


@pytest.mark.parametrize(("at", "to"), LEFT.values(), ids=LEFT)
def test_no_link_that_it_left_is_followed(make, rw, at, to):
    """Nor is anything made before that is found out."""
    (rw.parent / "elsewhere").mkdir()
    link = rw / "tesseraqt/web" / at
    link.parent.mkdir(parents=True)
    link.symlink_to(rw.parent / to if to.startswith("elsewhere") else to)
    before = everything(rw.parent)
    ended = make("/aa", "/srv/a/b/c", "/zz")
    assert ended.returncode == 1
    assert f"container web: {link} is a link to " in ended.stderr
    assert everything(rw.parent) == before


def test_a_file_in_the_way_is_told(make, rw):
    (rw / "tesseraqt/web").mkdir(parents=True)
    (rw / "tesseraqt/web/srv").touch()
    ended = make("/srv/a")
    assert (ended.returncode, ended.stderr) == (
        1,
        f"container web: {rw}/tesseraqt/web/srv is no directory\n",
    )


def test_without_its_volume_nothing_is_made(make, rw):
    (rw.parent / "away").touch()
    ended = make("/srv/a")
    assert (ended.returncode, everything(rw)) == (1, [])
    assert "/rw is not mounted" in ended.stderr


def test_a_container_stays_of_the_version_that_it_was_born_with(make, rw):
    assert make("/srv/a").returncode == 0
    ended = make("/srv/a", version="25.11")
    assert ended.returncode == 1
    assert 'say `config: {system.stateVersion: "24.11"}`' in ended.stderr
    assert make("/srv/a").returncode == 0
    (rw / "tesseraqt/web.state-version").unlink()
    assert make("/srv/a", version="25.11").returncode == 0
    assert make("/srv/a").returncode == 1
