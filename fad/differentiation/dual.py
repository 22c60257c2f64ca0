"""Dual diagrams: what they carry, what was lost on the way, and their outputs in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fad.base.errors import place
from fad.base.source import Span
from fad.diagram.box import Box, Cut, Real, Route, Seq, Wire, arity_of, parallel
from fad.differentiation.active_sets import Bundles, union
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
        outputs: which parameters are active on each output of the original.
        dropped: parameter number -> where a tangent of it ended first.
        names: the names of its parts.
        parts: the parts that tangents reach, inner ones first.
        seeds: what it is differentiated by.
        sloped: the reads at whole positions whose slope stands for a derivative.
        kinks: parameter number -> where it stands on a kink at its initial value.
        switched: parameter number -> the `control` that its tangent passes.
    """

    box: Box
    outputs: Bundles
    dropped: Mapping[int, Dropped]
    names: Mapping[Box, str]
    parts: Sequence[Part]
    seeds: Seeds
    sloped: Sequence[Dropped]
    kinks: Mapping[int, Dropped]
    switched: Mapping[int, Dropped]


def about(dual: Dual, folders: bool = True) -> tuple[str, ...]:
    """All that the user should know about a dual, a sentence each.

    See `lost`, `on_kinks` and `switched`.
    """
    told = lost(dual, folders), on_kinks(dual, folders), switched(dual, folders)
    return tuple([text for texts in told for text in texts.values()])


def lost(dual: Dual, folders: bool = True) -> dict[str, str]:
    """The variables whose derivative is zero for a technical reason only.

    Args:
        dual: the dual.
        folders: whether to say in which folders files are.

    Returns:
        the variable's name among the seeds -> the warning about it.
    """
    reached = union(dual.outputs)
    warnings = {}
    for lane, dropped in dual.dropped.items():
        if not reached >> lane & 1:
            name = dual.seeds.names[lane]
            warnings[name] = (
                f"the derivative by {name} is zero: it only acts through "
                f"`{dropped.construct}`{dropped.where(folders)} ({dropped.reason})"
            )
    return warnings


def on_kinks(dual: Dual, folders: bool = True) -> dict[str, str]:
    """The variables that reach the outputs and stand on a kink at their initial values.

    Args:
        dual: the dual.
        folders: whether to say in which folders files are.

    Returns:
        the variable's name among the seeds -> the warning about it.
    """
    reached = union(dual.outputs)
    warnings = {}
    for lane, kink in dual.kinks.items():
        if reached >> lane & 1:
            name = dual.seeds.names[lane]
            place = f"`{kink.construct}`{kink.where(folders)}"
            warnings[name] = f"{name} starts on a kink of {place}: {kink.reason}"
    return warnings


def switched(dual: Dual, folders: bool = True) -> dict[str, str]:
    """The variables that reach the outputs through a `control`.

    The standard compiler holds what it computes there while the condition is 0, and passes on what
    it need not compute, such as an input. It may pass on a tangent where it holds the value.

    Args:
        dual: the dual.
        folders: whether to say in which folders files are.

    Returns:
        the variable's name among the seeds -> the warning about it.
    """
    reached = union(dual.outputs)
    return {
        dual.seeds.names[lane]: (
            f"the derivative by {dual.seeds.names[lane]} passes `control`{place.where(folders)}: "
            "while that is off, it may not be held as the value is"
        )
        for lane, place in dual.switched.items()
        if reached >> lane & 1
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


def second_derivatives(dual: Dual, count: int, outputs: Sequence[Output]) -> Box:
    """The channels of a program of order 2.

    Args:
        dual: the dual of a program's dense dual: of each output, and of each of its derivatives.
        count: the number of variables.
        outputs: the channels.
    """
    place = {name: index for index, name in enumerate(dual.seeds.names)}
    pairs = []
    for target, output in enumerate(outputs, start=1):
        # A block for each output of the original; in it, a row for the output and one for each
        # derivative; in that, the channel and its derivatives.
        row = 0 if output.parameter is None else 1 + place[output.parameter.path]
        column = 0 if output.second is None else 1 + place[output.second.path]
        block = output.output * (1 + count)
        pairs.append(((block + row) * (1 + count) + column + 1, target))
    whole = dense(dual, count)
    return Seq(whole, Route(arity_of(whole)[1], len(outputs), tuple(pairs)))
