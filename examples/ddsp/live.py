"""An effect learns while it plays: it follows the knobs that somebody else turns.

Block by block, as a sound card asks for them. What `fad transform` writes is a program as any
other: it streams, and its outputs are the sound and the derivatives by the sliders. From those, a
Gauss-Newton step moves the sliders before the next block. The derivatives that such a program
carries on are those of sliders that stay; for knobs that turn slowly, that is near enough.
"""

from __future__ import annotations

import time

import numpy as np

import fad
from examples.ddsp.result import HERE, LEARNT, Result, draw_course, heading, logarithmic, panels

RATE = 48000
BLOCK = 256
BLOCKS = 8 * RATE // BLOCK
#: How much of what was heard before a block is still believed in the next one.
MEMORY = 0.9
#: How far a slider may move from block to block, of its range.
LARGEST = 0.05


def run() -> Result:
    """Plays."""
    sound = fad.load(HERE / "strum.dsp", rate=RATE)(frames=BLOCKS * BLOCK)
    seconds = np.arange(BLOCKS) * BLOCK / RATE
    turned = {
        "cutoff": 600 * 2 ** np.interp(seconds, [1.5, 2.5, 4.5, 6], [0, 2, 2, -0.3]),
        "q": np.interp(seconds, [6.8, 7.1], [4, 7]),
        "level": np.interp(seconds, [3.3, 3.6], [0.3, 0.45]),
    }
    heard = fad.load(HERE / "wah.dsp", rate=RATE, block=BLOCK)(sound, turned)

    dual = fad.transform(HERE / "wah.dsp", wrt=list(turned))
    effect = fad.load(dual.source, rate=RATE, block=BLOCK)
    names = [parameter.label for parameter in effect.parameters]
    starts = effect.normalised({each.label: each.init for each in effect.parameters})
    places = np.array([starts[name] for name in names])
    state = effect.initial_state()
    curvature = np.zeros((len(names), len(names)))
    courses, errors, took = [], [], []
    for block in range(BLOCKS):
        now = slice(block * BLOCK, (block + 1) * BLOCK)
        began = time.perf_counter()
        place = dict(zip(names, places, strict=True))
        values = effect.denormalised(place)
        lanes, state = effect.stream(sound[:, now], state, values)
        slopes = effect.slopes(place)
        jacobian = lanes[1:] * np.array([[slopes[name]] for name in names])
        error = heard[0, now] - lanes[0]
        curvature = MEMORY * curvature + jacobian @ jacobian.T
        damping = 1e-3 * np.diag(np.diag(curvature)) + 1e-6 * np.eye(len(names))
        step = np.linalg.solve(curvature + damping, jacobian @ error)
        places = np.clip(places + np.clip(step, -LARGEST, LARGEST), 0, 1)
        took.append(time.perf_counter() - began)
        courses.append([float(values[name]) for name in names])
        errors.append(float(np.mean(error**2)))

    learnt = dict(zip(names, np.array(courses).T, strict=True))
    figure, axes = panels(2, 2, "An effect that learns while it plays")
    for axis, (name, course) in zip(axes.flat, turned.items(), strict=False):
        draw_course(axis, seconds, course, learnt[name], name)
        if name != "level":
            logarithmic(axis)
    axes[0, 0].legend(fontsize=8, frameon=False)
    axes[1, 1].plot(seconds, 10 * np.log10(np.array(errors) + 1e-12), color=LEARNT, linewidth=1)
    heading(axes[1, 1], "error (dB)", "seconds")
    hidden_places, found_places = effect.normalised(turned), effect.normalised(learnt)
    apart = [np.abs(hidden_places[name] - found_places[name]) for name in names]
    typical = float(np.median(np.max(apart, 0)))
    share = np.median(took) * RATE / BLOCK
    told = (
        f"half of the time within {100 * typical:.1g} % of the knobs; "
        f"a block takes {100 * share:.1g} % of the time it plays"
    )
    return Result(told, typical < 0.02, figure)
