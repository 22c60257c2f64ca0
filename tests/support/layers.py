"""Layers beside the difference quotients of their programs, by `torch.autograd.gradcheck`.

A quotient is only a derivative where the program is smooth. So a variable is compared at the
samples where its quotients settle as the step halves, and are the same on both sides. It moves from
0 to 1 as the scale of its slider goes, so that one step is right for all of them. The audio inputs
are one more variable: some of their samples move.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import cycle
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.gradcheck import GradcheckError, gradcheck

from fad.base.deep_stack import recursive
from fad.diagram.order import widgets_of
from fad.diagram.parameters import Parameter, input_index, select
from fad.differentiation.dual import Dual, lost
from fad.differentiation.seeds import by_parameters
from fad.model.coordinates import coordinate
from fad.model.model import Model
from fad.model.programs import INPUT
from fad.pipeline.front import Request, read
from fad.pipeline.transform import derive
from fad.syntax.libraries import ProgramLike
from fad.torch.layer import Layer

#: What came of a variable.
AGREES = "agrees"
ZERO = "no effect"
FAINT = "lost in rounding"
ROUGH = "not smooth"
QUANTISED = "quantised"
INFINITE = "infinite inside"
WRONG = "wrong"
VERDICTS = (AGREES, ZERO, FAINT, ROUGH, QUANTISED, INFINITE, WRONG)

#: How far variables are moved, from 0 to 1.
STEP = 1e-6
#: How much a derivative may differ from the quotient: in units of itself, and of the largest one.
RELATIVE, ABSOLUTE = 1e-3, 1e-5
#: How much the quotient may change as the step halves, in the same units.
SETTLED, SETTLED_ABSOLUTE = 2e-4, 2e-6
#: Rounding errors of a sample, in units of the loudest one.
ROUNDING = 200 * 2.0**-52
#: A derivative that is to be compared is larger than the rounding errors of a quotient by this.
CLEAR = 100
#: What is louder grows towards infinity.
LARGEST = 1e100
SEED = 1

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """How a program is run.

    Attributes:
        groups: how many values each variable has over time.
        blocks: how many blocks each value lasts.
        moving: how far variables are from where they start, in units of their ranges.
        pressed: the kinds of widgets that are pressed after the first value.
        samples: how many samples of the outputs are compared one by one, at most; all of them
            together are, too.
        inputs: how many samples of the audio inputs move.
    """

    groups: int
    blocks: int
    moving: float
    pressed: tuple[str, ...] = ("button",)
    samples: int = 24
    inputs: int = 8


@dataclass(frozen=True)
class Found:
    """What came of a variable.

    Attributes:
        variable: its path, or `input`.
        verdict: one of the above.
        compared: the share of the samples of the outputs at which the program is smooth.
        told: of `WRONG`, what gradcheck says.
    """

    variable: str
    verdict: str
    compared: float = 0.0
    told: str = ""


@recursive
def quantised(program: ProgramLike, paths: Collection[str]) -> set[str]:
    """The variables whose derivative is not what quotients show, as fad says.

    They only act through something quantised, or a slope stands for their derivative.

    Args:
        program: a text, or the path of a file.
        paths: the variables; `input` stands for the audio inputs.
    """
    front = read(Request(program))
    evaluation = front.evaluated()
    box = evaluation.process
    assert box.arity is not None
    widgets = widgets_of(box, evaluation.facts, front.title)
    everything = [*widgets, *select(widgets, box.arity[0], ["input:*"] if box.arity[0] else [])]
    names = {each.path: each.path if input_index(each) is None else INPUT for each in everything}
    variables = [each for each in everything if names[each.path] in paths]

    def dual(some: Sequence[Parameter]) -> Dual:
        return derive(evaluation, by_parameters(some), front.operations)

    if not variables:
        return set()
    whole = dual(variables)
    found = set(lost(whole))
    if whole.sloped:
        found |= {each.path for each in variables if dual([each]).sloped}
    return {names[path] for path in found}


@dataclass(frozen=True)
class Smoothness:
    """Where a program is smooth by a variable.

    Attributes:
        samples: where quotients are derivatives, of the shape of the outputs.
        scale: the largest quotient there.
        noise: how large the rounding errors of a quotient are.
    """

    samples: NDArray[np.bool_]
    scale: float
    noise: float


@dataclass(frozen=True)
class Reference:
    """What a layer of PyTorch computes at a place, for another layer to be compared with.

    Attributes:
        sound: what goes in, of shape (inputs, frames).
        held: path -> values that no derivative is by, of shape (blocks,).
        values: path -> values that derivatives are by, of shape (blocks,), and the sound as the
            variable `input`, if they are by it.
        lasting: so many blocks in a row have one value.
        moved: the samples of the sound, as if it were flat, that are moved for quotients; `None`
            where no derivative is by the sound.
        outputs: of shape (channels, frames).
        direction: variable -> how its values move.
        along: the derivative of the outputs along that direction.
        weights: the derivatives of a loss by the outputs.
        gradient: variable -> the derivatives of that loss by its values.
        refused: whether reverse mode refuses the program.
        agreeing: the variables whose derivatives gradcheck has accepted.
        smooth: where quotients by all of these are derivatives; nowhere, if anything is infinite.
        unit: for each channel, the largest derivative by one of these, or so much that the rounding
            errors of quotients are small.
    """

    sound: Samples
    held: Mapping[str, Samples]
    values: Mapping[str, Samples]
    lasting: int
    moved: NDArray[np.int64] | None
    outputs: Samples
    direction: Mapping[str, Samples]
    along: Samples
    weights: Samples
    gradient: Mapping[str, Samples]
    refused: bool
    agreeing: frozenset[str]
    smooth: NDArray[np.bool_]
    unit: Samples

    @property
    def is_finite(self) -> bool:
        """Whether all that PyTorch computes is: what is infinite, times 0, is no number."""
        computed = (self.outputs, self.along, *self.gradient.values())
        return all(bool(np.isfinite(each).all()) for each in computed)


@dataclass
class Comparison:
    """A layer at some values of its variables.

    Args:
        layer: the program.
        paths: the parameters that are variables.
        setting: how it is run.

    Attributes:
        model: the program.
        smoothness: variable -> where the program is smooth by it, once it has been judged.
    """

    layer: Layer
    paths: Sequence[str]
    setting: Setting
    model: Model = field(init=False)
    smoothness: dict[str, Smoothness] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.model = self.layer.model(torch.float64)
        random = np.random.default_rng(SEED)
        setting, model = self.setting, self.model
        self.blocks = setting.groups * setting.blocks
        self.frames = self.blocks * model.block
        self.sound = random.uniform(-0.5, 0.5, (model.inputs, self.frames))
        after = (np.arange(self.blocks) >= setting.blocks).astype(float)
        self.held = {
            each.path: after
            for each in model.parameters
            if each.kind in setting.pressed and each.path in model.compiled.primal.controls
        }
        parameters = {each.path: each for each in model.parameters}
        self.scales = {path: coordinate(parameters[path]) for path in self.paths}
        self.places = {path: self._place(parameters[path], random) for path in self.paths}
        count = min(setting.inputs, self.sound.size)
        self.moved = np.sort(random.choice(self.sound.size, count, replace=False))

    @cached_property
    def by_inputs(self) -> bool:
        """Whether the program can be differentiated by its audio inputs."""
        return self.model.inputs > 0 and not self.refused

    @cached_property
    def refused(self) -> bool:
        """Whether reverse mode refuses the program by the variables and its audio inputs."""
        inputs = tuple(range(self.model.inputs))
        return self.model.compiled.by(self.paths, inputs).refusal is not None

    @cached_property
    def _heard(self) -> Tensor:
        """The signal; all variables are compared with the same program for their derivatives."""
        return torch.from_numpy(self.sound).requires_grad_(self.by_inputs)

    def found(self, left_out: Collection[str] = ()) -> Iterator[Found]:
        """What comes of all variables."""
        for path in [*self.paths, *([INPUT] if self.by_inputs else [])]:
            yield Found(path, QUANTISED) if path in left_out else self.judged(path)

    def judged(self, variable: str) -> Found:
        """What comes of a variable."""
        at = np.zeros(len(self.moved)) if variable == INPUT else self.places[variable]
        count = len(at)
        offsets = STEP * np.array([1, -1, 0.5, -0.5])[:, None, None] * np.eye(count)
        runs = self._played(variable, np.concatenate([at[None], at + offsets.reshape(-1, count)]))
        centre, moved = runs[0], runs[1:].reshape(4, count, *runs[0].shape)
        with np.errstate(all="ignore"):
            quotients, smooth, noise = _smooth(centre, *moved)
        share = float(smooth.mean())
        if not smooth.any():
            return Found(variable, ROUGH)
        scale = float(np.abs(quotients[:, smooth]).max())
        self.smoothness[variable] = Smoothness(smooth, scale, noise)
        unit = max(scale, CLEAR * noise) or 1.0
        wrong = self._difference(variable, at, smooth, unit, ABSOLUTE + 4 * noise / unit)
        if wrong:
            is_infinite = not np.isfinite(self._along(variable, at)[smooth]).all()
            return Found(variable, INFINITE if is_infinite else WRONG, share, wrong)
        verdict = AGREES if 0 < scale == unit else ZERO if scale <= noise else FAINT
        return Found(variable, verdict, share)

    def reference(self, found: Collection[Found]) -> Reference:
        """What the layer computes here.

        Args:
            found: what came of the variables.
        """
        random = np.random.default_rng(SEED)
        lasting = self.setting.blocks
        values = {
            path: np.repeat(self.scales[path].value(at), lasting)
            for path, at in self.places.items()
        }
        if self.by_inputs:
            values[INPUT] = self.sound
        direction = {
            # In units of the values, so that none hides the others.
            name: random.uniform(0.5, 1, at.shape) * np.abs(at).max(initial=1e-3)
            for name, at in values.items()
        }

        def outputs(*tensors: Tensor) -> Tensor:
            moving = dict(zip(values, tensors, strict=True))
            sound = moving.pop(INPUT, torch.from_numpy(self.sound))
            if not self.model.inputs:
                return self.layer(None, {**self.held, **moving}, frames=self.frames)
            return self.layer(sound, {**self.held, **moving})

        primals = tuple(torch.from_numpy(each).requires_grad_() for each in values.values())
        tangents = tuple(map(torch.from_numpy, direction.values()))
        y = outputs(*primals)
        weights = random.uniform(-1, 1, y.shape)
        if primals:
            along = torch.func.jvp(outputs, primals, tangents)[1].numpy(force=True)
            by = torch.autograd.grad(y, primals, torch.from_numpy(weights))
            gradient = {name: each.numpy(force=True) for name, each in zip(values, by, strict=True)}
        else:
            along, gradient = np.zeros(y.shape), {}
        agreeing = [each.variable for each in found if each.verdict == AGREES]
        known = [self.smoothness[name] for name in agreeing]
        unit = max((max(each.scale, each.noise / ABSOLUTE) for each in known), default=1.0)
        smooth = np.full(y.shape, bool(known))
        for each in known:
            smooth &= each.samples
        reference = Reference(
            self.sound,
            {path: np.asarray(at) for path, at in self.held.items()},
            values,
            lasting,
            self.moved if self.by_inputs else None,
            y.numpy(force=True),
            direction,
            along,
            weights,
            gradient,
            self.refused,
            frozenset(agreeing),
            smooth,
            np.full(len(y), unit),
        )
        nowhere = np.zeros_like(smooth)
        return reference if reference.is_finite else replace(reference, smooth=nowhere)

    def _difference(
        self, variable: str, at: Samples, smooth: NDArray[np.bool_], unit: float, most: float
    ) -> str:
        """What gradcheck says of the derivatives at some samples; nothing where they are right."""
        random = np.random.default_rng(SEED)
        numbers = np.flatnonzero(smooth)
        some = random.choice(numbers, min(self.setting.samples, len(numbers)), replace=False)
        signs = random.choice([-1.0, 1.0], len(numbers)) / np.sqrt(len(numbers))

        def outputs(place: Tensor) -> Tensor:
            samples = self._layered(variable, place).flatten() / unit
            whole = samples[torch.from_numpy(numbers)] @ torch.from_numpy(signs)
            return torch.cat([samples[torch.from_numpy(np.sort(some))], whole[None]])

        place = torch.from_numpy(at).requires_grad_()
        try:
            gradcheck(outputs, (place,), eps=STEP, atol=most, rtol=RELATIVE)
        except GradcheckError as error:
            return str(error)
        return ""

    def _along(self, variable: str, at: Samples) -> Samples:
        """The derivatives along a direction in which a variable moves, by forward mode."""
        place = torch.from_numpy(at)
        direction = torch.from_numpy(np.random.default_rng(SEED).uniform(0.5, 1, at.shape))

        def outputs(place: Tensor) -> Tensor:
            return self._layered(variable, place)

        along: Tensor = torch.func.jvp(outputs, (place,), (direction,))[1]
        return np.asarray(along.detach())

    def _layered(self, variable: str, place: Tensor) -> Tensor:
        """The layer's outputs at places of a variable, (channels, frames)."""
        places = {path: torch.from_numpy(at) for path, at in self.places.items()}
        sound = self._heard
        if variable == INPUT:
            moved = torch.from_numpy(self.moved)
            sound = sound.flatten().index_add(0, moved, place).reshape(sound.shape)
        else:
            places[variable] = place
        values = {
            path: self.scales[path].value(at).repeat_interleave(self.setting.blocks)
            for path, at in places.items()
        }
        given = {**self.held, **values}
        if not self.model.inputs:
            return self.layer(None, given, frames=self.frames)
        return self.layer(sound, given)

    def _played(self, variable: str, points: Samples) -> Samples:
        """The program's outputs at some places of a variable, (runs, channels, frames)."""
        runs = len(points)
        sounds = np.broadcast_to(self.sound, (runs, *self.sound.shape))
        places: dict[str, Samples] = {path: at[None] for path, at in self.places.items()}
        if variable == INPUT:
            flat = sounds.reshape(runs, -1).copy()
            flat[:, self.moved] += points
            sounds = flat.reshape(sounds.shape)
        else:
            places[variable] = points
        values: dict[str, Samples] = {path: at[None] for path, at in self.held.items()}
        for path, at in places.items():
            values[path] = np.repeat(self.scales[path].value(at), self.setting.blocks, axis=1)
        if not self.model.inputs:
            return self.model(None, values, frames=self.frames, batch=runs)
        return self.model(sounds, values)

    def _place(self, parameter: Parameter, random: np.random.Generator) -> Samples:
        """Coordinates of a variable, one for each value: not too near to the ends of its range."""
        start = coordinate(parameter).place(parameter.init)
        moved = start + self.setting.moving * random.uniform(-1, 1, self.setting.groups)
        place: Samples = np.clip(np.abs(moved), 0.02, 0.98)
        return place


