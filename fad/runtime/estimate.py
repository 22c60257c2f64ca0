"""`fad.estimate`: programs that learn, from sound files, too."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fad.base.precision import Precision
from fad.diagram.order import OrderBy
from fad.estimation.estimate import Job, estimated
from fad.estimation.learning_program import Channels, Learning
from fad.estimation.recipes import usual_rate
from fad.pipeline.front import Request, read
from fad.pipeline.program import Program
from fad.syntax.libraries import ProgramLike


def estimate(
    target: ProgramLike,
    model: ProgramLike | None = None,
    *,
    include: Sequence[str | Path] = (),
    libraries: str | Path | None = None,
    precision: Precision = "double",
    wrt: Sequence[str] = (),
    start: dict[str, float] | None = None,
    freeze: Sequence[str] = (),
    loss: str = "l2",
    window: int = 1,
    optimizer: str = "adam",
    rate: float | None = None,
    schedule: Sequence[str] = (),
    clip: float | None = None,
    input: str = "noise",
    outputs: Channels = "loss",
    restart: float | None = None,
    rules: ProgramLike | None = None,
    folder: str | Path = ".",
    order_by: OrderBy = "text",
) -> Program:
    """Writes the Faust program in which a model learns to sound like a target.

    Args:
        target: the program to be matched, a text or the path of a file. Its sliders are the hidden
            values.
        model: the program whose parameters are learnt; the target's own by default. It has the
            same numbers of inputs and outputs. Widgets that are not learnt are the target's own,
            if the two have some in common.
        include, libraries, precision, rules: see `transform`.
        wrt: the parameters to learn, see `transform`; sliders and number entries only.
        start: label or path of a parameter -> its initial value, in its range. Others of a copy
            of the target start away from the target's own values, at a quarter or at three
            quarters of their ranges; those of a model of its own, and of one that learns from an
            external signal, start where the model has them.
        freeze: parameters not to learn, by label or path.
        loss: `l1`, `l2`, `huber(delta)`, `logcosh`, `msle` or `spectral(bands, low, high)`; for
            a target of labels and a model that answers with logits `crossentropy` or, where each
            output is a class, `categorical`.
        window: the number of samples that the loss is averaged over.
        optimizer: `sgd`, `momentum(beta)`, `nesterov(beta)`, `rmsprop(decay)`,
            `adam(beta1, beta2)`, `nadam(beta1, beta2)` or `sign`; or `auto`, which finds the size
            of its steps in the curvature of the loss.
        rate: the learning rate, in ranges of a parameter per sample; by default one that suits
            the loss. That of `auto` is a part of the way to the bottom of the loss.
        schedule: what becomes of the rate in time: `exponential(half_life)`,
            `step(factor, period)`, `cosine(end, duration)`, `warmup(duration)`, in seconds, one
            applied to the other.
        clip: the limit of each derivative; none by default.
        input: what both hear: `noise`, `sine`, the path of a sound file, that of a program
            without inputs (`.dsp`), or `external`, the program's own inputs. External inputs are
            followed by the signal of the target, or by labels, and the target is not computed; so
            are those of a file or program with channels for both.
        outputs: `loss`, `audio` for the target and the estimate, `all` for both.
        restart: the time in seconds after which all starts again that plays once: a sound file, and
            the buttons of both programs, which are pressed for the first half of that time.
        folder: where the program will be: it names a sound file from there.
        order_by: the order of the parameters; see `transform`.

    Returns:
        The program. Its parameters are those that are learnt. Its widgets are in the groups
        `target`, `learning` (the learnt values, with a switch that freezes each, the rate and a
        button that starts again), `gradients` and the loss.

    Raises:
        FadError: a program is missing or malformed, there is nothing to learn, the model does not
            fit the target, or what is asked for does not exist.
    """
    rate = usual_rate(loss, optimizer) if rate is None else rate
    learning = Learning(
        loss, window, optimizer, rate, tuple(schedule), clip, input, outputs, restart, Path(folder)
    )
    learning.check()
    front = read(Request(target, include, precision, rules, libraries))
    job = Job(learning, model, tuple(wrt), dict(start or {}), tuple(freeze), order_by)
    return estimated(front, job, _size_of)


def _size_of(path: str) -> tuple[int, int]:
    """The size of a sound file; without one, nothing native is needed."""
    from fad.runtime.sounds import size_of

    return size_of(path)
