"""`fad.jax.layer`: a Faust program as a function of arrays of JAX."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from fad.base.errors import FadError
from fad.base.precision import NativePrecision
from fad.diagram.parameters import called
from fad.jax import primitives
from fad.jax.programs import Program
from fad.model.arguments import together
from fad.model.coordinates import Coordinate, coordinate
from fad.model.loading import check_choices, load
from fad.model.model import Model
from fad.syntax.libraries import ProgramLike

Array = Any
_PRECISIONS: Mapping[str, NativePrecision] = {"float32": "single", "float64": "double"}
#: Choices of `fad.load` that a layer has no use for -> why.
_NO_CHOICES = {
    "backend": "JAX runs programs as native code",
    "check_finite": '`jax.config.update("jax_debug_nans", True)` looks for them',
    "precision": "that of the signal counts",
    "wrt": "it is differentiated by whatever JAX asks for",
}


def layer(program: ProgramLike, **choices: Any) -> Layer:
    """Makes a program a function of arrays of JAX.

    Args:
        program: a text, or the path of a file.
        choices: see `fad.load`, but for `backend`, `check_finite`, `precision` and `wrt`.

    Raises:
        FadError: see `fad.load`; there is no C++ compiler.
    """
    return Layer(program, **choices)


class Layer:
    """A program as a function of arrays of JAX; `fad.jax.layer` makes one.

    It is called with a signal, an array of shape (channels, frames) or (batch, channels, frames),
    and with values of parameters: numbers, or arrays of shape (), (batch,) or (batch, blocks); for
    a signal without a batch, () or (blocks,). It is pure: each call starts at the program's initial
    state. Derivatives by values and by the signal are exact, in both modes.

    Args:
        program, choices: see `layer`.

    Attributes:
        parameters: what it can be called with.
        inputs, outputs: numbers of channels.
        rate: the sample rate, in Hz.
        block: how many samples a parameter that changes over time keeps a value for.
    """

    def __init__(self, program: ProgramLike, **choices: Any) -> None:
        check_choices(choices, "layer")
        for name in sorted(_NO_CHOICES.keys() & choices.keys()):
            raise FadError(f"a layer has no `{name}`", hint=_NO_CHOICES[name])
        precision = _PRECISIONS[jnp.zeros(()).dtype.name]
        model = load(program, precision=precision, backend="native", **choices)
        self._models: dict[NativePrecision, Model] = {precision: model}
        self._programs: dict[Any, Program] = {}
        self._form = model.form
        self.parameters = model.parameters
        self.inputs, self.outputs = model.inputs, model.outputs
        self.rate, self.block = model.rate, model.block

    def __call__(
        self,
        x: Array | None = None,
        values: Mapping[str, Any] | None = None,
        /,
        *,
        frames: int | None = None,
        batch: int | None = None,
        **parameters: Any,
    ) -> Array:
        """The outputs, of shape (channels, frames) or (batch, channels, frames).

        Args:
            x: the audio inputs; left out for a program without any.
            values: path or label -> value, for names that are no identifiers of Python.
            frames, batch: how long it runs, and how many times, where there are no inputs.
            parameters: label -> value. What is left out stays where the program starts it.

        Raises:
            FadError: something does not fit the program. A value that JAX does not know yet, as it
                compiles or differentiates, is looked at when the program runs; if it is outside its
                range then, that is an error of JAX.
        """
        given = together(values, parameters)
        x = self._signal(x, frames, batch)
        items = x.shape[0] if x.ndim == 3 else None
        program = self._called(x.dtype, tuple(given))
        blocks = -(-x.shape[-1] // self.block)
        whole = []
        for (name, bound), value in zip(program.bounds.items(), given.values(), strict=True):
            array = _numbers(name, value)
            shape = self._form.whole(name, array.shape, items, blocks)
            if isinstance(array, np.ndarray):
                array = self._form.within(bound, array)
            whole.append(jnp.asarray(array, float).reshape(shape))
        signals = x if items is not None else x[None]
        (y,) = primitives.play.bind(signals, *whole, program=program)
        return y[0] if items is None else y

    def normalised(self, values: Mapping[str, Any]) -> dict[str, Array]:
        """Coordinates of values: 0 where the range of a parameter begins, 1 where it ends.

        In between, they go by its scale, `[scale:log]` or `[scale:exp]`.
        """
        return {
            name: self._coordinate(name).place(_floats(name, value))
            for name, value in values.items()
        }

    def denormalised(self, places: Mapping[str, Any]) -> dict[str, Array]:
        """The values at coordinates; see `normalised`.

        Outside of 0 to 1, it is that at the end, and the derivative goes on: a learner can come
        back.
        """
        return {
            name: self._coordinate(name).value(_inside(_floats(name, place)))
            for name, place in places.items()
        }

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_programs": {}}

    def _coordinate(self, name: str) -> Coordinate:
        return coordinate(called(self.parameters, name)[0])

    def _signal(self, x: Array | None, frames: int | None, batch: int | None) -> Array:
        """The signal, or none of a length."""
        shape = self._form.sound_shape(None if x is None else np.shape(x), frames, batch)
        if x is None:
            return jnp.zeros(shape)
        sound = jnp.asarray(x)
        if sound.dtype.name not in _PRECISIONS:
            raise FadError(
                f"the signal is of type {sound.dtype}", hint="float32 and float64 are fine"
            )
        return sound

    def _loaded(self, precision: NativePrecision) -> Model:
        """The program in a precision."""
        if precision not in self._models:
            other = next(iter(self._models.values()))
            self._models[precision] = other.again(precision=precision)
        return self._models[precision]

    def _called(self, dtype: Any, names: tuple[str, ...]) -> Program:
        """The program for calls with some parameters."""
        precision = _PRECISIONS[dtype.name]
        key = precision, names
        if key not in self._programs:
            self._programs[key] = Program(self._loaded(precision), names)
        return self._programs[key]


def _numbers(name: str, value: Any) -> Any:
    """A value as an array of numpy, if JAX knows it already."""
    try:
        found = value if isinstance(value, jax.core.Tracer) else np.asarray(value)
        if found.dtype.kind not in "fiub":
            raise TypeError
    except (TypeError, ValueError):
        raise FadError(f"the value of `{name}` is not a number, and no array of numbers") from None
    return found if isinstance(found, jax.core.Tracer) else found.astype(np.float64)


def _floats(name: str, value: Any) -> Array:
    """A value as an array of floats of JAX."""
    return jnp.asarray(_numbers(name, value), float)


def _inside(place: Array) -> Array:
    """A coordinate between 0 and 1, with the derivative of what it was."""
    return place + jax.lax.stop_gradient(jnp.clip(place, 0, 1) - place)