def _smooth(
    centre: Samples, above: Samples, below: Samples, near_above: Samples, near_below: Samples
) -> tuple[Samples, NDArray[np.bool_], float]:
    """Where a program is smooth.

    Args:
        centre: its outputs, of shape (channels, frames).
        above, below: those a step to either side, of shape (numbers, channels, frames).
        near_above, near_below: those half a step to either side.

    Returns:
        The difference quotients; the samples, of shape (channels, frames), at which all of them are
        derivatives; how large the rounding errors of a quotient are.
    """
    quotients = (above - below) / (2 * STEP)
    change = np.abs(quotients - (near_above - near_below) / STEP)
    right = (4 * near_above - above - 3 * centre) / STEP
    left = (3 * centre + below - 4 * near_below) / STEP
    everything = np.stack([above, below, near_above, near_below])
    finite = (np.abs(everything) < LARGEST).all(axis=0) & (np.abs(centre) < LARGEST)
    noise = ROUNDING * np.abs(centre[np.abs(centre) < LARGEST]).max(initial=0.0) / STEP
    settled = finite & (change <= SETTLED * np.abs(quotients) + noise)
    scale = np.abs(quotients[settled]).max(initial=0.0)
    allowed = SETTLED * np.abs(quotients) + SETTLED_ABSOLUTE * scale + noise
    smooth = finite & (change <= allowed) & (np.abs(right - left) <= allowed + 8 * noise)
    return quotients, smooth.all(axis=0), float(noise)


