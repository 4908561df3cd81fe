# SPDX-License-Identifier: MIT
"""What systemd says of the units."""

import re
import shutil
import subprocess

import pytest


@pytest.fixture
def analyze(nix, tmp_path):
    """Runs systemd-analyze where the units of this test are."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("there is no systemd-analyze")
    env = {**nix.env, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}

    def analyze(*argv):
        argv = ("systemd-analyze", *map(str, argv))
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False)

    return analyze


def test_systemd_can_read_every_unit(full, tmp_path, analyze):
    answer = analyze("verify", "--man=no", *written_units(full["units"], tmp_path))
    assert (answer.returncode, answer.stderr) == (0, "")


def written_units(units, place):
    """The units as files, with programs that are on any machine; what can be verified of them."""
    verified = []
    for name, unit in units.items():
        text = re.sub(r"^(Exec\w*=)\S+", r"\1/bin/true", unit["text"], flags=re.MULTILINE)
        (place / name).write_text(text)
        for other in unit["requiredBy"]:
            (place / f"{other}.requires").mkdir(exist_ok=True)
            (place / f"{other}.requires" / name).symlink_to(place / name)
        verified.append(place / name.replace("@.", "@instance."))
        verified[-1].write_text(text)
    return verified


#: What `systemd-analyze security` says, from 0 (harmless) to 10; docs/nixos.md tells why.
EXPOSURES = {
    "container@keys.service": 9.4,
    "tesseraqt-display-mail@instance.service": 0.8,
    "tesseraqt-open-mail@instance.service": 8.7,
    "tesseraqt-state-keys.service": 6.0,
}


@pytest.mark.parametrize("name", EXPOSURES)
def test_the_exposure_of_a_unit_does_not_grow(full, tmp_path, analyze, name):
    written_units(full["units"], tmp_path)
    answer = analyze("security", "--offline=yes", tmp_path / name)
    [level] = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", answer.stdout)
    assert float(level) <= EXPOSURES[name]
