"""The command `fad fit`: what it hands over, and what becomes of what it gets.

The fit itself is tested in tests/fitting; here, a quick one stands in for it, but in the end.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import fad
from fad.cli.fit_progress import callback
from fad.cli.main import main
from fad.diagram.parameters import Parameter
from fad.fitting.alignment import Alignment
from fad.fitting.budget import Progress
from fad.fitting.result import FitResult, Match, Sensitivity
from fad.fitting.targets import Target
from fad.runtime.engine import Engine
from fad.runtime.sounds import read_sound, sound_of
from tests.support.commands import command_line
from tests.support.native import needs_compiler

RATE, FRAMES = 8000, 400
PROGRAM = """
cutoff = hslider("cutoff[unit:Hz][scale:log]", 500, 100, 10000, 1);
gain = hslider("gain", 0.5, 0, 2, 0.01);
gate = button("gate");
process = *(gain*(1 + gate)) : + ~ *(cutoff/20000);
"""
#: In 32 bits, as in files.
NOISE = np.random.default_rng(1).uniform(-0.5, 0.5, (1, FRAMES)).astype("f4").astype("f8")
CUTOFF = Parameter("/p/cutoff", "cutoff", "hslider", 500, 100, 10000, 1, "Hz", "log")
GAIN = Parameter("/p/gain", "gain", "hslider", 0.5, 0, 2, 0.01)


def progress(loss: float = 0.1, evaluations: int = 1, **parameters: float) -> Progress:
    return Progress("mss (64)", 1, 4, loss, parameters, evaluations, 0.5 * evaluations)


def result(**changes: Any) -> FitResult:
    """What a fit may find."""
    errors = np.array([0.01, np.inf])
    found = FitResult(
        parameters={"/p/cutoff": 1000.0, "/p/gain": 0.25},
        variables=(CUTOFF, GAIN),
        loss=0.00123,
        start_loss=0.5,
        ending="converged",
        message="no step makes it smaller",
        loss_name="mss",
        reason="as asked for",
        evaluations=12,
        seconds=0.5,
        attempts=(),
        sensitivity=Sensitivity(("/p/cutoff", "/p/gain"), np.ones(2), errors, np.eye(2)),
        matches=(),
        warnings=("`/p/gain` has no influence",),
        source="process = 1;\n",
        rate=RATE,
        seed=0,
    )
    return replace(found, **changes)


@dataclass
class Fits:
    """Stands in for `fad.fit`.

    Attributes:
        gives: what it returns, or does when it is called with its options.
        called: its arguments.
        made: what the modules that make presets and reports of results return, or raise.
    """

    gives: Callable[..., FitResult] = lambda **options: result()
    program: Any = None
    targets: Sequence[Target] = ()
    options: dict[str, Any] = field(default_factory=dict)
    made: dict[str, str | Exception] = field(default_factory=dict)

    def __call__(self, program: Any, targets: Sequence[Target], **options: Any) -> FitResult:
        self.program, self.targets, self.options = program, targets, options
        return self.gives(**options)

    def make(self, name: str, *arguments: Any) -> str:
        made = self.made.get(name, f"{name} {arguments[1:]}\n")
        if isinstance(made, Exception):
            raise made
        return made


@dataclass(frozen=True)
class Done:
    code: int
    stdout: str
    stderr: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, where a program and two recordings are."""
    (tmp_path / "p.dsp").write_text(PROGRAM)
    for name, sound in (("wet", 0.5 * NOISE), ("dry", NOISE)):
        (tmp_path / f"{name}.wav").write_bytes(sound_of(sound, RATE))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> Fits:
    found = Fits()
    monkeypatch.setattr(fad, "fit", found, raising=False)
    for name in ("preset", "report"):
        module: Any = ModuleType(f"fad.reporting.{name}")
        setattr(module, name, lambda *arguments, name=name: found.make(name, *arguments))
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return found


@pytest.fixture
def fit(fits: Fits, command: Callable[..., Done]) -> Callable[..., Done]:
    """Runs `fad fit`, with a quick fit."""
    return command


