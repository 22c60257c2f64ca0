"""Estimates of cost, and what is chosen by them. Nothing is timed here."""

from __future__ import annotations

import pytest

import fad
from fad.base.errors import DifferentiationError, FadError
from fad.diagram.box import arity_of
from fad.pipeline.front import Request, read
from fad.reverse.cost import CHANNEL, PROGRAM, SUM, work
from fad.signals.graph import Graph
from fad.signals.propagate import Propagation
from tests.support.places import ROOT, STANDARD_EXAMPLES

LIBRARIES = 'fi = library("filters.lib"); '
A, B = (f'{name} = hslider("{name}", 0.5, 0, 1, 0.01); ' for name in "ab")
FILTER = 'f(i) = (+ ~ *(hslider("p%i", 0.5, 0, 0.9, 0.01)))*hslider("g%i", 1, 0, 2, 0.1);process = '
SERIAL, PARALLEL = f"{FILTER} seq(i, 8, f(i));", f"{FILTER} _ <: par(i, 8, f(i)) :> _;"


def work_of(text: str) -> int:
    """What a program computes at each sample."""
    front = read(Request(text))
    evaluation = front.evaluated()
    box, graph = evaluation.process, Graph()
    run = Propagation(box, graph, evaluation.facts, {})
    return work(run.outputs(box, tuple(map(graph.input, range(arity_of(box)[0])))))


def test_a_serial_chain_is_cheaper_backwards_and_a_parallel_one_is_not() -> None:
    """Not by the number of parameters, which is the same."""
    serial, parallel = fad.costs(SERIAL), fad.costs(PARALLEL)
    assert serial.variables == parallel.variables == 16
    assert serial.cheaper == "reverse"
    assert parallel.cheaper == "forward"
    assert serial.forward is not None and serial.reverse is not None
    assert parallel.forward is not None
    assert serial.forward > 2 * parallel.forward


@pytest.mark.parametrize(
    "process", ["_*a", "+ ~ *(a)", "fi.resonlp(100 + 1000*a, 2, 1)", "_ @ int(99*a) : *(a)"]
)
def test_one_parameter_is_cheaper_forwards(process: str) -> None:
    assert fad.costs(f"{LIBRARIES}{A}process = {process};").cheaper == "forward"


def test_a_product_by_hand() -> None:
    """One product forwards; the tangent is the input; the adjoint multiplies and sums."""
    original = PROGRAM + CHANNEL + CHANNEL + 1
    found = fad.costs(A + "process = _*a;")
    assert found.forward == pytest.approx((original + CHANNEL) / original)
    assert found.recording == pytest.approx((original + CHANNEL) / original)
    adjoint = PROGRAM + 2 * CHANNEL + 1 + CHANNEL + SUM
    assert found.adjoint == pytest.approx(adjoint / original)
    assert found.tape == 1


def test_what_rests_costs_nothing() -> None:
    assert work_of(A + "process = _*exp(sin(a)*3);") == work_of(A + "process = _*a;")


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("_*a", "sin(_)*a"),
        ("_ + a", "_/(1 + _)"),
        ("_", "_ + _'"),
        ("_'", "_ @ 100"),
        ("_ <: _, _", "_ <: _, _, _"),
        ("_", 'attach(_, abs : hbargraph("level", 0, 1))'),
        ("sin(_)", "_^1.5"),
    ],
)
def test_what_takes_more_costs_more(less: str, more: str) -> None:
    assert work_of(f"{A}process = {less};") < work_of(f"{A}process = {more};")


def test_what_is_computed_twice_counts_once() -> None:
    assert work_of("process(x) = sin(x)*sin(x);") == work_of("process = sin <: *;")


def test_each_variable_costs_more_forwards() -> None:
    names = [f"{name}{index}" for index in range(3) for name in "gp"]
    forward = [fad.costs(SERIAL, wrt=names[:count]).forward for count in range(1, 6)]
    costs = [each for each in forward if each is not None]
    assert len(costs) == 5
    assert costs == sorted(set(costs))
    assert min(costs) > 1


