"""What a diagram is differentiated by: widgets, audio inputs and signals, with their tangents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fad.diagram.box import Box
from fad.diagram.labels import identifier
from fad.diagram.parameters import Parameter, input_index


class Seed(NamedTuple):
    """What derivatives begin with at a variable: its tangent, which is 1 for a parameter.

    Attributes:
        lane: which of the derivatives the tangent belongs to, from 0.
        value: the tangent: a number, or a diagram where the variable depends on something itself.
    """

    lane: int
    value: float | Box = 1.0


@dataclass(frozen=True)
class Seeds:
    """What a diagram is differentiated by. Each derivative that is asked for is a lane.

    A program with the sliders `/filter/cutoff frequency` and `/gain` has two lanes. Their names
    are these paths, their labels `cutoff frequency` and `gain`, their tags `cutoff` and `gain`:
    the tangent of a signal `x` by the first one is called `dx_cutoff` in the written program.

    Attributes:
        names: for each lane, what it is a derivative by, unlike all others.
        labels: the same in short, for comments.
        tags: the same as a short identifier, for the names of tangents.
        widgets: the path of a widget -> its seed.
        inputs: the number of an audio input -> its seed.
        signals: a diagram without inputs that stands for a signal, wherever it occurs -> its seed.
    """

    names: Sequence[str]
    labels: Sequence[str]
    tags: Sequence[str]
    widgets: Mapping[str, Seed] = field(default_factory=dict)
    inputs: Mapping[int, Seed] = field(default_factory=dict)
    signals: Mapping[Box, Seed] = field(default_factory=dict)


def by_parameters(parameters: Sequence[Parameter]) -> Seeds:
    """A lane for each parameter."""
    return _seeds(
        [parameter.path for parameter in parameters],
        [parameter.label for parameter in parameters],
        ((parameter, Seed(lane)) for lane, parameter in enumerate(parameters)),
    )


def along(direction: Mapping[Parameter, float]) -> Seeds:
    """One lane: the derivative along a direction.

    Args:
        direction: parameter -> its component.
    """
    path = " and ".join(parameter.path for parameter in direction)
    seeds = ((parameter, Seed(0, value)) for parameter, value in direction.items())
    return _seeds([path], [DIRECTION], seeds)


#: Longer identifiers lose their last words.
_TAG_LENGTH = 12
#: What the derivative along a direction is called.
DIRECTION = "direction"


def tags(labels: Iterable[str]) -> list[str]:
    """A short identifier for each label, no two alike."""
    whole = [identifier(label, "parameter") for label in labels]
    short = [_shortened(name) for name in whole]
    found: list[str] = []
    for base, name in zip(short, whole, strict=True):
        base = base if short.count(base) == 1 else name
        tag, number = base, 2
        while tag in found:
            tag, number = f"{base}{number}", number + 1
        found.append(tag)
    return found


def _shortened(name: str) -> str:
    """The first words of an identifier, as many as are not too long together."""
    words = name.split("_")
    while len(words) > 1 and len("_".join(words)) > _TAG_LENGTH:
        words.pop()
    return "_".join(words)


def _seeds(
    names: Sequence[str], labels: Sequence[str], seeds: Iterable[tuple[Parameter, Seed]]
) -> Seeds:
    widgets: dict[str, Seed] = {}
    inputs: dict[int, Seed] = {}
    for parameter, seed in seeds:
        index = input_index(parameter)
        if index is None:
            widgets[parameter.path] = seed
        else:
            inputs[index] = seed
    return Seeds(names, labels, tags(labels), widgets, inputs)
