"""`fad.lib`: every function against a reference in numpy, and all that its documentation says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hatchling.builders.wheel import WheelBuilder
from numpy.typing import NDArray

import fad
import fad.runtime.native
from fad.runtime.engine import Engine, Precision
from fad.syntax.libraries import Libraries
from tests.support.places import ROOT

Signal = NDArray[np.float64]
Reference = Callable[[Signal], Signal]

LIBRARY = ROOT / "fad" / "lib" / "fad.lib"
PAGE = ROOT / "docs" / "fadlib.md"
RATE = 1000
TOLERANCE = 1e-9


def render(
    engine: Engine, text: str, inputs: Signal, folder: Path = LIBRARY.parent, rate: int = RATE
) -> Signal:
    """What the standard compiler makes of a program that uses `df`."""
    return engine.render(
        f'df = library("fad.lib");\n{text}',
        "test.dsp",
        inputs=inputs,
        frames=inputs.shape[1],
        sample_rate=rate,
        include=[folder],
    )


def dual(engine: Engine, text: str, inputs: Signal) -> Signal:
    """What fad makes of a program that uses `df`, run by the standard compiler."""
    source = fad.expand(f'df = library("fad.lib");\n{text}').source
    frames = inputs.shape[1]
    return engine.render(source, "test.dsp", inputs=inputs, frames=frames, sample_rate=RATE)


# -- References: textbook formulas, sample by sample ------------------------------------------


def finite(x: Signal) -> Signal:
    return np.where(abs(x) < 1e18, x, 0)


def over(function: Callable[[Signal, Signal], Signal], n: int) -> Reference:
    """A loss: the mean of a function of both signals over a window."""

    def reference(inputs: Signal) -> Signal:
        values = np.concatenate([np.zeros(n - 1), function(inputs[0], inputs[1])])
        return np.array([[values[t : t + n].sum() / n for t in range(inputs.shape[1])]])

    return reference


def huber(y: Signal, yhat: Signal) -> Signal:
    error = abs(y - yhat)
    return np.where(error <= 0.3, error * error / 2, 0.3 * (error - 0.15))


def logcosh(y: Signal, yhat: Signal) -> Signal:
    return np.logaddexp(y - yhat, yhat - y) - np.log(2)


def symlog(x: Signal) -> Signal:
    return np.sign(x) * np.log1p(abs(x))


def spectral(bands: int, low: float, high: float, rate: int) -> Reference:
    """With biquad filters made by the bilinear transform, in direct form."""

    def level(signal: Signal, lower: float, upper: float) -> Signal:
        centre = min(np.sqrt(lower * upper), 0.45 * rate)
        width = (upper - lower) / np.sqrt(lower * upper)
        g = np.tan(np.pi * centre / rate)
        norm = 1 + g * width + g * g
        gain, a1, a2 = g * width / norm, 2 * (g * g - 1) / norm, (1 - g * width + g * g) / norm
        keep = np.exp(-low / (4 * rate))
        x1 = x2 = y1 = y2 = power = 0.0
        levels = []
        for x in signal:
            y = gain * (x - x2) - a1 * y1 - a2 * y2
            x1, x2, y1, y2 = x, x1, y, y1
            power = keep * power + (1 - keep) * y * y
            levels.append(np.log(power + 1e-8) / 2)
        return np.array(levels)

    def reference(inputs: Signal) -> Signal:
        edges = np.geomspace(low, high, bands + 1)
        pairs = list(pairwise(edges))
        heard = finite(inputs)
        distances = [(level(heard[0], *pair) - level(heard[1], *pair)) ** 2 for pair in pairs]
        return np.mean(distances, axis=0)[None]

    return reference


def each(step: Callable[[], Callable[[float, int], float]]) -> Reference:
    """An optimizer: a function of the gradient and the number of the sample, from 1."""

    def reference(inputs: Signal) -> Signal:
        bound = step()
        return np.array([[bound(g, t) for t, g in enumerate(finite(inputs)[0], 1)]])

    return reference


def momentum(nesterov: bool) -> Callable[[float, int], float]:
    v = 0.0

    def step(g: float, t: int) -> float:
        nonlocal v
        v = 0.9 * v + g
        return 0.1 * (g + 0.9 * v if nesterov else v)

    return step


def rmsprop() -> Callable[[float, int], float]:
    s = 0.0

    def step(g: float, t: int) -> float:
        nonlocal s
        s = 0.99 * s + 0.01 * g * g
        return 0.1 * g / (np.sqrt(s) + 1e-8)

    return step


def adam(nesterov: bool) -> Callable[[float, int], float]:
    m = v = 0.0

    def step(g: float, t: int) -> float:
        nonlocal m, v
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g * g
        direction = m / (1 - 0.9**t)
        if nesterov:
            direction = 0.9 * m / (1 - 0.9 ** (t + 1)) + 0.1 * g / (1 - 0.9**t)
        return 0.1 * direction / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)

    return step


def average(inputs: Signal) -> Signal:
    """The weighted mean of all samples so far."""
    x = inputs[0]
    weights = [0.9 ** np.arange(t, -1, -1.0) for t in range(len(x))]
    return np.array([[(w * x[: len(w)]).sum() / w.sum() for w in weights]])


def clipnorm(inputs: Signal) -> Signal:
    clean = finite(inputs)
    norms = np.linalg.norm(clean, axis=0)
    return clean * np.where(norms > 0.5, 0.5 / np.where(norms > 0, norms, 1), 1)


def timed(schedule: Callable[[Signal], Signal]) -> Reference:
    return lambda inputs: schedule(np.arange(inputs.shape[1]) / RATE)[None]


def cosine(t: Signal) -> Signal:
    return np.where(t < 0.5, 0.01 + 0.29 * np.cos(np.pi * t) ** 2, 0.01)


def initial(n: int, m: int) -> Signal:
    """The weights of a layer of m neurons before they learn."""
    k = np.arange(1, n * m + 1).reshape(m, n)
    return np.sqrt(3 / n) * (2 * (k * k * ((np.sqrt(5) - 1) / 2) % 1) - 1)


# -- Signals ----------------------------------------------------------------------------------


def noise(channels: int, frames: int = 300, seed: int = 0) -> Signal:
    return np.random.default_rng(seed).normal(size=(channels, frames))


def edges(channels: int) -> Signal:
    """Noise with zeros and equal, small and huge values in it."""
    signal = noise(channels)
    signal[:, 40:60] = 0
    signal[:, 80:90] = signal[0, 80:90]
    signal[:, 100:110] *= 1e-9
    signal[0, 120:130] *= 1e6
    signal[-1, 150:160] *= -1e12
    return signal


def broken(channels: int) -> Signal:
    """Noise with samples that are not finite numbers, the first one among them."""
    signal = noise(channels)
    signal[0, [0, 100, 101]] = np.nan
    signal[-1, [50, 120]] = np.inf, -np.inf
    signal[0, 200] = 1e30
    return signal


SILENCE: Signal = np.zeros((1, 2500))


# -- Functions and their references -----------------------------------------------------------


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
AROUND = (np.concatenate([np.linspace(-50, 50, 201), [-1e3, 1e3, -1e6, 1e6, 0]])[None],)
TUNED = np.sin(2 * np.pi * np.outer([440, 500], np.arange(600) / 44100))

CASES = [
    Case("df.finite", (broken(1),), finite),
    Case("df.magnitude", (edges(1),), abs),
    *(
        Case(
            f"df.mean({n})", (noise(1), edges(1)), lambda x, n=n: over(lambda y, _: y, n)(x[[0, 0]])
        )
        for n in (1, 2, 3, 13, 64, 100, 255)
    ),
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
    Case("df.sgd(0.1)", GRADIENTS, each(lambda: lambda g, t: 0.1 * g)),
    Case("df.momentum(0.9, 0.1)", GRADIENTS, each(lambda: momentum(False))),
    Case("df.nesterov(0.9, 0.1)", GRADIENTS, each(lambda: momentum(True))),
    Case("df.rmsprop(0.99, 0.1)", GRADIENTS, each(rmsprop)),
    Case("df.adam(0.9, 0.999, 0.1)", GRADIENTS, each(lambda: adam(False))),
    Case("df.nadam(0.9, 0.999, 0.1)", GRADIENTS, each(lambda: adam(True))),
    Case("df.sign(0.1)", GRADIENTS, each(lambda: lambda g, t: 0.1 * np.sign(g))),
    Case("df.average(0.9)", (noise(1),), average),
    Case("df.adaptive(_, *(4), 3)", (noise(1),), lambda g: 3 * g / (2 * abs(g) + 1e-8)),
    Case("df.clip(0.5)", (noise(1), edges(1)), lambda g: np.clip(g, -0.5, 0.5)),
    Case("df.clipnorm(1, 0.5)", (edges(1), broken(1)), clipnorm),
    Case("df.clipnorm(3, 0.5)", (noise(3), edges(3), broken(3)), clipnorm),
    Case("!, df.seconds", (SILENCE,), timed(lambda t: t)),
    Case("!, df.progress(0.7)", (SILENCE,), timed(lambda t: np.minimum(t / 0.7, 1))),
    Case("!, df.progress(0)", (SILENCE,), timed(lambda t: 1.0 * (t > 0))),
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
    Case("df.neuron(3, df.tanhact)", (noise(3),), lambda x: np.tanh(initial(3, 1) @ x)),
    Case("df.unit(4, 3, _)", (noise(3),), lambda x: initial(3, 4)[3:] @ x),
    Case("df.dense(3, 4, df.tanhact)", (noise(3),), lambda x: np.tanh(initial(3, 4) @ x)),
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
        ("neuron", "+(bias)", "-(1) : +(bias)"),
        ("unit", "(number - 1)*n", "0"),
        ("dense", "unit(j, n", "unit(1, n"),
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


# -- Behaviour over time ----------------------------------------------------------------------


def test_the_mean_forgets(engine: Engine) -> None:
    signal = noise(1, 400)
    hurt = signal.copy()
    hurt[0, 100] = np.nan
    hurt[0, 200] = 1e300
    whole, found = (render(engine, "process = df.mean(37);", s) for s in (signal, hurt))
    touched = np.isin(np.arange(400), [*range(100, 137), *range(200, 237)])
    assert np.array_equal(found[0, ~touched], whole[0, ~touched])
    assert np.isnan(found[0, 100:137]).all()


def test_the_mean_takes_few_additions(engine: Engine) -> None:
    text = 'df = library("fad.lib"); process = df.mean(1000);'
    code = engine.cpp(text, "test.dsp", include=[LIBRARY.parent])
    assert code[code.index("void compute") :].count(" + ") <= 20


OPTIMIZERS = [
    "sgd(0.1)",
    "momentum(0.9, 0.1)",
    "nesterov(0.9, 0.1)",
    "rmsprop(0.9, 0.1)",
    "adam(0.9, 0.999, 0.1)",
    "nadam(0.9, 0.999, 0.1)",
    "sign(0.1)",
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_optimizer_takes_broken_gradients_for_zeros(engine: Engine, optimizer: str) -> None:
    program = f"process = df.{optimizer};"
    found, wanted = (render(engine, program, s) for s in (broken(1), finite(broken(1))))
    assert np.array_equal(found, wanted)


@pytest.mark.skipif(fad.runtime.native.find_compiler() is None, reason="there is no C++ compiler")
@pytest.mark.parametrize("precision", ["single", "double"])
def test_broken_gradients_in_code_that_denies_them(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: Precision
) -> None:
    monkeypatch.setattr(fad.runtime.native, "_OPTIONS", ("-std=c++17", "-O3", "-ffast-math", "-w"))
    optimizers = ", ".join(f"df.{optimizer}" for optimizer in OPTIMIZERS)
    text = f'df = library("fad.lib"); process = _ <: {optimizers};'
    code = engine.cpp(text, "test.dsp", include=[LIBRARY.parent], precision=precision)
    binary = fad.runtime.native.compile_natively(code, tmp_path)
    found, wanted = (binary.run(s, RATE, {}) for s in (broken(1), finite(broken(1))))
    assert np.isfinite(wanted).all()
    assert np.array_equal(found, wanted)


def test_the_bias_correction_after_a_long_time(engine: Engine) -> None:
    gradients = np.full((1, 300_000), -2.0)
    steps = render(engine, "process = df.adam(0.9, 0.999, 0.1);", gradients)
    assert abs(steps + 0.1).max() < TOLERANCE


def test_an_optimizer_takes_a_schedule(engine: Engine) -> None:
    found = render(engine, "process = df.sgd(df.exponential(0.3, 0.2));", np.ones((1, 500)))
    assert abs(found - 0.3 * 2 ** (-np.arange(500) / RATE / 0.2)).max() < TOLERANCE


def test_time_stops_instead_of_wrapping_around(engine: Engine, tmp_path: Path) -> None:
    text = LIBRARY.read_text()
    assert text.count("2147483646") == 1
    (tmp_path / "fad.lib").write_text(text.replace("2147483646", "100"))
    found = render(engine, "process = !, df.seconds;", np.zeros((1, 300)), tmp_path)
    assert np.allclose(found, np.minimum(np.arange(300), 100) / RATE)


def test_the_spectral_loss_leads_to_a_frequency(engine: Engine) -> None:
    """From 300 to 440 Hz, whatever the phases are meanwhile."""
    program = """
        ma = library("maths.lib");
        tone(f) = + (f/ma.SR) ~ ma.frac : *(2*ma.PI) <: sin, (*(2) : sin : /(2)) :> _;
        loss(f) = tone(440), tone(f) : df.spectral(12, 50, 10000);
        slope(u) = fad(loss(300*exp(u)), u) : !, _;
        process = \\(u).(u - (slope(u) : df.adam(0.99, 0.9999, 0.00003))) ~ _ : exp : *(300);
    """
    source = fad.expand(f'df = library("fad.lib");\n{program}').source
    (found,) = engine.render(source, "test.dsp", frames=24_000)
    assert found[0] < 301
    assert abs(found[-4000:] - 440).max() < 20


# -- Derivatives ------------------------------------------------------------------------------

LOSSES = [
    "l1(3)",
    "l2(3)",
    "huber(0.3, 3)",
    "logcosh(3)",
    "msle(3)",
    "spectral(3, 300, 3000)",
]


@pytest.mark.parametrize("function", LOSSES)
def test_the_derivative_of_a_loss(engine: Engine, function: str) -> None:
    report = fad.check(
        'df = library("fad.lib"); si = library("signals.lib"); '
        'p = hslider("p", 0.7, 0, 2, 0.01); q = hslider("q", 0.1, -1, 1, 0.01); '
        f"process = _, (_*p + q : si.smooth(p)) : df.{function};",
        seconds=0.02,
        native=False,
        engine=engine,
    )
    assert [pair.verdict for pair in report.pairs] == ["agrees", "agrees"]
    assert all(pair.compared > 0.9 for pair in report.pairs)


@pytest.mark.parametrize("function", LOSSES)
def test_the_derivative_of_a_loss_is_finite(engine: Engine, function: str) -> None:
    values = np.array([0, 1e-300, -1e-9, 0.3, 1, -1e4, 1e9, -1e17])
    grid = np.stack(np.meshgrid(values, values)).reshape(2, -1)
    found = dual(engine, f"process = fad(df.{function}, (_, _));", np.repeat(grid, 4, axis=1))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("function", [*LOSSES, *(f"{name}" for name in OPTIMIZERS)])
def test_the_derivative_in_silence_is_zero(engine: Engine, function: str) -> None:
    seeds, channels = ("(_, _)", 2) if function in LOSSES else ("_", 1)
    program = f"process = fad(df.{function}, {seeds}) : !, par(i, {channels}, _);"
    found = dual(engine, program, np.zeros((channels, 50)))
    if function in LOSSES:
        assert not found.any()
    else:
        assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        ("sigmoid", lambda x: 0.25 / np.cosh(np.clip(x, -700, 700) / 2) ** 2),
        ("tanhact", lambda x: 1 / np.cosh(np.clip(x, -350, 350)) ** 2),
        ("relu", lambda x: 1.0 * (x > 0)),
        ("leaky_relu(0.1)", lambda x: np.where(x > 0, 1, 0.1)),
        ("softplus", lambda x: np.exp(-np.logaddexp(0, -x))),
    ],
)
def test_the_slope_of_an_activation(engine: Engine, function: str, slope: Reference) -> None:
    found = dual(engine, f"process = fad(df.{function}, _) : !, _;", AROUND[0])
    assert abs(found - slope(AROUND[0])).max() < TOLERANCE


@pytest.mark.parametrize("loss", ["logcosh(1)", "l2(1) : /(2)", "huber(1, 1)"])
def test_second_derivatives_without_an_error(engine: Engine, loss: str) -> None:
    """These losses are half the square of small errors."""
    slope = f"fad((_, 0 : df.{loss}), _) : !, _"
    found = dual(engine, f"process = fad(({slope}), _);", np.zeros((1, 4)))
    assert np.array_equal(found, [[0] * 4, [1] * 4])


@pytest.mark.parametrize("function", ["clip(0.5)", "clipnorm(1, 0.5)", *OPTIMIZERS])
def test_the_derivative_by_a_gradient_is_finite(engine: Engine, function: str) -> None:
    found = dual(engine, f"process = fad(df.{function}, _);", edges(1))
    assert np.isfinite(found).all()


# -- Networks ---------------------------------------------------------------------------------

NETWORK = """
    df = library("fad.lib");
    process = hgroup("hidden", df.dense(1, 3, df.tanhact)) : hgroup("output", df.dense(3, 1, _));
