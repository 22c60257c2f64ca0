"""Dual diagrams: what they carry, what was lost on the way, and their outputs in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from fad.base.errors import place
from fad.base.source import Span
from fad.diagram.box import Box, Cut, Par, Real, Route, Seq, Wire, arity_of, parallel
from fad.differentiation.active_sets import NONE, Active, Bundles
from fad.differentiation.bundles import VALUE, lane_numbers
from fad.differentiation.channels import Output
from fad.differentiation.seeds import Seeds


@dataclass(frozen=True)
class Dropped:
    """A place where a tangent ended because the derivative is zero for a technical reason.

    Such as `int`, which is constant between its steps: the derivative is exactly zero there, and
    seldom what the user wants.

    Attributes:
        reason: why it is zero, in words.
        construct: the name of what the tangent ended in.
        span: where that is in the program.
    """

    reason: str
    construct: str
    span: Span | None

    def where(self, folders: bool = True) -> str:
        """Its place behind a name, as in ` at synth.dsp:3:7`, if it is known.

        Args:
            folders: whether to say in which folder the file is.
        """
        return "" if self.span is None else f" at {place(self.span, folders)}"


@dataclass(frozen=True)
class Part:
    """A piece of the program that a person would recognise, and what has become of it.

    Parts are the parameters, the functions that derivatives pass through, and all diagrams that
    have a name in the source. Comments in the written program and `--explain` are about parts.

    Attributes:
        source: the diagram in the program.
        dual: the diagram that it has become.
        inputs, outputs: for each input and output, the parameters whose tangents it carries.
    """

    source: Box
    dual: Box
    inputs: Bundles
    outputs: Bundles


@dataclass(frozen=True)
class Dual:
    """A dual diagram.

    Attributes:
        box: the diagram; its outputs are bundles.
        outputs: the parameters whose tangents are on each output of the original.
        reached: the parameters that reach an output of the original.
        dropped: parameter number -> where a tangent of it ended first.
        names: the names of its parts.
        parts: the parts that tangents reach which something uses, inner ones first.
        active: all diagrams of the program that tangents reach.
        seeds: what it is differentiated by.
        sloped: the reads at whole positions whose slope stands for a derivative.
        kinks: parameter number -> where it stands on a kink at its initial value.
        switched: parameter number -> the `control` that its tangent passes.
    """

    box: Box
    outputs: Bundles
    reached: Active
    dropped: Mapping[int, Dropped]
    names: Mapping[Box, str]
    parts: Sequence[Part]
    active: Set[Box]
    seeds: Seeds
    sloped: Sequence[Dropped]
    kinks: Mapping[int, Dropped]
    switched: Mapping[int, Dropped]


class Findings(Protocol):
    """What was found about the derivative of a program, in any mode; see `Dual`."""

    @property
    def seeds(self) -> Seeds: ...

    @property
    def reached(self) -> Active: ...

    @property
    def dropped(self) -> Mapping[int, Dropped]: ...

    @property
    def kinks(self) -> Mapping[int, Dropped]: ...

    @property
    def switched(self) -> Mapping[int, Dropped]: ...


def about(dual: Findings, folders: bool = True) -> tuple[str, ...]:
    """All that the user should know about a derivative, a sentence each.

    See `lost`, `on_kinks` and `switched`.
    """
    told = lost(dual, folders), on_kinks(dual, folders), switched(dual, folders)
    return tuple([text for texts in told for text in texts.values()])


def lost(dual: Findings, folders: bool = True) -> dict[str, str]:
    """The variables whose derivative is zero for a technical reason only.

    Args:
        dual: the dual.
        folders: whether to say in which folders files are.

    Returns:
        the variable's name among the seeds -> the warning about it.
    """
    warnings = {}
    for lane, dropped in dual.dropped.items():
        if not dual.reached >> lane & 1:
            name = dual.seeds.names[lane]
            warnings[name] = (
                f"the derivative by {name} is zero: it only acts through "
                f"`{dropped.construct}`{dropped.where(folders)} ({dropped.reason})"
            )
    return warnings


def on_kinks(dual: Findings, folders: bool = True) -> dict[str, str]:
    """The variables that reach the outputs and stand on a kink at their initial values.

    Args:
        dual: the dual.
        folders: whether to say in which folders files are.

    Returns:
        the variable's name among the seeds -> the warning about it.
    """
    warnings = {}
    for lane, kink in dual.kinks.items():
        if dual.reached >> lane & 1:
            name = dual.seeds.names[lane]
            place = f"`{kink.construct}`{kink.where(folders)}"
            warnings[name] = f"{name} starts on a kink of {place}: {kink.reason}"
    return warnings


def switched(dual: Findings, folders: bool = True) -> dict[str, str]:
    """The variables that reach the outputs through a `control`.

    The standard compiler holds what it computes there while the condition is 0, and passes on what
    it need not compute, such as an input. It may pass on a tangent where it holds the value.

    Args:
        dual: the dual.
        folders: whether to say in which folders files are.

    Returns:
        the variable's name among the seeds -> the warning about it.
    """
    return {
        dual.seeds.names[lane]: (
            f"the derivative by {dual.seeds.names[lane]} passes `control`{place.where(folders)}: "
            "while that is off, it may not be held as the value is"
        )
        for lane, place in dual.switched.items()
        if dual.reached >> lane & 1
    }


def dense(dual: Dual, count: int, tangents_only: bool = False) -> Box:
    """A dual whose outputs carry all tangents: those that are not there are 0.

    Args:
        dual: a dual diagram.
        count: the number of parameters.
        tangents_only: leave out the primals.
    """
    lanes: list[Box] = []
    for active in dual.outputs:
        lanes.append(Cut() if tangents_only else Wire())
        lanes += [Wire() if active >> index & 1 else Real(0.0) for index in range(count)]
    if all(isinstance(lane, Wire) for lane in lanes):
        return dual.box
    return Seq(dual.box, parallel(lanes))


def used_of_second(count: int, outputs: Sequence[Output], names: Sequence[str]) -> Bundles:
    """Which tangents the channels of a program of order 2 are made of.

    Each second derivative is the derivative of a first one: that by the earlier of two variables.

    Args:
        count: the number of outputs of the program.
        outputs: the channels.
        names: what the lanes are derivatives by.

    Returns:
        For each output of the program's dense dual, the lanes of its tangents that are used.
    """
    used = [NONE] * (count * (1 + len(names)))
    for row, column in _places(outputs, names):
        used[row] |= NONE if column is None else 1 << column
    return tuple(used)


def second_derivatives(dual: Dual, outputs: Sequence[Output]) -> Box:
    """The channels of a program of order 2.

    Args:
        dual: the dual of a program's dense dual: of each output, and of each of its derivatives.
        outputs: the channels.
    """
    lanes = lane_numbers(dual.outputs)
    silence = 1 + arity_of(dual.box)[1]
    places = _places(outputs, dual.seeds.names)
    sources = [
        lanes[row].get(VALUE if column is None else column, silence) for row, column in places
    ]
    pairs = tuple((source, target) for target, source in enumerate(sources, start=1))
    if silence not in sources:
        return Seq(dual.box, Route(silence - 1, len(outputs), pairs))
    return Seq(Par(dual.box, Real(0.0)), Route(silence, len(outputs), pairs))


def _places(outputs: Sequence[Output], names: Sequence[str]) -> Iterator[tuple[int, int | None]]:
    """For each channel, the output of a dense dual that it comes from, and the lane there.

    In a dense dual, there is a block for each output of the original; in it, the output and then
    each of its derivatives.
    """
    place = {name: index for index, name in enumerate(names)}
    for output in outputs:
        row = 0 if output.parameter is None else 1 + place[output.parameter.path]
        column = None if output.second is None else place[output.second.path]
        yield output.output * (1 + len(names)) + row, column
