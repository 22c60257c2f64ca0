"""`fad fit`: from recordings to the parameters that made them."""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fad.base.settings import Settings, ranges
from fad.cli.failures import worst
from fad.cli.fit_many import fit_each, many_of, many_options, places
from fad.cli.fit_progress import callback
from fad.cli.options import (
    BACKENDS,
    NATIVE,
    TRUST,
    given,
    program_of,
    search_options,
    settings_option,
    show,
    values_option,
    variable_options,
    warn,
    wrote,
)
from fad.cli.project import ProjectCommand, without_project
from fad.cli.results import exit_code

if TYPE_CHECKING:
    from fad.base.source import Source
    from fad.fitting.assembly import Instrument
    from fad.fitting.result import FitResult
    from fad.fitting.settings import Setting

#: A sample rate to read losses with, in Hz, where none is known yet.
_RATE = 44100
#: What says how recordings on the command line are played.
_PLAYED = ("sound", "at", "midi")
#: The options that go to `fad.fit` as they are, where they are given: the others start as it says.
_PASSED = ("align", "method", "starts", "seed", "tolerance", "max_seconds", "max_evaluations")


class _Positive(click.FloatRange):
    """A number that is more than 0."""

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):  # which click takes for a part of any range
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


_POSITIVE = _Positive()


@click.command(cls=ProjectCommand, short_help="Find the parameters that made a recording.")
@click.argument("file")
@click.argument("recordings", metavar="[TARGET.wav]...", nargs=-1)
@search_options
@click.option("-o", "--output", metavar="FITTED.dsp", help="Write the program with new inits.")
@click.option("--preset", metavar="OUT.json", help="Write the values that were found.")
@click.option(
    "--report", metavar="OUT.html", help="Write a page with all that is known of the fit."
)
@click.option(
    "--input",
    "sound",
    metavar="SOUND",
    help="What the program hears: the dry sound file that the recording was made from.",
)
@settings_option(
    'Where sliders, buttons and checkboxes are, as in "gain=0.3,fc=800" or, from a time on, '
    '"0.5:gate=1"; repeatable.'
)
@click.option(
    "--midi",
    metavar="NOTES.mid",
    help="The notes that are played, by the program's `freq` or `key`, `gain` and `gate`.",
)
@click.option(
    "--targets",
    metavar="FILE.yaml",
    help="Several recordings, each with `target`, `input`, `at`, `changes`, `midi` and `name` of "
    "its own; JSON is known, too.",
)
@click.option(
    "--separate",
    metavar="PATTERN",
    multiple=True,
    help="Parameter that each recording has for its own; several with commas; repeatable.",
)
@variable_options
@values_option(
    "--freeze", help='Parameters that are held, and where, as in "q=2,gain=0.5"; repeatable.'
)
@values_option("--start", help="Where to start, as in `--freeze`; repeatable.")
@click.option(
    "--bounds",
    metavar="RANGES",
    multiple=True,
    callback=lambda context, option, texts: ranges(texts),
    help='Ranges that are narrower than those of the sliders, as in "fc=200:2000"; repeatable.',
)
@click.option(
    "--loss",
    default="auto",
    show_default=True,
    help="What is to be small: `auto`, or `roots`, `mss`, `waveform`, `esr`, `envelope`, `mel`, "
    '`transport` or `l1`, with windows, weights and sums, as in "mss(2048, 512) + 0.1*envelope".',
)
@click.option(
    "--align",
    is_flag=True,
    default=None,
    help="The recordings have an unknown delay and gain: find them, too.",
)
@click.option(
    "--method", help="`levenberg-marquardt`, `l-bfgs-b`, `cma-es` or `nelder-mead` alone."
)
@click.option("--starts", type=click.IntRange(1), help="How many points to start from.")
@click.option("--seed", type=click.IntRange(0), help="Of what is random; the same gives the same.")
@click.option(
    "--tolerance",
    type=_POSITIVE,
    help="How small a loss ends the fit, relative to that of silence.",
)
@click.option("--max-seconds", type=_POSITIVE, help="How long the fit may take.")
@click.option(
    "--max-evaluations", type=click.IntRange(1), help="How many times the program may run."
)
@click.option(
    "--window",
    type=_POSITIVE,
    metavar="SECONDS",
    help="How much of a recording counts; as much as fits into memory by default.",
)
@click.option("--rate", type=int, help="Sample rate in Hz; that of the first recording.")
@click.option(
    "--precision",
    type=click.Choice(["single", "double"]),
    default="single",
    show_default=True,
    help="How the program computes.",
)
@NATIVE
@TRUST
@many_options
def fit(
    file: str,
    recordings: tuple[str, ...],
    output: str | None,
    preset: str | None,
    report: str | None,
    targets: str | None,
    loss: str,
    window: float | None,
    rate: int | None,
    native: bool | None,
    rules: Path | None,
    **options: Any,
) -> None:
    """Find the values of a program's parameters with which it comes closest to recordings.

    FILE is a Faust program; `-` reads the standard input. All sliders and number entries are
    fitted, unless `--wrt` names others, but for what `--at` and `--midi` play, and what `--freeze`
    holds. Ctrl-C ends the fit with the best so far.

    \b
    Examples:
      fad fit reverb.dsp wet.wav --input dry.wav -o fitted.dsp
      fad fit synth.dsp note.wav --at "0:gate=1" --at "0.5:gate=0" --report fit.html
      fad fit synth.dsp --targets notes.yaml --separate gain --preset synth.json
      fad fit synth.dsp drums/*.wav --each --preset presets --results drums.sqlite
    """
    import fad
    from fad.base.output_file import STANDARD_OUTPUT
    from fad.base.output_paths import refuse_conflicts
    from fad.cli import reports
    from fad.fitting.assembly import read_targets
    from fad.fitting.loss_names import loss_of

    results = {"-o": output, "--preset": preset, "--report": report}
    many = many_of(options, results)
    settings, separate = _settings(recordings, targets, options)
    written = results if many is None else places(many, results, settings)
    read = [path for each in settings for path in (each.target, each.input, each.midi) if path]
    read += [] if targets is None else [targets]
    refuse_conflicts(written, given(file), read)
    source = program_of(file)
    told_rules = None if rules is None else program_of(rules)
    searched = {name: options[name] for name in ("include", "libraries", "precision")}
    instrument, files = _instrument(source, options["wrt"], rules=told_rules, **searched)
    refuse_conflicts(written, given(file), [*read, *files])
    if loss != "auto":  # a mistake in it is told before recordings are read
        loss_of(loss, _RATE if rate is None else rate)
    asked = {
        **{name: options[name] for name in ("wrt", "freeze", "start", "bounds", "surrogate")},
        **{name: options[name] for name in _PASSED if options[name] is not None},
        **{"loss": loss, "rules": told_rules, "trust": options["trust"]},
        **{"backend": BACKENDS[native], **searched},
    }
    reading = (instrument, rate, window, bool(options["align"]))
    command = shlex.join(["fad", *sys.argv[1:]])
    if many is not None:
        code = fit_each(many, source, settings, reading, asked, results, command)
        click.get_current_context().exit(code)
    found = read_targets(settings, *reading)
    warn(found.warnings)
    with callback(options["max_seconds"], options["max_evaluations"]) as told:
        result: FitResult = fad.fit(
            source, found.values, separate=separate, rate=found.rate, callback=told, **asked
        )
    warn(result.warnings)
    if result.ending == "stopped":
        warn(["the fit was stopped: this is the best that it had found"])
    codes = _write(results, partial(_made, result, command))
    if not {path for path in results.values() if path} & set(STANDARD_OUTPUT):
        show(reports.fit_table(result))
    click.get_current_context().exit(worst(codes))


