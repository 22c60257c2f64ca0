"""Networks that drive programs, one hundred times in a second, learn to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from fad import losses
from tests.support.native import needs_compiler

torch = pytest.importorskip("torch", reason="needs PyTorch: the extra `fad[torch]`")

layers = pytest.importorskip("fad.torch.layer")

pytestmark = needs_compiler
RATE, FRAME, FRAMES, STEPS = 16000, 160, 50, 300
RESONANT = """
import("stdfaust.lib");
cutoff = hslider("cutoff [scale:log]", 1000, 100, 6000, 0.01);
q = hslider("q [scale:log]", 1, 0.5, 10, 0.001);
gain = hslider("gain", 0.5, 0, 1, 0.001);
process = fi.resonlp(cutoff, q, gain);
"""
COMPRESSOR = """
import("stdfaust.lib");
threshold = hslider("threshold", -20, -50, 0, 0.01);
ratio = hslider("ratio", 3, 1, 12, 0.01);
attack = hslider("attack [scale:log]", 0.01, 0.001, 0.1, 0.0001);
release = hslider("release [scale:log]", 0.1, 0.01, 0.5, 0.0001);
process = co.compressor_mono(ratio, threshold, attack, release);
"""
#: Program -> the courses of its sliders that are hidden, as coordinates at some times.
HIDDEN: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    RESONANT: {"cutoff": (0.8, 0.3, 0.6, 0.2), "q": (0.2, 0.7), "gain": (0.3, 0.9, 0.4)},
    COMPRESSOR: {
        "threshold": (0.3, 0.7, 0.2),
        "ratio": (0.7, 0.3),
        "attack": (0.2, 0.6),
        "release": (0.3, 0.8),
    },
}


@pytest.mark.parametrize("program", HIDDEN, ids=["resonant low-pass", "compressor"])
def test_a_network_learns_to_drive_a_program(program: str) -> None:
    torch.manual_seed(0)
    layer = layers.Layer(program, rate=RATE, block=FRAME)
    moments = np.linspace(0, 1, FRAMES)
    hidden = {
        name: np.interp(moments, np.linspace(0, 1, len(course)), course)
        for name, course in HIDDEN[program].items()
    }
    # What the network is told is the time, in waves of several lengths.
    angles = np.pi * moments[:, None] * np.arange(1, 7)
    waves = torch.tensor(np.concatenate([np.cos(angles), np.sin(angles)], 1))
    network = torch.nn.Sequential(
        *(torch.nn.Linear(12, 32), torch.nn.Tanh(), torch.nn.Linear(32, len(hidden)))
    ).double()
    sound = torch.tensor(bursts())
    with torch.no_grad():
        loss = losses.esr().to(layer(sound, layer.denormalised(hidden)))

    def error() -> Any:
        places = torch.sigmoid(network(waves))
        values = layer.denormalised(dict(zip(hidden, places.unbind(1), strict=True)))
        return loss(layer(sound, values))

    assert apart_from_quotients(error, list(network.parameters())) < 1e-6
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    history = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        now = error()
        now.backward()
        optimizer.step()
        history.append(now.item())
    assert history[-1] < 0.2 * history[0]


def bursts() -> np.ndarray[Any, Any]:
    """Noise that is loud and quiet in turn."""
    noise = np.random.default_rng(1).normal(size=(1, FRAME * FRAMES))
    seconds = np.arange(FRAME * FRAMES) / RATE
    return noise * np.where(seconds % 0.2 < 0.1, 0.5, 0.05)


def apart_from_quotients(error: Callable[[], Any], weights: Sequence[Any]) -> float:
    """How far derivatives along three random directions are from difference quotients, at most."""
    for weight in weights:
        weight.grad = None
    error().backward()
    starts = [weight.detach().clone() for weight in weights]
    apart = []
    for _ in range(3):
        direction = [torch.randn_like(weight) for weight in weights]
        expected = sum(float((w.grad * d).sum()) for w, d in zip(weights, direction, strict=True))

        def at(step: float, direction: Sequence[Any] = direction) -> float:
            with torch.no_grad():
                for weight, start, each in zip(weights, starts, direction, strict=True):
                    weight.copy_(start + step * each)
                return float(error())

        step = 1e-6
        # Richardson's extrapolation of central differences.
        wide, narrow = ((at(h) - at(-h)) / (2 * h) for h in (2 * step, step))
        quotient = (4 * narrow - wide) / 3
        apart.append(abs(quotient - expected) / max(abs(expected), abs(quotient)))
        at(0.0)
    return max(apart)
