"""The operators `fad` and `forwardAD`: what they compute.

The programs are written from the definition of the operators, and what they have to compute from
the mathematics alone, in NumPy.
"""

from __future__ import annotations

import numpy as np
import pytest

import fad
from fad.base.source import Source
from fad.runtime.engine import Engine
from tests.differentiation.models import (
    FRAMES,
    SLIDERS,
    Expected,
    G,
    H,
    constant,
    dual,
    late,
    recursion,
    run,
    verify,
)

S, C = np.sin(G), np.cos(G)
LOG = np.log(G)

#: An expression of `g` (and `h`) -> its value, and its derivative by g.
PRIMITIVES: dict[str, tuple[float, float]] = {
    "g + h": (G + H, 1),
    "h - g": (H - G, -1),
    "g*h": (G * H, H),
    "h/g": (H / G, -H / G**2),
    "g^3": (G**3, 3 * G**2),
    "h^g": (H**G, H**G * np.log(H)),
    "g^g": (G**G, G**G * (LOG + 1)),
    "g % 0.25": (0.1, 1),
    "fmod(h, g)": (0.1, -2),
    "remainder(h, g)": (0.1, -2),
    "abs(0 - g)": (G, 1),
    "min(g, h) + 2*max(g, h)": (G + 2 * H, 1),
    "float(g) + int(h*g*9)": (G + 7, 1),
    "floor(g) + ceil(g) + rint(g) + round(g) + g": (G + 3, 1),
    "(g < h) + (g <= h) + (g > h) + (g >= h) + (g == h) + (g != h)": (3, 0),
    "(int(9*g) & 3) + (int(9*g) | 8) + (int(9*g) << 1) + (int(9*g) >> 1) + g": (26 + G, 1),
    "exp(g)": (np.exp(G), np.exp(G)),
    "log(g)": (LOG, 1 / G),
    "log10(g)": (np.log10(G), 1 / (G * np.log(10))),
    "sqrt(g)": (G**0.5, 0.5 * G**-0.5),
    "sin(g)*cos(g)": (S * C, C * C - S * S),
    "tan(g)": (S / C, C**-2),
    "asin(g)": (np.arcsin(G), (1 - G * G) ** -0.5),
    "acos(g)": (np.arccos(G), -((1 - G * G) ** -0.5)),
    "atan(g)": (np.arctan(G), 1 / (1 + G * G)),
    "atan2(h, g)": (np.arctan2(H, G), -H / (H * H + G * G)),
    "select2(g > h, g*g, h)": (G * G, 2 * G),
    "select3(1, h, g*g, h)": (G * G, 2 * G),
    "attach(g*g, g)": (G * G, 2 * G),
    "rdtable(waveform{4, 5, 6}, int(3*g))*g": (5 * G, 5),
    '(g*g : hbargraph("m", 0, 1))': (G * G, 2 * G),
    "rwtable(1, 0.0, 0, g*g, 0)": (G * G, 2 * G),
}

