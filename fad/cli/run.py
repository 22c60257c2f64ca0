"""`fad run`: programs that run, with what became of them as files and as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from fad.base.settings import Settings
from fad.cli.options import (
    NATIVE,
    RATE,
    RUN_PRECISION,
    SEED,
    TRUST,
    given,
    program_of,
    search_options,
    settings_option,
    show,
    warn,
    wrote,
)
from fad.cli.project import ProjectCommand

if TYPE_CHECKING:
    from fad.runtime.recording import Recording

_SOUNDS = ("noise", "silence")


@click.command(cls=ProjectCommand, short_help="Run a program, and record and draw what it does.")
@click.argument("file")
@search_options
@click.option("--seconds", type=float, default=5.0, show_default=True, help="How long to run.")
@settings_option(
    'Where sliders, buttons and checkboxes are, as in "gain=0.3,fc=800" or, from a time on, '
    '"2.0:gain=0.8"; repeatable.'
)
@click.option("--plot", metavar="OUT.png", help="Draw the run; `.svg` and `.pdf` are known, too.")
@click.option(
    "--wav",
    metavar="OUT.wav",
    help="Write the outputs, as 32-bit floats; `.flac`, `.aiff` and `.ogg` are known, too.",
)
@click.option(
    "--csv", metavar="OUT.csv", help="Write the sliders, bargraphs and outputs over time."
)
@click.option(
    "--input",
    "sound",
    metavar="SOUND",
    default="noise",
    show_default=True,
    help="What the program hears: a sound file, repeated if it is short, `noise` or `silence`.",
)
@RATE
@SEED
@RUN_PRECISION
@NATIVE
@TRUST
def run(
    file: str,
    at: Settings,
    plot: str | None,
    wav: str | None,
    csv: str | None,
    sound: str,
    rate: int | None,
    **options: Any,
) -> None:
    """Run a program, move its sliders, and record its outputs and bargraphs.

    FILE is a Faust program; `-` reads the standard input. It may use the operators `fad`, `rad` and
    `forwardAD`. The picture shows bargraphs as learnt parameters, each with the slider of the same
    label as its target; those in a group `gradients` as gradients; one called `loss` as the loss.

    \b
    Examples:
      fad run learner.dsp --seconds 5 --plot learner.png
      fad run learner.dsp --at "gain=0.3" --at "2.0:gain=0.8,fc=800" --csv learner.csv
    """
    import fad
    from fad.base import output_file as out
    from fad.base.output_paths import refuse_conflicts
    from fad.cli import reports
    from fad.runtime import sounds

    results = {"--plot": plot, "--wav": wav, "--csv": csv}
    read = () if sound in _SOUNDS else (sound,)
    refuse_conflicts(results, given(file), read)
    if plot is not None:
        from fad.drawing.plot import format_of, require_matplotlib

        format = format_of(plot)
        require_matplotlib()
    kept = None if wav is None else sounds.format_of(wav)
    inputs: Any = sound
    if sound not in _SOUNDS:
        inputs, file_rate = sounds.read_sound(sound)
        rate = file_rate if rate is None else rate
    with _progress() as progress:
        recording = fad.run(
            program_of(file),
            rate=44100 if rate is None else rate,
            at=at.start,
            changes=at.changes,
            inputs=inputs,
            progress=progress,
            **options,
        )
    refuse_conflicts(results, given(file), (*read, *recording.files))
    warn(recording.warnings)
    if wav is not None and kept is not None:
        heard = sounds.sound_of(recording.outputs, recording.rate, kept)
    if plot is not None:
        out.write_bytes(_drawn(recording, format), plot)
    if wav is not None:
        out.write_bytes(heard, wav)
    if csv is not None:
        out.write(recording.to_csv(), csv)
    wrote(*results.values())
    if not set(results.values()) & set(out.STANDARD_OUTPUT):
        show(reports.run_table(recording))


def _drawn(recording: Recording, format: str) -> bytes:
    import fad

    return fad.rendered(fad.picture(recording), format)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Shows how far a run is, where the standard error is a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, frames: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("compiling", total=None)
        yield lambda done, frames: bar.update(
            task, description="running", completed=done, total=frames
        )
