"""`fad.torch.Layer`: a Faust program as a module of PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd.forward_ad import unpack_dual
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

from fad.base.errors import FadError
from fad.base.precision import NativePrecision
from fad.base.prose import either
from fad.diagram.labels import identifier
from fad.diagram.parameters import called
from fad.model.arguments import together
from fad.model.choices import listed, mapping, numbers, whole
from fad.model.coordinates import Coordinate, coordinate_of
from fad.model.loading import check_choices, load
from fad.model.model import Model
from fad.syntax.libraries import ProgramLike
from fad.torch import operators

_PRECISIONS: Mapping[torch.dtype, NativePrecision] = {
    torch.float32: "single",
    torch.float64: "double",
}
#: What a model is called with beside parameters.
_WORDS = frozenset(("frames", "batch"))


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
        check_choices(choices, "Layer")
        unknown = {"precision", "wrt"} & choices.keys()
        if unknown:
            raise FadError(
                f"a layer has no `{min(unknown)}`",
                hint="its precision is that of the signal, and it is differentiated by tensors",
            )
        self._models: dict[torch.dtype, Model] = {}
        self._programs: dict[Any, operators.Program] = {}
        self._numbers: dict[Any, int] = {}
        self._checks_finite = bool(choices.get("check_finite"))
        default = torch.get_default_dtype()
        dtype = default if default in _PRECISIONS else torch.float32
        first = load(program, precision=_PRECISIONS[dtype], **choices)
        self._models[dtype] = first
        self.parameters_of_program = first.parameters
        self._block = first.block
        self._form = first.form
        self._learnt: dict[str, str] = {}
        self._coordinates: dict[str, Coordinate] = {}
        self.places = nn.ParameterDict()
        starts = (
            mapping(learn, "`learn`")
            if isinstance(learn, Mapping)
            else dict.fromkeys(listed(learn, "`learn`"))
        )
        for name, start in starts.items():
            parameter = called(first.parameters, name)[0]
            value = parameter.init if start is None else _value(name, start).numpy(force=True)
            place = first.normalised({name: value})[name]
            self._coordinates[name] = coordinate_of(first.parameters, name)
            key = identifier(parameter.label, "parameter")
            if key in self.places:
                key = identifier(parameter.path, "parameter")
            self._learnt[name] = key
            self.places[key] = nn.Parameter(torch.tensor(place, dtype=torch.get_default_dtype()))

    @property
    def values(self) -> dict[str, Tensor]:
        """The values of the learnt parameters."""
        return {name: self._value(name) for name in self._learnt}

    @torch.no_grad()
    def put(self, values: Mapping[str, Any]) -> None:
        """Puts learnt parameters to values.

        Args:
            values: label or path, as in `learn` -> the value, in the shape that it is learnt in.

        Raises:
            FadError: a parameter is not learnt; a value is outside its range.
        """
        for name, value in mapping(values, "values").items():
            if name not in self._learnt:
                learnt = either(self._learnt) if self._learnt else "nothing"
                raise FadError(f"`{name}` is not learnt", hint=f"what is learnt: {learnt}")
            place = self.places[self._learnt[name]]
            found = self._model.normalised({name: _value(name, value).numpy(force=True)})[name]
            if found.shape not in ((), tuple(place.shape)):
                raise FadError(
                    f"the value of `{name}` has the shape {found.shape}, what is learnt "
                    f"{tuple(place.shape)}"
                )
            place.copy_(torch.as_tensor(found))

    def extra_repr(self) -> str:
        """The learnt parameters and their values, for `print`."""
        values = {name: value.detach().numpy() for name, value in self.values.items()}
        learnt = [
            f"{name}={value:.6g}" if value.ndim == 0 else f"{name}: {value.shape}"
            for name, value in values.items()
        ]
        return ", ".join([f"rate={self._model.rate}", f"block={self._block}", *learnt])

    def denormalised(self, places: Mapping[str, Any]) -> dict[str, Tensor]:
        """Values of parameters, with derivatives: what a network gives is made theirs.

        Args:
            places: path or label -> coordinates: 0 where the range of the parameter begins, 1 where
                it ends, in between as its scale says.

        Returns:
            The same names -> values, in double precision.
        """
        return {
            name: coordinate_of(self.parameters_of_program, name).value(_value(name, place))
            for name, place in mapping(places, "coordinates").items()
        }

    def model(self, dtype: torch.dtype) -> Model:
        """The program as it runs on signals of a type: float32 or float64."""
        if dtype not in self._models:
            self._models[dtype] = self._model.again(precision=_PRECISIONS[dtype])
        return self._models[dtype]

    @property
    def _model(self) -> Model:
        """The program in some precision."""
        return next(iter(self._models.values()))

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
        named = together(mapping(values or {}, "values"), parameters)
        given = {**self.values, **named}
        if isinstance(x, Tensor) and not torch.is_grad_enabled() and not self._checks_finite:
            outputs = self._played(x, given)
            if outputs is not None:
                return outputs
        x = self._signal(x, frames, batch)
        items = x.shape[0] if x.ndim == 3 else None
        program = self._number(x.dtype, tuple(given), _moving(given))
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
        outputs = operators.run(signals, stacked, program)
        if self._checks_finite:
            _check_finite(outputs, "an output")
            if stacked.requires_grad:
                stacked.register_hook(lambda found: _check_finite(found, "a derivative"))
        return outputs if items is not None else outputs.squeeze(0)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_numbers": {}, "_programs": {}}

    def _value(self, name: str) -> Tensor:
        """The value of a learnt parameter.

        Outside of 0 to 1, it is that at the end, and the derivative goes on: the learner can come
        back.
        """
        place = self.places[self._learnt[name]]
        inside = place + (place.clamp(0, 1) - place).detach()
        value: Tensor = self._coordinates[name].value(inside.double())
        return value

    def _played(self, x: Tensor, given: Mapping[str, Any]) -> Tensor | None:
        """The outputs at numbers, quickly: none of the machinery of PyTorch sees the call.

        Returns:
            `None` where something has to see it, or where a value is not a single number.
        """
        model = self._models.get(x.dtype)
        if model is None or _is_watched() or not given.keys().isdisjoint(_WORDS):
            return None
        sound = _plain(x)
        if sound is None:
            return None
        numbers: dict[str, Any] = {}
        for name, value in given.items():
            number = _plain(value) if isinstance(value, Tensor) else value
            if isinstance(number, np.ndarray) and number.ndim == 0:
                number = float(number)
            if not isinstance(number, (float, int)):
                return None
            numbers[name] = number
        return torch.from_numpy(model(sound, **numbers))

    def _signal(self, x: Tensor | None, frames: int | None, batch: int | None) -> Tensor:
        """The signal, or none of a length."""
        frames = None if frames is None else whole(frames, "`frames`")
        batch = None if batch is None else whole(batch, "`batch`")
        if x is None:
            return torch.empty(self._form.sound_shape(None, frames, batch))
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
        self._form.sound_shape(tuple(x.shape), frames, batch)
        return x

    @torch._dynamo.assume_constant_result
    def _number(self, dtype: torch.dtype, names: tuple[str, ...], moving: tuple[str, ...]) -> int:
        """The number of the program for calls of some kind."""
        key = dtype, names, moving
        if key not in self._numbers:
            self._programs[key] = cache(partial(self.model(dtype).kernel, names, moving))
            self._numbers[key] = operators.registered(self._programs[key])
        return self._numbers[key]


def _is_watched() -> bool:
    """Whether PyTorch compiles, traces or watches what is computed."""
    watchers = torch.compiler.is_compiling, torch.jit.is_tracing, is_in_torch_dispatch_mode
    return any(watches() for watches in watchers)


def _plain(tensor: Tensor) -> NDArray[Any] | None:
    """The numbers of a tensor, if it is nothing more than these."""
    if type(tensor) is not Tensor or not tensor.is_cpu or unpack_dual(tensor).tangent is not None:
        return None
    try:
        numbers: NDArray[Any] = tensor.detach().numpy()
        return numbers
    except RuntimeError:  # it stands for others, in a transformation of `torch.func`
        return None


def _value(name: str, value: Any) -> Tensor:
    """A value as it is given, in double precision.

    Raises:
        FadError: it is no number, no tensor and no array of numbers, or not on the processor.
    """
    if isinstance(value, (int, float)):
        return torch.as_tensor(value, dtype=torch.float64)
    if isinstance(value, (list, tuple)) and any(isinstance(each, Tensor) for each in value):
        raise FadError(
            f"the value of `{name}` is a list of tensors", hint="`torch.stack` makes one"
        )
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
