"""A program as JAX traces it: what it computes, and its derivatives, in operations of JAX.

Signals have the shape (items or 1, channels, frames), the values of each parameter
(items or 1, blocks or 1); what comes out has all the items.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from fad.base.errors import FadError
from fad.jax.handlers import Routing, run, run_back
from fad.model.arguments import Bound
from fad.model.kernel import Kernel
from fad.model.model import Model
from fad.model.programs import component
from fad.model.pullbacks import ByLanes, ByReverse, Way

Array = Any


@dataclass(frozen=True)
class Moved:
    """What a derivative is by.

    Attributes:
        by_inputs: whether it is by the audio inputs.
        rows: the numbers of the parameters, as the call names them.
    """

    by_inputs: bool
    rows: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Program:
    """A program that is called with some parameters.

    Attributes:
        model: the program.
        names: the parameters, in their order.
    """

    model: Model
    names: tuple[str, ...]
    _compiled: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def compiled(self, primitive: Any, **static: Any) -> Callable[..., list[Array]]:
        """A primitive of this program as a function of arrays, compiled once.

        Args:
            primitive: one that takes a program.
            static: what else it takes beside arrays.
        """
        key = primitive, static.get("moved")
        if key not in self._compiled:
            self._compiled[key] = jax.jit(partial(primitive.bind, **static))
        found: Callable[..., list[Array]] = self._compiled[key]
        return found

    @property
    def bounds(self) -> Mapping[str, Bound]:
        """The range of each parameter."""
        return self._kernel(Moved(False, ())).names.bounds

    def play(self, x: Array, *values: Array) -> Array:
        """The outputs, of shape (items, channels, frames)."""
        kernel = self._kernel(Moved(False, ()))
        return run(kernel.compiled.primal, self._routing(kernel), x, values)

    def record(self, moved: Moved, x: Array, *values: Array) -> tuple[Array, Array]:
        """The outputs, and the tape, of shape (items, lanes, frames).

        Args:
            moved: what derivatives will be by.
            x, values: see `play`.
        """
        kernel, way = self._kernel(moved), self.way(moved, values)
        match way:
            case ByLanes():
                lanes = run(way.dual, self._routing(kernel), x, values)
                return lanes[:, :: 1 + len(way.variables)], lanes
            case ByReverse():
                lanes = run(way.reverse.forward, self._routing(kernel), x, values)
                return lanes[:, : way.reverse.outputs], lanes
        y = self.play(x, *values)
        return y, jnp.empty((y.shape[0], 0, y.shape[2]), y.dtype)

    def along(
        self, moved: Moved, x: Array, values: Sequence[Array], tangents: Sequence[Array]
    ) -> Array:
        """The derivative along a direction, of the shape of the outputs.

        Args:
            moved: what moves.
            x, values: where.
            tangents: how it moves: the signal first, if it does.
        """
        kernel = self._kernel(moved)
        sound = x
        if moved.by_inputs:
            items = max(x.shape[0], tangents[0].shape[0])
            both = [jnp.broadcast_to(each, (items, *x.shape[1:])) for each in (tangents[0], x)]
            sound = jnp.concatenate(both, axis=1)
            tangents = tangents[1:]
        widgets = [*kernel.names.widgets.values()]
        rows = {each.path: at for at, row in enumerate(moved.rows) for each in widgets[row]}
        inputs = tuple(range(self.model.inputs)) if moved.by_inputs else ()
        unit = kernel.compiled.along(tuple(rows), inputs)
        components = [component(number) for number in range(len(rows))]
        routing = self._routing(kernel, components, [len(values) + row for row in rows.values()])
        return run(unit, routing, sound, (*values, *tangents))[:, 1::2]

    def back(
        self, moved: Moved, x: Array, values: Sequence[Array], tape: Array, cotangents: Array
    ) -> list[Array]:
        """The derivatives of a loss: by the signals, if they are by them, and by the values, of the
        shapes (items, channels, frames) and (items, blocks or 1).

        Args:
            moved: what they are by.
            x, values: where.
            tape: what was remembered.
            cotangents: the derivatives by the outputs.
        """
        way = self.way(moved, values)
        if isinstance(way, FadError):
            raise way
        if not isinstance(way, ByReverse):
            return self._replayed(moved, x, values, cotangents)
        kernel = self._kernel(moved)
        gradient, rest = run_back(way.reverse, self._routing(kernel), cotangents, tape, values)
        programs = way.reverse.programs
        found = []
        if moved.by_inputs:
            shape = rest.shape[0], self.model.inputs, rest.shape[2]
            found.append(
                jnp.zeros(shape, rest.dtype).at[:, jnp.array(programs.inputs, int)].set(rest)
            )
        numbers = {each.path: number for number, each in enumerate(programs.parameters)}
        widgets = [*kernel.names.widgets.values()]
        for row in moved.rows:
            lanes = [numbers[each.path] for each in widgets[row] if each.path in numbers]
            whole = gradient[:, jnp.array(lanes, int)].sum(axis=1)
            resting = values[row].shape[1] == 1
            found.append(whole.sum(axis=1, keepdims=True) if resting else whole)
        return found

    def by_lanes(
        self, moved: Moved, way: ByLanes, lanes: Array, tangents: Sequence[Array]
    ) -> Array:
        """The derivative along a direction, from derivatives by each of the parameters.

        Args:
            moved: what moves.
            way: what gave the derivatives.
            lanes: them, and the outputs.
            tangents: how the parameters move, each of shape (items or 1, 1).
        """
        items, _, frames = lanes.shape
        bundles = lanes.reshape(items, -1, 1 + len(way.variables), frames)[:, :, 1:]
        widgets = [*self._kernel(moved).names.widgets.values()]
        along = dict(zip(moved.rows, tangents, strict=True))
        by_path = {each.path: along[row] for row in moved.rows for each in widgets[row]}
        direction = [jnp.broadcast_to(by_path[path], (items, 1)) for path in way.variables]
        weights = jnp.concatenate(direction, axis=1).astype(lanes.dtype)
        return jnp.einsum("ionf,in->iof", bundles, weights)

    def way(self, moved: Moved, values: Sequence[Array]) -> Way | FadError:
        """How derivatives are brought back; or why they cannot be.

        Args:
            moved: what they are by.
            values: of the parameters.
        """
        changes = any(values[row].shape[1] > 1 for row in moved.rows)
        kernel = self._kernel(moved)
        try:
            return kernel.compiled.way_back(changes, kernel.mode, kernel.threads)
        except FadError as error:
            return error

    def _replayed(
        self, moved: Moved, x: Array, values: Sequence[Array], cotangents: Array
    ) -> list[Array]:
        """Derivatives by values, each along a direction of its own: the program runs again."""
        blocks = [values[row].shape[1] for row in moved.rows]
        ends = [sum(blocks[: number + 1]) for number in range(len(blocks) - 1)]

        def by_one(direction: Array) -> Array:
            tangents = jnp.split(direction[None], ends, axis=1)
            return jnp.einsum("iof,iof->i", self.along(moved, x, values, tangents), cotangents)

        directions = jnp.eye(sum(blocks), dtype=values[moved.rows[0]].dtype)
        found = jax.lax.map(by_one, directions).T.astype(directions.dtype)
        return [*jnp.split(found, ends, axis=1)]

    def _kernel(self, moved: Moved) -> Kernel:
        names = [self.names[row] for row in moved.rows]
        return self.model.kernel(self.names, names, moved.by_inputs)

    def _routing(
        self, kernel: Kernel, components: Sequence[str] = (), rows: Sequence[int] = ()
    ) -> Routing:
        names = kernel.names
        return Routing(
            (*names.paths, *components),
            (*names.rows, *rows),
            tuple(names.bounds.values()),
            kernel.form.clip,
            kernel.form.block,
            kernel.threads.count,
        )
