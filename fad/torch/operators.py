"""Programs as operators of PyTorch, which its compiler and its transformations know.

An operator takes tensors and numbers only. So it is told the number of a kernel, which is looked up
in a table that keeps none of them alive.
"""

from __future__ import annotations

from itertools import count
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import torch
from torch import Tensor
from torch.library import custom_op, register_vmap

from fad.model.kernel import Kernel

_KERNELS: WeakValueDictionary[int, Kernel] = WeakValueDictionary()
_NUMBERS = count()


def registered(kernel: Kernel) -> int:
    """The number that operators know a kernel by, for as long as somebody has it."""
    number = next(_NUMBERS)
    _KERNELS[number] = kernel
    return number


@custom_op("fad::play", mutates_args=())
def play(x: Tensor, values: Tensor, kernel: int) -> Tensor:
    """The outputs, of shape (items, channels, frames).

    Args:
        x: the signals, of shape (items, channels, frames).
        values: those of the parameters, of shape (items, names, blocks or 1).
        kernel: the number of the program.
    """
    return _tensor(_KERNELS[kernel].play(_array(x), _array(values)))


@play.register_fake
def _(x: Tensor, values: Tensor, kernel: int) -> Tensor:
    return x.new_empty((x.shape[0], _KERNELS[kernel].outputs, x.shape[2]))


@custom_op("fad::record", mutates_args=())
def record(x: Tensor, values: Tensor, kernel: int) -> tuple[Tensor, Tensor]:
    """The outputs, and the tape; see `play`."""
    outputs, tape = _KERNELS[kernel].record(_array(x), _array(values))
    return _tensor(outputs), _tensor(tape)


@record.register_fake
def _(x: Tensor, values: Tensor, kernel: int) -> tuple[Tensor, Tensor]:
    found = _KERNELS[kernel]
    items, _, frames = x.shape
    tape = x.new_empty((items, found.lanes(int(values.shape[2])), frames))
    return x.new_empty((items, found.outputs, frames)), tape


@custom_op("fad::back", mutates_args=())
def back(
    values: Tensor, tape: Tensor, cotangents: Tensor, inputs: int, kernel: int
) -> tuple[Tensor, Tensor]:
    """The derivatives of a loss by the signals and by the values.

    Args:
        values: what was recorded.
        tape: what was remembered of it.
        cotangents: the derivatives of the loss by the outputs.
        inputs: how many channels the signals have.
        kernel: the number of the program.
    """
    found = _KERNELS[kernel].back(_array(values), _array(tape), _array(cotangents))
    return _tensor(found[0]), _tensor(found[1])


@back.register_fake
def _(
    values: Tensor, tape: Tensor, cotangents: Tensor, inputs: int, kernel: int
) -> tuple[Tensor, Tensor]:
    items, _, frames = cotangents.shape
    return cotangents.new_empty((items, inputs, frames)), torch.empty_like(values)


def _remember(ctx: Any, inputs: tuple[Tensor, Tensor, int], output: tuple[Tensor, Tensor]) -> None:
    x, values, ctx.kernel = inputs
    ctx.inputs = x.shape[1]
    ctx.held = _KERNELS[ctx.kernel]  # the layer may be gone when derivatives are asked for
    ctx.save_for_backward(values, output[1])
    # There are no derivatives by the tape, and zeros in their place would be as large as it is.
    ctx.set_materialize_grads(False)


def _bring_back(
    ctx: Any, cotangents: Tensor | None, _: None
) -> tuple[Tensor | None, Tensor | None, None]:
    if cotangents is None:
        return None, None, None
    values, tape = ctx.saved_tensors
    by_x, by_values = back(values, tape, cotangents.contiguous(), ctx.inputs, ctx.kernel)
    return by_x, by_values, None


record.register_autograd(_bring_back, setup_context=_remember)


def _for_each(operator: Any, tensors: int) -> None:
    """Lets an operator run under `torch.func.vmap`: another axis is more items."""

    def mapped(info: Any, dims: tuple[Any, ...], *arguments: Any) -> tuple[Any, Any]:
        size = info.batch_size
        flat = []
        for argument, dim in zip(arguments[:tensors], dims, strict=False):
            whole = (
                argument.unsqueeze(0).expand(size, *argument.shape)
                if dim is None
                else argument.movedim(dim, 0)
            )
            flat.append(whole.flatten(0, 1))
        found = operator(*flat, *arguments[tensors:])
        if isinstance(found, Tensor):
            return found.unflatten(0, (size, -1)), 0
        return tuple(each.unflatten(0, (size, -1)) for each in found), (0,) * len(found)

    register_vmap(operator, mapped)


for _operator, _tensors in ((play, 2), (record, 2), (back, 3)):
    _for_each(_operator, _tensors)


def _array(tensor: Tensor) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(tensor.detach().numpy())


def _tensor(array: np.ndarray[Any, Any]) -> Tensor:
    return torch.from_numpy(array)
