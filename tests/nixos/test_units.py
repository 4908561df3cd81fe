# SPDX-License-Identifier: MIT
"""What systemd says of the units, and what all units of a kind have."""

import re
import shutil
import subprocess

import pytest
from nix_evaluation import lines


def test_a_switch_does_not_start_what_only_a_socket_can(full, wired):
    guests = (guest["units"] for root in (full, wired) for guest in root["guests"].values())
    for units in (full["units"], wired["units"], *guests):
        for name, unit in units.items():
            if name.endswith("@.service"):
                assert "X-RestartIfChanged=false" in lines(unit), name


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


@pytest.mark.parametrize("document", ["full", "wired"])
def test_systemd_can_read_every_unit(request, tmp_path, analyze, document):
    root = request.getfixturevalue(document)
    read = written_units(root["units"], tmp_path)
    answer = analyze("verify", "--man=no", *read)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert len(read) == len(root["units"])


@pytest.mark.parametrize("guest", ["store", "web"])
def test_systemd_can_read_every_unit_in_a_container(wired, tmp_path, analyze, guest):
    answer = analyze(
        "verify", "--man=no", *written_units(wired["guests"][guest]["units"], tmp_path)
    )
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
    "container@web.service": 9.4,
    "tesseraqt-api-qube.status.service": 3.5,
    "tesseraqt-port-qube.page.service": 3.5,
    "tesseraqt-slot-web.db.service": 3.3,
    "tesseraqt-wires.service": 1.9,
}

GRAPHICAL = {
    "tesseraqt-display-mail@instance.service": 0.8,
    "tesseraqt-names.service": 1.9,
    "tesseraqt-network.service": 3.1,
    "tesseraqt-open-mail@instance.service": 8.2,
    "tesseraqt-state-keys.service": 3.8,
}

IN_CONTAINERS = {
    "tesseraqt-api-http.service": 3.5,
    "tesseraqt-port-cache.service": 3.5,
}


@pytest.mark.parametrize("name", [*EXPOSURES, *GRAPHICAL, *IN_CONTAINERS])
def test_the_exposure_of_a_unit_does_not_grow(full, wired, tmp_path, analyze, name):
    units = wired["units"] if name in EXPOSURES else full["units"]
    units = wired["guests"]["web"]["units"] if name in IN_CONTAINERS else units
    written_units(units, tmp_path)
    answer = analyze("security", "--offline=yes", tmp_path / name)
    [level] = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", answer.stdout)
    assert float(level) <= {**EXPOSURES, **GRAPHICAL, **IN_CONTAINERS}[name]
