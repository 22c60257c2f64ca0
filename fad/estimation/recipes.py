"""The losses, optimizers and schedules that can be asked for by name, as calls of fad.lib."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from fad.base.errors import FadError
from fad.base.prose import counted, either, nearest

#: Whether a number is one of a kind, and what the kind is.
_Kind = tuple[Callable[[float], bool], str]
#: The usual learning rate, in ranges of a parameter per sample.
RATE = 0.0001
#: The optimizer that hears the loss, too, and its learning rate: the part of the way to the bottom.
AUTO = "auto"
_AUTO_RATE = 0.0003
#: From so many parameters on, each goes its own way: a matrix would have the square of elements.
_MANY = 17

_SHARE: _Kind = (lambda value: 0 <= value < 1, "at least 0 and below 1")
#: What arguments may be, and how that is said, where it is not any number above 0.
_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "bands": (lambda value: value in range(1, 65), "a whole number from 1 to 64"),
        "beta": _SHARE,
        "beta1": _SHARE,
        "beta2": _SHARE,
        "decay": _SHARE,
        "end": (lambda value: value >= 0, "at least 0"),
    }
)
_POSITIVE: _Kind = (lambda value: 0 < value < float("inf"), "above 0")
_CALL = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*")
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Recipe:
    """A function of fad.lib that is chosen by name.

    Attributes:
        call: the Faust text, with a place `{name}` for each argument.
        defaults: the arguments that may be given in parentheses, in order, with their usual values.
        rate: of a loss: the usual learning rate.
        outputs: of a loss: how many outputs it takes at least, of the target and of the model.
        newton: of a loss: the memory and the damping of `df.gauss_newton`; without a damping, it is
            `df.diagonal_newton` that suits it.
    """

    call: str
    defaults: Mapping[str, str]
    rate: float = RATE
    outputs: int = 1
    newton: tuple[float, float | None] = (0.99, 0.003)


def _recipe(
    call: str,
    rate: float = RATE,
    outputs: int = 1,
    newton: tuple[float, float | None] = (0.99, 0.003),
    **defaults: str,
) -> Recipe:
    return Recipe(call, MappingProxyType(defaults), rate, outputs, newton)


#: `{window}` is the number of samples that the loss is averaged over, `{outs}` that of the outputs.
LOSSES: Mapping[str, Recipe] = MappingProxyType(
    {
        "l1": _recipe("df.l1({window})"),
        "l2": _recipe("df.l2({window})"),
        "huber": _recipe("df.huber({delta}, {window})", delta="0.1"),
        "logcosh": _recipe("df.logcosh({window})"),
        "msle": _recipe("df.msle({window})"),
        "spectral": _recipe(
            "df.spectral({bands}, {low}, {high})",
            rate=RATE / 10,  # it remembers for long
            newton=(0.999, 0.1),
            bands="8",
            low="50",
            high="10000",
        ),
        "crossentropy": _recipe("df.crossentropy({window})", newton=(0.99, None)),
        "categorical": _recipe("df.categorical({outs}, {window})", outputs=2, newton=(0.99, None)),
    }
)
#: `{rate}` is the learning rate, a signal, and `{newton}` what `newton` makes of it.
OPTIMIZERS: Mapping[str, Recipe] = MappingProxyType(
    {
        "sgd": _recipe("df.sgd({rate})"),
        "momentum": _recipe("df.momentum({beta}, {rate})", beta="0.9"),
        "nesterov": _recipe("df.nesterov({beta}, {rate})", beta="0.9"),
        "rmsprop": _recipe("df.rmsprop({decay}, {rate})", decay="0.999"),
        "adam": _recipe("df.adam({beta1}, {beta2}, {rate})", beta1="0.99", beta2="0.99"),
        "nadam": _recipe("df.nadam({beta1}, {beta2}, {rate})", beta1="0.99", beta2="0.99"),
        "sign": _recipe("df.sign({rate})"),
        AUTO: _recipe("{newton}"),
    }
)
#: `{rate}` is the learning rate before.
SCHEDULES: Mapping[str, Recipe] = MappingProxyType(
    {
        "constant": _recipe("df.constant({rate})"),
        "exponential": _recipe("df.exponential({rate}, {half_life})", half_life="1"),
        "step": _recipe("df.step({rate}, {factor}, {period})", factor="0.5", period="1"),
        "cosine": _recipe("df.cosine({rate}, {end}, {duration})", end="0", duration="5"),
        "warmup": _recipe("df.warmup({duration}, {rate})", duration="0.1"),
    }
)


def expression(kind: str, table: Mapping[str, Recipe], text: str, **known: str) -> str:
    """The Faust expression that a name stands for.

    Args:
        kind: what is chosen, for messages.
        table: what there is to choose from.
        text: `adam` or `adam(0.9, 0.99)`: the last arguments may be left out.
        known: the arguments that are decided elsewhere.

    Raises:
        FadError: there is nothing of that name, or the arguments do not suit it.
    """
    name, recipe, given = _read(kind, table, text)
    usage = _usage(name, recipe)
    if len(given) > len(recipe.defaults):
        raise FadError(
            f"{counted(len(given), 'argument')} for `{name}`", hint=f"it is used as `{usage}`"
        )
    for part in given:
        if not _NUMBER.fullmatch(part):
            raise FadError(f"`{part}` is no number", hint=f"the {kind} is used as `{usage}`")
    arguments = {**recipe.defaults, **dict(zip(recipe.defaults, given, strict=False))}
    for argument, number in arguments.items():
        suits, wanted = _KINDS.get(argument, _POSITIVE)
        if not suits(float(number)):
            raise FadError(
                f"`{argument}` of `{name}` cannot be {number}", hint=f"it has to be {wanted}"
            )
    if name == "spectral" and not float(arguments["low"]) < float(arguments["high"]):
        raise FadError("the lowest frequency of `spectral` has to be below the highest")
    return recipe.call.format(**arguments, **known)


def usual_rate(loss: str, optimizer: str) -> float:
    """The learning rate that suits a loss and an optimizer; see `expression`."""
    return _AUTO_RATE if is_auto(optimizer) else _read("loss", LOSSES, loss)[1].rate


def is_auto(optimizer: str) -> bool:
    """Whether an optimizer hears the loss of each output, and all derivatives together."""
    return _read("optimizer", OPTIMIZERS, optimizer)[0] == AUTO


def residuals(loss: str, outs: int) -> int:
    """How many losses `df.learn` makes of one, for so many outputs."""
    return outs if _read("loss", LOSSES, loss)[1].outputs == 1 else 1


def newton(loss: str, count: int, outs: int, rate: str) -> str:
    """The Faust expression of an optimizer that suits a loss by itself.

    Args:
        loss: see `expression`.
        count: the number of parameters.
        outs: the number of outputs.
        rate: the part of the way that is gone in each sample, a Faust expression.
    """
    memory, damping = _read("loss", LOSSES, loss)[1].newton
    sizes = f"{count}, {residuals(loss, outs)}, {memory}"
    if damping is None or count >= _MANY:
        return f"df.diagonal_newton({sizes}, {rate})"
    return f"df.gauss_newton({sizes}, {damping}, {rate})"


def check_outputs(loss: str, outs: int) -> None:
    """Raises `FadError` if a loss takes more outputs than there are; see `expression`."""
    name, recipe, _ = _read("loss", LOSSES, loss)
    if outs < recipe.outputs:
        raise FadError(
            f"`{name}` compares {recipe.outputs} outputs or more, and the target has {outs}",
            hint="each output is a class; `crossentropy` compares one yes or no",
        )


def _read(kind: str, table: Mapping[str, Recipe], text: str) -> tuple[str, Recipe, list[str]]:
    """The name in `adam(0.9, 0.99)`, what it stands for, and the arguments."""
    found = _CALL.fullmatch(text)
    if found is None:
        raise FadError(f"`{text}` is no {kind}", hint="write a name, or `name(number, number)`")
    if found[1] not in table:
        similar = nearest(found[1], table)
        hint = f"did you mean {either(similar)}?" if similar else f"there is {either(table)}"
        raise FadError(f"no {kind} is called `{found[1]}`", hint=hint)
    given = [part.strip() for part in (found[2] or "").split(",") if part.strip()]
    return found[1], table[found[1]], given


def _usage(name: str, recipe: Recipe) -> str:
    arguments: Sequence[str] = list(recipe.defaults)
    return f"{name}({', '.join(arguments)})" if arguments else name