"""


def test_the_sliders_of_a_network() -> None:
    parameters = fad.transform(NETWORK).parameters
    names = [parameter.path.split("/", 1)[1] for parameter in parameters]
    assert sorted(names) == sorted(
        [
            *(f"hidden/neuron {j}/{label}" for j in (1, 2, 3) for label in ("weight 1", "bias")),
            *(f"output/neuron 1/{label}" for label in ("weight 1", "weight 2", "weight 3", "bias")),
        ]
    )
    assert all((parameter.min, parameter.max) == (-4, 4) for parameter in parameters)


def test_the_derivatives_of_a_network(engine: Engine) -> None:
    report = fad.check(NETWORK, seconds=0.005, native=False, engine=engine)
    assert len(report.pairs) == 10
    assert all(pair.verdict == "agrees" for pair in report.pairs)


def test_the_weights_of_a_large_layer() -> None:
    text = 'df = library("fad.lib"); process = df.dense(12, 12, _);'
    parameters = fad.transform(text, only="primal").widgets
    weights = np.array([p.init for p in parameters if "weight" in p.label]).reshape(12, 12)
    assert len(set(weights.flat)) == 144
    assert abs(weights.mean()) < 0.03
    assert abs(weights.var() * 12 - 1) < 0.15
    # No unit starts nearly like another.
    assert abs(np.corrcoef(weights) - np.eye(12)).max() < 0.8


# -- What the documentation says --------------------------------------------------------------

TEXT = LIBRARY.read_text()
#: The title of each piece of documentation, and the piece.
DOCUMENTATION = re.findall(r"^(//-+`\(df\.\).*)\n((?://.*\n)+)", TEXT, re.MULTILINE)
#: Stands for the arguments in lines of usage.
ARGUMENTS = """
    si = library("signals.lib");
    activation = df.relu; bands = 3; beta = 0.9; beta1 = 0.9; beta2 = 0.999; decay = 0.9;
    delta = 0.5; direction = _; duration = 0.1; end_rate = 0.01; factor = 0.5; half_life = 0.1;
    limit = 0.5; loss = df.l2(1); m = 2; n = 3; number = 2; period = 0.1; rate = 0.1;
    schedule = df.constant(0.1); slope = 0.1; smoothing = df.mean(3);

    estimate = df.estimate(model, parameters); high = 400; init = 200; low = 100; meter = _;
    model = *(hslider("gain", 200, 100, 400, 1)); optimizer = df.sgd(rate);
    parameters = df.learnable(init, low, high, scale, meter); scale = df.linear; target = _;
