"""A compressor is matched in JAX: from a sound and what it became, its four settings.

Derivatives by a few numbers are forward mode's, as `jax.jacfwd` asks for them. JAX compiles a step
of Levenberg and Marquardt as a whole, and the program runs inside of it, as native code.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import fad.jax
from examples.ddsp.result import HERE, HIDDEN, LEARNT, Result, draw_loss, heading, panels

RATE = 48000
FRAMES = 2 * RATE
STEPS = 12
COMPRESSOR = {"threshold": -32.0, "ratio": 6.0, "attack": 0.004, "release": 0.25}


def run() -> Result:
    """Finds the settings."""
    compress = fad.jax.layer(HERE / "compressor.dsp", rate=RATE)
    sound = beats()
    target = compress(sound, COMPRESSOR)
    power = jnp.sum(target**2)

    def error(places: jax.Array) -> jax.Array:
        values = compress.denormalised(dict(zip(COMPRESSOR, places, strict=True)))
        return jnp.ravel(compress(sound, values) - target)

    @jax.jit
    def step(places: jax.Array, damping: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The next places, and how far the sound is now: error to signal."""
        now, slopes = error(places), jax.jacfwd(error)(places)
        curvature = slopes.T @ slopes
        damped = curvature + damping * jnp.diag(jnp.diag(curvature))
        return jnp.clip(places - jnp.linalg.solve(damped, slopes.T @ now), 0, 1), now @ now / power

    starts = {each.label: each.init for each in compress.parameters if each.label in COMPRESSOR}
    normalised = compress.normalised(starts)
    places = jnp.array([normalised[name] for name in COMPRESSOR])
    damping, history, courses = 1.0, [], []
    for _ in range(STEPS):
        further, before = step(places, damping)
        _, after = step(further, damping)
        # Bolder where that was good, and more careful where it was not.
        places, damping = (further, damping / 5) if after < before else (places, damping * 5)
        history.append(float(before))
        courses.append(places)

    learnt = compress.denormalised(dict(zip(COMPRESSOR, places, strict=True)))
    worst = max(abs(float(learnt[name]) / value - 1) for name, value in COMPRESSOR.items())
    figure, axes = panels(1, 2, "A compressor, matched in JAX")
    draw_loss(axes[0, 0], history, "loss: error-to-signal ratio")
    hidden = compress.normalised(COMPRESSOR)
    for name, course in zip(COMPRESSOR, np.array(courses).T, strict=True):
        axes[0, 1].plot(course, color=LEARNT, linewidth=1.5)
        axes[0, 1].axhline(float(hidden[name]), color=HIDDEN, linestyle=(0, (4, 2.5)), zorder=0)
        axes[0, 1].annotate(name, (STEPS, course[-1]), fontsize=8, va="bottom", ha="right")
    axes[0, 1].set_ylim(0, 1)
    heading(axes[0, 1], "the four settings, of their ranges", "step")
    told = f"{len(COMPRESSOR)} settings found to {100 * worst:.1g} % in {STEPS} steps"
    return Result(told, worst < 0.01, figure)


def beats() -> jax.Array:
    """Noise in beats that fade, louder and quieter ones, of shape (1, frames)."""
    noise = np.random.default_rng(1).normal(size=FRAMES)
    seconds = np.arange(FRAMES) / RATE
    accents = np.array([0.5, 0.1, 0.25, 0.05])[(seconds // 0.25).astype(int) % 4]
    return jnp.array((noise * accents * np.exp(-8 * (seconds % 0.25)))[None], jnp.float32)
