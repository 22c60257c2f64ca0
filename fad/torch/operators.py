"""Programs as operators of PyTorch, which its compiler and its transformations know.

An operator takes tensors and numbers only. So it is told the number of a program, which is looked
up in a table that keeps none of them alive. The compiler of PyTorch sees these operators. All else
goes through functions around them, which know more: derivatives along directions, and those within
transformations such as `torch.func.grad`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import Tensor
from torch.autograd import Function
from torch.library import custom_op, register_vmap

from fad.base.errors import FadError
from fad.model.kernel import Kernel

#: A program as it is called with some names: whether it is differentiated by its audio inputs, too
#: -> what runs.
Program = Callable[[bool], Kernel]

_PROGRAMS: WeakValueDictionary[int, Program] = WeakValueDictionary()
_NUMBERS = count()


def registered(program: Program) -> int:
    """The number that operators know a program by, for as long as somebody has it."""
    number = next(_NUMBERS)
    _PROGRAMS[number] = program
    return number


def run(x: Tensor, values: Tensor, program: int) -> Tensor:
    """The outputs, of shape (items, channels, frames), and all their derivatives.

    Args:
        x: the signals, of shape (items, channels, frames).
        values: those of the parameters, of shape (items, names, blocks or 1).
        program: its number.
    """
    # Within `vmap`, neither seems to need derivatives, which those may that they stand for: those
    # come here again (`_Played.vmap`).
    if torch.is_grad_enabled() and (x.requires_grad or values.requires_grad):
        outputs, _ = (record if torch.compiler.is_compiling() else _Recorded.apply)(
            x, values, program, x.requires_grad
        )
        return outputs
    if torch.compiler.is_compiling():
        return play(x, values, program)
    return _Played.apply(x, values, program)


@custom_op("fad::play", mutates_args=())
def play(x: Tensor, values: Tensor, program: int) -> Tensor:
    """The outputs; see `run`."""
    return _tensor(_PROGRAMS[program](False).play(_array(x), _array(values)))


@play.register_fake
def _(x: Tensor, values: Tensor, program: int) -> Tensor:
    return x.new_empty((x.shape[0], _PROGRAMS[program](False).outputs, x.shape[2]))


@custom_op("fad::record", mutates_args=())
def record(x: Tensor, values: Tensor, program: int, by_inputs: bool) -> tuple[Tensor, Tensor]:
    """The outputs, and the tape; see `run`."""
    outputs, tape = _PROGRAMS[program](by_inputs).record(_array(x), _array(values))
    return _tensor(outputs), _tensor(tape)


@record.register_fake
def _(x: Tensor, values: Tensor, program: int, by_inputs: bool) -> tuple[Tensor, Tensor]:
    found = _PROGRAMS[program](by_inputs)
    items, _, frames = x.shape
    tape = x.new_empty((items, found.lanes(int(values.shape[2])), frames))
    return x.new_empty((items, found.outputs, frames)), tape


@custom_op("fad::back", mutates_args=())
def back(
    values: Tensor, tape: Tensor, cotangents: Tensor, inputs: int, program: int, by_inputs: bool
) -> tuple[Tensor, Tensor]:
    """The derivatives of a loss by the signals and by the values.

    Args:
        values: what was recorded.
        tape: what was remembered of it.
        cotangents: the derivatives of the loss by the outputs.
        inputs: how many channels the signals have.
        program: its number.
        by_inputs: whether it is differentiated by its audio inputs, too.
    """
    kernel = _PROGRAMS[program](by_inputs)
    by_x, by_values = kernel.back(_array(values), _array(tape), _array(cotangents))
    return _tensor(by_x), _tensor(by_values)


@back.register_fake
def _(
    values: Tensor, tape: Tensor, cotangents: Tensor, inputs: int, program: int, by_inputs: bool
) -> tuple[Tensor, Tensor]:
    items, _, frames = cotangents.shape
    return cotangents.new_empty((items, inputs, frames)), torch.empty_like(values)


@custom_op("fad::along", mutates_args=())
def along(
    x: Tensor, values: Tensor, moved_x: Tensor | None, moved_values: Tensor | None, program: int
) -> Tensor:
    """The derivative of the outputs along a direction.

    Args:
        x, values, program: see `run`.
        moved_x, moved_values: how they move, in the same shapes; `None` where they stay.
    """
    kernel = _PROGRAMS[program](False)
    direction = [None if each is None else _array(each) for each in (moved_x, moved_values)]
    return _tensor(kernel.along(_array(x), _array(values), *direction))


@along.register_fake
def _(
    x: Tensor, values: Tensor, moved_x: Tensor | None, moved_values: Tensor | None, program: int
) -> Tensor:
    return x.new_empty((x.shape[0], _PROGRAMS[program](False).outputs, x.shape[2]))


@custom_op("fad::second", mutates_args=())
def second(
    x: Tensor,
    values: Tensor,
    cotangents: Tensor,
    moved_x: Tensor | None,
    moved_values: Tensor,
    program: int,
    by_inputs: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """What comes back from the derivatives of the outputs along a direction.

    Args:
        x, values, program: see `run`.
        cotangents: the derivatives of a loss by the derivatives along the direction.
        moved_x, moved_values: the direction; see `along`.
        by_inputs: whether it is differentiated by its audio inputs, too.

    Returns:
        The derivatives of the loss by the signals and by the values; the derivatives along the
        direction.
    """
    sounds = None if moved_x is None else _array(moved_x)
    by_x, by_values, derivatives = _PROGRAMS[program](by_inputs).second(
        _array(x), _array(values), _array(cotangents), sounds, _array(moved_values)
    )
    return _tensor(by_x), _tensor(by_values), _tensor(derivatives)


@second.register_fake
def _(
    x: Tensor,
    values: Tensor,
    cotangents: Tensor,
    moved_x: Tensor | None,
    moved_values: Tensor,
    program: int,
    by_inputs: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(x), torch.empty_like(values), torch.empty_like(cotangents)


def _hold(ctx: Any, program: int) -> None:
    """Remembers a program, whose layer may be gone when derivatives are asked for."""
    ctx.program, ctx.held = program, _PROGRAMS[program]


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    x, values, program, ctx.by_inputs = inputs
    _hold(ctx, program)
    ctx.inputs = x.shape[1]
    ctx.save_for_backward(values, output[1])
    # There are no derivatives by the tape, and zeros in their place would be as large as it is.
    ctx.set_materialize_grads(False)


def _bring_back(ctx: Any, cotangents: Tensor | None, _: None) -> tuple[Tensor | None, ...]:
    if cotangents is None:
        return None, None, None, None
    values, tape = ctx.saved_tensors
    given = cotangents.contiguous()
    by_x, by_values = back(values, tape, given, ctx.inputs, ctx.program, ctx.by_inputs)
    return by_x, by_values, None, None


record.register_autograd(_bring_back, setup_context=_remember)


def _for_each(call: Callable[..., Any], tensors: int) -> Callable[..., Any]:
    """What `torch.func.vmap` makes of a function of so many tensors: its axis is more items."""

    def mapped(info: Any, dims: tuple[Any, ...], *arguments: Any) -> tuple[Any, Any]:
        size = info.batch_size

        def flat(tensor: Tensor | None, dim: int | None) -> Tensor | None:
            if tensor is None:
                return None
            whole = (
                tensor.unsqueeze(0).expand(size, *tensor.shape)
                if dim is None
                else tensor.movedim(dim, 0)
            )
            return whole.flatten(0, 1)

        given = map(flat, arguments[:tensors], dims[:tensors])
        found = call(*given, *arguments[tensors:])
        if isinstance(found, Tensor):
            return found.unflatten(0, (size, -1)), 0
        return tuple(each.unflatten(0, (size, -1)) for each in found), (0,) * len(found)

    return mapped


class _Last(Function):
    """What cannot be differentiated any more."""

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Remembers nothing."""

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        """Says so."""
        raise FadError("layers have no third derivatives, and no second ones by forward mode twice")

    jvp = backward


