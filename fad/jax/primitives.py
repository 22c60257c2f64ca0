"""Programs as primitives of JAX: what its transformations have to know of them.

`play` is a program. Its derivative along a direction is `along`, which is linear in the direction;
`back` is the transpose of that, and the transpose of `back` is `along`. `record` is `play` with a
tape. All take a static `Program`. Items of a batch are the first axis of everything, and something
that has only one of it is shared by all items; so mapping over another axis is more items.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from fad.base.errors import FadError
from fad.jax.programs import Moved, Program
from fad.model.pullbacks import ByLanes

Array = Any


def _play(*operands: Array, program: Program) -> list[Array]:
    return [program.play(*operands)]


def _record(*operands: Array, program: Program, moved: Moved) -> list[Array]:
    return [*program.record(moved, *operands)]


def _along(*operands: Array, program: Program, moved: Moved) -> list[Array]:
    (x, *values, _), tangents = _split(operands, program)
    return [program.along(moved, x, values, tangents)]


def _back(*operands: Array, program: Program, moved: Moved) -> list[Array]:
    (x, *values, tape), (cotangents,) = _split(operands, program)
    return program.back(moved, x, values, tape, cotangents)


def _primitive(name: str, function: Callable[..., list[Array]]) -> Any:
    """A primitive that is computed by some function, which gives several results."""
    primitive = Primitive(f"fad_{name}")
    primitive.multiple_results = True

    def abstract(*operands: Any, **static: Any) -> list[Any]:
        found = jax.eval_shape(partial(function, **static), *operands)
        return [jax.core.ShapedArray(each.shape, each.dtype) for each in found]

    def alone(*operands: Array, **static: Any) -> list[Array]:
        program: Program = static["program"]
        return program.compiled(primitive, **static)(*operands)

    primitive.def_impl(alone)
    primitive.def_abstract_eval(abstract)
    lowered = mlir.lower_fun(function, multiple_results=True)
    mlir.register_lowering(primitive, lowered, platform="cpu")
    mlir.register_lowering(primitive, _elsewhere)
    batching.primitive_batchers[primitive] = partial(_mapped, primitive)
    return primitive


def _elsewhere(context: Any, *_: Any, **__: Any) -> Any:
    raise FadError(
        "programs run on the processor, and on no other device",
        hint="`jax.device_put(x, jax.devices('cpu')[0])` brings a signal there",
    )


def _mapped(
    primitive: Any, operands: Sequence[Array], axes: Sequence[int | None], **static: Any
) -> tuple[list[Array], list[int]]:
    """Several calls at once: they are one with more items."""
    size = next(
        each.shape[axis] for each, axis in zip(operands, axes, strict=True) if axis is not None
    )
    whole = [
        each[None] if axis is None else jnp.moveaxis(each, axis, 0)
        for each, axis in zip(operands, axes, strict=True)
    ]
    items = max(each.shape[1] for each in whole)

    def flat(each: Array) -> Array:
        if each.shape[:2] == (1, 1):
            return each[0]
        every = jnp.broadcast_to(each, (size, items, *each.shape[2:]))
        return every.reshape(size * items, *each.shape[2:])

    found = primitive.bind(*map(flat, whole), **static)
    apart = [each.reshape(size, each.shape[0] // size, *each.shape[1:]) for each in found]
    return apart, [0] * len(apart)


play = _primitive("play", _play)
record = _primitive("record", _record)
along = _primitive("along", _along)
back = _primitive("back", _back)


def _split(operands: Sequence[Any], program: Program) -> tuple[Sequence[Any], Sequence[Any]]:
    """What `along` and `back` depend on: signal, values and tape; and what they are linear in."""
    count = len(program.names) + 2
    return operands[:count], operands[count:]


def _is_zero(tangent: Any) -> bool:
    return type(tangent) is ad.Zero


def _derivative_of_play(
    primals: Sequence[Array], tangents: Sequence[Any], *, program: Program
) -> tuple[list[Array], list[Any]]:
    by_inputs = bool(program.model.inputs) and not _is_zero(tangents[0])
    rows = tuple(row for row, each in enumerate(tangents[1:]) if not _is_zero(each))
    if not by_inputs and not rows:
        y = play.bind(*primals, program=program)
        return y, [ad.Zero.from_primal_value(each) for each in y]
    moved = Moved(by_inputs, rows)
    moves = [each for each in tangents[not by_inputs :] if not _is_zero(each)]
    y, tape = record.bind(*primals, program=program, moved=moved)
    way = program.way(moved, primals[1:])
    if isinstance(way, ByLanes):
        return [y], [program.by_lanes(moved, way, tape, moves)]
    return [y], along.bind(*primals, tape, *moves, program=program, moved=moved)


def _no_derivative(
    primals: Sequence[Array], tangents: Sequence[Any], **static: Any
) -> tuple[list[Array], list[Any]]:
    raise FadError("programs have no second derivatives in JAX")


def _linear(
    primitive: Any,
    primals: Sequence[Array],
    tangents: Sequence[Any],
    *,
    program: Program,
    moved: Moved,
) -> tuple[list[Array], list[Any]]:
    """The derivative of something linear is itself, at the direction."""
    fixed, linear = _split(tangents, program)
    if not all(map(_is_zero, fixed)):
        return _no_derivative(primals, tangents)
    place = _split(primals, program)[0]
    direction = map(ad.instantiate_zeros, linear)
    static = {"program": program, "moved": moved}
    return primitive.bind(*primals, **static), primitive.bind(*place, *direction, **static)


def _transposed(
    transpose: Any, cotangents: Sequence[Any], *operands: Any, program: Program, moved: Moved
) -> list[Any]:
    place, linear = _split(operands, program)
    if all(map(_is_zero, cotangents)):
        found = [ad.Zero(each.aval) if ad.is_undefined_primal(each) else None for each in linear]
    else:
        given = map(ad.instantiate_zeros, cotangents)
        brought = transpose.bind(*place, *given, program=program, moved=moved)
        found = [
            _like(each.aval, back) if ad.is_undefined_primal(each) else None
            for each, back in zip(linear, brought, strict=True)
        ]
    return [*[None] * len(place), *found]


def _like(aval: Any, found: Array) -> Array:
    """Something for all items, added up where they share what it belongs to."""
    shared = aval.shape[0] == 1 < found.shape[0]
    return (found.sum(axis=0, keepdims=True) if shared else found).astype(aval.dtype)


ad.primitive_jvps[play] = _derivative_of_play
ad.primitive_jvps[record] = _no_derivative
ad.primitive_jvps[along] = partial(_linear, along)
ad.primitive_jvps[back] = partial(_linear, back)
ad.primitive_transposes[along] = partial(_transposed, back)
ad.primitive_transposes[back] = partial(_transposed, along)
