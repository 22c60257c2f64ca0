"""How a program learns: its loss, its optimizer, its user interface, written in Faust."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fad.base.errors import FadError
from fad.diagram.parameters import Parameter
from fad.differentiation.channels import Output
from fad.differentiation.seeds import tags
from fad.estimation.inputs import Heard, is_named
from fad.estimation.recipes import (
    LOSSES,
    OPTIMIZERS,
    RATE,
    SCHEDULES,
    expression,
    is_auto,
    newton,
    residuals,
)
from fad.text.printer import bound, quote, real

#: Which outputs a learning program has.
Channels = Literal["loss", "audio", "all"]

#: The longest window: its samples are kept once more for each parameter.
_MOST_WINDOW = 2**20
#: The longest time between two starts, in seconds.
_MOST_RESTART = 3600.0

#: What becomes of the loss and the other outputs.
_CHOSEN = {
    "loss": "_, par(i, {count}, !)",
    "audio": "_, si.bus({count}) : (\\(loss, sound).(attach(sound, loss))), si.bus({count} - 1)",
    "all": "si.bus(1 + {count})",
}

#: What to say about the parts of the program.
COMMENTS = {
    "target": "the sound to be matched",
    "parameters": "what is learnt, each with its slope",
    "dual": "the loss with its derivatives, then both sounds",
    "gradients": "the derivatives of the loss",
    "learn": "steps go back to the parameters",
}

_LIBRARIES = {
    "ba": "basics.lib",
    "df": "fad.lib",
    "ma": "maths.lib",
    "no": "noises.lib",
    "os": "oscillators.lib",
    "ro": "routes.lib",
    "si": "signals.lib",
    "so": "soundfiles.lib",
}


@dataclass(frozen=True)
class Learning:
    """How to learn; see `fad.estimate`."""

    loss: str
    window: int
    optimizer: str
    rate: float
    schedule: tuple[str, ...]
    clip: float | None
    input: str
    outputs: Channels
    restart: float | None
    folder: Path

    def check(self) -> None:
        """Raises `FadError` for numbers that make no sense."""
        if self.window < 1:
            raise FadError(f"a window of {self.window} samples", hint="the shortest has 1 sample")
        if self.window > _MOST_WINDOW:
            raise FadError(
                f"a window of {self.window} samples", hint=f"the longest has {_MOST_WINDOW} samples"
            )
        if not 0 < self.rate < float("inf"):
            raise FadError(f"a learning rate of {self.rate:g}", hint=f"a usual one is {RATE:g}")
        if self.clip is not None and not 0 < self.clip < float("inf"):
            raise FadError(f"derivatives cannot be limited to {self.clip:g}")
        if self.restart is not None and not 0 < self.restart <= _MOST_RESTART:
            raise FadError(
                f"nothing can start again every {self.restart:g} s",
                hint=f"the time is above 0, and {_MOST_RESTART:g} s at most",
            )

    def files(self) -> tuple[Path, ...]:
        """The file that it hears, if it does."""
        return () if is_named(self.input) else (Path(self.input),)

    def summary(self, heard: Heard) -> str:
        """What the program does, in a sentence."""
        window = f" over {self.window} samples" if self.window > 1 else ""
        schedule = "".join(f", {name}" for name in self.schedule)
        from_file = heard.has_target and not is_named(self.input)
        # Without folders: the text must not depend on where the program is.
        source = self.input if is_named(self.input) else Path(self.input).name
        clip = "" if self.clip is None else f", derivatives limited to {self.clip:g}"
        again = "" if self.restart is None else f"; all starts again every {self.restart:g} s"
        return (
            f"loss: {self.loss}{window}; optimizer: {self.optimizer}, rate {self.rate:g}{schedule}"
            f"{clip}; input: {source}{', with what is to be matched' if from_file else ''}"
            f"{again}"
        )

    def channels(self, outs: int) -> tuple[Output, ...]:
        """The output channels of the program, for a target of so many outputs."""
        numbers = [""] if outs == 1 else [str(index) for index in range(outs)]
        heard = [
            Output(f"{name}{number}", index)
            for name in ("target", "estimate")
            for index, number in enumerate(numbers)
        ]
        loss = Output("loss", 0)
        return {"loss": (loss,), "audio": tuple(heard), "all": (loss, *heard)}[self.outputs]

    def text(self, variables: Sequence[Parameter], heard: Heard, ins: int, outs: int) -> str:
        """The program, in which the target is called `hidden` and the model `known`.

        Args:
            variables: what is learnt, with the initial values to learn from.
            heard: what target and model hear.
            ins, outs: the numbers of inputs and outputs of both.
        """
        return "\n".join(self._lines(variables, heard, ins, outs)) + "\n"

    def _lines(
        self, variables: Sequence[Parameter], heard: Heard, ins: int, outs: int
    ) -> Iterator[str]:
        titles = titles_of(variables)
        names = [f"learnt_{tag}" for tag in tags(variable.label for variable in variables)]
        for prefix, file in _LIBRARIES.items():
            yield f"{prefix} = library({quote(file)});"
        for name, title, variable in zip(names, titles, variables, strict=True):
            yield f"{name} = hgroup({quote(title)}, {_learnable(variable, title)});"
        yield f"parameters = vgroup({quote('learning')}, ({', '.join(names)}));"
        meters = ", ".join(f"hbargraph({quote(title)}, -1, 1)" for title in titles)
        yield f"gradients = vgroup({quote('gradients')}, ({meters}));"
        yield f"rate = vgroup({quote('learning')}, {_rate(self.rate)});"
        yield f"steps = {self._steps(len(variables), outs)};"
        known = {"window": str(self.window), "outs": str(outs)}
        yield f"loss = {expression('loss', LOSSES, self.loss, **known)};"
        if heard.has_target:
            yield f"target = par(i, {ins}, !), si.bus({outs});"
            yield f"model = known, par(i, {outs}, !);"
        else:
            yield "target = hidden;"
            yield "model = known;"
        yield f"input = {heard.text};"
        yield f"meter = hbargraph({quote('loss')}, 0, 1), si.bus({2 * outs});"
        yield f"chosen = {_CHOSEN[self.outputs].format(count=2 * outs)};"
        yield "estimate = df.estimate(model, parameters);"
        yield "process = input : df.learn(target, estimate, loss, steps) : meter : chosen;"

    def _steps(self, count: int, outs: int) -> str:
        """From what `df.learn` gives to an optimizer to the steps of so many parameters."""
        rate = "rate"
        for schedule in self.schedule:
            rate = expression("schedule", SCHEDULES, schedule, rate=rate)
        whole = newton(self.loss, count, outs, rate)
        step = expression("optimizer", OPTIMIZERS, self.optimizer, rate=rate, newton=whole)
        clip = "" if self.clip is None else f"df.clip({real(self.clip)}) : "
        if not is_auto(self.optimizer):
            return f"gradients : par(i, {count}, {clip}{step})"
        clipped = f"(gradients : par(i, {count}, {clip}_))"
        return f"{clipped}, si.bus({residuals(self.loss, outs)}*(1 + {count})) : {step}"


def titles_of(variables: Sequence[Parameter]) -> list[str]:
    """What the parameters are called on the screen: their labels, or paths where two are alike."""
    titles = [variable.label for variable in variables]
    if len(set(titles)) < len(titles):
        titles = [variable.path.strip("/").replace("/", " ") for variable in variables]
    counts = [titles[:index].count(title) for index, title in enumerate(titles)]
    return [
        f"{title} {count + 1}" if count else title
        for title, count in zip(titles, counts, strict=True)
    ]


def _learnable(parameter: Parameter, title: str) -> str:
    low, high = bound(parameter.min), bound(parameter.max)
    is_log = parameter.scale == "log"
    unit = f" [unit:{parameter.unit}]" if parameter.unit else ""
    label = quote(f"{title}{unit}{' [scale:log]' if is_log else ''}")
    scale = "df.logarithmic" if is_log else "df.linear"
    meter = f"hbargraph({label}, {low}, {high})"
    return f"df.learnable({bound(parameter.init)}, {low}, {high}, {scale}, {meter})"


def _rate(rate: float) -> str:
    low, high = f"{rate / 1000:.3g}", bound(max(1.0, 10 * rate))
    return f"hslider({quote('learning rate [scale:log]')}, {real(rate)}, {low}, {high}, {low})"
