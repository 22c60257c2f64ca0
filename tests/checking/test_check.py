"""The checker: right verdicts, and wrong derivatives do not get past it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import fad
from fad.base.errors import DifferentiationError
from fad.checking.report import Report
from fad.diagram.box import Box, Par, Primitive, Real, Seq, Wire
from fad.differentiation.dual import Dual, dense
from fad.differentiation.rules import DERIVATIVES, Linear, Partials, Rule
from fad.runtime.engine import Engine
from fad.runtime.renderer import EngineRefusal
from tests.support.native import both_ways, needs_compiler
from tests.support.sounds import write_wav

PARAMETER = 'import("stdfaust.lib"); p = hslider("p", 0.5, 0, 4, 0.01); '


def run(engine: Engine, text: str, **options: Any) -> Report:
    return fad.check(
        PARAMETER + text,
        **{"seconds": 0.01, "points": 1, "native": False, "engine": engine, **options},
    )


def verdicts(report: Report) -> list[str]:
    return [pair.verdict for pair in report.pairs]


# -- Verdicts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        ("process = _*p : fi.lowpass(2, 500 + p*1000);", "agrees"),
        ("process = sin(p), _;", "agrees zero"),
        ("process = (_*p + 0.1) ~ (sin : *(0.5));", "agrees"),
        ("process = de.fdelay(16, 3.3 + p);", "agrees"),
        ("process = exp(10*p) + 1000000*_;", "agrees"),
        ("process = 0.000001*p*_;", "agrees"),
        ("process = _ + (p > 9)*p;", "zero"),
        ("process = _ + int(p);", "zero"),
        ("process = _*abs(p - 0.5);", "kink"),
        ("process = max(p, 0.5);", "kink"),
        ("process = _*p*((p > 0.5) + 1);", "jump"),
        ("process = _*p + int(2*p);", "jump"),
        ("process = p*_ + rdtable(16, os.sinwaveform(16), int(2*p));", "jump"),
        ("process = (os.lf_sawpos(882*p) > 0.5)*p : fi.pole(0.99);", "jump"),
        # Smooth as a whole, though not in its parts: the tangent is right on both sides.
        ("process = (p - 0.5)*_ + (abs(p - 0.5) - max(p, 1 - p))*_;", "kink"),
        ("process = select2(p > 0.5, 0.5 - p : abs : 0 - _, abs(p - 0.5));", "kink"),
        # The comparison says which side of 0 the argument of `abs` is on.
        ("q = p - 0.5; process = select2(q > 0, 0 - abs(q), abs(q));", "agrees"),
        ("process = _*int(2*p);", "quantised"),
        ("process = rdtable(16, os.sinwaveform(16), int(2*p));", "quantised"),
        ("process = _@(2*p);", "quantised"),
        ("process = os.osc(440*p);", "quantised"),
        ("process = p*os.osc(440);", "agrees"),
        ("process = log(p - 1 + 0*_);", "undefined"),
    ],
)
def test_verdicts(engine: Engine, program: str, verdict: str) -> None:
    report = run(engine, program)
    assert verdicts(report) == verdict.split()
    assert report.passed and report.primal_identical


def test_an_agreement_is_close(engine: Engine) -> None:
    (pair,) = run(engine, "process = _*sin(p);").pairs
    assert pair.error < 1e-8
    assert (pair.output, pair.parameter, pair.sample, pair.compared) == (0, "/p", None, 1.0)


def test_a_jump_is_located(engine: Engine) -> None:
    report = run(engine, "t = +(1) ~ _; process = p*t + (t > 99.5 + p);")
    (pair,) = report.pairs
    assert (pair.verdict, pair.sample) == ("jump", 99)
    assert pair.compared > 0.99


def test_one_verdict_for_each_output_and_parameter(engine: Engine) -> None:
    report = run(engine, 'q = nentry("q", 1, 0, 2, 0.1); process = p*q, _*q;')
    assert [(pair.output, pair.parameter, pair.verdict) for pair in report.pairs] == [
        (0, "/p", "agrees"),
        (0, "/q", "agrees"),
        (1, "/p", "zero"),
        (1, "/q", "agrees"),
    ]


def test_a_parameter_that_only_acts_through_a_quantiser_is_a_warning(engine: Engine) -> None:
    (warning,) = run(engine, "process = _*int(2*p);").warnings
    assert "/p" in warning and "`int`" in warning


def test_values_that_are_not_finite_are_reported(engine: Engine) -> None:
    report = run(engine, "process = _*p, p/(_ > 0);")
    assert report.not_finite == (1,)
    assert report.passed
    assert verdicts(report) == ["agrees", "agrees"]


def test_an_audio_input_is_a_variable(engine: Engine) -> None:
    report = run(engine, "process = _,_ : *;", wrt=["input:*"])
    assert verdicts(report) == ["agrees", "agrees"]
    assert [pair.parameter for pair in report.pairs] == ["input:0", "input:1"]


def test_a_program_without_variables_passes(engine: Engine) -> None:
    report = fad.check("process = _*2;", engine=engine)
    assert (report.pairs, report.passed) == ((), True)


@needs_compiler
def test_foreign_functions(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAD_CACHE_DIR", str(tmp_path))
    text = 'f = ffunction(float tgamma(float), <math.h>, ""); process = ma.tanh(_*p), f(2 + p);'
    rule = "d_tgamma(x) = f(x)*(log(x) - 1/(2*x)) with { " + (
        'f = ffunction(float tgamma(float), <math.h>, ""); };'
    )
    report = run(engine, text, rules=rule)
    # The rule is only good to a few per cent.
    assert verdicts(report) == ["agrees", "mismatch"]
    assert list((tmp_path / "native").glob("native-*"))


NATIVE = """
import("stdfaust.lib");
p = vgroup("a", hslider("[1]p[unit:Hz]", 0, 0, 4, 0.01));
process = hgroup("b", p*button("g")), ((hgroup("b", p) + 0.5)*os.osc(440) : @(int(p*100)))
    : fi.lowpass(1, 1000 + 100*p), _*hslider("q", 1, 0, 1, 0.1);
