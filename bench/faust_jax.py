"""Faust's own backend for JAX: the program that it writes, as a differentiable function.

It writes a class for flax, whose `tick` computes one sample from a state. Here, `tick` runs in
`jax.lax.scan`, and JAX differentiates and compiles that: for all items of a batch side by side, or
for one after the other. Which is faster depends on the program.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

#: Loss and gradient of a run: (signals, values, weights) -> outputs and gradient.
Gradient = Callable[
    [NDArray[Any], Mapping[str, NDArray[Any]], NDArray[Any]],
    tuple[NDArray[Any], Mapping[str, NDArray[Any]]],
]


def missing() -> str:
    """Why there is no such backend here; nothing where there is one."""
    try:
        import jax  # noqa: F401
    except ImportError:
        return "jax is not installed"
    if shutil.which("faust") is None:
        return "there is no command `faust`"
    done = subprocess.run(["faust", "--version"], capture_output=True, text=True)
    return "" if "JAX" in done.stdout else "this `faust` has no backend for JAX"


def gradient(text: str, rate: int, items: Literal["vmap", "map"]) -> Gradient:
    """The derivatives of the sum of the outputs times weights, by some parameters.

    Args:
        text: a program with one input and one output.
        rate: the sample rate, in Hz.
        items: whether those of a batch run side by side or one after the other.
    """
    import jax
    import jax.numpy as jnp

    program = _Program(_written(text), rate)

    def run(values: Mapping[str, Any], sound: Any) -> Any:
        state = {name: jnp.asarray(value) for name, value in program.start.items()}
        state |= {program.zones[name]: value for name, value in values.items()}
        _, outputs = jax.lax.scan(program.tick, state, sound[:, None])
        return outputs[:, 0]

    def loss(values: Mapping[str, Any], sound: Any, weights: Any) -> Any:
        outputs = run(values, sound)
        return jnp.sum(outputs * weights), outputs

    both = jax.value_and_grad(loss, has_aux=True)
    batch = jax.jit(
        jax.vmap(both)
        if items == "vmap"
        else lambda *given: jax.lax.map(lambda each: both(*each), given)
    )

    def called(
        sounds: NDArray[Any], values: Mapping[str, NDArray[Any]], weights: NDArray[Any]
    ) -> tuple[NDArray[Any], Mapping[str, NDArray[Any]]]:
        (_, outputs), found = batch(dict(values), sounds[:, 0], weights[:, 0])
        derivatives = {name: np.asarray(each) for name, each in found.items()}
        return np.asarray(outputs)[:, None], derivatives

    return called


def _written(text: str) -> str:
    """What the backend writes of a program."""
    with tempfile.TemporaryDirectory(prefix="fad-") as home:
        source = Path(home, "program.dsp")
        source.write_text(text, "utf-8")
        command = ["faust", "-lang", "jax", str(source)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class _Program:
    """A program of the backend.

    Args:
        text: what the backend has written.
        rate: the sample rate, in Hz.

    Attributes:
        tick: (state, inputs) -> state and outputs.
        start: the state at its start.
        zones: label of a widget -> where its value is in the state.
    """

    def __init__(self, text: str, rate: int) -> None:
        import jax
        import jax.numpy as jnp

        self.zones: dict[str, str] = {}
        names = {"np": np, "jnp": jnp, "jax": jax, "nn": SimpleNamespace(Module=object)}
        exec(text, names)  # the compiler's own words
        made = names["mydsp"]
        program: Any = made()
        program.add_slider = self._slider
        self.start: dict[str, Any] = program.initialize(rate, None, 0)
        program.build_interface(self.start, None, 0)
        self.tick = made.tick

    def _slider(
        self, state: dict[str, Any], zone: str, path: object, label: str, init: float, *_: object
    ) -> None:
        self.zones[label] = zone
        state[zone] = np.float32(init)
