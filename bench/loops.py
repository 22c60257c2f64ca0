"""Effects as plain loops of PyTorch, sample by sample, as one writes them without a compiler.

They compute what the programs in `bench/effects` do. Signals have the shape (items, frames),
parameters (items,).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def compressor(
    x: Tensor, rate: int, *, ratio: Tensor, threshold: Tensor, attack: Tensor, release: Tensor
) -> Tensor:
    """A compressor with an envelope of one pole, and a soft knee; times in seconds."""

    def pole(time: Tensor) -> Tensor:
        return torch.exp(-1 / (time * rate))

    rise, fall, knee = pole(attack), pole(release), pole(attack / 2)
    level = smooth = torch.zeros_like(ratio)
    outputs = []
    for sample in x.T:
        size = sample.abs()
        coefficient = torch.where(size > level, rise, fall)
        level = (1 - coefficient) * size + coefficient * level
        over = (20 * torch.log10(level) - threshold).clamp(min=0)
        smooth = (1 - knee) * over * (1 / ratio - 1) + knee * smooth
        outputs.append(sample * 10 ** (smooth / 20))
    return torch.stack(outputs, 1)


def phaser(
    x: Tensor,
    rate: int,
    *,
    width: Tensor,
    lowest: Tensor,
    ratio: Tensor,
    highest: Tensor,
    feedback: Tensor,
) -> Tensor:
    """Four allpass sections of second order, whose frequencies move twice in a second."""
    radius = torch.exp(-math.pi * width / rate)
    low, high = 2 * math.pi * lowest / rate, 2 * math.pi * highest / rate
    before = torch.zeros_like(ratio)
    memory = [(before, before)] * 4
    outputs = []
    for number, sample in enumerate(x.T):
        oscillator = math.sin(2 * math.pi * 0.5 / rate * number)
        angle = low + (high - low) * (1 - oscillator) / 2
        signal = sample + feedback * before
        for notch, (one, two) in enumerate(memory):
            coefficient = -2 * radius * torch.cos(ratio ** (notch + 1) * angle)
            inner = signal - coefficient * one - radius**2 * two
            signal = radius**2 * inner + coefficient * one + two
            memory[notch] = inner, one
        before = signal
        outputs.append((sample + signal) / 2)
    return torch.stack(outputs, 1)


def moog(x: Tensor, rate: int, *, resonance: Tensor, cutoff: Tensor) -> Tensor:
    """Four poles one after the other, and feedback around them."""
    gain = 2 * math.pi * cutoff / rate
    feedback = -4 * resonance.clamp(0, 0.999999)
    before = torch.zeros_like(cutoff)
    poles = [before] * 4
    outputs = []
    for sample in x.T:
        signal = sample + feedback * before
        for number, pole in enumerate(poles):
            signal = signal + (1 - gain) * pole
            poles[number] = signal
        before = signal * gain**4
        outputs.append(before)
    return torch.stack(outputs, 1)
