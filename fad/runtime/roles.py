"""What the bargraphs of a program that learns show, by their names and groups.

The names are those that `fad estimate` writes; programs that are written by hand may use them, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from fad.diagram.parameters import Parameter
from fad.runtime.input_signals import Samples
from fad.runtime.recording import Meter

#: What a bargraph shows: a value that is learnt, a derivative, the loss, or something else.
Role = Literal["parameters", "gradients", "loss", "meters"]

_GRADIENT_GROUPS = ("gradient", "gradients")
_LOSSES = ("loss", "losses")
_SLIDERS = ("hslider", "vslider", "nentry")
_TARGET_GROUPS = ("target", "targets")
#: A value rests where it has been for this share of the run, and is nearer than this to it.
_LAST, _NEAR = 0.1, 1e-6


def roles(meters: Sequence[Meter]) -> dict[str, Role]:
    """Path -> what each bargraph shows.

    A bargraph is a derivative by a group around it (`gradients`), a loss by its label (`loss`),
    and a meter in a group `target`. Others are what is learnt or, in a program with derivatives,
    those of them that have one.
    """
    gradients = [meter for meter in meters if _is_in(meter.groups, _GRADIENT_GROUPS)]
    labels = {meter.label for meter in gradients}
    found: dict[str, Role] = {}
    for meter in meters:
        if meter in gradients:
            found[meter.path] = "gradients"
        elif meter.label.lower() in _LOSSES:
            found[meter.path] = "loss"
        elif _is_in(meter.groups, _TARGET_GROUPS) or (labels and meter.label not in labels):
            found[meter.path] = "meters"
        else:
            found[meter.path] = "parameters"
    return found


def target_of(meter: Meter, widgets: Sequence[Parameter]) -> Parameter | None:
    """The slider that holds what a bargraph should become: preferably one in a group of targets."""
    same = [w for w in widgets if w.kind in _SLIDERS and meter.label in _names(w)]
    return max(same, key=_is_target, default=None)


def not_learnt(
    meters: Sequence[Meter],
    widgets: Sequence[Parameter],
    bargraphs: Mapping[str, Samples],
    sliders: Mapping[str, Samples],
) -> Iterator[str]:
    """Sentences about derivatives that were 0 all the time or are no numbers in the end, and values
    at an end of their range.

    Args:
        meters, widgets: what is known of the user interface.
        bargraphs, sliders: path -> values over the run, of shape (points,).
    """
    known = roles(meters)
    learns = "gradients" in known.values()
    lost = {
        meter.label
        for meter in meters
        if known[meter.path] == "gradients"
        and not np.isfinite(bargraphs[meter.path][_rest(bargraphs[meter.path])]).any()
    }
    for meter in meters:
        values = bargraphs[meter.path]
        if known[meter.path] == "parameters" and meter.label in lost:
            yield (
                f"`{meter.path}` is learnt no more, and stays at {values[-1]:g}: its derivative is "
                "infinite or not a number to the end, as of a filter that is unstable; start "
                "elsewhere, or narrow its range"
            )
        if known[meter.path] == "gradients" and not values.any():
            yield (
                f"`{meter.path}` was 0 all the time: the loss does not depend on it, or there was "
                "nothing left to learn"
            )
        if learns and known[meter.path] == "parameters":
            aim = target_of(meter, widgets)
            rest = _rest(values)
            for name, end in (("lowest", meter.min), ("highest", meter.max)):
                near = _NEAR * (meter.max - meter.min)
                wanted = aim is not None and abs(sliders[aim.path][-1] - end) <= near
                if not wanted and (np.abs(values[rest] - end) <= near).all():
                    yield (
                        f"`{meter.path}` rests at {end:g}, the {name} value of its range: the "
                        "target may be beyond it"
                    )


def _rest(values: Samples) -> slice:
    """The end of a run."""
    return slice(-max(1, round(_LAST * len(values))), None)


def _is_in(groups: Sequence[str], names: Sequence[str]) -> bool:
    return any(group.lower() in names for group in groups)


def _names(widget: Parameter) -> list[str]:
    """What a bargraph for a widget may be called: its label, or more of its path with blanks."""
    parts = widget.path[1:].split("/")
    return [widget.label, *(" ".join(parts[start:]) for start in range(len(parts)))]


def _is_target(widget: Parameter) -> bool:
    return _is_in(widget.path.split("/")[1:-1], _TARGET_GROUPS)
