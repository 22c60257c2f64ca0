"""What is said where a diagram has too many inputs, because a function misses arguments."""

from __future__ import annotations

import pytest

import fad
from fad.base.errors import ArityError

DEFINITIONS = """
import("stdfaust.lib");
two(a, b) = a*b;
three(a, b, c) = a*b + c;
filter(a, b) = *(a) : max(b);
cases(0, b) = b;
cases(a, b) = a + b;
nameless(a, b) = *(a + b);
nameless(a, 1) = _;
bound = three(1);
curried(a) = \\(b).(a*b);
six(a, b, c, d, e, f) = a + b + c + d + e + f;
"""


def hint(process: str) -> str:
    """The hint of the message about a program that does not fit."""
    with pytest.raises(ArityError) as caught:
        fad.expand(f"{DEFINITIONS}process = {process};\n")
    assert caught.value.hint
    return caught.value.hint


@pytest.mark.parametrize(
    ("missing", "complete", "said"),
    [
        ("_ : three(1)", "_ : three(1, 2)", "`three` takes 3 arguments and got 1: `b` and `c`"),
        ("_ : filter(1)", "_ : filter(1, 2)", "`filter` takes 2 arguments and got 1: `b` became"),
        ("_ : filter(1) : abs", "_ : filter(1, 2) : abs", "`filter` takes 2 arguments and got 1"),
        ("_ : filter", "_ : filter(1, 2)", "`filter` takes 2 arguments and got none: `a` and `b`"),
        ("_ : bound", "_ : bound(1)", "`three` takes 3 arguments and got 1: `b` and `c` became"),
        ("_ : curried", "_ : curried(1)", "`curried` takes 1 argument and got none: `a` became"),
        ("_ : cases(1) : two", "_ : cases(1) : two(3)", "`two` takes 2 arguments and got none"),
        ("_ : cases", "_ : cases(1)", "`cases` takes 2 arguments and got none: `a` and `b`"),
        ("_ : fi.lowpass(3)", "_ : fi.lowpass(3, 100)", "`lowpass` takes 2 arguments and got 1"),
        ("_ : six", "_ : six(1, 2, 3, 4, 5)", "`six` takes 6 arguments and got none: they became"),
        ("_ : six(1)", "_ : six(1, 2, 3, 4, 5)", "arguments and got 1: the other 5 became inputs"),
        ("_ : \\(a, b).(a*b)", "_ : \\(a, b).(a*b)(2)", "the function takes 2 arguments and got"),
        ('_ : hgroup("g", two)', '_ : hgroup("g", two(2))', "`two` takes 2 arguments and got none"),
        ("_ : *(two(1))", "_ : *(two(1, 2))", "`two` takes 2 arguments and got 1: `b` became an"),
        (
            "_ : nameless(1)",
            "_ : nameless(1, 2)",
            "`nameless` takes 2 arguments and got 1: the oth",
        ),
        ("_,_ <: filter(1), _,_,_", "_,_ <: filter(1, 2), _,_,_", "; `filter` takes 2 arguments"),
        ("_,_,_,_,_ :> three", "_,_,_,_,_ :> three(1, 2)", "`three` takes 3 arguments and got"),
        ("_ ~ filter(1)", "_ ~ filter(1, 2)", "`filter` takes 2 arguments and got 1: `b` became"),
        ("seq(i, 2, filter(i))", "seq(i, 2, filter(i, i))", "`filter` takes 2 arguments and got 1"),
        ("_ : (filter(1), two(1))", "_ : two(1)", "`filter` takes 2 arguments and got 1: `b` "),
        ("_ : (filter(1), two(1))", "_ : two(1)", "; `two` takes 2 arguments and got 1: `b` "),
    ],
)
def test_missing_arguments_are_told(missing: str, complete: str, said: str) -> None:
    fad.expand(f"{DEFINITIONS}process = {complete};\n")
    assert said in hint(missing)


@pytest.mark.parametrize(
    "process",
    [
        # Too few inputs are none too many.
        "_,_,_ : two(1)",
        "_,_,_,_ : three(1)",
        # Functions that are meant as the diagrams that they stand for.
        "_ : (two, _)",
        "_ : (curried, curried)",
        "_ : (two(1) : _), (1 : two(2)), _ : _,_",
        # It would not fit with the argument, either.
        "_ : (filter(1), _,_,_)",
        # Nothing is missing.
        "_ : +",
        "_ : par(i, 2, two(1, i))",
        "_ : (two(1) ~ _), _,_",
        # The argument arrives.
        "(1, 2 : three(3)) : _,_",
    ],
)
def test_nothing_is_said_of_arguments_where_none_is_missing(process: str) -> None:
    said = hint(process)
    assert "argument" not in said


def test_a_part_of_the_inputs_may_be_parameters() -> None:
    rule = "the outputs of A must be as many as the inputs of B"
    told = "`two` takes 2 arguments and got 1: `b` became an input"
    assert hint("_ : *(two(1))") == f"{rule}; {told}"
    assert hint("_ : two(1), two(1)") == f"{rule}; {told}"