@pytest.mark.parametrize(
    "path",
    [
        STANDARD_EXAMPLES / "filtering" / "wahPedal.dsp",
        STANDARD_EXAMPLES / "dynamic" / "compressor.dsp",
        ROOT / "examples" / "lowpass.dsp",
        ROOT / "examples" / "echo.dsp",
    ],
)
def test_estimates_are_of_what_is_written(path: str) -> None:
    """The written programs, read again, take what was estimated."""
    found = fad.costs(path)
    dual, programs = fad.transform(path), fad.transform(path, mode="reverse")
    original = work_of(fad.expand(path).source)
    # Equal sums in another order are two, and rounding is not.
    assert found.forward == pytest.approx(work_of(dual.source) / original, rel=0.1)
    assert found.recording == pytest.approx(work_of(programs.forward) / original, rel=0.1)
    adjoint = work_of(programs.adjoint) + SUM * len(programs.coefficients)
    assert found.adjoint == pytest.approx(adjoint / original, rel=0.1)


@pytest.mark.parametrize(
    ("row", "weight"),
    [
        ("a program, for each sample", work_of("process = 0;") - CHANNEL),
        ("a channel that is read or written", CHANNEL),
        ("a channel that is summed, besides", SUM),
        ("a value kept for the next sample", work_of("process = mem;") - work_of("process = _;")),
        ("a delay line", work_of("process = @(99);") - work_of("process = _;")),
        (
            "a table that is written",
            work_of("process(x) = rwtable(8, 0.0, 1, x, 1);") - work_of("process = _;"),
        ),
        ("arithmetic", work_of("process = +(1);") - work_of("process = _;")),
    ],
)
def test_the_page_has_the_weights(row: str, weight: int) -> None:
    lines = (ROOT / "docs" / "reverse.md").read_text("utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith(f"| {row}"))
    assert line.split("|")[2].strip() == str(weight)


WRITTEN = A + "process(x) = rwtable(8, 0.0, 1, x*a, 1);"
#: Both modes refuse it.
FOREIGN = A + 'process = ffunction(float foo(float), <foo.h>, "")(a*_);'


def test_what_one_mode_refuses_is_done_by_the_other() -> None:
    found = fad.costs(WRITTEN)
    assert (found.cheaper, found.reverse, found.tape) == ("forward", None, None)
    assert found.forward is not None
    assert "`rwtable` is written to" in found.refusal
    assert found.refusal in found.reason
    program = fad.transform(WRITTEN, mode="auto")
    assert isinstance(program, fad.Program)
    assert program.source == fad.transform(WRITTEN).source


def test_what_both_refuse_is_an_error() -> None:
    told = "cannot differentiate: the derivative of the foreign function `foo` is not known"
    for compute in (fad.costs, lambda text: fad.transform(text, mode="auto")):
        with pytest.raises(DifferentiationError, match=told):
            compute(FOREIGN)


def test_without_variables_nothing_is_to_be_gained() -> None:
    assert fad.costs("process = _*2;").forward == 1
    program = fad.transform("process = _*2;", mode="auto")
    assert isinstance(program, fad.Program)
    assert "nothing to differentiate by" in program.warnings[0]


def test_auto_writes_what_the_cheaper_mode_writes() -> None:
    forward = fad.transform(PARALLEL, mode="auto")
    assert isinstance(forward, fad.Program)
    assert forward.source == fad.transform(PARALLEL).source
    reverse = fad.transform(SERIAL, mode="auto")
    assert isinstance(reverse, fad.ReverseProgram)
    assert reverse.adjoint == fad.transform(SERIAL, mode="reverse").adjoint
    for program, mode in ((forward, "forward"), (reverse, "reverse")):
        assert program.costs is not None
        manifest = program.manifest()
        assert manifest["mode"] == manifest["cost"]["cheaper"] == mode
        assert program.costs.reason.startswith(f"{mode} mode, which takes about ")


def test_auto_is_about_first_derivatives_by_each_variable() -> None:
    with pytest.raises(FadError, match="first derivatives"):
        fad.transform(SERIAL, mode="auto", order=2)  # type: ignore[call-overload]
    with pytest.raises(FadError, match="along a direction"):
        fad.transform(SERIAL, mode="auto", direction={"g1": 1.0})  # type: ignore[call-overload]
