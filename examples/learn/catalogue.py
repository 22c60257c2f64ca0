"""The learning examples: which program learns from which, and what it has to find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Judge = Literal["parameters", "curve", "labels"]


@dataclass(frozen=True)
class Example:
    """A target program and how it is learnt.

    Attributes:
        name: of the target, without `.dsp`.
        title: what is learnt, in a few words.
        hidden: the target's sliders, label -> value: where they start, and after each change.
        seconds: the time from one change to the next.
        model: the name of the program whose parameters are learnt; the target itself by default.
        data: the name of the program that makes what is heard, with what is to be matched; its
            sliders are the hidden ones, and `name` is the model.
        options: of `fad.estimate`, where they are not the usual ones.
        tolerance: how near counts as learnt, in ranges of a parameter.
        judged_by: what counts: `parameters`; or, as parameters are not unique, the `curve` that is
            heard: the error is the RMS of the difference, over that of the target; or `labels`:
            the error is the share of the wrong ones.
    """

    name: str
    title: str
    hidden: tuple[Mapping[str, float], ...]
    seconds: float = 2.0
    model: str = ""
    data: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    tolerance: float = 0.01
    judged_by: Judge = "parameters"


EXAMPLES = (
    Example("gain", "a gain", ({"gain": 0.8}, {"gain": 0.2}, {"gain": 0.6})),
    Example(
        "gain_offset",
        "a gain and an offset",
        ({"gain": 0.8, "dc": 0.3}, {"gain": 0.2, "dc": -0.5}, {"gain": 0.6, "dc": 0.1}),
    ),
    Example(
        "power",
        "a gain, an exponent and an offset",
        (
            {"gain": 0.8, "exponent": 2, "dc": 0.3},
            {"gain": 0.4, "exponent": 0.5, "dc": -0.5},
            {"gain": 0.6, "exponent": 3, "dc": 0.1},
        ),
    ),
    Example(
        "sine",
        "a sine's gain and power",
        (
            {"gain": 0.8, "power": 2},
            {"gain": 0.4, "power": 0.5},
            {"gain": 0.6, "power": 3},
        ),
    ),
    Example("onepole", "a one-pole filter", ({"pole": 0.9}, {"pole": 0.2}, {"pole": 0.6})),
    Example(
        "onepole_gain",
        "a one-pole filter and a gain",
        ({"pole": 0.9, "gain": 1.5}, {"pole": 0.2, "gain": 0.4}, {"pole": 0.6, "gain": 1}),
    ),
    Example(
        "fir",
        "a FIR filter",
        (
            {"tap 0": 0.6, "tap 1": -0.4, "tap 2": 0.1},
            {"tap 0": -0.5, "tap 1": 0.4, "tap 2": 0.8},
            {"tap 0": 0.2, "tap 1": 0.7, "tap 2": -0.3},
        ),
    ),
    Example(
        "iir",
        "an IIR filter",
        (
            {"b0": 0.6, "b1": -0.4, "b2": 0.1, "slope": -0.5, "a2": 0.6},
            {"b0": 0.3, "b1": 0.4, "b2": 0.3, "slope": 0.4, "a2": 0.3},
            {"b0": 0.2, "b1": 0.7, "b2": -0.3, "slope": 0.2, "a2": -0.5},
        ),
        seconds=4.0,
    ),
    Example(
        "lowpass",
        "a cutoff frequency",
        ({"cutoff": 3000}, {"cutoff": 300}, {"cutoff": 1000}),
    ),
    Example(
        "resonance",
        "a resonant filter",
        ({"freq": 3000, "Q": 5}, {"freq": 500, "Q": 2}, {"freq": 1200, "Q": 10}),
        seconds=5.0,
        options={"loss": "spectral(8, 100, 15000)", "optimizer": "sgd", "rate": 2e-5},
    ),
    Example(
        "oscillator",
        "a frequency and a level",
        (
            {"freq": 700, "level": 0.8},
            {"freq": 200, "level": 0.5},
            {"freq": 440, "level": 0.3},
        ),
        seconds=3.0,
    ),
    Example(
        "spectral",
        "a frequency, from another phase",
        ({"freq": 2000}, {"freq": 300}, {"freq": 880}),
        model="spectral_model",
        options={"loss": "spectral"},
        tolerance=0.05,
    ),
    Example("delay", "a delay time", ({"delay": 7.3}, {"delay": 1.25}, {"delay": 4.01})),
    Example(
        "compressor",
        "a threshold and a ratio",
        (
            {"threshold": -30, "ratio": 3},
            {"threshold": -15, "ratio": 6},
            {"threshold": -22, "ratio": 2},
        ),
        seconds=5.0,
        options={"optimizer": "sgd", "rate": 0.02},
    ),
    Example(
        "schedule",
        "a gain and an offset behind noise",
        ({"gain": 0.8, "dc": 0.3}, {"gain": 0.2, "dc": -0.5}, {"gain": 0.6, "dc": 0.1}),
        seconds=4.0,
        model="gain_offset",
        options={"rate": 0.001, "schedule": ["cosine(0.00003, 3)"]},
    ),
    Example(
        "neuron",
        "a neuron",
        (
            {"weight 1": 1, "weight 2": -2, "weight 3": 0.5, "bias": 0.5},
            {"weight 1": -1, "weight 2": 1, "weight 3": 2, "bias": -0.5},
            {"weight 1": 0.5, "weight 2": 0.5, "weight 3": -1, "bias": 1},
        ),
    ),
    Example(
        "network",
        "a network of two layers",
        ({"drive": 4, "bias": 0.2}, {"drive": 6, "bias": -0.3}, {"drive": 2, "bias": 0.4}),
        seconds=4.0,
        model="network_model",
        tolerance=0.05,
        judged_by="curve",
    ),
    Example(
        "single_neuron",
        "a neuron, from labels",
        (
            {"angle": 30, "distance": 0.2},
            {"angle": -100, "distance": -0.3},
            {"angle": 160, "distance": 0},
        ),
        model="single_neuron_model",
        options={"loss": "crossentropy"},
        tolerance=0.05,
        judged_by="labels",
    ),
    Example(
        "fc_3",
        "a network of three layers, from labels",
        (
            {"x": 0.2, "y": -0.1, "radius": 0.6},
            {"x": -0.3, "y": 0.3, "radius": 0.4},
            {"x": 0, "y": 0, "radius": 0.7},
        ),
        seconds=4.0,
        model="fc_3_model",
        options={"loss": "crossentropy"},
        tolerance=0.05,
        judged_by="labels",
    ),
    Example(
        "binary_classifier",
        "square waves and sines, from labels",
        ({"freq": 440, "level": 0.8}, {"freq": 250, "level": 0.4}, {"freq": 600, "level": 1}),
        seconds=4.0,
        data="binary_classifier_data",
        options={"loss": "crossentropy"},
        tolerance=0.02,
        judged_by="labels",
    ),
    Example(
        "train_multi",
        "a feedback and a gain, from eight noisy signals",
        (
            {"feedback": 0.8, "gain": 0.6},
            {"feedback": 0.2, "gain": 1.5},
            {"feedback": 0.5, "gain": 0.3},
        ),
        model="train_multi_model",
    ),
    Example(
        "fir_delay",
        "two echoes, as a FIR filter of sixteen taps",
        ({"first": 2, "second": 8}, {"first": 11, "second": 4}, {"first": 0, "second": 15}),
        model="fir_delay_model",
        judged_by="curve",
    ),
)
