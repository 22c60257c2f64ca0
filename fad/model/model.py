"""A program as a differentiable function of arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fad.base.errors import FadError
from fad.base.prose import counted
from fad.model.arguments import Call, Form, Names, directed, named, together
from fad.model.choices import mapping, numbers, whole
from fad.model.compiled import Compiled, Mode
from fad.model.coordinates import coordinate_of, places_of, value_at
from fad.model.kernel import Kernel
from fad.model.moves import Moves
from fad.model.programs import INPUT, Subject, component
from fad.model.pullbacks import ByReplay, Derivatives
from fad.model.quick import Quick
from fad.model.streaming import State
from fad.model.threads import Threads
from fad.model.units import NativeUnit, Units

#: Label or path of a parameter -> its values.
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Options:
    """How a model computes; see `load`."""

    mode: Mode
    block: int
    clip: bool
    check_finite: bool


class Model:
    """A program as a differentiable function of arrays; `fad.load` makes one.

    A signal has the shape (channels, frames), or (batch, channels, frames). A parameter is a number
    for the whole signal; or one for each block, an array of shape (blocks,); or one for each item
    of a batch, (batch,); or both, (batch, blocks). Each call starts at the program's initial state.

    Attributes:
        parameters: the widgets that can be set, with their ranges.
        variables: the parameters that it is differentiated by.
        input_variables: the numbers of the audio inputs that it is differentiated by.
        inputs, outputs: numbers of channels.
        rate: the sample rate, in Hz.
        block: how many samples a parameter that changes over time keeps a value for.
        dtype: the type of samples.
        backend: what runs it: `native` or `interpreter`.
        compiled: the programs behind it.
        form: what it takes, for other frameworks.
        warnings: what the user should know, one sentence each.
        files: those that the program is made of.
    """

    def __init__(
        self,
        subject: Subject,
        units: Units,
        options: Options,
        threads: Threads,
        again: Callable[..., Model],
    ) -> None:
        self._subject, self._options = subject, options
        self._threads, self._again = threads, again
        self.compiled = Compiled(subject, units)
        self.form = Form(self.compiled.primal.inputs, units.dtype, options.block, options.clip)
        self._names: dict[tuple[str, ...], Names] = {}
        self._quick: dict[tuple[str, ...], Quick] = {}
        self.parameters = subject.widgets
        self.variables, self.input_variables = subject.variables, subject.inputs
        self.inputs, self.outputs = self.compiled.primal.inputs, self.compiled.primal.outputs
        self.rate, self.block, self.dtype = units.rate, options.block, units.dtype
        self.backend = units.kind
        self.warnings = subject.warnings
        self.files = subject.front.files(subject.box)

    def __reduce__(self) -> tuple[Callable[[Callable[[], Model]], Model], tuple[Any]]:
        return _made, (self._again,)

    def __call__(
        self,
        x: ArrayLike | None = None,
        values: Values | None = None,
        /,
        *,
        frames: int | None = None,
        batch: int | None = None,
        **parameters: Any,
    ) -> NDArray[Any]:
        """Runs the program from its start.

        Args:
            x: the audio inputs; left out for a program without any.
            values: path or label -> value, for names that are no identifiers of Python.
            frames, batch: how long it runs, and how many times, where there are no inputs.
            parameters: label -> value; see the class. What is left out stays where it starts.

        Returns:
            The outputs, of shape (channels, frames), or (batch, channels, frames).

        Raises:
            FadError: something does not fit the program; a name that it does not have, a value
                outside its range.
        """
        if type(x) is np.ndarray and not values and frames is batch is None:
            quick = self._quick.get(tuple(parameters))
            if quick is not None:
                outputs = quick(x, parameters.values())
                if outputs is not None:
                    return outputs
        call = self._call(x, values, parameters, frames, batch)
        outputs = call.runs.played(self.compiled.primal, self._threads)
        return call.join(self._checked(call, outputs))

    def jacobian(
        self,
        x: ArrayLike | None = None,
        values: Values | None = None,
        /,
        *,
        frames: int | None = None,
        batch: int | None = None,
        **parameters: Any,
    ) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
        """The outputs, and their derivatives by each of the variables, by forward mode.

        Args:
            x, values, frames, batch, parameters: see `__call__`.

        Returns:
            The outputs, and name -> their derivative, of the same shape. By a parameter that
            changes over time, there is one for the value in each block: of shape
            (channels, blocks, frames), or (batch, channels, blocks, frames).
        """
        call = self._call(x, values, parameters, frames, batch)
        if self._changes(call):
            return self._replayed(call, self.compiled.replay(self._threads))
        lanes = call.runs.played(self.compiled.dual, self._threads)
        shape = call.runs.items, self.outputs, 1 + len(self.variables), call.runs.frames
        bundles = lanes.reshape(shape)
        outputs = self._checked(call, bundles[:, :, 0])
        found = {
            name: call.join(_added([bundles[:, :, 1 + row] for row in rows]))
            for name, rows in self._rows(call).items()
        }
        self._check_derivatives(found)
        return call.join(outputs), found

    def jvp(
        self,
        x: ArrayLike | None,
        values: Values,
        tangents: Values,
        *,
        frames: int | None = None,
        batch: int | None = None,
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """The outputs, and their derivative along a direction, by forward mode.

        Args:
            x, frames, batch: see `__call__`.
            values: path or label -> value.
            tangents: path or label of a variable -> how it moves, in a shape that it could have;
                `input` -> how the audio inputs move, of the shape of `x`.

        Returns:
            The outputs and the derivative, both of shape (channels, frames) or
            (batch, channels, frames).
        """
        call = self._call(x, values, {}, frames, batch)
        moving = dict(mapping(tangents, "tangents"))
        heard = moving.pop(INPUT, None)
        names = directed(self.parameters, self.variables, list(moving))
        courses, sounds = self.form.along(call, names, list(moving.values()), heard)
        inputs = () if sounds is None else tuple(range(self.inputs))
        unit = self.compiled.along(tuple(names.paths), inputs)
        components = [component(row) for row in range(len(names.paths))]
        runs = call.runs.with_more(components, courses, sounds, self.block)
        lanes = runs.played(unit, self._threads)
        outputs = self._checked(call, np.ascontiguousarray(lanes[:, 0::2]))
        return call.join(outputs), call.join(np.ascontiguousarray(lanes[:, 1::2]))

    def vjp(
        self,
        x: ArrayLike | None = None,
        values: Values | None = None,
        /,
        *,
        frames: int | None = None,
        batch: int | None = None,
        **parameters: Any,
    ) -> tuple[NDArray[Any], Callable[[ArrayLike], dict[str, NDArray[Any]]]]:
        """The outputs, and what brings derivatives back from them.

        Args:
            x, values, frames, batch, parameters: see `__call__`.

        Returns:
            The outputs, and a function from the derivative of a loss by them, in their shape, to
            its derivatives: name of each variable -> in the shape that its values were given in, a
            number where they were not; `input` -> in the shape of `x`, where it is asked for.
        """
        call = self._call(x, values, parameters, frames, batch)
        way = self.compiled.way_back(self._changes(call), self._options.mode, self._threads)
        found, tape = way.record(call.runs)
        outputs = call.join(self._checked(call, found))

        def pullback(cotangents: ArrayLike) -> dict[str, NDArray[Any]]:
            given = numbers(cotangents, "the derivative by the outputs").astype(self.dtype)
            if given.shape != outputs.shape:
                raise FadError(
                    f"the cotangents have the shape {given.shape}, the outputs {outputs.shape}"
                )
            whole = given if call.batch is not None else given[None]
            gradient = self._named(call, way.back(call.runs, tape, whole))
            self._check_derivatives(gradient)
            return gradient

        return outputs, pullback

    def initial_state(self, batch: int | None = None) -> State:
        """The program at its start.

        Args:
            batch: how many signals go on side by side, if there are several.
        """
        count = 1 if batch is None else whole(batch, "`batch`")
        primal = self.compiled.primal
        return State(primal, tuple(primal.start() for _ in range(count)), batch and count)

    def stream(
        self,
        x: ArrayLike | None,
        state: State,
        values: Values | None = None,
        /,
        *,
        frames: int | None = None,
        **parameters: Any,
    ) -> tuple[NDArray[Any], State]:
        """Goes on with a live signal: piece by piece, it gives the same as in one run.

        Args:
            x, values, frames, parameters: see `__call__`; blocks begin where `x` does.
            state: where the program is; it stays as it is, and can be gone on from again.

        Returns:
            The outputs, and where the program is after them.
        """
        if not isinstance(state, State) or state.program is not self.compiled.primal:
            raise FadError(
                "the state is not one of this model", hint="`initial_state()` is the first one"
            )
        call = self._call(x, values, parameters, frames, state.batch)
        if call.batch != state.batch:
            raise FadError(
                f"the state is that of one signal, not of {counted(call.runs.items, 'item')}",
                hint=f"`initial_state({call.runs.items})` is that of so many",
            )
        runs = call.runs
        # What was moved before, and is left out now, goes back to where it starts.
        back = [each for each in self.parameters if each.path in state.moved - {*call.names.paths}]
        paths = *call.names.paths, *(each.path for each in back)
        starts = np.array([each.init for each in back]).reshape(-1, 1)
        outputs = np.empty((runs.items, self.outputs, runs.frames), self.dtype)
        after: list[Any] = [None] * runs.items

        def go_on(item: int) -> None:
            moves = runs.moves(item)
            if back:
                rest = np.broadcast_to(starts, (len(back), moves.blocks))
                moves = Moves(paths, np.concatenate([moves.courses, rest]), runs.block)
            after[item] = self.compiled.primal.go_on(
                state.items[item], runs.sound(item), outputs[item], moves
            )

        self._threads.each(runs.items, go_on)
        found = State(state.program, tuple(after), state.batch, frozenset(call.names.paths))
        return call.join(self._checked(call, outputs)), found

    def again(self, **choices: Any) -> Model:
        """The same program, loaded again with other choices; see `load`."""
        return self._again(**choices)

    def kernel(self, names: Sequence[str], moving: Sequence[str], by_inputs: bool) -> Kernel:
        """The program as pure functions of whole arrays, for other frameworks.

        Args:
            names: the parameters that it is called with, in their order.
            moving: those of them that it is differentiated by.
            by_inputs: whether it is differentiated by its audio inputs, too.
        """
        found = self._named_parameters(tuple(names))
        paths = {each.path for name in moving for each in found.widgets[name]}
        inputs = tuple(range(self.inputs)) if by_inputs else ()
        compiled = self.compiled.by(paths, inputs)
        return Kernel(compiled, self.form, found, self._options.mode, self._threads)

    def normalised(self, values: Values) -> dict[str, NDArray[np.float64]]:
        """Coordinates of values: 0 where the range of a parameter begins, 1 where it ends.

        In between, they go by its scale, `[scale:log]` or `[scale:exp]`.
        """
        return {
            name: np.asarray(coordinate_of(self.parameters, name).place(self._within(name, value)))
            for name, value in mapping(values, "values").items()
        }

    def denormalised(self, places: Values) -> dict[str, NDArray[np.float64]]:
        """The values at coordinates; see `normalised`."""
        return {
            name: value_at(coordinate_of(self.parameters, name), name, place)
            for name, place in mapping(places, "coordinates").items()
        }

    def slopes(self, places: Values) -> dict[str, NDArray[np.float64]]:
        """The derivatives of the values by the coordinates; see `normalised`."""
        return {
            name: coordinate_of(self.parameters, name).slope(places_of(name, place))
            for name, place in mapping(places, "coordinates").items()
        }

    def _within(self, name: str, value: Any) -> NDArray[np.float64]:
        """A value within the range of a parameter."""
        return self.form.within(
            named(self.parameters, [name]).bounds[name], numbers(value, f"the value of `{name}`")
        )

    def _call(
        self,
        x: ArrayLike | None,
        values: Values | None,
        parameters: Values,
        frames: int | None,
        batch: int | None,
    ) -> Call:
        everything = together(mapping(values or {}, "values"), parameters)
        names = self._named_parameters(tuple(everything))
        return self.form.call(names, list(everything.values()), x, frames, batch)

    def _named_parameters(self, key: tuple[str, ...]) -> Names:
        names = self._names.get(key)
        if names is None:
            names = named(self.parameters, key)
            for name, widgets in names.widgets.items():
                if not any(each.path in self.compiled.primal.controls for each in widgets):
                    raise FadError(
                        f"`{name}` moves nothing: no output of the program depends on it",
                        hint="leave it out",
                    )
            self._names[key] = names
            if isinstance(self.compiled.primal, NativeUnit) and not self._options.check_finite:
                self._quick[key] = Quick(self.compiled.primal, names)
        return names

    def _changes(self, call: Call) -> bool:
        """Whether a variable changes over time."""
        return any(each.path in call.changing_paths for each in self.variables)

    def _rows(self, call: Call) -> dict[str, list[int]]:
        """What derivatives are called -> the numbers of the variables that they are by."""
        numbers = {each.path: row for row, each in enumerate(self.variables)}
        found = {
            name: [numbers[each.path] for each in widgets if each.path in numbers]
            for name, widgets in call.names.widgets.items()
        }
        taken = {row for rows in found.values() for row in rows}
        labels = [each.label for each in self.parameters]
        for row, each in enumerate(self.variables):
            if row not in taken:
                name = each.label if labels.count(each.label) == 1 else each.path
                found[name] = [row]
        return {name: rows for name, rows in found.items() if rows}

    def _named(self, call: Call, derivatives: Derivatives) -> dict[str, NDArray[Any]]:
        """Derivatives as the caller calls and shapes what they are by."""
        by_paths, by_inputs = derivatives
        given = {name: number for number, name in enumerate(call.names.widgets)}
        found: dict[str, NDArray[Any]] = {}
        for name, rows in self._rows(call).items():
            whole = np.sum([by_paths[self.variables[row].path] for row in rows], axis=0)
            number = given.get(name)
            found[name] = (
                np.asarray(whole.sum()) if number is None else call.like_values(number, whole)
            )
        if by_inputs is not None:
            if INPUT in found:  # a widget of this name goes by its path
                found[self.variables[self._rows(call)[INPUT][0]].path] = found.pop(INPUT)
            found[INPUT] = call.like_sound(by_inputs)
        return found

    def _replayed(
        self, call: Call, replay: ByReplay
    ) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
        """The outputs, and their derivatives by the value in each block; see `jacobian`."""
        runs = call.runs
        outputs, tape = replay.record(runs)
        shape = runs.items, self.outputs, runs.blocks, runs.frames
        whole = {each.path: np.zeros(shape, self.dtype) for each in self.variables}

        def fill(item: int) -> None:
            for block, path, lanes in replay.tangents(runs, tape[item], item):
                whole[path][item, :, block, block * runs.block :] = lanes

        self._threads.each(runs.items, fill)
        found: dict[str, NDArray[Any]] = {}
        for name, rows in self._rows(call).items():
            lanes = np.sum([whole[self.variables[row].path] for row in rows], axis=0)
            found[name] = call.join(lanes if name in call.changing else lanes.sum(axis=2))
        return call.join(self._checked(call, outputs)), found

    def _checked(self, call: Call, outputs: NDArray[Any]) -> NDArray[Any]:
        """Outputs of shape (items, channels, frames), which have to be finite if that is asked."""
        if self._options.check_finite and not np.isfinite(outputs).all():
            item, channel, sample = np.argwhere(~np.isfinite(outputs))[0]
            block = min(sample // call.runs.block, call.runs.blocks - 1)
            values = {each.path: each.init for each in self.parameters}
            values |= dict(
                zip(call.names.paths, call.runs.moves(item).courses[:, block], strict=True)
            )
            told = ", ".join(f"`{path}` {value:g}" for path, value in values.items())
            where = "" if call.batch is None else f" of item {item}"
            raise FadError(
                f"output {channel}{where} is infinite or not a number from sample {sample} on",
                hint=f"there, the parameters are {told}" if told else "",
            )
        return outputs

    def _check_derivatives(self, found: Mapping[str, NDArray[Any]]) -> None:
        if self._options.check_finite:
            for name, values in found.items():
                if not np.isfinite(values).all():
                    raise FadError(f"a derivative by `{name}` is infinite or not a number")


def _added(lanes: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The sum of some lanes; a single one is not copied."""
    return lanes[0] if len(lanes) == 1 else np.asarray(np.sum(lanes, axis=0))


def _made(again: Callable[[], Model]) -> Model:
    return again()
