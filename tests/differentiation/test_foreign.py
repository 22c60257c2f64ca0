"""The rules for the functions of math.h, against difference quotients of native code."""

from __future__ import annotations

import numpy as np

import fad
from fad.base.source import Source
from fad.diagram.primitives import PRIMITIVES
from fad.differentiation.rules import FOREIGN, Linear, Partials, Zero
from fad.runtime.engine import Engine
from tests.support.native import needs_compiler

pytestmark = needs_compiler

#: Where the functions are defined that are not defined around 0.4.
POINTS = {
    "acosh": "1.7",
    "fma": "0.4, 0.7, 0.2",
    **dict.fromkeys(("fmod", "remainder"), "2.3, 0.9"),
}
#: How many arguments they take that take more than one.
ARITIES = {
    **dict.fromkeys(("hypot", "copysign", "fdim", "pow", "atan2", "fmod", "remainder"), 2),
    **dict.fromkeys(("fmin", "fmax"), 2),
    "fma": 3,
}


def call(name: str, arguments: list[str]) -> str:
    types = ", ".join("float" for _ in arguments)
    # The names of primitives are keywords, and libfaust crashes on `exp10`: the functions for long
    # doubles have the same rules.
    known = f"{name}l" if name in (*PRIMITIVES, "pow", "exp10") else name
    return f'ffunction(float {known}({types}), <math.h>, "")({", ".join(arguments)})'


def slider(name: str, init: float = 0) -> str:
    return f'{name} = hslider("{name}", {init}, -2, 2, 0.01);'


def test_each_rule_has_a_partial_for_each_argument() -> None:
    for name, rule in FOREIGN.items():
        if isinstance(rule, Partials):
            assert len(rule.texts) == ARITIES.get(name, 1)


def test_all_functions_by_each_argument_and_by_all(engine: Engine) -> None:
    """One program with an output for each; `a` moves all the arguments, `p`, `q`, `r` one each."""
    moved = {
        name: [
            f"{POINTS.get(name, '0.4, 0.9').split(',')[i].strip()} + 0.1*_ + {i + 1}*a + {'pqr'[i]}"
            for i in range(ARITIES.get(name, 1))
        ]
        for name in FOREIGN
    }
    outputs = [f"({call(name, arguments)})" for name, arguments in moved.items()]
    sliders = "\n".join(map(slider, "apqr"))
    inputs = sum(map(len, moved.values()))
    noise = np.random.default_rng(1).uniform(-0.9, 0.9, (inputs, 200))
    report = fad.check(
        f"{sliders}\nprocess = {','.join(outputs)};",
        inputs=noise,
        engine=engine,
        native=True,
        points=1,
    )
    assert report.primal_identical
    names = list(FOREIGN)
    verdicts = {(names[pair.output], pair.parameter): pair.verdict for pair in report.pairs}
    for name, rule in FOREIGN.items():
        arity = ARITIES.get(name, 1)
        for position, parameter in enumerate("pqr"):
            expected = {"agrees"} if position < arity else {"zero"}
            if isinstance(rule, Zero) or (
                isinstance(rule, Linear) and "xyz"[position] in rule.zero
            ):
                expected = {"zero", "quantised"}
            elif position < arity and name in ("fmin", "fmax", "fdim"):
                expected = {"agrees", "zero"}
            assert verdicts[name, f"/{parameter}"] in expected, (name, parameter)
        assert verdicts[name, "/a"] != "mismatch", name


EDGES = {
    "acosh": ["1 + p"],
    "cbrt": ["p"],
    "hypot": ["p", "p"],
    "copysign": ["p", "p"],
    "fdim": ["p", "p"],
    "pow": ["p", "p"],
    "atan2": ["p", "p"],
    "sqrt": ["p"],
    "asin": ["1 + p"],
    "acos": ["1 + p"],
    "fmod": ["p", "1 + p"],
    "fmin": ["p", "p"],
    "fabs": ["p"],
}


def test_at_their_edges_tangents_are_finite(engine: Engine) -> None:
    outputs = [f"({call(name, arguments)})" for name, arguments in EDGES.items()]
    # A recursion that one bad tangent would poison.
    poisoned = [f"({output} : +~*(0.5))" for output in outputs]
    program = f"{slider('p')} process = {','.join(outputs + poisoned)};"
    report = fad.check(program, engine=engine, native=True, seconds=0.002, points=1)
    assert not report.not_finite
    assert all(np.isfinite(pair.error) for pair in report.pairs)


def test_a_user_s_rule_may_use_operators_itself(engine: Engine) -> None:
    program = f"{slider('g', 0.3)} process = {call('sinh', ['g*_'])};"
    # The derivative of sinh, asked for instead of written down.
    rules = Source("rules.dsp", "d_sinh(x) = fad((exp(x) - exp(0 - x))*0.5, x) : !,_;")
    text = fad.transform(program, rules=rules).source
    # The table's own rule is sqrt(1 + r*r).
    assert "exp(" in text and "sqrt(" not in text
    report = fad.check(program, rules=rules, engine=engine, native=True)
    assert [pair.verdict for pair in report.pairs] == ["agrees"]
