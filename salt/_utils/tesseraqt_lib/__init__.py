# SPDX-License-Identifier: MIT
"""What tesseraqt knows, as plain Python: no Salt dunders, no pip, one door to Qubes."""
