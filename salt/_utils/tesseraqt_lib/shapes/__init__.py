# SPDX-License-Identifier: MIT
"""How a single value is read, or refused with words; and the same rule as JSON Schema.

In: whatever YAML can hold. Out: normalised values, and ``Problems``. Knows nothing of Qubes.
May import: nothing but what all others speak of.
"""
