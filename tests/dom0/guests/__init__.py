# SPDX-License-Identifier: MIT
"""Guests of the simulated dom0: directories in which what qvm-run is told really runs."""
