"""What the operators `fad`, `rad` and `forwardAD` refuse, and what they warn of."""

from __future__ import annotations

from operator import attrgetter

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from tests.differentiation.models import SLIDERS, G
from tests.support.cases import Pair, pairs

S, C = np.sin(G), np.cos(G)


@pytest.mark.parametrize("pair", pairs("differentiation/cases/refused.txt"), ids=attrgetter("name"))
def test_errors(pair: Pair) -> None:
    with pytest.raises(fad.FadError) as caught:
        fad.expand(f"{SLIDERS}process = {pair.text};")
    for words in pair.expected.splitlines():
        assert words in str(caught.value)


#: name -> the program, what it warns about, and what it computes.
WARNINGS: dict[str, tuple[str, str, list[float]]] = {
    "a seed that does not occur": (
        "fad(g, (h, g))",
        "`h` does not occur in what is differentiated by it",
        [G, 0, 1],
    ),
    "a seed in another group": (
        'fad(hgroup("a", g), g)',
        "`/g` does not occur in what is differentiated by it: it is there as `/a/g`",
        [G, 0],
    ),
    "a seed of other groups": (
        'fad((hgroup("a", g) + hgroup("b", g)), hgroup("c", g))',
        "`/c/g` does not occur in what is differentiated by it: it is there as `/a/g` or `/b/g`",
        [2 * G, 0],
    ),
    "a seed of a gradient that does not occur": (
        "rad((g, 2*g), (h, g))",
        "`h` does not occur in what is differentiated by it",
        [G, 2 * G, 0, 3],
    ),
    "a diagram that does not occur": (
        "fad(sin(g), s) with { s = cos(g); }",
        "`s` does not occur",
        [S, 0],
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_warnings(engine: Engine, name: str) -> None:
    text, warning, expected = WARNINGS[name]
    program = fad.expand(f"{SLIDERS}process = {text};")
    assert len(program.warnings) == 1 and warning in program.warnings[0]
    found = engine.render(program.source, "test", frames=2)
    np.testing.assert_allclose(found[:, 1], expected, atol=1e-9)


def test_a_quantised_seed_is_a_warning() -> None:
    for text in ("fad(int(g), g)", "rad((int(g), floor(g)), g)"):
        program = fad.expand(f"{SLIDERS}process = {text};")
        assert len(program.warnings) == 1 and "g" in program.warnings[0]


def test_a_value_that_changes_nothing_is_warned_of() -> None:
    program = fad.expand(f"{SLIDERS}process = forwardAD((g, h : _, !), (1, 2));")
    assert program.warnings == ("`/h` does not reach the outputs: its derivative is zero",)
