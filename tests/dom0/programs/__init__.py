# SPDX-License-Identifier: MIT
"""Programs of dom0 that do not come from qubesadmin."""