#: name -> (the program, what it computes).
PROGRAMS: dict[str, tuple[str, Expected]] = {
    # -- Primitives with memory
    "mem": ("fad((_ : *(g) : mem), g)", lambda x: [G * late(x[0]), late(x[0])]),
    "delay": ("fad((_ : *(g) : @(3)), g)", lambda x: [G * late(x[0], 3), late(x[0], 3)]),
    "one-sample delay": ("fad((_*g)'', g)", lambda x: [G * late(x[0], 2), late(x[0], 2)]),
    "prefix": (
        "fad(prefix(0.3, _*g), g)",
        lambda x: [G * late(x[0]) + 0.3 * (np.arange(FRAMES) == 0), late(x[0])],
    ),
    "variable delay": (
        "fad(((_*g) @ int(2 + abs(g))), g)",
        lambda x: [G * late(x[0], 2), late(x[0], 2)],
    ),
    # -- Compositions
    "parallel": ("fad((g*g, _, h), g)", lambda x: [G * G, 2 * G, x[0], 0, H, 0]),
    "sequential": ("fad((g,h : route(2,2,(1,2),(2,1)) : -), (g, h))", constant(H - G, -1, 1)),
    "split and merge": ("fad((g, h <: _,_,_,_ :> *), g)", constant((G + G) * (H + H), 4 * H)),
    "unequal merge": (
        "fad((g, h, g*h, 2 :> _,_), (g, h))",
        constant(G + G * H, 1 + H, G, H + 2, 0, 1),
    ),
    "cut": ("fad((g, h : !, _), (g, h))", constant(H, 0, 1)),
    "iterations": ("fad(sum(i, 3, g^(i+1)), g)", constant(G + G**2 + G**3, 1 + 2 * G + 3 * G**2)),
    "product": (
        "fad(prod(i, 3, g + i), g)",
        constant(G * (G + 1) * (G + 2), 3 * G * G + 6 * G + 2),
    ),
    "seq": ("fad((_ : seq(i, 3, *(g))), g)", lambda x: [x[0] * G**3, x[0] * 3 * G**2]),
    # -- Recursions, by complex steps
    "self": (
        "fad((+ ~ *(g)), g)",
        dual(lambda x, g, h: recursion(lambda x, y: [x + g * y(0, 1)], x), "g"),
    ),
    "self, by the input": (
        "fad((+ ~ *(g)), _)",
        dual(lambda x, g, h: recursion(lambda x, y: [x + g * y(0, 1)], x), "0"),
    ),
    "non-linear": (
        "fad((+ ~ (*(g) : sin)), (_, g))",
        dual(lambda x, g, h: recursion(lambda x, y: [x + np.sin(g * y(0, 1))], x), "0g"),
    ),
    "nested": (
        "fad(((+ : (+ ~ *(g)) : *(0.5)) ~ *(h)), (g, h))",
        dual(
            lambda x, g, h: recursion(
                lambda x, y: [w := x + h * y(1, 1) + g * y(0, 1), 0.5 * w], x, 2
            )[1:],
            "gh",
        ),
    ),
    "mutual": (
        r"fad((\(a,b,x).(x + g*b, h*a) ~ (_,_)), (g, h))",
        dual(lambda x, g, h: recursion(lambda x, y: [x + g * y(1, 1), h * y(0, 1)], x, 2), "gh"),
    ),
    "several outputs": (
        r"fad((\(p,x).(x + g*p, p*p) ~ _), g)",
        dual(lambda x, g, h: recursion(lambda x, y: [x + g * y(0, 1), y(0, 1) ** 2], x, 2), "g"),
    ),
    "delayed": (
        "fad((+ ~ (@(3) : *(g))), g)",
        dual(lambda x, g, h: recursion(lambda x, y: [x + g * y(0, 4)], x), "g"),
    ),
    "crossed": (
        r"fad((\(p,q,x).(x + g*p, h*q + p) ~ (_,_ : route(2,2,(1,2),(2,1)))), (g, h))",
        dual(
            lambda x, g, h: recursion(lambda x, y: [x + g * y(1, 1), h * y(0, 1) + y(1, 1)], x, 2),
            "gh",
        ),
    ),
    "letrec": (
        "fad((y letrec { 'y = sin(y)*g + 1; }), g)",
        dual(lambda x, g, h: recursion(lambda y: [np.sin(y(0, 1)) * g + 1], x), "g"),
    ),
    "mutual letrec": (
        "fad((u + v letrec { 'u = g*v + 1; 'v = h*u; }), (g, h))",
        dual(
            lambda x, g, h: [
                sum(recursion(lambda y: [g * y(1, 1) + 1, h * y(0, 1)], x.reshape(0, FRAMES), 2))
            ],
            "gh",
        ),
    ),
    "activity that only the loop spreads": (
        r"fad((\(p,q).(q, p + g) ~ (_,_)), g)",
        dual(lambda x, g, h: recursion(lambda y: [y(1, 1), y(0, 1) + g], x, 2), "g"),
    ),
    # -- Operators inside recursions
    "left of ~": (
        r"(+ : \(u).(fad(sin(u), u) : !,_)) ~ *(g)",
        dual(lambda x, g, h: recursion(lambda x, y: [np.cos(x + g * y(0, 1))], x), ""),
    ),
    "right of ~": (
        r"+ ~ \(u).(fad(sin(u)*g, u) : !,_)",
        dual(lambda x, g, h: recursion(lambda x, y: [x + g * np.cos(y(0, 1))], x), ""),
    ),
    "both sides of ~": (
        r"(+ : \(u).(fad(sin(u), u) : !,_)) ~ \(u).(fad(g*u*u, u) : !,_)",
        dual(lambda x, g, h: recursion(lambda x, y: [np.cos(x + 2 * g * y(0, 1))], x), ""),
    ),
    "inside letrec": (
        "y letrec { 'y = D(\\(u).(u*u*g), y) + 0.1; }",
        dual(lambda x, g, h: recursion(lambda y: [2 * g * y(0, 1) + 0.1], x), ""),
    ),
    "outside and inside a recursion": (
        r"fad(((+ : \(u).(fad(sin(u), u) : !,_)) ~ *(g)), g)",
        dual(lambda x, g, h: recursion(lambda x, y: [np.cos(x + g * y(0, 1))], x), "g"),
    ),
    "a variable of letrec": (
        "y letrec { 'y = fad(0.2*sin(y)*g + 0.1, y) : +; }",
        dual(
            lambda x, g, h: recursion(
                lambda y: [0.2 * g * (np.sin(y(0, 1)) + np.cos(y(0, 1))) + 0.1], x
            ),
            "",
        ),
    ),
    "descent": (
        r"\(p).(p - 0.25*(fad((p - g)^2, p) : !,_)) ~ _",
        dual(lambda x, g, h: recursion(lambda y: [0.5 * y(0, 1) + 0.5 * g], x), ""),
    ),
    "a recursion inside a recursion that differentiates": (
        r"\(p,x).(fad((x : + ~ *(p)), p)) ~ (_ : *(0.1))",
        dual(
            lambda x, g, h: recursion(
                lambda x, y: [x + 0.1 * y(0, 1) * y(0, 1), y(0, 1) + 0.1 * y(0, 1) * y(1, 1)], x, 2
            ),
            "",
        ),
    ),
    # -- Seeds
    "several seeds": ("fad(g*h, (g, h))", constant(G * H, H, G)),
    "seeds in another order": ("fad(g*h, (h, g))", constant(G * H, G, H)),
    "a repeated seed": ("fad(g*h, (h, g, h))", constant(G * H, G, H, G)),
    "a repeated seed that one output lacks": ("fad((g, h), (g, g))", constant(G, 1, 1, H, 0, 0)),
    "a list of lists": ("fad(g*h, ((h, g), g))", constant(G * H, G, H, H)),
    "no parameter of any seed": ("fad(_, g)", lambda x: [x[0], 0]),
    "no seeds": ("fad((_ : sin), par(i, 0, _))", lambda x: [np.sin(x[0])]),
    "seeds by an iteration": (
        'fad(sum(i, 2, w(i)^2), par(i, 2, w(i))) with { w(i) = hslider("w%i", 2, 0, 4, 1); }',
        constant(8, 4, 4),
    ),
    "a bus of seeds": (
        "fad((_, sin), si.bus(2))",
        lambda x: [x[0], 1, 0, np.sin(x[1]), 0, np.cos(x[1])],
    ),
    "inputs of a lambda, and a widget": (
        r"fad(\(a, b).(a*b*g), (!, _, g))",
        lambda x: [x[0] * x[1] * G, x[0] * G, x[0] * x[1]],
    ),
    "an input": ("fad((_ : sin), _)", lambda x: [np.sin(x[0]), np.cos(x[0])]),
    "inputs": ("fad(*, (_, _))", lambda x: [x[0] * x[1], x[1], x[0]]),
    "a skipped input": ("fad(*, (!, _))", lambda x: [x[0] * x[1], x[0]]),
    "more inputs than the expression has": ("fad((_ : sin), (!, _))", lambda x: [np.sin(x[0]), 0]),
    "the first of three": (
        r"fad(\(a,b,c).(a*b*c), (_, !, !))",
        lambda x: [x[0] * x[1] * x[2], x[1] * x[2]],
    ),
    "an input and a widget": ("fad((_*g), (g, _))", lambda x: [x[0] * G, x[0], G]),
    "a lambda parameter": (r"\(x).(fad(x*x, x))", lambda x: [x[0] ** 2, 2 * x[0]]),
    "a parameter of a function": (
        "f with { f(x, y) = fad(x*x*y, (y, x)); }",
        lambda x: [x[0] ** 2 * x[1], x[0] ** 2, 2 * x[0] * x[1]],
    ),
    "a name bound to a diagram": (
        "fad(s*s + g, s) with { s = sin(g); }",
        constant(S * S + G, 2 * S),
    ),
    "a name and what it is made of": (
        "fad(s*s + g, (s, g)) with { s = sin(g); }",
        # What is a seed is a variable of its own: g does not reach the output through it.
        constant(S * S + G, 2 * S, 1),
    ),
    "a name bound to a recursion": (
        "fad(n*n', n) with { n = 1 : + ~ *(0.5); }",
        lambda x: [
            (n := 2 - 0.5 ** np.arange(FRAMES)) * late(n),
            late(n) + n * (np.arange(FRAMES) > 0),
        ],
    ),
    "a button": ('fad((1 - b)*g, b) with { b = button("b"); }', constant(G, -G)),
    "a checkbox": ('fad((1 - b)*g, b) with { b = checkbox("b"); }', constant(G, -G)),
    "an entry": ('fad(n*n, n) with { n = nentry("n", 3, 0, 9, 1); }', constant(9, 6)),
    "an equal slider": (
        'fad(sin(g), v) with { v = hslider("g", 0.6, -4, 4, 0.01); }',
        constant(S, C),
    ),
    "a slider out of variables": (
        'fad(v*v, v) with { v = hslider("v[diff:off]", 2, 0, 9, 1); }',
        constant(4, 4),
    ),
    # -- Nesting
    "the second derivative": ("fad((fad(g^3, g) : !,_), g) : !,_", constant(6 * G)),
    "the third derivative": (
        "fad((fad((fad(g^4, g) : !,_), g) : !,_), g) : !,_",
        constant(24 * G),
    ),
    "the third derivative, by a function": (
        r"D(\(a).(D(\(b).(D(sin, b)), a)), g)",
        constant(-C),
    ),
    "a mixed derivative": (
        "fad((fad(sin(g*h), g) : !,_), h) : !,_",
        constant(np.cos(G * H) - G * H * np.sin(G * H)),
    ),
    "all of two orders": (
        "fad(fad(g*g*h, g), h)",
        constant(G * G * H, G * G, 2 * G * H, 2 * G),
    ),
    "a Hessian": (
        "fad(fad(g*g*h, (g, h)), (g, h)) : !,!,!,!,_,_,!,_,_",
        constant(2 * H, 2 * G, 2 * G, 0),
    ),
    "perturbations are kept apart": (
        "fad((x*(fad(x + y, y) : !,_)), x) : !,_ with "
        '{ x = hslider("x", 1, 0, 2, 0.1); y = hslider("y", 1, 0, 2, 0.1); }',
        constant(1),
    ),
    "perturbations are kept apart, with lambdas": (
        r"g : \(x).(fad((x*(1 : \(y).(fad(x + y, y) : !,_))), x) : !,_)",
        constant(1),
    ),
    "perturbations of one signal": (
        # y is x here: the signal means itself wherever it occurs.
        r"D(\(x).(x*D(\(y).(x + y), x)), g)",
        constant(2),
    ),
    "a tangent as a seed": (
        "fad(t*t*g, t) with { t = fad(g*g, g) : !,_; }",
        constant(4 * G**3, 4 * G * G),
    ),
    "the second derivative of a recursion": (
        "fad((fad((1 : + ~ *(g)), g) : !,_), g) : !,_",
        lambda x: [
            [sum(k * (k - 1) * G ** (k - 2) for k in range(2, n + 1)) for n in range(FRAMES)]
        ],
    ),
    # -- Functions, libraries, groups, iterations
    "a pattern-matched function": (
        "fad(power(4, g), g) with { power(0, x) = 1; power(n, x) = x*power(n - 1, x); }",
        constant(G**4, 4 * G**3),
    ),
    "an operator in a pattern-matched function": (
        "nth(3, g) with { nth(0, x) = x^4; nth(n, x) = fad(nth(n - 1, x), x) : !,_; }",
        constant(24 * G),
    ),
    "another name for an operator": ("grad(g*g, g) with { grad = fad; }", constant(G * G, 2 * G)),
    "an operator that is an argument": (
        "op(fad) with { op(f) = f(g*g, g); }",
        constant(G * G, 2 * G),
    ),
    "a library filter": (
        "fad(fi.pole(g), g)",
        dual(lambda x, g, h: recursion(lambda x, y: [x + g * y(0, 1)], x), "g"),
    ),
    "a library smoother": (
        "fad(si.smooth(g), g)",
        dual(lambda x, g, h: recursion(lambda x, y: [(1 - g) * x + g * y(0, 1)], x), "g"),
    ),
    "a library conversion": (
        "fad(ba.db2linear(g), g)",
        constant(10 ** (G / 20), 10 ** (G / 20) * np.log(10) / 20),
    ),
    "a library function of a seed that is an argument": (
        r"\(p).(fad((h : fi.zero(p)), p))",
        lambda x: [H - x[0] * H * (np.arange(FRAMES) > 0), -H * (np.arange(FRAMES) > 0)],
    ),
    "under a group": ('hgroup("a", fad(g*g, g))', constant(G * G, 2 * G)),
    "a seed in a group": ('fad(hgroup("a", g*g), hgroup("a", g))', constant(G * G, 2 * G)),
    "one of two groups": (
        'fad((hgroup("a", g) + 2*hgroup("b", g)), hgroup("b", g))',
        constant(3 * G, 2),
    ),
    "par": ("par(i, 3, fad(g^(i+1), g))", constant(G, 1, G**2, 2 * G, G**3, 3 * G**2)),
    "sum": ("sum(i, 3, fad(g^(i+1), g) : !,_)", constant(1 + 2 * G + 3 * G**2)),
    "par over seeds": (
        "par(i, 2, fad(g*h, ba.take(i + 1, (g, h))) : !,_)",
        constant(H, G),
    ),
    "modulation": ('["g": *(2) -> fad(g*g, g)]', constant(4 * G * G, 4 * G)),
    # -- forwardAD
    "all sliders": ("forwardAD(_*g + h)", lambda x: [x[0] * G + H, x[0], 1]),
    "several outputs of forwardAD": ("forwardAD((h, g*h))", constant(H, 0, 1, G * H, H, G)),
    "nothing to differentiate by": ("forwardAD(sin)", lambda x: [np.sin(x[0])]),
    "what is out of variables": (
        'forwardAD(g*v) with { v = hslider("v[diff:off]", 2, 0, 9, 1); }',
        constant(2 * G, 2),
    ),
    "forwardAD in a group": ('hgroup("a", forwardAD(g*g))', constant(G * G, 2 * G)),
    "values": ("forwardAD((_*g + h), (0.5, 0.25))", lambda x: [0.5 * x[0] + 0.25, x[0], 1]),
    "a value": ("forwardAD(g*g, h)", constant(H * H, 2 * H)),
    "values from inputs": (
        "forwardAD((_*g + h), (_, _))",
        lambda x: [x[2] * x[0] + x[1], x[2], 1],
    ),
    "values with their own derivatives": (
        "forwardAD(g*h, (2, 0.5, 3, -1))",
        constant(6, 1.5, -2),
    ),
    "a value with a signal for its derivative": (
        "forwardAD(_*g, (_, _))",
        lambda x: [x[2] * x[0], x[2] * x[1]],
    ),
    "values from one diagram": ("forwardAD(g*g*h, (2 <: _,_))", constant(8, 8, 4)),
    "no values": ("forwardAD(sin, si.bus(0))", lambda x: [np.sin(x[0])]),
    "forwardAD twice": ("forwardAD(forwardAD(g^3))", constant(G**3, 3 * G**2, 3 * G**2, 6 * G)),
    "values inside a recursion": (
        r"\(p).(forwardAD((g - h)^2, (p, 1)) : (!,_,! : *(-0.25) : +(p))) ~ _",
        dual(lambda x, g, h: recursion(lambda y: [0.5 * y(0, 1) + 0.5], x), ""),
    ),
    "fad of forwardAD": ("fad(forwardAD(g^3), g)", constant(G**3, 3 * G**2, 3 * G**2, 6 * G)),
    # -- Names of the program
    "its own fad": ("fad(1, 2) with { fad(x, y) = x - y; }", constant(-1)),
    "its own forwardAD": ("forwardAD with { forwardAD = 7; }", constant(7)),
    "a parameter called fad": ("f(3) with { f(fad) = fad + 1; }", constant(4)),
    "a lambda parameter called forwardAD": (r"3 : \(forwardAD).(forwardAD*2)", constant(6)),
    "a function of the program's own, elsewhere": (
        "e.fad(1, 2), fad(g*g, g) with { e = environment { fad(x, y) = x - y; }; }",
        constant(-1, G * G, 2 * G),
    ),
}


