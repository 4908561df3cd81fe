# SPDX-License-Identifier: MIT
"""What all tests share: a simulated dom0 to be in, and quiet logs."""

import os
import sys

import hypothesis
import pytest
import salt._logging
import simulated_dom0

# Salt keeps what it logs, to write it at exit to a stream that pytest has closed by then.
salt._logging.shutdown_temp_handler()
# pytest asks every importer for ``find_spec``; the one that Salt has for PyNaCl is without it.
sys.meta_path[:] = [importer for importer in sys.meta_path if hasattr(importer, "find_spec")]
# Processes that Salt forks for `parallel: True` log nothing; in 3006 they need to be told so.
salt._logging.set_logging_options_dict(
    {
        "configure_console_logger": False,
        "configure_ext_handlers": False,
        "configure_file_logger": False,
        "configure_granular_levels": False,
    }
)

hypothesis.settings.register_profile("here", deadline=None)
# The same examples each time, and no search for a smaller one: that is for the one who mends it.
UNSHRUNK = set(hypothesis.Phase) - {hypothesis.Phase.shrink, hypothesis.Phase.explain}
hypothesis.settings.register_profile(
    "ci", deadline=None, derandomize=True, phases=UNSHRUNK, max_examples=40
)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=3000)
hypothesis.settings.load_profile("ci" if "CI" in os.environ else "here")


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A fresh simulated dom0; this process, and every process it starts, is in it.

    ``qubesadmin`` stays imported from test to test, so the stand-in has to read TESSERAQT_DOM0
    whenever it is asked something, not when it is imported; tests/functional/test_loaders.py
    checks that.
    """
    return simulated_dom0.create(tmp_path / "dom0").activate(monkeypatch)
