"""`fad.torch.Layer`: a Faust program as a module of PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from fad.base.errors import FadError
from fad.base.precision import NativePrecision
from fad.diagram.labels import identifier
from fad.diagram.parameters import called
from fad.model.coordinates import Coordinate, coordinate
from fad.model.kernel import Kernel
from fad.model.model import Model, load
from fad.syntax.libraries import ProgramLike
from fad.torch import operators

_PRECISIONS: Mapping[torch.dtype, NativePrecision] = {
    torch.float32: "single",
    torch.float64: "double",
}


class Layer(nn.Module):
    """A Faust program as a module.

    It is called with a signal, a tensor of shape (channels, frames) or (batch, channels, frames),
    and with values of parameters: numbers, or tensors of shape (), (batch,) or (batch, blocks); for
    a signal without a batch, () or (blocks,). Derivatives by tensors, and by the signal, are exact.
    Each call starts at the program's initial state.

    Args:
        program: a text, or the path of a file.
        learn: parameters that are learnt, by label or path, from where the program starts them;
            or a mapping to values that they start at, of any of the shapes above.
        choices: see `fad.load`, but for `precision`, which is that of the signal, and `wrt`.

    Attributes:
        places: the learnt parameters in coordinates from 0 to 1, which go by the scales of the
            sliders.
        parameters_of_program: what the program can be called with.

    Raises:
        FadError: see `fad.load`.
    """

    def __init__(
        self,
        program: ProgramLike,
        *,
        learn: Sequence[str] | Mapping[str, Any] = (),
        **choices: Any,
    ) -> None:
        super().__init__()
        unknown = {"precision", "wrt"} & choices.keys()
        if unknown:
            raise FadError(
                f"a layer has no `{min(unknown)}`",
                hint="its precision is that of the signal, and it is differentiated by tensors",
            )
        self._models: dict[torch.dtype, Model] = {}
        self._kernels: dict[Any, Kernel] = {}
        self._numbers: dict[Any, int] = {}
        self._program, self._choices = program, choices
        single = self._loaded(torch.float32)
        self.parameters_of_program = single.parameters
        self._block = single.block
        self._form = single.form
        self._learnt: dict[str, str] = {}
        self._coordinates: dict[str, Coordinate] = {}
        self.places = nn.ParameterDict()
        starts = dict(learn) if isinstance(learn, Mapping) else dict.fromkeys(learn)
        for name, start in starts.items():
            parameter = called(single.parameters, name)[0]
            value = parameter.init if start is None else start
            place = coordinate(parameter).place(np.asarray(value, np.float64))
            self._coordinates[name] = coordinate(parameter)
            key = identifier(parameter.label, "parameter")
            if key in self.places:
                key = identifier(parameter.path, "parameter")
            self._learnt[name] = key
            self.places[key] = nn.Parameter(torch.tensor(place, dtype=torch.get_default_dtype()))

    @property
    def values(self) -> dict[str, Tensor]:
        """The values of the learnt parameters."""
        return {name: self._value(name) for name in self._learnt}

    def denormalised(self, places: Mapping[str, Any]) -> dict[str, Tensor]:
        """Values of parameters, with derivatives: what a network gives is made theirs.

        Args:
            places: path or label -> coordinates: 0 where the range of the parameter begins, 1 where
                it ends, in between as its scale says.

        Returns:
            The same names -> values, in double precision.
        """
        return {
            name: coordinate(called(self.parameters_of_program, name)[0]).value(
                torch.as_tensor(place).double()
            )
            for name, place in places.items()
        }

    def forward(
        self,
        x: Tensor | None = None,
        values: Mapping[str, Any] | None = None,
        /,
        *,
        frames: int | None = None,
        batch: int | None = None,
        **parameters: Any,
    ) -> Tensor:
        """The outputs, of shape (channels, frames) or (batch, channels, frames).

        Args:
            x: the audio inputs; left out for a program without any.
            values: path or label -> value, for names that are no identifiers of Python.
            frames, batch: how long it runs, and how many times, where there are no inputs.
            parameters: label -> value; they go before the learnt ones.

        Raises:
            FadError: something does not fit the program.
        """
        given = {**self.values, **(values or {}), **parameters}
        x = self._signal(x, frames, batch)
        items = x.shape[0] if x.ndim == 3 else None
        kernel = self._kernel(x.dtype, tuple(given), _moving(given), x.requires_grad)
        blocks = -(-x.shape[-1] // self._block)
        whole = []
        for name, value in given.items():
            tensor = torch.as_tensor(value, dtype=torch.float64)
            whole.append(tensor.reshape(self._form.whole(name, tuple(tensor.shape), items, blocks)))
        rows = items or 1
        most = max([1, *(each.shape[1] for each in whole)])
        spread = [each.expand(rows, most) for each in whole]
        stacked = (
            torch.stack(spread, 1) if spread else x.new_empty((rows, 0, 1), dtype=torch.float64)
        )
        signals = x if items is not None else x.unsqueeze(0)
        if torch.is_grad_enabled():
            outputs, _ = operators.record(signals, stacked, kernel)
        else:
            outputs = operators.play(signals, stacked, kernel)
        return outputs if items is not None else outputs.squeeze(0)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_numbers": {}, "_kernels": {}}

    def _value(self, name: str) -> Tensor:
        """The value of a learnt parameter.

        Outside of 0 to 1, it is that at the end, and the derivative goes on: the learner can come
        back.
        """
        place = self.places[self._learnt[name]]
        inside = place + (place.clamp(0, 1) - place).detach()
        value: Tensor = self._coordinates[name].value(inside.double())
        return value

    def _signal(self, x: Tensor | None, frames: int | None, batch: int | None) -> Tensor:
        """The signal, or none of a length."""
        shape = self._form.sound_shape(None if x is None else tuple(x.shape), frames, batch)
        if x is None:
            return torch.empty(shape)
        if x.device.type != "cpu":
            raise FadError(
                f"the signal is on the device `{x.device}`, and programs run on the processor",
                hint="`layer(x.cpu(), ...).to(x.device)`",
            )
        if x.dtype not in _PRECISIONS:
            raise FadError(f"the signal is of type {x.dtype}", hint="float32 and float64 are fine")
        return x

    def _loaded(self, dtype: torch.dtype) -> Model:
        """The program in a precision."""
        if dtype not in self._models:
            precision = _PRECISIONS[dtype]
            self._models[dtype] = load(self._program, precision=precision, **self._choices)
        return self._models[dtype]

    @torch._dynamo.assume_constant_result
    def _kernel(
        self, dtype: torch.dtype, names: tuple[str, ...], moving: tuple[str, ...], by_inputs: bool
    ) -> int:
        """The number of the program for calls of some kind."""
        key = dtype, names, moving, by_inputs
        if key not in self._kernels:
            self._kernels[key] = self._loaded(dtype).kernel(names, moving, by_inputs)
            self._numbers[key] = operators.registered(self._kernels[key])
        return self._numbers[key]


def _moving(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The names whose values are tensors that may have derivatives."""
    return tuple(name for name, value in given.items() if isinstance(value, Tensor))
