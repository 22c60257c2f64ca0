"""Layers of JAX beside those of PyTorch, and beside difference quotients.

Both run the same programs. So their derivatives are the same but for rounding, also where no
quotient shows them: of what is quantised, and beside kinks. `jax.test_util.check_grads` compares
with quotients, where PyTorch's `gradcheck` has found that these are derivatives.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.test_util import check_grads
from numpy.typing import NDArray

from fad.jax import Layer
from fad.model.programs import INPUT
from tests.support.layers import RELATIVE, SEED, STEP, Reference

#: How much outputs and derivatives may differ from those of PyTorch, in units of the largest one.
CLOSE = 1e-12
#: How much derivatives may differ from quotients, in units of the largest one.
ABSOLUTE = 1e-4
#: So many samples of the outputs are compared with quotients, at most.
SAMPLES = 24


@dataclass(frozen=True)
class Agreement:
    """What came of a program in JAX.

    Attributes:
        difference: the largest one from PyTorch, in units of the largest number.
        compared: by how many variables `check_grads` has compared derivatives.
        told: in what the program falls short; nothing where it does not.
    """

    difference: float
    compared: int
    told: str = ""


def agreements(
    layer: Layer, references: Sequence[Reference], controls: Collection[str]
) -> list[Agreement]:
    """Compares a layer of programs side by side, each in a group named by its number.

    Args:
        layer: the programs.
        references: what PyTorch computes for each; all that have inputs are by these, or none.
        controls: the widgets that the layer knows to have an effect: others cannot be set. Native
            code knows of more that have none than the interpreter.
    """

    def set_ones(found: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        return {
            name: value
            for name, value in found.items()
            if name == INPUT or prefix + name in controls
        }

    prefixes = [f"/{number}" for number in range(len(references))]
    some = [
        replace(
            each,
            held=set_ones(each.held, prefix),
            values=set_ones(each.values, prefix),
            direction=set_ones(each.direction, prefix),
        )
        for each, prefix in zip(references, prefixes, strict=True)
    ]
    return _Compared(layer, some, prefixes).agreements()


def agreement(layer: Layer, reference: Reference) -> Agreement:
    """Compares a layer of a program.

    Args:
        layer: the program.
        reference: what PyTorch computes.
    """
    (found,) = _Compared(layer, [reference], [""]).agreements()
    return found


@dataclass(frozen=True)
class _Compared:
    """A layer beside the programs that it consists of, whose paths begin with prefixes."""

    layer: Layer
    references: Sequence[Reference]
    prefixes: Sequence[str]

    def agreements(self) -> list[Agreement]:
        told = [self._refused(range(len(self.references)))] * len(self.references)
        if told[0] and len(told) > 1:  # whose it is
            told = [self._refused([number]) or "" for number in range(len(told))]
        return [
            Agreement(
                difference,
                len(reference.agreeing) if reference.smooth.any() else 0,
                refused if difference <= CLOSE else f"differs by {difference:.2g}",
            )
            for difference, reference, refused in zip(
                self._differences(), self.references, told, strict=True
            )
        ]

    def _joined(self, name: str) -> dict[str, Any]:
        """What references have by paths, all together; of the sounds, one below the other."""
        joined = {
            prefix + path: found
            for reference, prefix in zip(self.references, self.prefixes, strict=True)
            for path, found in getattr(reference, name).items()
            if path != INPUT
        }
        sounds = [getattr(each, name)[INPUT] for each in self.references if each.moved is not None]
        return {**joined, INPUT: np.concatenate(sounds)} if sounds else joined

    def _stacked(self, name: str) -> NDArray[Any]:
        """What references have by channels, one below the other."""
        return np.concatenate([getattr(each, name) for each in self.references])

    def _outputs(self, place: Mapping[str, Any]) -> Any:
        values = {**self._held, **place}
        sound = values.pop(INPUT, self._stacked("sound"))
        if not self.layer.inputs:
            return self.layer(None, values, frames=self.references[0].outputs.shape[1])
        return self.layer(sound, values)

    @property
    def _held(self) -> dict[str, Any]:
        pairs = zip(self.references, self.prefixes, strict=True)
        return {prefix + path: at for each, prefix in pairs for path, at in each.held.items()}

    def _differences(self) -> Iterator[float]:
        """For each program, how far outputs and derivatives in both modes are from PyTorch's."""
        place, direction = self._joined("values"), self._joined("direction")
        y, along = jax.jvp(self._outputs, (place,), (direction,))
        (gradient,) = jax.vjp(self._outputs, place)[1](jnp.asarray(self._stacked("weights")))
        channel, row = 0, 0
        for reference, prefix in zip(self.references, self.prefixes, strict=True):
            channels = slice(channel, channel + len(reference.outputs))
            rows = slice(row, row + len(reference.sound))
            pairs = [(y[channels], reference.outputs), (along[channels], reference.along)]
            for name, wanted in reference.gradient.items():
                whole = gradient.get(INPUT if name == INPUT else prefix + name)
                if whole is None:  # it is not set
                    whole = np.zeros(wanted.shape)
                pairs.append((whole[rows] if name == INPUT else whole, wanted))
            channel, row = channels.stop, rows.stop
            yield max(_difference(np.asarray(found), wanted) for found, wanted in pairs)

    def _refused(self, numbers: Collection[int]) -> str:
        """What `check_grads` says of some of the programs; nothing where it accepts them."""
        smooth = np.concatenate(
            [each.smooth & (number in numbers) for number, each in enumerate(self.references)]
        )
        if not smooth.any():
            return ""
        random = np.random.default_rng(SEED)
        samples = np.flatnonzero(smooth)
        signs = random.choice([-1.0, 1.0], len(samples)) / np.sqrt(len(samples))
        count = min(SAMPLES * len(numbers), len(samples))
        some = np.sort(random.choice(samples, count, replace=False))
        unit = self._stacked("unit")[:, None]
        lasting = self.references[0].lasting
        values = self._joined("values")
        sound = values.pop(INPUT, None)
        places = self.layer.normalised({name: at[::lasting] for name, at in values.items()})
        agreeing = {
            prefix + name
            for each, prefix in zip(self.references, self.prefixes, strict=True)
            for name in each.agreeing
        }
        pushed = self._pushed()

        def outputs(offsets: Mapping[str, Any], push: Any) -> Any:
            # What is not compared is moved by nothing: so the programs are those of `_differences`.
            moved = {name: at + (name in agreeing) * offsets[name] for name, at in places.items()}
            place = {
                name: jnp.repeat(value, lasting)
                for name, value in self.layer.denormalised(moved).items()
            }
            if sound is not None:
                place[INPUT] = (jnp.ravel(sound) + pushed @ push).reshape(sound.shape)
            scaled = (self._outputs(place) / unit).ravel()
            return jnp.append(scaled[some], scaled[samples] @ signs)

        nowhere = {name: jnp.zeros(np.shape(at)) for name, at in places.items()}
        place = nowhere, jnp.zeros(pushed.shape[1])
        # It allows so many times as much as there are numbers: all outputs forward, one sum back.
        for mode, size in (("fwd", len(some) + 1), ("rev", 1)):
            bounds = {"atol": ABSOLUTE / size, "rtol": RELATIVE / size, "eps": STEP}
            try:
                check_grads(outputs, place, 1, (mode,), **bounds)
            except AssertionError as error:
                return f"check_grads: {' '.join(str(error).split())}"
        return ""

    def _pushed(self) -> NDArray[np.float64]:
        """Which samples of the flat sound are moved by which number: a 1 in each column.

        Where inputs do not agree, there are zeros.
        """
        columns, row = [], 0
        for each in self.references:
            if each.moved is not None:
                column = np.zeros((self._stacked("sound").size, len(each.moved)))
                column[row + each.moved, np.arange(len(each.moved))] = INPUT in each.agreeing
                columns.append(column)
            row += each.sound.size
        return np.concatenate([*columns, np.zeros((row, 0))], axis=1)


def _difference(found: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    """The largest difference, in units of the largest number; what is infinite is so in both."""
    finite = np.isfinite(wanted)
    if not np.array_equal(finite, np.isfinite(found)):
        return float("inf")
    scale = np.abs(wanted[finite]).max(initial=0.0) or 1.0
    return float(np.abs(found[finite] - wanted[finite]).max(initial=0.0) / scale)