class _Second(_Last):
    """See `second`."""

    @staticmethod
    def forward(*arguments: Any) -> Any:
        return second(*arguments)

    vmap = staticmethod(_for_each(lambda *arguments: _Second.apply(*arguments), 5))


class _Along(Function):
    """See `along`."""

    @staticmethod
    def forward(*arguments: Any) -> Any:
        return along(*arguments)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        *tensors, program = inputs
        _hold(ctx, program)
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, cotangents: Tensor) -> tuple[Any, ...]:
        x, values, moved_x, moved_values = ctx.saved_tensors
        by_inputs = ctx.needs_input_grad[0] or moved_x is not None
        by_x, by_values, _ = _second(
            x, values, cotangents, moved_x, moved_values, ctx.program, by_inputs
        )
        by_moved = _once(x, values, None, cotangents, ctx.program, ctx.needs_input_grad[2])
        given = zip(by_moved, (moved_x, moved_values), strict=True)
        by_direction = [None if moved is None else each for each, moved in given]
        return by_x, by_values, *by_direction, None

    vmap = staticmethod(_for_each(lambda *arguments: _Along.apply(*arguments), 4))
    jvp = _Last.backward


class _Back(Function):
    """See `back`."""

    @staticmethod
    def forward(
        x: Tensor, values: Tensor, tape: Tensor, cotangents: Tensor, program: int, by_inputs: bool
    ) -> Any:
        return back(values, tape, cotangents, x.shape[1], program, by_inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        *tensors, program, ctx.by_inputs = inputs
        _hold(ctx, program)
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, moved_x: Tensor | None, moved_values: Tensor | None) -> tuple[Any, ...]:
        x, values, _, cotangents = ctx.saved_tensors
        by_inputs = ctx.by_inputs or ctx.needs_input_grad[0]
        by_x, by_values, by_cotangents = _second(
            x, values, cotangents, moved_x, moved_values, ctx.program, by_inputs
        )
        return by_x, by_values, None, by_cotangents, None, None

    @staticmethod
    def jvp(
        ctx: Any,
        moved_x: Tensor | None,
        moved_values: Tensor | None,
        _: Tensor | None,
        moved: Tensor | None,
        *__: None,
    ) -> tuple[Tensor, Tensor]:
        x, values, tape, cotangents = ctx.saved_tensors
        by_inputs = ctx.by_inputs or moved_x is not None
        by_x, by_values, _ = _second(
            x, values, cotangents, moved_x, moved_values, ctx.program, by_inputs
        )
        if moved is not None:
            more = _Back.apply(x, values, tape, moved, ctx.program, ctx.by_inputs)
            by_x, by_values = by_x + more[0], by_values + more[1]
        return by_x, by_values

    vmap = staticmethod(_for_each(lambda *arguments: _Back.apply(*arguments), 4))


