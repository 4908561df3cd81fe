# SPDX-License-Identifier: MIT
"""Plain values are read into the text that Qubes stores, or refused with words."""

import datetime

import pytest
from tesseraqt_lib.problems import Problems
from tesseraqt_lib.shapes.scalars import INVALID, Boolean, Choice, Flag, Nullable, Text, Whole

WORD = Text("[a-z0-9]+", "a word is lower-case letters and digits")


def read(shape, raw):
    """What the shape makes of a value, and what is wrong with it."""
    problems = Problems()
    return shape.read(raw, "at", problems), [str(problem) for problem in problems.found]


@pytest.mark.parametrize(
    ("shape", "raw", "value"),
    [
        (WORD, "abc", "abc"),
        (WORD, 12, "12"),
        (Flag(), "On", True),
        (Flag(), 0, False),
        (Boolean(), "yes", "True"),
        (Whole(1, 9, "a digit"), "07", "7"),
        (Nullable(WORD), None, None),
        (Choice(("on", "off"), {False: "off"}), False, "off"),
    ],
)
def test_a_value_is_read_as_qubes_stores_it(shape, raw, value):
    assert read(shape, raw) == (value, [])


@pytest.mark.parametrize(
    ("shape", "raw", "said"),
    [
        (WORD, "Abc", "at: 'Abc' is refused: a word is lower-case letters and digits"),
        (WORD, "{{ x }}", "at: '{{ x }}' holds Jinja that was not rendered"),
        (WORD, "a\x1bc", "at: 'a\\x1bc' holds a character that is not printable ASCII"),
        (WORD, True, "at: True is a yes or no (quote it if it is meant as text), but a word"),
        (WORD, datetime.date(2026, 1, 1), "at: datetime.date(2026, 1, 1) is a date"),
        (WORD, "abc\n", "at: 'abc\\n' holds a character that is not printable ASCII"),
        (Flag(), "maybe", "at: 'maybe' is not a yes or no (true, false)"),
        (Whole(1, 9, "a digit"), 10, "at: 10 is not a digit (1 to 9)"),
        (Choice(("red", "green")), "gren", "is not one of: red, green; did you mean 'green'?"),
    ],
)
def test_a_wrong_value_is_refused_with_what_would_be_right(shape, raw, said):
    value, [problem] = read(shape, raw)
    assert value is INVALID
    assert said in problem