"""


@needs_compiler
def test_native_code_and_the_interpreter_say_the_same(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAD_CACHE_DIR", str(tmp_path))
    native, interpreted = (
        fad.check(NATIVE, engine=engine, seconds=0.01, native=native, at={"g": 1, "q": 0.5})
        for native in (True, False)
    )
    assert verdicts(native) == verdicts(interpreted)
    first = [pair.verdict for pair in native.comparisons if not pair.point]
    assert first == ["agrees", "zero", "zero", "agrees", "zero", "agrees"]
    assert list((tmp_path / "native").glob("native-*"))


def test_without_a_compiler_programs_are_interpreted(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert verdicts(run(engine, "process = _*p;", native=None)) == ["agrees"]


class OnlyRenders:
    """The standard compiler where it does nothing else, as in a page."""

    def __init__(self, engine: Engine) -> None:
        self.render = engine.render


def test_what_renders_is_enough(engine: Engine) -> None:
    renderer = OnlyRenders(engine)
    text = PARAMETER + "process = _*p : fi.lowpass(1, 500 + p*1000);"
    options: dict[str, Any] = {"seconds": 0.01, "points": 2}
    found = fad.check(text, engine=renderer, **options)
    assert found.to_json() == fad.check(text, engine=engine, native=False, **options).to_json()
    # It is asked for programs with foreign functions, too, and may know them: this one does not.
    foreign = 'process = ffunction(float erf(float), <math.h>, "")(p);'
    with pytest.raises(EngineRefusal, match="foreign function"):
        fad.check(PARAMETER + foreign, engine=renderer, **options)


def test_the_order_of_factors_that_libfaust_chooses_is_no_difference(engine: Engine) -> None:
    report = run(engine, "process = 0.0*_ : fi.resonbp(100, 5, p);")
    assert (report.differing, report.rounded) == ((), (0,))
    assert report.passed


def test_foreign_functions_without_a_compiler(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(fad.FadError, match="there is no C\\+\\+ compiler"):
        run(engine, "process = ma.tanh(p);")


# -- Something has to be tested ----------------------------------------------------------------


def test_buttons_are_pressed_after_a_tenth_of_the_time(engine: Engine) -> None:
    gated = 'process = _*p*button("g")*checkbox("on");'
    report = run(engine, gated, seconds=0.01)
    assert (verdicts(report), report.silent, report.tested) == (["agrees"], (), True)
    released = run(engine, gated, at={"g": 0})
    assert (verdicts(released), released.silent, released.tested) == (["zero"], (0,), False)
    assert released.passed
    assert released.unpressed == ("/g",)


@both_ways
def test_widgets_move_while_the_program_runs(engine: Engine, native: bool) -> None:
    """A jump that waits for the button, and for a value of the variable itself."""
    text = 'process = _*p*p + (p > 2)*(button("g") > 0)*int(p*1000000);'
    changes = {0.002: {"p": 2}, 0.004: {"g": 1}, 0.006: {"g": 0}}
    report = run(engine, text, changes=changes, native=native)
    (pair,) = report.pairs
    assert (pair.verdict, pair.sample) == ("jump", round(0.004 * 44100))
    assert pair.agreeing == pytest.approx(0.8, abs=0.01)
    (pair,) = run(engine, text, changes={0.002: {"p": 1.5}}, at={"g": 0}, native=native).pairs
    assert (pair.verdict, pair.agreeing) == ("agrees", 1)


def test_a_program_runs_until_its_delays_are_over(engine: Engine) -> None:
    report = run(engine, "process = _@12000*p;", seconds=None)
    assert verdicts(report) == ["agrees"]
    assert 12000 < report.frames < 20000


@both_ways
@pytest.mark.parametrize("length", ['button("g")', 'hslider("d", 0, 0, 1, 0.01)', "p"])
def test_a_delay_that_can_be_nothing(engine: Engine, native: bool, length: str) -> None:
    """Moved a little below its range, it would be negative."""
    report = run(engine, f"process = _*p, _@(int(ma.SR*{length}));", native=native, at={"p": 0})
    assert report.passed and report.pairs[0].verdict == "agrees"


def test_a_change_is_within_the_run(engine: Engine) -> None:
    assert run(engine, "process = _*p;", seconds=None, changes={0.1: {"p": 1}}).frames > 4410
    with pytest.raises(fad.FadError, match=r"nothing can change at 0\.1 s"):
        run(engine, "process = _*p;", changes={0.1: {"p": 1}})


def test_an_output_that_is_not_finite_is_not_tested(engine: Engine) -> None:
    report = run(engine, "process = log(p - 1 + 0*_);")
    assert (report.passed, report.tested) == (True, False)


def test_an_output_that_is_always_silent_is_not_tested(engine: Engine) -> None:
    report = run(engine, "process = _*p, 0;")
    assert (report.silent, report.tested, report.passed) == ((1,), False, True)


# -- Several points ---------------------------------------------------------------------------


def test_the_first_point_is_the_initial_one(engine: Engine) -> None:
    report = run(engine, "process = _*p;", points=3)
    assert [pair.point for pair in report.comparisons] == [0, 1, 2]
    assert report.points[0] == {} and len({str(point) for point in report.points}) == 3
    assert run(engine, "process = _*p;", points=3).points == report.points
    assert run(engine, "process = _*p;", points=3, seed=2).points != report.points


def test_what_the_user_names_stays(engine: Engine) -> None:
    report = run(engine, 'process = _*p*nentry("q", 1, 0, 9, 1);', points=3, at={"p": 2})
    assert [point["/p"] for point in report.points] == [2, 2, 2]
    assert all("/q" in point for point in report.points[1:])


def test_the_worst_verdict_of_a_pair_counts(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "process = _*abs(p - 1);"
    assert verdicts(run(engine, text, points=6)) == ["agrees"]
    with_rules(monkeypatch, {"abs": Partials("0-1")})  # right where p is less than 1
    report = run(engine, text, points=6)
    assert {pair.verdict for pair in report.comparisons} == {"agrees", "mismatch"}
    (pair,) = report.pairs
    assert pair.verdict == "mismatch" and report.points[pair.point]["/p"] > 1


def test_no_effect_at_one_point_is_an_effect_at_another(engine: Engine) -> None:
    report = run(engine, "process = _*max(p - 1, 0);", points=6)
    assert {pair.verdict for pair in report.comparisons} == {"zero", "agrees"}
    assert verdicts(report) == ["agrees"] and report.tested


# -- How exact an agreement is ----------------------------------------------------------------


def test_an_error_beyond_the_tolerance_says_why(engine: Engine) -> None:
    (pair,) = run(engine, "process = p*_ + 100000000;").pairs
    assert (pair.verdict, pair.limit) == ("agrees", "rounding")
    assert 1e-4 < pair.error <= pair.tolerance
    (pair,) = run(engine, "process = p*_;").pairs
    assert pair.limit is None and pair.error < pair.tolerance == pytest.approx(1e-4, rel=1e-2)


def test_an_output_that_grows_without_bounds(engine: Engine) -> None:
    report = run(engine, "process = + ~ *(20*p);")
    assert verdicts(report) == ["agrees"]
    assert report.not_finite == (0,)


def test_a_quotient_that_passes_zero_is_smooth(engine: Engine) -> None:
    (pair,) = run(engine, "t = +(1) ~ _; process = sin(1000*p*p*cos(t*0.01));").pairs
    assert (pair.verdict, pair.compared) == ("agrees", 1)


@both_ways
def test_sound_files(engine: Engine, tmp_path: Path, native: bool) -> None:
    """The interpreter plays them in single precision only."""
    write_wav(tmp_path / "s.wav", np.random.default_rng(1).uniform(-1, 1, (1, 441)))
    text = PARAMETER + (
        """play = 0, (+(1) ~ _ - 1) : soundfile("s[url:{'s.wav'}]", 1) : !, !, _;"""
        'process = play*sin(p)*button("g"), play : _, fi.lowpass(1, 200 + 100*p);'
    )
    file = tmp_path / "sound.dsp"
    file.write_text(text)
    report = fad.check(file, seconds=0.01, native=native, engine=engine)
    precision = "double" if native else "single"
    assert (report.precision, report.silent, report.passed) == (precision, (), True)
    assert verdicts(report) == ["agrees", "agrees"]


def test_a_sound_file_that_is_not_there_is_a_warning(engine: Engine) -> None:
    report = run(engine, """process = 0, 0 : soundfile("s[url:{'none.wav'}]", 1) : !, !, *(p);""")
    assert report.silent == (0,)
    assert any("no sound file `none.wav`" in warning for warning in report.warnings)


def test_wrong_rules_are_mismatches_in_single_precision(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wav(tmp_path / "s.wav", np.random.default_rng(1).uniform(-1, 1, (1, 441)))
    file = tmp_path / "sound.dsp"
    file.write_text(
        PARAMETER
        + """process = 0, (+(1) ~ _) : soundfile("s[url:{'s.wav'}]", 1) : !,!,*(sin(p));"""
    )
    with_rules(monkeypatch, {"sin": Partials("1.1*cos(x)")})
    report = fad.check(file, seconds=0.01, native=False, engine=engine)
    assert (report.precision, "mismatch" in verdicts(report)) == ("single", True)


@pytest.mark.parametrize(
    "options",
    [{"seconds": float("nan")}, {"seconds": float("inf")}, {"seconds": 1e9}]
    + [{"rate": rate} for rate in (0, -1, 2**31)]
    + [{"points": 0}],
)
def test_runs_that_are_not_possible(engine: Engine, options: dict[str, Any]) -> None:
    for seconds in ({}, {"seconds": None}):
        with pytest.raises(fad.FadError):
            run(engine, "process = _*p;", **{**seconds, **options})


@needs_compiler
@pytest.mark.parametrize("label", ["g[unit:Hz", "g\\", "g[tooltip: in [0,1] range]"])
def test_labels_do_not_confuse_native_code(engine: Engine, label: str) -> None:
    text = f'process = _*hslider("{label}", 0.5, 0, 1, 0.1);'
    assert verdicts(fad.check(text, engine=engine, native=True, seconds=0.01)) == ["agrees"]


@needs_compiler
def test_a_refusal_quotes_the_program_as_it_is(engine: Engine) -> None:
    with pytest.raises(fad.FadError) as refusal:
        run(engine, 'process = _@(hslider("a[unit:x]", 5, 0, 9, 1) - 1);', native=True)
    assert 'hslider("a[unit:x]"' in refusal.value.message


# -- Wrong derivatives are caught -------------------------------------------------------------


def with_rules(monkeypatch: pytest.MonkeyPatch, rules: Mapping[str, Rule]) -> None:
    broken = MappingProxyType({**DERIVATIVES, **rules})
    monkeypatch.setattr("fad.differentiation.operations.DERIVATIVES", broken)


@pytest.mark.parametrize(
    ("name", "rule", "program"),
    [
        ("sin", Partials("sin(x)"), "process = sin(_ + p);"),
        ("sin", Partials("1.001*cos(x)"), "process = sin(_ + p);"),
        ("sin", Partials("cos(x)"), "process = sin(_ + p) : fi.lowpass(1, 1000);"),
        ("+", Partials("1", "0"), "process = _ + p;"),
        ("-", Partials("1", "1"), "process = _ - p;"),
        ("*", Partials("x", "y"), "process = (_ + p)*(2 + 3*p);"),
        ("/", Partials("1/y", "r/y"), "process = 1/(2 + p);"),
        ("mem", Linear("dx"), "process = (_*p)';"),
        ("@", Linear("dx @ (y + 1)"), "process = (_*p)@3;"),
        ("select2", Linear("select2(x, dz, dy)"), "process = select2(_ > 0, p, 2*p);"),
        ("sqrt", Partials("0.5/r + log(x - 9)"), "process = sqrt(p + 1 + _);"),
    ],
)
def test_wrong_rules_are_mismatches(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str, rule: Rule, program: str
) -> None:
    assert run(engine, program).passed
    is_right = rule == Partials("cos(x)")
    with_rules(monkeypatch, {name: rule})
    report = run(engine, program)
    assert ("mismatch" in verdicts(report)) is not is_right
    assert report.passed is is_right


def test_a_wrong_rule_is_found_beside_jumps(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "t = +(1) ~ _; process = sin(p*t) + (t > 99.5 + p);"
    assert verdicts(run(engine, program)) == ["jump"]
    with_rules(monkeypatch, {"sin": Partials("0.9*cos(x)")})
    assert verdicts(run(engine, program)) == ["mismatch"]


def test_a_primal_that_differs_fails(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def shifted(dual: Dual, count: int) -> Box:
        box = dense(dual, count)
        return Seq(box, Par(Seq(Par(Wire(), Real(1e-6)), Primitive("+")), Wire()))

    monkeypatch.setattr("fad.checking.check.dense", shifted)
    report = run(engine, "process = _*p*0.001;")
    assert report.differing == (0,)
    assert not report.primal_identical and not report.passed


# -- Where, and on what -----------------------------------------------------------------------


def test_at_moves_the_point(engine: Engine) -> None:
    gate = 'g = button("g"); process = _*(p > 0.5)*p*g;'
    assert verdicts(run(engine, gate, at={"g": 0})) == ["zero"]
    assert verdicts(run(engine, gate, at={"g": 1})) == ["jump"]
    assert verdicts(run(engine, gate, at={"g": 1, "/p": 0.6})) == ["agrees"]


def test_at_keeps_what_is_known_of_the_program(engine: Engine) -> None:
    assert verdicts(run(engine, "process = os.osc(440*p);", at={"p": 0.7})) == ["quantised"]


@pytest.mark.parametrize("value", [-0.1, 4.1, float("nan")])
def test_at_outside_the_range(engine: Engine, value: float) -> None:
    with pytest.raises(fad.FadError, match="outside the range of `/p`"):
        run(engine, "process = p;", at={"p": value})


def test_at_of_nothing_lists_what_there_is(engine: Engine) -> None:
    with pytest.raises(fad.FadError) as refusal:
        run(engine, 'process = p*button("b");', at={"freq": 1})
    assert refusal.value.hint == "there is `/p` or `/b`"


def test_inputs_of_the_user(engine: Engine) -> None:
    silence = np.zeros((1, 50))
    report = run(engine, "process = _*p;", inputs=silence, seconds=1)
    assert (report.frames, verdicts(report)) == (50, ["zero"])


def test_a_mono_input_of_a_stereo_program(engine: Engine) -> None:
    with pytest.raises(fad.FadError, match="has 1 channel, the program has 2 audio inputs"):
        run(engine, "process = _*p, _;", inputs=np.zeros((1, 50)))


def test_the_noise_follows_the_seed(engine: Engine) -> None:
    errors = [run(engine, "process = sin(_*p);", seed=s).pairs[0].error for s in (1, 1, 2)]
    assert errors[0] == errors[1] != errors[2]


def test_a_construct_without_a_derivative_is_an_error(engine: Engine) -> None:
    with pytest.raises(DifferentiationError):
        run(engine, 'process = ffunction(float foo(float), <foo.h>, "")(p);')


def test_json(engine: Engine) -> None:
    data = json.loads(json.dumps(run(engine, "process = _*p;").to_json()))
    assert data["passed"] is data["primal_identical"] is True
    assert (data["frames"], data["rate"]) == (441, 44100)
    assert data["pairs"][0]["parameter"] == "/p"
    assert data["pairs"][0]["verdict"] == "agrees"