@pytest.mark.parametrize("expression", PRIMITIVES)
def test_primitives(engine: Engine, expression: str) -> None:
    value, tangent = PRIMITIVES[expression]
    _, found = run(engine, f"{SLIDERS}process = fad({expression}, g);")
    np.testing.assert_allclose(found[0], value, atol=1e-9)
    np.testing.assert_allclose(found[1], tangent, atol=1e-9)


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(engine: Engine, name: str) -> None:
    verify(engine, *PROGRAMS[name])


def test_values_keep_the_rules_of_library_functions(engine: Engine) -> None:
    """The table inside `os.osc` is read at whole positions, and has a slope all the same."""
    oscillator = 'import("stdfaust.lib"); f = hslider("f", 440, 20, 2000, 1);'
    expanded = fad.expand(f"{oscillator} process = forwardAD(os.osc(f), 440);")
    assert not expanded.warnings
    transformed = fad.transform(f"{oscillator} process = os.osc(f);").source
    found, wanted = (
        engine.render(text, "test", frames=FRAMES) for text in (expanded.source, transformed)
    )
    assert np.any(wanted[1])
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("text", ["fad(g*g, g)", "forwardAD(_*g)", "fad(fad(g*h, g), h)"])
def test_what_is_written_needs_no_operator(engine: Engine, text: str) -> None:
    source = fad.expand(f"{SLIDERS}process = {text};").source
    again = fad.expand(source).source
    assert again.splitlines()[1:] == source.splitlines()[1:]
    assert "fad(" not in source and "forwardAD" not in source


def test_a_program_with_operators_can_be_transformed(engine: Engine) -> None:
    program = fad.transform(f"{SLIDERS}process = fad(g^3, g);", wrt=["g"])
    found = engine.render(program.source, "test", frames=1)[:, 0]
    np.testing.assert_allclose(found, [G**3, 3 * G**2, 3 * G**2, 6 * G], atol=1e-9)


def test_a_user_s_rule_counts_inside_operators() -> None:
    text = 'process = fad(f(g), g) with { f = ffunction(float f(float), "", ""); };'
    program = fad.transform(
        SLIDERS + text, rules=Source("rules.dsp", "d_f(x) = 7*x;"), only="primal"
    )
    assert "7" in program.source


def test_by_nothing_a_diagram_is_itself() -> None:
    assert fad.expand("process = fad(sin, ());").source == fad.expand("process = sin;").source
    assert fad.expand("process = forwardAD(sin, ());").source == fad.expand("process = sin;").source