@pytest.fixture
def command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Runs `fad fit` in this process, as the command line does."""
    monkeypatch.setattr("fad.cli.main._end_cleanly", lambda: None)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # for what changes it

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["fad", "fit", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Done(int(ended.value.code or 0), *capfd.readouterr())

    return run


WET = ("p.dsp", "wet.wav", "--input", "dry.wav")


# -- What goes in -------------------------------------------------------------------------------


def test_a_recording_and_what_is_played(fit: Callable[..., Done], fits: Fits) -> None:
    done = fit(*WET, "--at", "0.01:gate=1", "--at", "gain=1")
    assert done.code == 0
    (target,) = fits.targets
    assert target.name == "wet" and target.input is not None
    np.testing.assert_array_equal(target.sound, 0.5 * NOISE)
    np.testing.assert_array_equal(target.input, NOISE)
    assert (target.at, target.changes) == ({"/gain": 1}, {0.01: {"/gate": 1}})
    assert fits.program.name == "p.dsp"
    told = fits.options
    assert told["rate"] == RATE and told["loss"] == "auto" and told["precision"] == "single"
    assert told["backend"] == "auto" and told["separate"] == ()
    # What is not asked for is for the fit to choose.
    assert not {"method", "starts", "seed", "tolerance", "max_seconds"} & told.keys()


def test_options_are_handed_over(fit: Callable[..., Done], fits: Fits) -> None:
    done = fit(
        *(*WET, "--wrt", "cutoff,gain", "--freeze", "gain=1.5", "--start", "cutoff=300"),
        *("--bounds", "cutoff=200:2000", "--bounds", "gain=0:1", "--separate", "gain"),
        *("--loss", "mss(64)+0.1*envelope", "--align", "--method", "cma", "--starts", "3"),
        *("--seed", "7", "--tolerance", "1e-3", "--max-seconds", "5", "--max-evaluations", "100"),
        *("--rate", "8000", "--precision", "double", "--interpreter", "--trust", "-I", "lib"),
        *(
            "--surrogate",
            "tables",
        ),
    )
    assert done.code == 0
    wanted = {
        "wrt": ("cutoff,gain",),
        "freeze": {"gain": 1.5},
        "start": {"cutoff": 300},
        "bounds": {"cutoff": (200, 2000), "gain": (0, 1)},
        "separate": ("gain",),
        "loss": "mss(64)+0.1*envelope",
        "align": True,
        "method": "cma",
        "starts": 3,
        "seed": 7,
        "tolerance": 1e-3,
        "max_seconds": 5,
        "max_evaluations": 100,
        "rate": RATE,
        "precision": "double",
        "backend": "interpreter",
        "trust": True,
        "include": ("lib",),
        "surrogate": ["tables"],
        "rules": None,
        "libraries": None,
    }
    del fits.options["callback"]
    assert fits.options == wanted


def test_several_recordings(fit: Callable[..., Done], fits: Fits) -> None:
    assert fit("p.dsp", "wet.wav", "dry.wav", "--input", "dry.wav").code == 0
    assert [each.name for each in fits.targets] == ["wet", "dry"]


def test_a_file_of_recordings(fit: Callable[..., Done], fits: Fits, folder: Path) -> None:
    pytest.importorskip("yaml")
    (folder / "sub").mkdir()
    (folder / "sub" / "all.yaml").write_text(
        "separate: gain\n"
        "targets:\n"
        "- {target: ../wet.wav, input: ../dry.wav, at: '0.01:gate=1', name: one}\n"
        "- {target: ../dry.wav, input: ../dry.wav}\n"
    )
    assert fit("p.dsp", "--targets", "sub/all.yaml", "--separate", "cutoff").code == 0
    first, second = fits.targets
    assert (first.name, second.name) == ("one", "dry")
    assert first.changes == {0.01: {"/gate": 1}}
    assert fits.options["separate"] == ("cutoff", "gain")
    # What a project says about recordings on the command line gives way.
    (folder / "fad.toml").write_text('[fit]\nat = ["gain=1"]\nstarts = 5\nbounds = ["gain=0:1"]\n')
    assert fit("p.dsp", "--targets", "sub/all.yaml").code == 0
    assert fits.options["starts"] == 5 and fits.options["bounds"] == {"gain": (0, 1)}
    assert fit("p.dsp", "--targets", "sub/all.yaml", "--at", "gain=1").code == 2


def test_a_part_of_a_recording(fit: Callable[..., Done], fits: Fits) -> None:
    done = fit(*WET, "--window", "0.01")
    assert fits.targets[0].sound.shape == (1, 80)
    assert "warning: `wet.wav` is 0.05 s long, of which 0.01 s" in done.stderr


# -- What comes out -----------------------------------------------------------------------------


def test_results_and_a_table(fit: Callable[..., Done], folder: Path) -> None:
    done = fit(*WET, "-o", "out.dsp", "--preset", "out.json", "--report", "out.html")
    assert done.code == 0
    assert (folder / "out.dsp").read_text() == "process = 1;\n"
    assert (folder / "out.json").read_text() == "preset ()\n"
    command = "fad fit p.dsp wet.wav --input dry.wav -o out.dsp --preset out.json --report out.html"
    assert (folder / "out.html").read_text() == f"report ({command!r},)\n"
    assert done.stderr == (
        "warning: `/p/gain` has no influence\nwrote out.dsp\nwrote out.json\nwrote out.html\n"
    )
    # An error of a hundredth of two decades, where it is a thousand, is 46.
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["parameter", "value", "unit", "error"],
        ["/p/cutoff", "1000", "Hz", "46"],
        ["/p/gain", "0.25", "unknown"],
        [],
        ["mss:", "0.5", "->", "0.00123;", "no", "step", "makes", "it", "smaller"],
    ]


def test_parameters_that_each_recording_has_for_its_own(
    fit: Callable[..., Done], fits: Fits
) -> None:
    matches = tuple(
        Match(Target(NOISE, name=name), NOISE, NOISE, 0.0, {"/p/gain": gain})
        for name, gain in (("low", 0.5), ("high", 1.5))
    )
    fits.gives = lambda **options: result(
        parameters={"/p/cutoff": 1000.0}, matches=matches, sensitivity=None
    )
    lines = [line.split() for line in fit(*WET).stdout.splitlines()]
    assert lines[1:4] == [
        *(["/p/cutoff", "1000", "Hz"], ["/p/gain", "(low)", "0.5"], ["/p/gain", "(high)", "1.5"])
    ]


def test_values_at_the_ends_of_their_ranges(fit: Callable[..., Done], fits: Fits) -> None:
    """Perhaps a wider range comes closer."""
    fits.gives = lambda **options: result(parameters={"/p/cutoff": 100.0, "/p/gain": 2.0})
    _, cutoff, gain, *_ = fit(*WET).stdout.splitlines()
    assert cutoff.endswith("  at the low end of its range")
    assert gain.endswith("  unknown  at the high end of its range")


def test_the_standard_output_takes_one_result(fit: Callable[..., Done]) -> None:
    done = fit(*WET, "-o", "-")
    assert (done.code, done.stdout) == (0, "process = 1;\n")
    assert fit(*WET, "-o", "-", "--preset", "-").code == 2


def test_what_cannot_be_written_loses_nothing_else(
    fit: Callable[..., Done], fits: Fits, folder: Path
) -> None:
    (folder / "sub").mkdir()

    def gone(**options: Any) -> FitResult:
        (folder / "sub").rmdir()
        return result()

    fits.gives = gone
    done = fit(*WET, "-o", "sub/out.dsp", "--preset", "out.json", "--report", "out.html")
    assert done.code == 1
    assert done.stderr.count("error: ") == 1
    assert "error: cannot write `sub/out.dsp`" in done.stderr
    assert (folder / "out.json").exists() and (folder / "out.html").exists()
    assert "/p/cutoff" in done.stdout

    fits.gives = lambda **options: result()
    fits.made["report"] = fad.FadError("no page can be made")
    done = fit(*WET, "--report", "new.html", "--preset", "new.json")
    assert done.code == 1 and "error: no page can be made" in done.stderr
    assert (folder / "new.json").exists() and not (folder / "new.html").exists()
    fits.made["report"] = ValueError("broken")
    done = fit(*WET, "--report", "new.html", "-o", "new.dsp")
    assert done.code == 70 and "internal error: ValueError: broken" in done.stderr
    assert (folder / "new.dsp").exists() and "/p/cutoff" in done.stdout


# -- While it runs ------------------------------------------------------------------------------


def stopped(interrupts: int) -> Callable[..., FitResult]:
    """A fit in which the user presses Ctrl-C."""

    def fit(callback: Callable[..., None], **options: Any) -> FitResult:
        for evaluation in range(1, 1000):
            if evaluation == 3:
                for _ in range(interrupts):
                    os.kill(os.getpid(), signal.SIGINT)
            try:
                callback(progress(0.1, evaluation, gain=0.25))
            except StopIteration:
                assert evaluation == 3
                return result(ending="stopped", message="stopped by the user")
        raise AssertionError("it was not stopped")

    return fit


def test_the_first_interrupt_ends_with_the_best_so_far(
    fit: Callable[..., Done], fits: Fits, folder: Path
) -> None:
    fits.gives = stopped(1)
    done = fit(*WET, "--preset", "out.json")
    assert done.code == 0 and (folder / "out.json").exists()
    assert "ending with the best so far" in done.stderr
    assert "warning: the fit was stopped: this is the best that it had found" in done.stderr
    assert "stopped by the user" in done.stdout
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_interrupt_ends_all(fit: Callable[..., Done], fits: Fits, folder: Path) -> None:
    fits.gives = stopped(2)
    done = fit(*WET, "--preset", "out.json")
    assert done.code == 130 and not (folder / "out.json").exists()


def test_an_interrupt_before_anything_was_found_ends_all(
    fit: Callable[..., Done], fits: Fits
) -> None:
    def interrupted(**options: Any) -> FitResult:
        os.kill(os.getpid(), signal.SIGINT)
        return result()

    fits.gives = interrupted
    assert fit(*WET).code == 130


def test_an_interrupt_on_a_terminal_is_told_below_the_bar() -> None:
    screen = io.StringIO()
    with callback(console=Console(file=screen, force_terminal=True, width=80)) as told:
        told(progress())
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(StopIteration):
            told(progress())
    assert "ending with the best so far" in screen.getvalue()


def test_progress_on_a_terminal() -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80)
    with callback(max_seconds=100, console=console) as told:
        told(progress(np.inf))
        told(progress(0.0123, 2, cutoff=812.34, gain=0.25))
    shown = screen.getvalue()
    assert "mss (64), 1 of 4 starts, loss 0.0123" in shown and "inf" not in shown
    assert "cutoff 812.3  gain 0.25" in shown
    quiet = io.StringIO()
    with callback(console=Console(file=quiet)) as told:
        told(progress())
    assert quiet.getvalue() == ""


# -- What is wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("p.dsp no.wav --input wet.wav", "cannot read `no.wav`"),
        ("p.dsp p.dsp --input wet.wav", "it is no sound file"),
        ("p.dsp silent.wav --input wet.wav", "`silent.wav` is silent"),
        ("two.dsp three.wav --input wet.wav", "3 channels, the program has 2 audio outputs"),
        ("p.dsp wet.wav", "1 audio input, and nothing to hear for `wet.wav`"),
        ("p.dsp wet.wav --input wet.wav --at q=1", "no widget is called `q`"),
        ("p.dsp wet.wav --input wet.wav --wrt q", "no variable is called `q`"),
        ("p.dsp wet.wav --input wet.wav --loss mms", "--loss:1:1: error: there is no loss `mms`"),
        ("p.dsp wet.wav --input wet.wav --bounds gain=1", "`gain=1` is no range"),
        ("p.dsp wet.wav --input wet.wav --freeze gain", "`gain` is no value"),
        ("p.dsp wet.wav --input wet.wav -o wet.wav", "would overwrite the source"),
        ("p.dsp wet.wav --input wet.wav --report no/x.html", "the folder `no` does not exist"),
        ("p.dsp wet.wav --input wet.wav --window 1e-9", "less than a sample"),
        ("p.dsp wet.wav --input wet.wav --rate 0", "a sample rate of 0 Hz is not possible"),
        ("no.dsp wet.wav", "no.dsp"),
    ],
)
def test_bad_input(
    fit: Callable[..., Done], fits: Fits, folder: Path, arguments: str, words: str
) -> None:
    (folder / "silent.wav").write_bytes(sound_of(0 * NOISE, RATE))
    (folder / "three.wav").write_bytes(sound_of(np.repeat(NOISE, 3, axis=0), RATE))
    (folder / "two.dsp").write_text("process = _,_;")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = fit(*arguments.split())
    assert (done.code, done.stdout) == (1, "")
    assert words in done.stderr and done.stderr.count("error: ") == 1
    assert fits.program is None
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_mistakes_in_a_file_of_recordings_have_places(
    fit: Callable[..., Done], folder: Path
) -> None:
    pytest.importorskip("yaml")
    (folder / "all.yaml").write_text("- target: no.wav\n  input: no.wav\n")
    done = fit("p.dsp", "--targets", "all.yaml")
    assert done.code == 1
    assert done.stderr.startswith("all.yaml:1:11: error: cannot read `no.wav`")
    assert "    1 | - target: no.wav\n" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        *("p.dsp", "p.dsp wet.wav --targets all.yaml", "p.dsp --targets all.yaml --input wet.wav"),
        *("p.dsp wet.wav --max-seconds 0", "p.dsp wet.wav --starts 0", "p.dsp wet.wav --window -1"),
        "p.dsp wet.wav --max-seconds nan",
    ],
)
def test_usage_errors(fit: Callable[..., Done], arguments: str) -> None:
    assert fit(*arguments.split()).code == 2


def test_a_process_of_its_own(folder: Path) -> None:
    done = command_line(folder)("fit", "p.dsp", "no.wav", "--input", "dry.wav")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: cannot read `no.wav`")


# -- The whole ----------------------------------------------------------------------------------

#: What the recording below is made with, and how it is played.
HIDDEN = {"cutoff": 3000.0, "gain": 1.25}
PLAYED = (*WET, "--at", "0.02:gate=1")


@pytest.fixture
def recorded(folder: Path, engine: Engine) -> Path:
    """The current folder, where the recording is one of the program at hidden values."""
    pytest.importorskip("scipy")
    changes = {0.02: {"gate": 1}}
    (folder / "dry.wav").write_bytes(sound_of(NOISE, RATE))
    heard = fad.run(
        folder / "p.dsp",
        rate=RATE,
        seconds=FRAMES / RATE,
        inputs=NOISE,
        at=HIDDEN,
        changes=changes,
        engine=engine,
    )
    (folder / "wet.wav").write_bytes(sound_of(heard.outputs, RATE))
    return folder


@needs_compiler
def test_a_fit_finds_what_made_a_recording(recorded: Path, command: Callable[..., Done]) -> None:
    options = ("-o", "out.dsp", "--preset", "out.json", "--report", "out.html")
    done = command(*PLAYED, *options)
    assert done.code == 0
    assert done.stderr == "wrote out.dsp\nwrote out.json\nwrote out.html\n"
    found = json.loads((recorded / "out.json").read_text())
    values = {each["path"].strip("/"): each["value"] for each in found["parameters"]}
    assert values == pytest.approx(HIDDEN, rel=1e-3)
    inits = {each.label: each.init for each in fad.expand(recorded / "out.dsp").widgets}
    assert inits == pytest.approx({**HIDDEN, "gate": 0}, rel=1e-3)
    page = (recorded / "out.html").read_text()
    assert "fad fit p.dsp wet.wav --input dry.wav" in page
    assert [line.split()[0] for line in done.stdout.splitlines()[1:3]] == ["/cutoff", "/gain"]


@needs_compiler
def test_an_unknown_delay_and_gain_are_found(recorded: Path, command: Callable[..., Done]) -> None:
    sound, _ = read_sound(str(recorded / "wet.wav"))
    (recorded / "wet.wav").write_bytes(sound_of(Alignment(25, 0.5).apply(sound), RATE))
    done = command(*PLAYED, "--align", "--tolerance", "1e-8")
    assert done.code == 0
    told = re.search(r"it is 25 samples later than the program, and (\S+) times", done.stderr)
    _, cutoff, gain, *_ = (line.split() for line in done.stdout.splitlines())
    assert told and float(cutoff[1]) == pytest.approx(HIDDEN["cutoff"], rel=1e-3)
    # A gain of the program's and one of the recording are the same to it.
    assert float(gain[1]) * float(told[1]) == pytest.approx(HIDDEN["gain"] * 0.5, rel=1e-3)
    assert gain[2] in ("unknown", "1")  # anywhere in its range, which is 2 wide


@needs_compiler
def test_an_interrupted_fit_gives_the_best_so_far(
    recorded: Path, command: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, told = fad.fit, []

    def fit(*arguments: Any, callback: Callable[[Progress], None], **options: Any) -> FitResult:
        def interrupted(now: Progress) -> None:
            told.append(now)
            if len(told) == 3:
                os.kill(os.getpid(), signal.SIGINT)
            callback(now)

        return real(*arguments, callback=interrupted, **options)

    monkeypatch.setattr(fad, "fit", fit, raising=False)
    done = command(*PLAYED, "--preset", "out.json", "--tolerance", "1e-300")
    assert done.code == 0 and len(told) == 3
    assert "warning: the fit was stopped" in done.stderr
    found = json.loads((recorded / "out.json").read_text())
    assert found["loss"] <= told[0].loss
