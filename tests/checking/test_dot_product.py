"""The dot-product test: right gradients pass, and wrong ones do not get past it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fad
from fad.base.errors import DifferentiationError
from fad.checking import dot_product
from fad.checking.both_modes import BothModes, Setting, directional
from fad.checking.report import DotProducts, Report
from fad.diagram.order import widgets_of
from fad.diagram.parameters import select
from fad.model.moves import Moves
from fad.pipeline.front import Request, read
from fad.pipeline.reverse import ReverseProgram, reversed_program
from fad.runtime.engine import Engine
from fad.runtime.repeated import Host
from tests.support.native import both_ways, needs_compiler
from tests.support.sounds import write_wav

A = 'a = hslider("a", 0.5, 0, 1, 0.01); b = hslider("b", 0.25, 0, 2, 0.01); '
ONE_POLE = A + "process = *(b) : + ~ *(a);"


def check(engine: Engine, program: str | Path, **options: Any) -> Report:
    defaults = {"mode": "reverse", "seconds": 0.01, "points": 1, "engine": engine}
    return fad.check(program, **{**defaults, **options})


def found(report: Report) -> DotProducts:
    assert report.dot_products is not None
    return report.dot_products


def verdicts(report: Report) -> list[str]:
    return [product.verdict for product in found(report).products]


def test_a_right_gradient_passes(engine: Engine) -> None:
    report = check(engine, ONE_POLE, points=2)
    assert report.passed and report.tested and report.primal_identical
    assert (report.mode, report.comparisons, len(report.points)) == ("reverse", (), 2)
    products = found(report).products
    assert [(each.test, each.point) for each in products] == [
        (test, point) for point in (0, 1) for test in ("whole", "split", "moving")
    ]
    for each in products:
        assert (each.verdict, each.limit, each.suspects) == ("agrees", None, ())
        assert each.error < 1e-12
        assert abs(each.forward) > 1e-3
    assert len({each.forward for each in products}) == 6
    assert found(report).variables == ("/a", "/b")
    assert found(report).without_effect == ()
    assert (found(report).block, found(report).tape) == (55, 2)


def test_the_products_are_those_of_mathematics(engine: Engine) -> None:
    """y[t] = a[t]*x[t] + x[t - 1], where a changes from block to block."""
    front = read(Request(A + "process(x) = a*x + x';"))
    evaluation = front.evaluated()
    widgets = widgets_of(evaluation.process, evaluation.facts, front.title)
    wrt = ["a", "input:0"]
    programs = reversed_program(evaluation, front, wrt)
    variables = select(widgets, 1, wrt)
    dual = directional(front, evaluation, variables)
    host = Host(engine, "test", Path(), 44100)
    both = BothModes(front, evaluation, host, widgets[:1], variables, programs, dual)
    random = np.random.default_rng(1)
    x, w, dx = random.uniform(-1, 1, (3, 1, 10))
    a, da = np.array([0.25, 0.5, 0.75]), np.array([[1.0, -2.0, 3.0]])
    setting = Setting(x, Moves(("/a",), a[None], 4), w, da, dx, 4)
    each = both.compared(setting)
    over = np.repeat(np.arange(3), 4)[:10]
    y = a[over] * x[0] + np.concatenate([[0], x[0, :-1]])
    dy = da[0, over] * x[0] + a[over] * dx[0] + np.concatenate([[0], dx[0, :-1]])
    np.testing.assert_allclose(each.original, [y], rtol=1e-14)
    np.testing.assert_allclose(each.repeated, [y], rtol=1e-14)
    assert each.forward == pytest.approx(float((w[0] * dy).sum()), rel=1e-13)
    assert each.reverse == pytest.approx(each.forward, rel=1e-13)
    terms = [(w[0] * x[0])[over == block].sum() for block in range(3)]
    np.testing.assert_allclose(each.gradient.parameters["/a"], terms, rtol=1e-13)


#: Makes programs of reverse mode wrong.
Damage = Callable[[ReverseProgram], ReverseProgram]


@pytest.mark.parametrize(
    ("damage", "wrong", "suspects"),
    [
        # A factor that is off, in the sums and after them.
        (
            lambda p: replace(
                p, adjoint=p.adjoint.replace("process(", "right(") + "process = right : *(1.001),_;"
            ),
            ["whole", "split", "moving"],
            1,
        ),
        (
            lambda p: replace(
                p, control=p.control.replace("process", "right") + "process = right : _,*(1.001);"
            ),
            ["whole", "split", "moving"],
            1,
        ),
        # The pole's value at this sample, where that at the next one belongs.
        (
            lambda p: replace(
                p,
                adjoint=A + "process(ybar, y1, x) = z*y1, z*x with { z = ybar : + ~ *(a); };",
            ),
            ["moving"],
            2,
        ),
    ],
    ids=["adjoint", "control", "moving"],
)
def test_a_wrong_gradient_does_not_pass(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    damage: Damage,
    wrong: list[str],
    suspects: int,
) -> None:
    monkeypatch.setattr(
        dot_product, "reversed_program", lambda *given: damage(reversed_program(*given))
    )
    report = check(engine, ONE_POLE)
    products = found(report).products
    assert [each.test for each in products if each.verdict == "mismatch"] == wrong
    assert not report.passed
    for each in products:
        if each.verdict == "mismatch":
            assert each.error > 1e-8
            assert len(each.suspects) == suspects


#: Filters far below the sample rate, in which rounding errors grow.
ILL = (
    'fi = library("filters.lib"); lo = hslider("lo", 40, 20, 60, 1); '
    'process = fi.bandpass(2, lo, hslider("hi", 90, 70, 200, 1)) : fi.resonlp(30, 20, 1);'
)


@pytest.mark.parametrize("factor", [1, 1.00001])
def test_rounding_errors_are_no_mismatch(monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    """But what is wrong in such a program is one."""

    def damaged(*given: Any) -> ReverseProgram:
        programs = reversed_program(*given)
        text = programs.control.replace("process", "right") + f"process = right : *({factor}),_;"
        return replace(programs, control=text)

    monkeypatch.setattr(dot_product, "reversed_program", damaged)
    products = found(fad.check(ILL, mode="reverse", seconds=0.01, points=1)).products
    if factor > 1:
        assert "mismatch" in {each.verdict for each in products}
        return
    assert {each.verdict for each in products} == {"agrees"}
    rough = [each for each in products if each.limit == "rounding"]
    assert rough  # or this tests nothing
    assert all(1e-10 < each.error <= each.tolerance <= 1e-4 for each in rough)


def test_outputs_that_are_not_repeated_do_not_pass(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*given: Any) -> ReverseProgram:
        programs = reversed_program(*given)
        other = programs.forward.replace("process(", "right(") + "process = right : +(0.001),_,_;"
        return replace(programs, forward=other)

    monkeypatch.setattr(dot_product, "reversed_program", damaged)
    report = check(engine, ONE_POLE)
    assert found(report).differing == (0,)
    assert not report.passed and not report.primal_identical
    assert set(verdicts(report)) == {"agrees"}


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ('process = _*a*button("gate");', {"at": {"gate": 0}}, "zero"),
        ("process = _*log(a - 1);", {}, "undefined"),
        ("process = _*a*(b > 1);", {"at": {"b": 0.5}}, "zero"),
    ],
)
def test_what_compares_nothing_tests_nothing(
    engine: Engine, text: str, options: dict[str, Any], expected: str
) -> None:
    report = check(engine, A + text, **options)
    assert set(verdicts(report)) == {expected}
    assert report.passed and not report.tested


@pytest.mark.parametrize("text", ["process = _;", A + "process = _ + int(a);"])
def test_where_there_is_no_gradient_nothing_is_tested(engine: Engine, text: str) -> None:
    report = check(engine, text)
    assert verdicts(report) == []
    assert report.passed and not report.tested
    assert found(report).without_effect == found(report).variables
    assert bool(report.warnings) is ("int" in text)  # it says why


def test_variables_without_effect_are_told(engine: Engine) -> None:
    report = check(engine, A + "process = _*a, (b : !), !;", wrt=["a", "b", "input:*"])
    assert report.tested
    assert found(report).variables == ("/a", "/b", "input:0", "input:1")
    assert found(report).without_effect == ("/b", "input:1")


def test_buttons_are_pressed_and_sliders_changed(engine: Engine) -> None:
    text = A + 'process = _*a*button("gate") : + ~ *(b/3);'
    report = check(engine, text, changes={0.004: {"b": 1.5, "a": 0.9}})
    assert verdicts(report) == ["agrees"] * 3
    assert report.unpressed == ()
    held = check(engine, text, changes={0.004: {"b": 1.5, "a": 0.9}}, at={"gate": 0})
    assert held.unpressed == ("/gate",)


def test_slopes_and_rules_are_those_of_both_modes(engine: Engine) -> None:
    table = A + "process = _*rdtable(16, (+(1) ~ _ : *(0.1)), int(a*10));"
    assert not check(engine, table).tested
    assert check(engine, table, surrogate=["tables"]).tested
    text = A + "f(x) = x*x; process = f(a)*_;"
    plain, ruled = check(engine, text), check(engine, text, rules="d_f(x) = 6*x;")
    for one, other in zip(found(plain).products, found(ruled).products, strict=True):
        assert (one.verdict, other.verdict) == ("agrees", "agrees")
        assert other.reverse == pytest.approx(3 * one.reverse, rel=1e-12)


WRITTEN = A + "process = rwtable(8, 0.0, 1, *(a), 1);"


def test_a_refusal_is_an_error(engine: Engine) -> None:
    with pytest.raises(DifferentiationError, match="`rwtable` is written to"):
        check(engine, WRITTEN)


def test_what_has_no_derivative_names_its_variables(engine: Engine) -> None:
    text = A + 'process = *(b) : ffunction(float odd(float), <math.h>, "");'
    with pytest.raises(DifferentiationError, match="`odd` is not known") as caught:
        check(engine, text)
    assert "`/b`" in caught.value.render()


def test_with_both_modes_a_refusal_is_told_beside_the_rest(engine: Engine) -> None:
    report = check(engine, WRITTEN, mode="both", native=False)
    assert [pair.verdict for pair in report.pairs] == ["agrees"]
    assert found(report).products == ()
    refusal = found(report).refusal
    assert refusal is not None and "`rwtable` is written to" in refusal
    assert not report.passed


def test_both_modes_are_in_one_report(engine: Engine) -> None:
    report = check(engine, ONE_POLE, mode="both", native=False)
    assert [pair.verdict for pair in report.pairs] == ["agrees", "agrees"]
    assert verdicts(report) == ["agrees"] * 3
    assert report.passed and report.tested and report.mode == "both"
    data = json.loads(json.dumps(report.to_json()))
    assert data["dot_products"]["products"][0]["verdict"] == "agrees"
    assert data["dot_products"]["tested"] is True
    alone = fad.check(ONE_POLE, seconds=0.01, points=1, native=False, engine=engine)
    assert alone.comparisons == report.comparisons
    assert alone.dot_products is None and "dot_products" not in alone.to_json()


def test_there_are_three_modes(engine: Engine) -> None:
    with pytest.raises(fad.FadError, match="there is no mode `backward`"):
        check(engine, ONE_POLE, mode="backward")


@needs_compiler
def test_foreign_functions_run_natively(engine: Engine) -> None:
    text = A + 'process = *(a) : ffunction(float tanh(float), <math.h>, "") : + ~ *(b/3);'
    report = check(engine, text, native=False)
    assert verdicts(report) == ["agrees"] * 3
    assert report.primal_identical
    foreign = text.replace("tanh(float), <math.h>", "tanh(float), <mine.h>")
    with pytest.raises(fad.FadError, match="runs foreign code"):
        check(engine, foreign)


@both_ways
def test_sound_files(engine: Engine, tmp_path: Path, native: bool) -> None:
    """The interpreter plays them in single precision only."""
    write_wav(tmp_path / "a.wav", np.random.default_rng(1).uniform(-1, 1, (1, 500)))
    file = tmp_path / "player.dsp"
    file.write_text(
        A + "process = (0, (+(1) ~ _)) : soundfile(\"a [url:{'a.wav'}]\", 1) : !, !, "
        "(*(a) : + ~ *(b/3));"
    )
    report = check(engine, file, native=None if native else False)
    assert (report.precision, verdicts(report)) == (
        ("double" if native else "single"),
        ["agrees"] * 3,
    )
    assert any(each.error > 1e-10 for each in found(report).products) != native
