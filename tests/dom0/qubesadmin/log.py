# SPDX-License-Identifier: MIT
"""What the tools log, on standard error."""

import logging
import sys


def enable() -> None:
    """Informal messages are shown too, unless the program logs already."""
    if not logging.root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        logging.root.addHandler(handler)
        logging.root.setLevel(logging.INFO)


def enable_debug() -> None:
    """Everything is shown."""
    enable()
    logging.root.setLevel(logging.DEBUG)
