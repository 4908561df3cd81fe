# SPDX-License-Identifier: MIT
"""Constants that tools look up."""

QUBESD_SOCKET = "/var/run/qubesd.sock"
QREXEC_CLIENT = "qrexec-client"  # on PATH, so that guests can be simulated elsewhere
defaults = {"template_label": "black", "shutdown_timeout": 60}