def _settings(
    recordings: Sequence[str], targets: str | None, options: Mapping[str, Any]
) -> tuple[tuple[Setting, ...], tuple[str, ...]]:
    """The recordings, and the parameters that each has for its own.

    Args:
        recordings: those on the command line.
        targets: the file that names others.
        options: those of the command.
    """
    from fad.fitting.settings import Setting, read_settings

    separate = tuple(options["separate"])
    if targets is None:
        if not recordings:
            raise click.UsageError("name a recording, or a file that does: `--targets FILE.yaml`")
        played: Settings = options["at"]
        more = (options["sound"], played, options["midi"])
        return tuple(Setting(each, *more) for each in recordings), separate
    if recordings:
        raise click.UsageError("`--targets` names all recordings: put them into its file")
    own = {each: options[each] for each in _PLAYED}
    if any(any(each) if isinstance(each, tuple) else each for each in _kept(own).values()):
        raise click.UsageError(
            "`--input`, `--at` and `--midi` are for recordings on the command line: with "
            "`--targets`, they are in its file"
        )
    found = read_settings(targets)
    return found.settings, (*separate, *found.separate)


def _kept(own: Mapping[str, Any]) -> Mapping[str, Any]:
    """Options of the command line, without those of the project."""
    return without_project(own, *own)


def _instrument(
    source: Source, wrt: Sequence[str], **searched: Any
) -> tuple[Instrument, tuple[Path, ...]]:
    """What there is to know of the program, and the files that it is made from."""
    from fad.base.deep_stack import recursive
    from fad.diagram.box import arity_of
    from fad.diagram.order import widgets_of
    from fad.diagram.parameters import select
    from fad.fitting.assembly import Instrument
    from fad.pipeline.front import Request, read

    @recursive
    def evaluated() -> tuple[Instrument, tuple[Path, ...]]:
        front = read(Request(source, **searched))
        evaluation = front.evaluated()
        arity = arity_of(evaluation.process)
        widgets = widgets_of(evaluation.process, evaluation.facts, front.title)
        variables = select(widgets, arity[0], wrt)
        return Instrument(arity, widgets, len(variables)), front.files(evaluation.process)

    return evaluated()


def _made(result: FitResult, command: str, option: str) -> str:
    """A result as a text.

    Args:
        result: of the fit.
        command: the command line, for the report.
        option: which one is asked for.
    """
    if option == "-o":
        return result.source
    if option == "--preset":
        from fad.reporting.preset import preset

        return preset(result)
    from fad.reporting.report import report

    return report(result, command)


def _write(results: Mapping[str, str | None], made: Callable[[str], str]) -> list[int]:
    """Writes what is asked for. What cannot be written is told, and stops nothing else.

    Args:
        results: option -> the path for it, if it is asked for.
        made: from an option to its text.

    Returns:
        An exit code for each.
    """
    from fad.base import output_file as out

    def write(option: str, path: str) -> None:
        out.write(made(option), path)
        wrote(path)

    asked = [(option, path) for option, path in results.items() if path is not None]
    return [exit_code(partial(write, option, path), None) for option, path in asked]
