"""An equaliser between two modules of PyTorch learns the sound of an amplifier.

The amplifier distorts, equalises, and distorts again. What is known of it is what it makes of a
sound. Derivatives pass through the equaliser, so that the stage before it learns, too.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

import fad.torch
from examples.ddsp.result import HERE, HIDDEN, LEARNT, Result, draw_loss, heading, panels
from fad import losses

RATE = 48000
FRAMES, ITEMS = 12000, 2
STEPS = 600
AMPLIFIER: Mapping[str, float] = {
    "drive": 3.0,
    "/equaliser/low/gain": 4.0,
    "/equaliser/low/frequency": 180.0,
    "/equaliser/body/gain": -7.0,
    "/equaliser/body/frequency": 650.0,
    "/equaliser/body/q": 1.4,
    "/equaliser/presence/gain": 8.0,
    "/equaliser/presence/frequency": 2600.0,
    "/equaliser/presence/q": 2.2,
    "/equaliser/high/gain": -5.0,
    "/equaliser/high/frequency": 7000.0,
    "level": 0.7,
}


class Gain(nn.Module):
    """Multiplies a signal by what it learns.

    Args:
        start: where it begins.
    """

    def __init__(self, start: float = 1.0) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(start))

    def forward(self, x: Tensor) -> Tensor:
        """The signal, louder or quieter."""
        return self.gain * x


def run() -> Result:
    """Finds the settings of the amplifier."""
    generator = np.random.default_rng(1)
    decay = np.exp(-6 * (np.arange(FRAMES) / RATE % 0.125))
    sound = torch.tensor(0.3 * decay * generator.normal(size=(ITEMS, 1, FRAMES))).float()
    sliders = [name for name in AMPLIFIER if name.startswith("/")]
    hidden = fad.torch.Layer(HERE / "equaliser.dsp", rate=RATE)
    with torch.no_grad():
        driven = torch.tanh(AMPLIFIER["drive"] * sound)
        equalised = hidden(driven, {name: AMPLIFIER[name] for name in sliders})
        target = AMPLIFIER["level"] * torch.tanh(equalised)

    equaliser = fad.torch.Layer(HERE / "equaliser.dsp", learn=sliders, rate=RATE)
    drive, level = Gain(), Gain()
    model = nn.Sequential(drive, nn.Tanh(), equaliser, nn.Tanh(), level)
    loss = losses.esr().to(target)
    optimizer = torch.optim.Adam(model.parameters(), 0.03, (0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    history = []
    before = equaliser.values
    for _ in range(STEPS):
        value = loss(model(sound))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
        history.append(value.item())

    learnt = {"drive": drive.gain, **equaliser.values, "level": level.gain}
    worst = max(abs(learnt[name].item() / value - 1) for name, value in AMPLIFIER.items())
    figure, axes = panels(1, 2, "An equaliser in Faust between modules of PyTorch")
    draw_loss(axes[0, 0], history, "loss: error-to-signal ratio")
    curves = [
        ("what it starts with", "#9aa0a8", "-", before),
        ("learnt", LEARNT, "-", equaliser.values),
        ("hidden", HIDDEN, (0, (4, 2.5)), {name: AMPLIFIER[name] for name in sliders}),
    ]
    for name, colour, line, values in curves:
        frequencies, decibels = response(hidden, values)
        axes[0, 1].semilogx(frequencies, decibels, color=colour, linestyle=line, label=name)
    axes[0, 1].legend(fontsize=8, frameon=False)
    heading(axes[0, 1], "the equaliser (dB)", "Hz")
    told = f"{len(AMPLIFIER)} settings found to {100 * worst:.1g} % in {STEPS} steps"
    return Result(told, worst < 0.01, figure)


def response(
    equaliser: nn.Module, values: Mapping[str, Tensor | float]
) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies, in Hz, and the response there, in dB."""
    impulse = torch.zeros(1, 8192)
    impulse[0, 0] = 1
    with torch.no_grad():
        heard = equaliser(impulse, values).numpy()[0]
    frequencies = np.fft.rfftfreq(heard.size, 1 / RATE)
    audible = (frequencies > 30) & (frequencies < 20000)
    magnitude = np.abs(np.fft.rfft(heard.astype(float)))
    return frequencies[audible], 20 * np.log10(magnitude[audible])
