"""Dual diagrams: what they carry, what was lost on the way, and their outputs in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from fad.base.errors import place
from fad.base.source import Span
from fad.diagram.box import Box, Cut, Par, Real, Route, Seq, Wire, arity_of, parallel, postorder
from fad.diagram.ruled import Ruled
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


class _Remark(NamedTuple):
    """What to say of the variables that a dual has places of.

    Attributes:
        places: the places, by the number of the variable.
        reaches: whether to say it of those that reach an output, or of the others.
        text: what to say, with the variable's name, the place, and the reason.
    """

    places: Callable[[Findings], Mapping[int, Dropped]]
    reaches: bool
    text: str


#: The derivative is zero for a technical reason only.
_LOST = _Remark(
    lambda dual: dual.dropped,
    False,
    "the derivative by {name} is zero: it only acts through {place} ({reason})",
)
#: The variable stands on a kink at its initial value.
_ON_KINK = _Remark(lambda dual: dual.kinks, True, "{name} starts on a kink of {place}: {reason}")
#: The derivative passes a `control`. The standard compiler holds what it computes there while the
#: condition is 0, and passes on what it need not compute, such as an input. It may pass on a
#: tangent where it holds the value.
_SWITCHED = _Remark(
    lambda dual: dual.switched,
    True,
    "the derivative by {name} passes {place}: while that is off, it may not be held as the value "
    "is",
)


def about(dual: Findings, folders: bool = True) -> tuple[str, ...]:
    """All that the user should know about a derivative, a sentence each.

    Args:
        dual: the dual.
        folders: whether to say in which folders files are.
    """
    return tuple(text for text, _ in _all_said(dual, folders))


def places_told(dual: Findings) -> dict[str, Span]:
    """The sentences of `about` that are about a place in the program, and that place."""
    return {text: span for text, span in _all_said(dual) if span is not None}


def _all_said(dual: Findings, folders: bool = True) -> Iterator[tuple[str, Span | None]]:
    for remark in (_LOST, _ON_KINK, _SWITCHED):
        yield from _said(remark, dual, folders).values()


def about_second(sloped: Iterable[Dropped], process: Box) -> list[str]:
    """All that the user should know about second derivatives, a sentence each.

    Args:
        sloped: the reads at whole positions whose slope stands for a derivative.
        process: the program, which may stop first derivatives on their way.
    """
    flat = [
        f"the second derivative through `{read.construct}`{read.where(folders=False)} is zero: "
        f"{read.reason}"
        for read in sloped
    ]
    rules = {
        f"`{part.rule.title}` at {place(part.rule.place, folder=False)}"
        for part in postorder(process)
        if isinstance(part, Ruled) and part.rule.is_stop
    }
    stops = [
        f"second derivatives are without what {rule} stops: through `df.solve`, they are not those "
        "of the solution"
        for rule in sorted(rules)
    ]
    return flat + stops


def lost(dual: Findings) -> dict[str, str]:
    """The variables whose derivative is zero for a technical reason only.

    Returns:
        the variable's name among the seeds -> the warning about it.
    """
    return {name: text for name, (text, _) in _said(_LOST, dual).items()}


def _said(
    remark: _Remark, dual: Findings, folders: bool = True
) -> dict[str, tuple[str, Span | None]]:
    """The variables that a remark is about, by their names, and what it says of which place."""
    warnings = {}
    for lane, found in remark.places(dual).items():
        if bool(dual.reached >> lane & 1) is remark.reaches:
            name = dual.seeds.names[lane]
            where = f"`{found.construct}`{found.where(folders)}"
            text = remark.text.format(name=name, place=where, reason=found.reason)
            warnings[name] = text, found.span
    return warnings


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


def gathered(dual: Dual, channels: Sequence[Sequence[tuple[int, int]]]) -> Box:
    """A dual whose lanes are put together anew.

    Args:
        dual: a dual diagram.
        channels: for each output of the result, what adds up there: outputs of the original, each
            with the lane of a tangent, or `VALUE`. Tangents that are not there are 0.
    """
    lanes = lane_numbers(dual.outputs)
    sources = [[lanes[row][lane] for row, lane in each if lane in lanes[row]] for each in channels]
    silence = 1 + arity_of(dual.box)[1]
    pairs = tuple(
        (source, target)
        for target, added in enumerate(sources, start=1)
        for source in added or [silence]
    )
    if all(sources):
        return Seq(dual.box, Route(silence - 1, len(channels), pairs))
    return Seq(Par(dual.box, Real(0.0)), Route(silence, len(channels), pairs))


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
    places = _places(outputs, dual.seeds.names)
    return gathered(dual, [[(row, VALUE if lane is None else lane)] for row, lane in places])


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
