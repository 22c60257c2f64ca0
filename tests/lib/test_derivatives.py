"""The derivatives of the functions of `fad.lib`, and of networks made of them."""

from __future__ import annotations

import numpy as np
import pytest

import fad
from fad.runtime.engine import Engine
from tests.lib.references import softmax
from tests.lib.running import AROUND, OPTIMIZERS, TOLERANCE, Reference, certain, dual, edges

LOSSES = [
    "l1(3)",
    "l2(3)",
    "huber(0.3, 3)",
    "logcosh(3)",
    "msle(3)",
    "spectral(3, 300, 3000)",
]
#: Losses that are not 0 where both inputs are.
ENTROPIES = ["crossentropy(3)", "categorical(1, 3)"]


@pytest.mark.parametrize("function", [*LOSSES, "crossentropy(3)"])
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


@pytest.mark.parametrize("function", [*LOSSES, *ENTROPIES])
def test_the_derivative_of_a_loss_is_finite(engine: Engine, function: str) -> None:
    values = np.array([0, 1e-300, -1e-9, 0.3, 1, -1e4, 1e9, -1e17])
    grid = np.stack(np.meshgrid(values, values)).reshape(2, -1)
    found = dual(engine, f"process = fad(df.{function}, (_, _));", np.repeat(grid, 4, axis=1))
    assert np.isfinite(found).all()


def test_the_derivatives_of_cross_entropies_are_the_errors_of_the_probabilities(
    engine: Engine,
) -> None:
    signals = edges(6) * 1e-3
    found = dual(engine, "process = fad(df.categorical(3, 1), (_, _, _, _, _, _));", signals)
    labels, logits = np.split(signals, 2)
    agreed = labels.sum(axis=0)
    largest = logits == logits.max(axis=0)
    wanted = softmax(logits) - labels + (agreed - 1) * largest / largest.sum(axis=0)
    unique = largest.sum(axis=0) == 1  # else there are as many derivatives as ties
    assert abs(found[4:] - wanted)[:, unique].max() < TOLERANCE
    found = dual(engine, "process = fad(df.crossentropy(1), (_, _));", certain())
    label, logit = certain()
    assert abs(found[1] + logit).max() < TOLERANCE
    assert abs(found[2] - np.exp(-np.logaddexp(0, -logit)) + label).max() < TOLERANCE


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


def test_the_sliders_of_a_network_in_one_call(engine: Engine) -> None:
    text = 'df = library("fad.lib"); process = df.network((2, 3, 1), df.tanhact);'
    parameters = fad.transform(text).parameters
    assert len(parameters) == 3 * (2 + 1) + (3 + 1)
    groups = {parameter.path.rsplit("/", 1)[0] for parameter in parameters}
    assert sorted(group[1:] for group in groups) == [
        *(f"layer 1/neuron {number}" for number in (1, 2, 3)),
        "layer 2/neuron 1",
    ]
    report = fad.check(text, seconds=0.005, native=False, engine=engine)
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
