"""`fad call`: a program on a recording, with its derivatives as arrays."""

from __future__ import annotations

from typing import Any

import click

from fad.base.settings import Settings
from fad.cli.options import (
    BACKENDS,
    NATIVE,
    RATE,
    RUN_PRECISION,
    TRUST,
    given,
    program_of,
    search_options,
    settings_option,
    variable_options,
    warn,
    wrote,
)
from fad.cli.project import ProjectCommand


@click.command(cls=ProjectCommand, short_help="Run a program on a recording, with derivatives.")
@click.argument("file")
@search_options
@variable_options
@click.option(
    "--input",
    "sound",
    metavar="SOUND",
    help="The sound file that the program hears; one channel goes to all inputs.",
)
@click.option(
    "--seconds",
    type=float,
    help="How long to run; as long as the sound file. Silence follows its end.",
)
@settings_option(
    'Where sliders, buttons and checkboxes are, as in "gain=0.3,fc=800" or, from a time on, '
    '"2.0:gain=0.8"; repeatable.'
)
@click.option(
    "-o",
    "--output",
    metavar="OUT.wav",
    help="Write the outputs; `.flac`, `.aiff` and `.ogg` are known, too.",
)
@click.option(
    "--jacobian",
    metavar="OUT.npz",
    help="Write the outputs and their derivatives by each variable, as arrays of numpy.",
)
@RATE
@RUN_PRECISION
@NATIVE
@TRUST
def call(
    file: str,
    sound: str | None,
    seconds: float | None,
    at: Settings,
    output: str | None,
    jacobian: str | None,
    rate: int | None,
    native: bool | None,
    rules: Any,
    **options: Any,
) -> None:
    """Run a program on a recording, and write its outputs and their derivatives.

    FILE is a Faust program; `-` reads the standard input. The archive has `outputs`, of shape
    (channels, samples), a derivative of that shape under the label of each variable, and `rate`.
    Of a variable that moves, there is a derivative by each of its values: (channels, values,
    samples).

    \b
    Examples:
      fad call eq.dsp --input in.wav --at "cutoff=800" -o out.flac
      fad call synth.dsp --input in.wav --at "0.01:gate=1" --jacobian out.npz
    """
    if output is None and jacobian is None:
        raise click.UsageError("name what to write: `-o OUT.wav`, or `--jacobian OUT.npz`")
    if sound is None and seconds is None:
        raise click.UsageError("say how long to run: `--seconds`, or `--input`, a sound file")

    import fad
    from fad.base import output_file as out
    from fad.base.output_paths import refuse_conflicts
    from fad.model import recordings
    from fad.runtime.frames import check_size, frames_of
    from fad.runtime.sounds import format_of, read_sound, sound_of

    results = {"-o": output, "--jacobian": jacobian}
    read = () if sound is None else (sound,)
    refuse_conflicts(results, given(file), read)
    format = "WAV" if output is None else format_of(output)
    recording = None
    if sound is not None:
        recording, file_rate = read_sound(sound)
        rate = file_rate if rate is None else rate
    rate = 44100 if rate is None else rate
    asked = frames_of(1.0 if seconds is None else seconds, rate)  # refuses what is no rate
    model = fad.load(
        program_of(file),
        rate=rate,
        backend=BACKENDS[native],
        mode="forward",
        block=recordings.block_for(at.changes, rate),
        rules=None if rules is None else program_of(rules),
        **options,
    )
    refuse_conflicts(results, given(file), (*read, *model.files))
    frames = recordings.length(recording, model.inputs, None if seconds is None else asked)
    lanes = 0 if jacobian is None else len(model.variables)
    check_size((model.inputs, model.outputs * (1 + lanes)), frames, rate)
    heard = None if recording is None else recordings.fitted(recording, model.inputs, frames)
    course = recordings.course(model, at.start, at.changes, frames)
    written = {}
    if jacobian is not None:
        outputs, found = recordings.derivatives(model, heard, course, frames)
        written[jacobian] = recordings.archive(model, outputs, found)
    else:
        outputs, found = model(heard, course.values, frames=frames), {}
    if output is not None:
        written[output] = sound_of(outputs, rate, format)
    warn(model.warnings)
    named = {f"output {number}": values for number, values in enumerate(outputs)}
    named |= {f"the derivative by `{path}`": values for path, values in found.items()}
    warn(recordings.undefined(named))
    for path, content in written.items():
        out.write_bytes(content, path)
    wrote(output, jacobian)
