"""What the functions of `fad.lib` should compute: textbook formulas, sample by sample."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from tests.lib.running import RATE, Reference, Signal


def finite(x: Signal) -> Signal:
    return np.where(abs(x) < 1e18, x, 0)


def over(function: Callable[[Signal, Signal], Signal], n: int) -> Reference:
    """A loss: the mean of a function of both signals over a window."""

    def reference(inputs: Signal) -> Signal:
        values = np.concatenate([np.zeros(n - 1), function(inputs[0], inputs[1])])
        return np.array([[values[t : t + n].sum() / n for t in range(inputs.shape[1])]])

    return reference


def mean(n: int) -> Reference:
    return lambda inputs: over(lambda y, _: y, n)(inputs[[0, 0]])


def huber(y: Signal, yhat: Signal) -> Signal:
    error = abs(y - yhat)
    return np.where(error <= 0.3, error * error / 2, 0.3 * (error - 0.15))


def logcosh(y: Signal, yhat: Signal) -> Signal:
    of_twice_cosh: Signal = np.logaddexp(y - yhat, yhat - y)
    return of_twice_cosh - math.log(2)


def symlog(x: Signal) -> Signal:
    return np.sign(x) * np.log1p(abs(x))


def crossentropy(label: Signal, logit: Signal) -> Signal:
    """Minus the logarithm of the probability of what is so, in two cases."""
    of_yes, of_no = np.logaddexp(0, -logit), np.logaddexp(0, logit)
    loss: Signal = label * of_yes + (1 - label) * of_no
    return loss


def softmax(logits: Signal) -> Signal:
    probabilities: Signal = np.exp(logits - np.logaddexp.reduce(logits, axis=0))
    return probabilities


def categorical(inputs: Signal) -> Signal:
    """Labels whose sum is not 1 count the logits from the largest one."""
    labels, logits = np.split(inputs, 2)
    distances = logits.max(axis=0) - logits
    spread = np.logaddexp.reduce(-distances, axis=0)
    loss: Signal = spread + (labels * distances).sum(axis=0)
    return loss[None]


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
        return np.array([np.mean(distances, axis=0)])

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
        return 0.1 * g / (math.sqrt(s) + 1e-8)

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
        return 0.1 * direction / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)

    return step


def root_slopes(inputs: Signal) -> Signal:
    loss, *derivatives = finite(inputs)
    slopes: Signal = derivatives / np.sqrt(np.maximum(loss, 0) + 1e-18)
    return slopes


def newton(n: int, k: int, damping: float | None) -> Reference:
    """The method of Gauss and Newton, by Jacobi's iteration, or its diagonal; in units of 1e-4."""

    def reference(inputs: Signal) -> Signal:
        gradients, parts = np.split(inputs, [n])
        slopes = [root_slopes(part) for part in np.split(parts, k)]
        gradient, matrix, solution = np.zeros(n), np.zeros((n, n)), np.zeros(n)
        steps = []
        for t, now in enumerate(finite(gradients).T):
            gradient = 0.9 * gradient + 0.1 * now
            products = sum(np.outer(slope[:, t], slope[:, t]) for slope in slopes) / k
            matrix = 0.999 * matrix + 0.001 * products
            diagonal = np.diag(matrix)
            if damping is None:
                solution = 2 * gradient / (diagonal + 1e-12)
            else:
                damped = matrix + damping * np.diag(diagonal)
                scale = n * (1 + damping) * diagonal + 1e-12
                solution = solution + (2 * gradient - damped @ solution) / scale
            steps.append(np.clip(3 * solution, -1, 1))
        return np.array(steps).T

    return reference


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
    k: Signal = np.arange(1.0, n * m + 1).reshape(m, n)
    return math.sqrt(3 / n) * (2 * (k * k * ((math.sqrt(5) - 1) / 2) % 1) - 1)


def network(*sizes: int) -> Reference:
    """Layers of hyperbolic tangents, the last one without."""

    def reference(inputs: Signal) -> Signal:
        layers = [initial(n, m) for n, m in pairwise(sizes)]
        for weights in layers[:-1]:
            inputs = np.tanh(weights @ inputs)
        output: Signal = layers[-1] @ inputs
        return output

    return reference
