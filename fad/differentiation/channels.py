"""The output channels of a program with derivatives: what they are called, in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fad.diagram.parameters import Parameter
from fad.differentiation.seeds import DIRECTION


@dataclass(frozen=True)
class Output:
    """One output channel of a program that fad has written.

    Attributes:
        name: `y` for an output, `dy/dgain` for a derivative; `y0`, `y1` ... where there are more.
        output: the number of the original program's output, from 0.
        parameter: what it is differentiated by; `None` for the output itself, and for a derivative
            along a direction.
        second: what it is differentiated by once more, if it is.
        order: 0 for the output itself, 1 for a derivative, 2 for a second derivative.
    """

    name: str
    output: int
    parameter: Parameter | None = None
    second: Parameter | None = None
    order: int = 0


def channels(count: int, variables: Sequence[Parameter], order: int = 1) -> tuple[Output, ...]:
    """The channels of a program with derivatives by parameters.

    Args:
        count: the number of the original's outputs.
        variables: the parameters.
        order: 2 for second derivatives after the first ones, each pair of parameters once.
    """
    return tuple(
        channel for output in range(count) for channel in _channels(output, count, variables, order)
    )


def along_direction(count: int) -> tuple[Output, ...]:
    """The channels of a program with derivatives along a direction."""
    names = [output_name(output, count) for output in range(count)]
    return tuple(
        channel
        for output, name in enumerate(names)
        for channel in (Output(name, output), Output(f"d{name}/d{DIRECTION}", output, order=1))
    )


def _channels(
    output: int, count: int, variables: Sequence[Parameter], order: int
) -> Iterator[Output]:
    name = output_name(output, count)
    by = short_names([p.label for p in variables], [p.path for p in variables])
    yield Output(name, output)
    for label, variable in zip(by, variables, strict=True):
        yield Output(f"d{name}/d{label}", output, variable, order=1)
    if order == 2:
        for index, first in enumerate(variables):
            for other in range(index, len(variables)):
                below = f"d{by[index]}2" if other == index else f"d{by[index]}d{by[other]}"
                yield Output(f"d2{name}/{below}", output, first, variables[other], order=2)


def output_name(output: int, count: int) -> str:
    """What an output of the original is called, of so many."""
    return f"y{output}" if count > 1 else "y"


def short_names(labels: Sequence[str], paths: Sequence[str]) -> list[str]:
    """What variables are called in the names of derivatives: by their paths, if labels are alike.

    Args:
        labels, paths: those of each.
    """
    pairs = zip(labels, paths, strict=True)
    return [label if labels.count(label) == 1 else f"({path})" for label, path in pairs]
