"""Random differentiable programs: their tangents agree with difference quotients.

What is compared with comes from the standard compiler alone: it reads the generated text, once as
it is and once with copies whose sliders are moved.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, note

import fad
from fad.base.errors import EngineError
from fad.checking.quotients import DOUBLE
from fad.runtime.engine import Engine
from fad.runtime.input_signals import Samples
from tests.support.properties import examples
from tests.support.quotients import ASIDE, beside_quotients
from tests.support.random_programs import HELPERS, Case, cases, side_by_side, singular_cases

FRAMES = 32
#: How much rounding may change a sample, in units of the loudest one.
ROUNDING = 1e-10


def noise(inputs: int) -> Samples:
    return np.random.default_rng(1).uniform(-0.9, 0.9, (inputs, FRAMES))


def render(engine: Engine, text: str, inputs: int) -> Samples:
    return engine.render(HELPERS + text, "test", inputs=noise(inputs), frames=FRAMES)


def copies(engine: Engine, variants: list[Case]) -> Samples:
    """The outputs of several variants of a program, of shape (variants, outputs, frames)."""
    text = HELPERS + side_by_side(variants)
    inputs = np.tile(noise(variants[0].inputs), (len(variants), 1))
    samples = engine.render(text, "copies", inputs=inputs, frames=FRAMES)
    return samples.reshape(len(variants), -1, FRAMES)


def complaints(engine: Engine, case: Case, original: Samples) -> list[tuple[int, str, str, bool]]:
    """What is wrong with the dual of a program.

    Returns:
        Output, slider, what is wrong, and whether a kink can be the reason.
    """
    dual = fad.transform(HELPERS + case.text, wrt=())
    count = len(dual.parameters)
    lanes = engine.render(dual.source, "dual", inputs=noise(case.inputs), frames=FRAMES)
    lanes = lanes.reshape(-1, 1 + count, FRAMES)
    wrong = [
        (output, "", "the primal differs from the original", False)
        for output, samples in enumerate(original)
        if not _is_equal(samples, lanes[output, 0])
    ]
    labels = [parameter.label for parameter in dual.parameters]
    names = [name for name in case.sliders if name in labels]
    if not names:
        return wrong
    # In several groups, a slider is several parameters, which move together here.
    places = [[1 + place for place, label in enumerate(labels) if label == name] for name in names]
    tangents = np.stack([lanes[:, lane].sum(axis=1) for lane in places], axis=1)
    comparison = beside_quotients(
        lanes[:, 0],
        tangents,
        dict.fromkeys(names, DOUBLE.step),
        lambda moves: copies(engine, [case.moved(move) for move in moves]),
    )
    for (output, name), found in comparison.judgements.items():
        if found.verdict == "mismatch":
            assert found.sample is not None
            where = output, names.index(name), found.sample
            text = (
                f"error {found.error:.2e}, at sample {found.sample} the tangent is "
                f"{tangents[where]:.9g}, the quotient {comparison.quotients[where]:.9g}"
            )
            wrong.append((output, name, text, bool(np.isfinite(found.error))))
    return wrong


def _is_equal(one: Samples, other: Samples) -> bool:
    """Whether two runs are equal, up to the order of additions.

    The standard compiler sorts the terms of a sum by when it first saw them, so the same sum can be
    rounded differently in another program.
    """
    scale = np.abs(one[np.isfinite(one)]).max(initial=0.0)
    return np.allclose(one, other, rtol=0.0, atol=ROUNDING * scale, equal_nan=True)


def verify(engine: Engine, case: Case) -> None:
    """Fails where the dual of a program is wrong."""
    try:
        original = render(engine, case.text, case.inputs)
    except EngineError:
        assume(False)
    for output, name, text, excusable in complaints(engine, case, original):
        # At a kink of one of its parts, a program can be smooth as a whole: its tangent is then
        # what was chosen for the part, and has to be right on both sides only.
        if excusable and all(
            is_right(engine, case.moved({name: offset}), output, name) for offset in (ASIDE, -ASIDE)
        ):
            continue
        raise AssertionError(f"output {output}, by {name!r}: {text}\n{HELPERS}{case.text}")


def is_right(engine: Engine, case: Case, output: int, name: str) -> bool:
    original = render(engine, case.text, case.inputs)
    wrong = {found[:2] for found in complaints(engine, case, original)}
    return not wrong & {(output, name), (output, "")}


@examples(200)
@given(cases())
def test_random_programs(engine: Engine, case: Case) -> None:
    note(HELPERS + case.text)
    verify(engine, case)


@examples(100)
@given(singular_cases())
def test_random_programs_at_poles(engine: Engine, case: Case) -> None:
    """At the ends and in the middle of sliders, tangents are finite where the programs are.

    They are right there, or where a part is infinite, on both sides.
    """
    note(HELPERS + case.text)
    verify(engine, case)


REGRESSIONS = {
    # libfaust knows that the argument is constant, and refuses a division by 0 that nobody uses.
    "sqrt of what is known to be 0": "process = sqrt(a - a), sqrt(0*a), par(i, 2, sqrt(i*a));",
    "asin and acos at a known edge": "process = asin(1 + 0*a), acos(0*a - 1);",
    "atan2 at the known origin": "process = atan2(0*a, 0*b);",
    # libfaust sorts the terms of these sums differently in the dual: the last bits differ.
    "terms in another order": (
        "v = sin(sin(a)); process = (((si_bus(3), v, a, a) ~ ((si_bus(4) :> sin) : *(0.5))) "
        "~ (a : *(0.5))) :> +;"
    ),
    # Smooth as a whole, while each part has a kink at the slider's value.
    "kinks that cancel": "process = max(a, 0.37) + min(a, 0.37);",
}


@pytest.mark.parametrize("name", REGRESSIONS)
def test_regressions(engine: Engine, name: str) -> None:
    inputs = 1 if "si_bus" in REGRESSIONS[name] else 0
    verify(engine, Case(REGRESSIONS[name], {"a": 0.37, "b": 0.83}, inputs))
