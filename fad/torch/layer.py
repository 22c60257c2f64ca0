"""`fad.torch.Layer`: a Faust program as a module of PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from fad.base.errors import FadError
from fad.base.precision import NativePrecision
from fad.base.prose import counted
from fad.diagram.labels import identifier
from fad.diagram.parameters import called
from fad.model.choices import listed, mapping, numbers, whole
from fad.model.coordinates import Coordinate, coordinate_of
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
        self._checks_finite = bool(choices.get("check_finite"))
        single = self._models[torch.float32] = load(program, precision="single", **choices)
        self.parameters_of_program = single.parameters
        self._inputs, self._block = single.inputs, single.block
        self._form = single.form
        self._learnt: dict[str, str] = {}
        self._coordinates: dict[str, Coordinate] = {}
        self.places = nn.ParameterDict()
        starts = (
            mapping(learn, "`learn`")
            if isinstance(learn, Mapping)
            else dict.fromkeys(listed(learn, "`learn`"))
        )
        for name, start in starts.items():
            parameter = called(single.parameters, name)[0]
            value = parameter.init if start is None else _value(name, start).numpy(force=True)
            place = single.normalised({name: value})[name]
            self._coordinates[name] = coordinate_of(single.parameters, name)
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
            name: coordinate_of(self.parameters_of_program, name).value(
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
        named = mapping(values or {}, "values")
        twice = sorted(named.keys() & parameters.keys())
        if twice:
            raise FadError(f"`{twice[0]}` is given twice")
        given = {**self.values, **named, **parameters}
        x = self._signal(x, frames, batch, given)
        items = x.shape[0] if x.ndim == 3 else None
        kernel = self._kernel(x.dtype, tuple(given), _moving(given), x.requires_grad)
        blocks = -(-x.shape[-1] // self._block)
        whole = []
        for name, value in given.items():
            tensor = _value(name, value)
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
        if self._checks_finite:
            _check_finite(outputs, "an output")
            if stacked.requires_grad:
                stacked.register_hook(lambda found: _check_finite(found, "a derivative"))
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

    def _signal(
        self, x: Tensor | None, frames: int | None, batch: int | None, given: Mapping[str, Any]
    ) -> Tensor:
        """The signal, or none of a length."""
        frames = None if frames is None else whole(frames, "`frames`")
        batch = None if batch is None else whole(batch, "`batch`")
        if x is None:
            if self._inputs or frames is None:
                raise FadError(
                    f"the program has {counted(self._inputs, 'audio input')}",
                    hint="a tensor of shape (channels, frames) comes first"
                    if self._inputs
                    else "`frames=48000` says how long it runs",
                )
            shape = (0, frames) if batch is None else (batch, 0, frames)
            return torch.empty(shape)
        if not isinstance(x, Tensor) or x.layout != torch.strided:
            raise FadError(
                f"the signal is no tensor that is dense, but of type {type(x).__name__}",
                hint="`torch.as_tensor(x)` makes one of an array of numpy",
            )
        if x.device.type != "cpu":
            raise FadError(
                f"the signal is on the device `{x.device}`, and programs run on the processor",
                hint="`layer(x.cpu(), ...).to(x.device)`",
            )
        if x.dtype not in _PRECISIONS:
            raise FadError(f"the signal is of type {x.dtype}", hint="float32 and float64 are fine")
        shape = tuple(x.shape)
        if x.ndim not in (2, 3) or shape[-2] != self._inputs:
            raise FadError(
                f"the signal has the shape {shape}",
                hint=f"({self._inputs}, frames), or (batch, {self._inputs}, frames)",
            )
        if 0 in (shape[-1], *shape[:-2]):
            raise FadError(f"the signal has the shape {shape}: there is nothing to run")
        if frames not in (None, shape[-1]) or batch not in (None, *shape[:-2]):
            raise FadError(
                f"the signal has the shape {shape}, which is not that of `frames` and `batch`",
                hint="leave them out: they are for programs that are given no signal",
            )
        return x

    def _loaded(self, dtype: torch.dtype) -> Model:
        """The program in a precision."""
        if dtype not in self._models:
            single = self._models[torch.float32]
            self._models[dtype] = single.again(precision=_PRECISIONS[dtype])
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


def _value(name: str, value: Any) -> Tensor:
    """A value as it is given, in double precision.

    Raises:
        FadError: it is no number, no tensor and no array of numbers, or not on the processor.
    """
    if isinstance(value, (int, float)):
        return torch.as_tensor(value, dtype=torch.float64)
    if not isinstance(value, Tensor):
        return torch.from_numpy(numbers(value, f"the value of `{name}`").copy())
    if value.is_complex() or value.layout != torch.strided:
        raise FadError(f"the value of `{name}` is no dense tensor of real numbers")
    if value.device.type != "cpu":
        raise FadError(
            f"the value of `{name}` is on the device `{value.device}`, and programs run on the "
            "processor",
            hint="`layer(x, ...)` takes `value.cpu()`; `layer.cpu()` brings learnt ones back",
        )
    return value.double()


def _check_finite(found: Tensor, what: str) -> None:
    if not torch.compiler.is_compiling() and not found.isfinite().all():
        raise FadError(
            f"{what} is infinite or not a number",
            hint="`fad.load(..., check_finite=True)` tells where it begins",
        )


def _moving(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The names whose values are tensors that may have derivatives."""
    return tuple(name for name, value in given.items() if isinstance(value, Tensor))