class _Played(Function):
    """See `play`; with derivatives along directions, and those that are brought back."""

    @staticmethod
    def forward(x: Tensor, values: Tensor, program: int) -> Tensor:
        return play(x, values, program)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, int], output: Tensor) -> None:
        x, values, program = inputs
        _hold(ctx, program)
        ctx.save_for_backward(x, values)
        ctx.save_for_forward(x, values)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, cotangents: Tensor | None) -> tuple[Tensor | None, ...]:
        if cotangents is None:
            return None, None, None
        x, values = ctx.saved_tensors
        by_inputs = ctx.needs_input_grad[0]
        return *_once(x, values, None, cotangents, ctx.program, by_inputs), None

    @staticmethod
    def jvp(ctx: Any, x: Tensor | None, values: Tensor | None, *_: None) -> Tensor:
        return _Along.apply(*ctx.saved_tensors, x, values, ctx.program)

    vmap = staticmethod(_for_each(run, 2))


class _Recorded(Function):
    """See `record`; with derivatives along directions, and those that are brought back."""

    @staticmethod
    def forward(x: Tensor, values: Tensor, program: int, by_inputs: bool) -> Any:
        return record(x, values, program, by_inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        x, values, program, ctx.by_inputs = inputs
        _hold(ctx, program)
        ctx.save_for_backward(x, values, output[1])
        ctx.save_for_forward(x, values, output[1])
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, cotangents: Tensor | None, _: None) -> tuple[Tensor | None, ...]:
        if cotangents is None:
            return None, None, None, None
        x, values, tape = ctx.saved_tensors
        by_inputs = ctx.by_inputs
        if ctx.needs_input_grad[0] and not by_inputs:  # it did not tell, inside of another one
            tape, by_inputs = None, True
        return *_once(x, values, tape, cotangents, ctx.program, by_inputs), None, None

    @staticmethod
    def jvp(ctx: Any, x: Tensor | None, values: Tensor | None, *_: None) -> tuple[Tensor, None]:
        return _Along.apply(*ctx.saved_tensors[:2], x, values, ctx.program), None

    @staticmethod
    def again(x: Tensor, values: Tensor, program: int, by_inputs: bool) -> Any:
        """The same for what tensors stand for, which may tell that they need derivatives."""
        return _Recorded.apply(x, values, program, by_inputs or x.requires_grad)

    vmap = staticmethod(_for_each(lambda *arguments: _Recorded.again(*arguments), 2))


def _once(
    x: Tensor,
    values: Tensor,
    tape: Tensor | None,
    cotangents: Tensor,
    program: int,
    by_inputs: bool,
) -> tuple[Tensor, Tensor]:
    """The derivatives of a loss, as differentiable functions; without a tape, it runs again."""
    if tape is None:
        _, tape = _Recorded.apply(x, values, program, by_inputs)
    by_x, by_values = _Back.apply(x, values, tape, cotangents.contiguous(), program, by_inputs)
    return by_x, by_values


def _second(
    x: Tensor,
    values: Tensor,
    cotangents: Tensor,
    moved_x: Tensor | None,
    moved_values: Tensor | None,
    program: int,
    by_inputs: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """See `second`; values that do not move may be left out."""
    whole = torch.zeros_like(values) if moved_values is None else moved_values
    given = cotangents.contiguous()
    found = _Second.apply(x, values, given, moved_x, whole, program, by_inputs)
    by_x, by_values, derivatives = found
    return by_x, by_values, derivatives


for _operator, _tensors in ((play, 2), (record, 2), (back, 3), (along, 4), (second, 5)):
    register_vmap(_operator, _for_each(_operator, _tensors))


def _array(tensor: Tensor) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(tensor.detach().numpy())


def _tensor(array: np.ndarray[Any, Any]) -> Tensor:
    return torch.from_numpy(array)