"""


def names(title: str) -> list[str]:
    return re.findall(r"`\(df\.\)(\w+)`", title)


def code(documentation: str, heading: str) -> str:
    """The code in a part of the documentation."""
    found = re.search(
        rf"^// #### {heading}\n(?://\n)?// ```\n((?:// .*\n|//\n)*?)// ```", documentation, re.M
    )
    assert found is not None, heading
    return re.sub("^// ?", "", found[1], flags=re.M)


def entries() -> list[object]:
    return [pytest.param(text, id=names(title)[0]) for title, text in DOCUMENTATION]


def run(engine: Engine, text: str) -> Signal:
    """A program on noise: by fad and the standard compiler and, where it can, by that alone."""
    source = fad.expand(text).source
    channels = engine.compile(source, "test.dsp").inputs
    inputs = noise(channels, 50)
    found = engine.render(source, "test.dsp", inputs=inputs, frames=50, sample_rate=RATE)
    if not re.search("estimate|learn_test", text.partition("process")[2]):  # needs forwardAD
        assert np.allclose(found, render(engine, text.partition(";")[2], inputs), atol=1e-12)
    return found


def test_every_definition_is_documented_once() -> None:
    module = Libraries().load("fad.lib")
    assert module.source.name == "fad.lib"
    libraries = re.findall(r"^(\w+) = library\(", TEXT, re.MULTILINE)
    documented = [name for title, _ in DOCUMENTATION for name in names(title)]
    assert sorted(documented) == sorted(set(module.names) - set(libraries))


@pytest.mark.parametrize("documentation", entries())
def test_the_usage_in_the_documentation(engine: Engine, documentation: str) -> None:
    for line in code(documentation, "Usage").splitlines():
        assert np.isfinite(
            run(engine, f'df = library("fad.lib"); {ARGUMENTS} process = {line};')
        ).all()


@pytest.mark.parametrize("documentation", entries())
def test_the_test_in_the_documentation(engine: Engine, documentation: str) -> None:
    text = code(documentation, "Test")
    tests = re.findall(r"^(\w+_test) = ", text, re.MULTILINE)
    assert tests
    for test in tests:
        assert np.isfinite(run(engine, f"{text}process = {test};")).all()


def test_the_page_has_every_function() -> None:
    rows = re.findall(r"^\| `(\w+)[^`]*` \|", PAGE.read_text(), re.MULTILINE)
    assert rows == [name for title, _ in DOCUMENTATION for name in names(title)]


@pytest.mark.parametrize("text", re.findall(r"^```faust\n(.*?)^```", PAGE.read_text(), re.M | re.S))
def test_the_examples_of_the_page(engine: Engine, text: str) -> None:
    source = fad.expand(text).source
    assert np.isfinite(engine.render(source, "test.dsp", frames=2000)).all()


# -- Where it is found ------------------------------------------------------------------------


def test_the_library_is_found_last(tmp_path: Path) -> None:
    assert Libraries().load("fad.lib").source.path == LIBRARY
    (tmp_path / "fad.lib").write_text("own = 1;")
    assert "own" in Libraries([tmp_path]).load("fad.lib").names


def test_the_library_can_be_imported() -> None:
    imported = fad.expand('import("fad.lib"); process = finite : clip(1);').source
    assert (
        imported == fad.expand('df = library("fad.lib"); process = df.finite : df.clip(1);').source
    )


def test_the_wheel_holds_the_library() -> None:
    files = WheelBuilder(str(ROOT)).recurse_included_files()
    assert "fad/lib/fad.lib" in {file.distribution_path for file in files}
