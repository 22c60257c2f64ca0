"""`fad.lib`: every function against a reference in numpy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from fad.runtime.engine import Engine
from tests.lib.references import (
    adam,
    average,
    categorical,
    clipnorm,
    cosine,
    crossentropy,
    each,
    finite,
    huber,
    initial,
    logcosh,
    mean,
    momentum,
    network,
    newton,
    over,
    rmsprop,
    root_slopes,
    softmax,
    spectral,
    symlog,
    timed,
)
from tests.lib.running import (
    AROUND,
    LIBRARY,
    RATE,
    TOLERANCE,
    Reference,
    Signal,
    broken,
    certain,
    edges,
    noise,
    render,
)

SILENCE: Signal = np.zeros((1, 2500))


@dataclass(frozen=True)
class Case:
    """A function of the library, what it is run on, and what should come of it."""

    expression: str
    signals: tuple[Signal, ...]
    reference: Reference
    rate: int = RATE

    def error(self, engine: Engine, folder: Path = LIBRARY.parent) -> float:
        """The largest difference, in units of the reference or of 1; infinite for a NaN."""
        errors = []
        for signal in self.signals:
            found = render(engine, f"process = {self.expression};", signal, folder, self.rate)
            wanted = self.reference(signal)
            assert found.shape == wanted.shape
            errors.append(np.max(abs(found - wanted) / np.maximum(1, abs(wanted))))
        worst = float(np.max(errors))
        return worst if np.isfinite(worst) else np.inf


def loss(name: str, arguments: str, function: Callable[[Signal, Signal], Signal]) -> Iterator[Case]:
    for n in (1, 2, 7, 64):
        expression = f"df.{name}({arguments}{n})"
        yield Case(expression, (noise(2), edges(2)), over(function, n))


GRADIENTS = (noise(1), edges(1), broken(1), np.zeros((1, 100)), np.full((1, 30), 1e-12))


def slopes(n: int, k: int) -> tuple[Signal, ...]:
    """Derivatives of a mean loss; then losses, each with its derivatives."""
    count = n + k * (1 + n)
    whole, hurt = noise(count), broken(count)
    for signal in (whole, hurt):
        signal[n :: 1 + n] = 0.1 + abs(signal[n :: 1 + n]) / 10
    return whole, hurt


TUNED = np.sin(2 * np.pi * np.outer([440, 500], np.arange(600) / 44100))

CASES = [
    Case("df.finite", (broken(1),), finite),
    Case("df.magnitude", (edges(1),), abs),
    *(Case(f"df.below_largest({k})", (edges(k),), lambda x: x - x.max(axis=0)) for k in (1, 4)),
    *(Case(f"df.mean({n})", (noise(1), edges(1)), mean(n)) for n in (1, 2, 3, 13, 64, 100, 255)),
    *loss("l1", "", lambda y, yhat: abs(y - yhat)),
    *loss("l2", "", lambda y, yhat: (y - yhat) ** 2),
    *loss("huber", "0.3, ", huber),
    *loss("logcosh", "", logcosh),
    *loss("msle", "", lambda y, yhat: (symlog(y) - symlog(yhat)) ** 2),
    *(
        Case(
            f"df.spectral({bands}, 50, 30000)",
            (noise(2), TUNED, np.zeros((2, 50))),
            spectral(bands, 50, 30000, 44100),
            44100,
        )
        for bands in (1, 5)
    ),
    Case("df.spectral(2, 100, 400)", (broken(2),), spectral(2, 100, 400, RATE)),
    *loss("crossentropy", "", crossentropy),
    Case("df.crossentropy(1)", (certain(),), over(crossentropy, 1)),
    *(Case(f"df.categorical({k}, 1)", (noise(2 * k), edges(2 * k)), categorical) for k in (2, 5)),
    Case("df.categorical(3, 7)", (noise(6),), lambda x: mean(7)(categorical(x))),
    Case("df.sgd(0.1)", GRADIENTS, each(lambda: lambda g, t: 0.1 * g)),
    Case("df.momentum(0.9, 0.1)", GRADIENTS, each(lambda: momentum(False))),
    Case("df.nesterov(0.9, 0.1)", GRADIENTS, each(lambda: momentum(True))),
    Case("df.rmsprop(0.99, 0.1)", GRADIENTS, each(rmsprop)),
    Case("df.adam(0.9, 0.999, 0.1)", GRADIENTS, each(lambda: adam(False))),
    Case("df.nadam(0.9, 0.999, 0.1)", GRADIENTS, each(lambda: adam(True))),
    Case("df.sign(0.1)", GRADIENTS, each(lambda: lambda g, t: 0.1 * np.sign(g))),
    Case("df.average(0.9)", (noise(1),), average),
    Case("df.adaptive(_, *(4), 3)", (noise(1),), lambda g: 3 * g / (2 * abs(g) + 1e-8)),
    *(
        Case(
            f"df.gauss_newton({n}, {k}, 0.9, 0.01, 0.0003) : par(i, {n}, *(10000))",
            slopes(n, k),
            newton(n, k, 0.01),
        )
        for n, k in ((1, 1), (3, 1), (2, 3))
    ),
    *(
        Case(
            f"df.diagonal_newton({n}, {k}, 0.9, 0.0003) : par(i, {n}, *(10000))",
            slopes(n, k),
            newton(n, k, None),
        )
        for n, k in ((1, 1), (2, 3))
    ),
    Case("df.root_slopes(2)", (noise(3), edges(3), broken(3)), root_slopes),
    Case("df.clip(0.5)", (noise(1), edges(1)), lambda g: np.clip(g, -0.5, 0.5)),
    Case("df.clipnorm(1, 0.5)", (edges(1), broken(1)), clipnorm),
    Case("df.clipnorm(3, 0.5)", (noise(3), edges(3), broken(3)), clipnorm),
    Case("!, df.seconds", (SILENCE,), timed(lambda t: t)),
    Case("!, df.progress(0.7)", (SILENCE,), timed(lambda t: np.minimum(t / 0.7, 1))),
    Case("!, df.progress(0)", (SILENCE,), timed(lambda t: np.where(t > 0, 1.0, 0.0))),
    Case("!, df.constant(0.3)", (SILENCE,), timed(lambda t: 0.3 + 0 * t)),
    Case("!, df.exponential(0.3, 0.2)", (SILENCE,), timed(lambda t: 0.3 * 2 ** (-t / 0.2))),
    Case("!, df.step(0.3, 0.5, 0.2503)", (SILENCE,), timed(lambda t: 0.3 * 0.5 ** (t // 0.2503))),
    Case("!, df.cosine(0.3, 0.01, 0.5)", (SILENCE,), timed(cosine)),
    Case(
        "!, df.warmup(0.25, df.cosine(0.3, 0.01, 0.5))",
        (SILENCE,),
        timed(lambda t: np.minimum(1, 4 * t) * cosine(t)),
    ),
    Case("df.sigmoid", AROUND, lambda x: np.exp(-np.logaddexp(0, -x))),
    Case("df.tanhact", AROUND, np.tanh),
    Case("df.relu", AROUND, lambda x: np.where(x > 0, x, 0)),
    Case("df.leaky_relu(0.1)", AROUND, lambda x: np.where(x > 0, x, 0.1 * x)),
    Case("df.softplus", AROUND, lambda x: np.logaddexp(0, x)),
    *(Case(f"df.softmax({k})", (noise(k), edges(k)), softmax) for k in (1, 2, 5)),
    Case("df.neuron(3, df.tanhact)", (noise(3),), lambda x: np.tanh(initial(3, 1) @ x)),
    Case("df.unit(4, 3, _)", (noise(3),), lambda x: initial(3, 4)[3:] @ x),
    Case("df.dense(3, 4, df.tanhact)", (noise(3),), lambda x: np.tanh(initial(3, 4) @ x)),
    Case("df.network((3, 2), df.relu)", (noise(3),), lambda x: initial(3, 2) @ x),
    Case("df.network((4, 12, 12, 1), df.tanhact)", (noise(4),), network(4, 12, 12, 1)),
]


def called(case: Case) -> str:
    """The function that a case is about."""
    found = re.search(r"df\.(\w+)", case.expression)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.expression)
def test_function(engine: Engine, case: Case) -> None:
    assert case.error(engine) < TOLERANCE


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("finite", "abs(x) < 1e18", "abs(x) < 1e38"),
        ("mean", "(even : @(k))", "even"),
        ("mean", "_ <: _, @(k) :> _", "_ <: _, @(1) :> _"),
        ("magnitude", "x < 0, x, 0 - x", "x < 0, 0 - x, x"),
        ("below_largest", "largest(k - 1) : max", "largest(k - 1) : min"),
        ("l1", "l1(n) = - : abs", "l1(n) = -"),
        ("l2", "l2(n) = - <: *", "l2(n) = - <: * : /(2)"),
        ("huber", "error - low/2", "error - low"),
        ("logcosh", " - log(2)", ""),
        ("msle", "log(1 + magnitude(x))", "log(0.5 + magnitude(x))"),
        ("msle", "x < 0, 1, -1)*log", "x < 0, 1, 1)*log"),
        ("spectral", "i + 0.5", "i"),
        ("spectral", "1/(4*ma.SR/low)", "1/(2*ma.SR/low)"),
        ("spectral", "+(1e-8) : log", "max(1e-8) : log"),
        ("spectral", "sqrt(ratio)/(ratio - 1)", "1/(ratio - 1)"),
        ("spectral", "levels = finite", "levels = _"),
        ("crossentropy", "logit < 0, logit, 0) - label", "logit < 0, logit, 0) + label"),
        ("crossentropy", "(logit < 0, logit, 0)", "(logit < 0, 0, logit)"),
        ("categorical", "<: spread, agreement : -", "<: spread, agreement : +"),
        ("categorical", "(par(i, k, exp) :> log)", "(par(i, k, exp) :> sqrt)"),
        ("sgd", "sgd(rate) = finite", "sgd(rate) = 0 - finite"),
        ("momentum", "finite : + ~ *(beta)", "finite : + ~ *(0 - beta)"),
        ("momentum", "finite : + ~", "_ : + ~"),
        ("nesterov", "(+ ~ *(beta) : *(beta))", "(+ ~ *(beta))"),
        ("rmsprop", "adaptive(_, si.smooth(decay)", "adaptive(_, average(decay)"),
        ("rmsprop", "finite <: direction", "_ <: direction"),
        ("adam", "_, 1 : par(i, 2, si.smooth(decay)) : /", "si.smooth(decay)"),
        ("adam", "_, 1 : par(i, 2", "_, 1' : par(i, 2"),
        ("adam", "sqrt : +(1e-8)", "sqrt"),
        (
            "adam",
            "adaptive(average(beta1), average(beta2)",
            "adaptive(average(beta1), average(beta1)",
        ),
        ("nadam", "/next", "/total"),
        ("nadam", "(1 - beta1)*g/total", "(1 - beta1)*g"),
        ("sign", "<: >(0), <(0)", "<: <(0), >(0)"),
        ("gauss_newton", "(one(i), !, none), (none", "(one(n - 1 - i), !, none), (none"),
        ("gauss_newton", "g - product - damping*h*x", "g - product"),
        ("gauss_newton", "n*n, /(k) : si", "n*n, _ : si"),
        ("gauss_newton", "*(rate) : clip(0.0001)", "*(rate)"),
        ("diagonal_newton", "par(j, n, _ <: *)", "par(j, n, abs)"),
        ("root_slopes", "finite : max(0) : +(1e-18)", "finite : +(1e-18)"),
        ("clip", "max(0 - limit)", "max(limit)"),
        ("clipnorm", "max(limit) : limit/_", "limit/_"),
        ("seconds", ": -(1) : /", ": /"),
        ("progress", "max(ma.T, duration)", "max(2*ma.T, duration)"),
        ("exponential", "0.5^", "2.71828^"),
        ("step", "factor^floor(seconds/period)", "factor^(seconds/period)"),
        ("cosine", "1 + cos", "1 - cos"),
        ("warmup", "progress(duration)*schedule", "schedule"),
        ("sigmoid", "x < 0, 1, fall", "x < 0, fall, 1"),
        ("tanhact", "2*sigmoid(2*x) - 1", "2*sigmoid(x) - 1"),
        ("relu", "max(0, x)", "max(0, 0 - x)"),
        ("leaky_relu", "max(slope*x, x)", "min(slope*x, x)"),
        ("softplus", "x < 0, x, 0) + log(1 +", "x < 0, x, 0) + log(2 +"),
        ("softmax", "(si.bus(k) :> _ <: si.bus(k))", "(si.bus(k) :> /(k) <: si.bus(k))"),
        ("neuron", "+(bias)", "-(1) : +(bias)"),
        ("unit", "(number - 1)*n", "0"),
        ("dense", "unit(j, n", "unit(1, n"),
        ("network", "dense(n, m, _)", "dense(n, m, activation)"),
        ("network", "dense(n, m, activation));\n    layer", "dense(n, m, _));\n    layer"),
    ],
)
def test_a_fault_is_caught(
    engine: Engine, tmp_path: Path, name: str, right: str, wrong: str
) -> None:
    text = LIBRARY.read_text()
    assert text.count(right) == 1
    (tmp_path / "fad.lib").write_text(text.replace(right, wrong))
    errors = [case.error(engine, tmp_path) for case in CASES if called(case) == name]
    assert max(errors) > 1e3 * TOLERANCE