def streams(comparison: Comparison, sizes: Sequence[int]) -> bool:
    """Whether a signal that comes in pieces gives the same bits as in one run.

    Args:
        comparison: what is run. Where all sizes are whole blocks, its variables move; otherwise,
            they stay.
        sizes: the numbers of samples of the pieces, which follow each other again and again.
    """
    model, frames = comparison.model, comparison.frames
    moves = all(size % model.block == 0 for size in sizes)
    values = {
        path: np.repeat(comparison.scales[path].value(at), comparison.setting.blocks)
        for path, at in comparison.places.items()
    } | comparison.held

    def given(start: int, end: int) -> dict[str, Any]:
        if not moves:
            return {path: course[-1] for path, course in values.items()}
        blocks = slice(start // model.block, -(-end // model.block))
        return {path: course[blocks] for path, course in values.items()}

    def heard(start: int, end: int) -> Samples | None:
        return comparison.sound[:, start:end] if model.inputs else None

    whole = model(heard(0, frames), given(0, frames), frames=frames)
    state = model.initial_state()
    pieces: list[Samples] = []
    start = 0
    for size in cycle(sizes):
        end = min(start + size, frames)
        length = end - start
        piece, state = model.stream(heard(start, end), state, given(start, end), frames=length)
        pieces.append(piece)
        start = end
        if start == frames:
            break
    return np.array_equal(np.concatenate(pieces, axis=1), whole, equal_nan=True)
