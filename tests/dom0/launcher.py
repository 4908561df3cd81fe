# SPDX-License-Identifier: MIT
"""What the files in ``bin`` run: the program of their own name."""

import importlib
import os
import sys

_FROM_QUBESADMIN = "qubesadmin.tools."
_ELSEWHERE = {
    "qvm-pci": f"{_FROM_QUBESADMIN}qvm_device",
    "qvm-block": f"{_FROM_QUBESADMIN}qvm_device",
    "qubes-policy-lint": "programs.qubes_policy_lint",
    "qubesctl": "programs.qubesctl",
    "qrexec-client": "programs.qrexec_client",
    "qubesd-query": "programs.qubesd_query",
}


def run() -> None:
    """The program does what its name says, and ends as that ends."""
    name = os.path.basename(sys.argv[0])
    usual = _FROM_QUBESADMIN + name.replace("-", "_")
    sys.exit(importlib.import_module(_ELSEWHERE.get(name, usual)).main())
