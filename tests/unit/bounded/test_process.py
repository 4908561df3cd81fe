# SPDX-License-Identifier: MIT
"""Whatever a process says costs little memory, little time and little of the disk."""

import io
import time
import tracemalloc

import pytest
from tesseraqt_lib.bounded import process
from tesseraqt_lib.bounded.process import Bounds, Tail
from tesseraqt_lib.guest.log import LIMIT, Log, Progress
from tesseraqt_lib.guest.printable import Lines

WIDE = Bounds(total=60, idle=60)
#: What floods best: nothing but ends of lines, short lines, one line.
FLOODS = ("yes ''", "yes a", "yes nonsense", "tr '\\0' x < /dev/zero")


@pytest.fixture
def written(monkeypatch):
    """How many bytes were written to logs."""
    sizes = []
    real = process.os.pwrite

    def pwrite(file, data, at):
        sizes.append(len(data))
        return real(file, data, at)

    monkeypatch.setattr("os.pwrite", pwrite)
    return sizes


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_lines_costs_little_time_and_little_of_the_disk(flood, tmp_path, written):
    log = Log(tmp_path / "logs" / "nixos.log")
    lines = Lines("nixos", Progress("nixos", log).heard)
    began = time.process_time()
    ended = process.run(("sh", "-c", f"{flood} >&2"), io.BytesIO(), WIDE, lines.add)
    log.close()
    assert ended.flooded
    assert ended.broken.startswith("its log is longer than 16777216 bytes")
    assert time.process_time() - began < 20
    assert sum(written) < 100_000_000
    assert len(written) < 2000
    assert log.path.stat().st_size <= LIMIT


def test_the_end_of_what_is_said_is_kept():
    tail = Tail(8)
    for piece in (b"0123456789", b"", b"ab", b"c"):
        tail.hear(piece)
    assert tail.untrusted_text == "56789abc"


@pytest.mark.parametrize("flood", [*(f"{flood} >&2" for flood in FLOODS), *FLOODS])
def test_who_is_overheard_is_kept_by_its_end_only(flood):
    tail = Tail(8000)
    tracemalloc.start()
    bounds = Bounds(total=60, idle=60, log=1 << 26)
    ended = process.overhear(("sh", "-c", flood), bounds, tail.hear)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ended.flooded
    assert most < 2_000_000
    assert len(tail.untrusted_text) <= 8000


def test_who_is_overheard_ends_with_its_code_and_both_of_its_streams():
    tail = Tail(100)
    said = "echo out; echo err >&2; cat; exit 3"
    ended = process.overhear(("sh", "-c", said), WIDE, tail.hear)
    assert (ended.code, ended.broken, ended.flooded) == (3, "", False)
    assert tail.untrusted_text == "out\nerr\n"
