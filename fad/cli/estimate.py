"""The command `fad estimate`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from fad.cli.options import ORDER_BY, RULES, program_of, program_options, values_option
from fad.cli.project import ProjectCommand
from fad.cli.results import Goal, finish, goals, write_programs


@click.command(
    cls=ProjectCommand, short_help="Write the program that learns a program's parameters."
)
@click.argument("file")
@program_options
@click.option(
    "--estimate",
    "model",
    metavar="MODEL.dsp",
    help="The program whose parameters are learnt; FILE itself by default.",
)
@click.option(
    "--wrt",
    metavar="PATTERN",
    multiple=True,
    help="Parameter to learn, by label or path, with the wildcards of the shell; several with "
    "commas; repeatable. All sliders and number entries by default.",
)
@click.option(
    "--freeze", metavar="PATTERN", multiple=True, help="Parameter not to learn; repeatable."
)
@values_option(
    "--start",
    help='Where to start, as in "gain=0.1,fc=800"; a copy of FILE starts away from its values; '
    "repeatable.",
)
@click.option(
    "--loss",
    default="l2",
    show_default=True,
    help="`l1`, `l2`, `huber(delta)`, `logcosh`, `msle`, `spectral(bands, low, high)`, or, for "
    "labels and logits, `crossentropy` or `categorical`.",
)
@click.option(
    "--window",
    type=int,
    default=1,
    show_default=True,
    help="Samples that the loss is averaged over.",
)
@click.option(
    "--optimizer",
    default="adam",
    show_default=True,
    help="`sgd`, `momentum(beta)`, `nesterov(beta)`, `rmsprop(decay)`, `adam(beta1, beta2)`, "
    "`nadam(beta1, beta2)`, `sign`, or `auto`, which finds the size of its steps by itself.",
)
@click.option(
    "--rate",
    type=float,
    help="Learning rate, in ranges of a parameter per sample; by default one that suits the loss.",
)
@click.option(
    "--schedule",
    multiple=True,
    help="What becomes of the rate, in seconds: `exponential(half_life)`, `step(factor, period)`, "
    "`cosine(end, duration)`, `warmup(duration)`; repeatable.",
)
@click.option("--clip", type=float, help="Limit of each derivative.")
@click.option(
    "--input",
    default="noise",
    show_default=True,
    help="What both hear: `noise`, `sine`, a sound file, a program without inputs, or `external`: "
    "the program's inputs, followed by those for the target's signal, or for labels.",
)
@click.option(
    "--restart",
    type=float,
    metavar="SECONDS",
    help="Start a sound file again and press all buttons again, every so many seconds.",
)
@click.option(
    "--outputs",
    type=click.Choice(["loss", "audio", "all"]),
    default="loss",
    show_default=True,
    help="What the program gives out; audio is the target, then the estimate.",
)
@ORDER_BY
@RULES
def estimate(
    file: str,
    output: str,
    check: str | None,
    model: str | None,
    **options: Any,
) -> None:
    """Write the program in which a copy of a program learns to sound like it.

    FILE is a Faust program; `-` reads the standard input. Its sliders stay, as hidden values; the
    copy's are learnt by gradient descent, and shown. What is written is plain Faust.

    \b
    Examples:
      fad estimate synth.dsp -o learning.dsp
      fad run learning.dsp --seconds 5 --at "2:/target/gain=0.8" --plot learning.png
    """
    import fad

    compute = partial(
        fad.estimate,
        model=None if model is None else program_of(model),
        folder=Path(output).parent,
        **options,
    )
    finish(write_programs(compute, goals([file], Goal(output, expected=check))))
