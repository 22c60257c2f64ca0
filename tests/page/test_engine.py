"""The engine of the page, in node: what Python in WebAssembly makes of the examples.

`make site` builds what is tested here.
"""

from __future__ import annotations

import shutil

import pytest

import fad
from fad.drawing.block_diagrams import tidied
from fad.runtime.engine import Engine
from tests.support.page_engine import ENGINE, answered, request
from tests.support.places import ROOT, STANDARD_EXAMPLES

pytestmark = [
    pytest.mark.skipif(not ENGINE.is_dir(), reason="`make site` has to build it"),
    pytest.mark.skipif(shutil.which("node") is None, reason="there is no node"),
]

FOLDERS = ("", "ddsp", "learn", "operators")
EXAMPLES = [
    path for folder in FOLDERS for path in sorted((ROOT / "examples" / folder).glob("*.dsp"))
]


def test_duals_are_those_of_the_command_line_byte_for_byte() -> None:
    found = answered(*(request("transform", path) for path in EXAMPLES))
    for path, each in zip(EXAMPLES, found, strict=True):
        try:
            expected = fad.transform(path).source
        except fad.FadError as error:
            assert each.answer["error"]["message"] == error.message
        else:
            assert each.result["text"] == expected


def test_other_texts_are_those_of_the_command_line() -> None:
    path = ROOT / "examples" / "lowpass.dsp"
    reverse, learn, expand, explain = answered(
        *(request(job, path) for job in ("reverse", "learn", "expand", "explain"))
    )
    texts = fad.transform(path, mode="reverse").texts("lowpass")
    assert [*reverse.result.values()] == [*texts.values()]
    assert learn.result["text"] == fad.estimate(path).source
    assert expand.result["text"] == fad.expand(path).source
    assert explain.result["text"] == fad.explain(path)


def test_derivatives_are_proved_as_by_the_command_line(engine: Engine) -> None:
    names = ("estimate", "lowpass", "harmonics", "echo")
    paths = [ROOT / "examples" / f"{name}.dsp" for name in names]
    for path, each in zip(
        paths, answered(*(request("check", path) for path in paths)), strict=True
    ):
        found, expected = each.result, fad.check(path, native=False, engine=engine)
        assert found["passed"] and found["tested"]
        for one, other in zip(found["verdicts"], expected.comparisons, strict=True):
            verdict = (one["path"], one["output"], one["point"], one["verdict"])
            assert verdict == (other.parameter, other.output, other.point, other.verdict)
            # Functions such as sin are those of another library.
            assert one["error"] == pytest.approx(other.error, rel=0.1, abs=1e-6)


def test_a_wrong_derivative_is_not_proved() -> None:
    source = 'f(x) = x*x; d_f(x) = 3*x; process = _*f(hslider("p", 0.5, 0, 4, 0.01));'
    (found,) = answered({"job": "check", "source": source})
    (badge,) = found.result["badges"]
    assert (badge["verdict"], found.result["passed"]) == ("mismatch", False)
    (derivative,) = found.result["derivatives"]
    assert (derivative["name"], derivative["verdict"]) == ("dy/dp", "mismatch")


def test_diagrams_are_drawn(engine: Engine) -> None:
    path = ROOT / "examples" / "lowpass.dsp"
    source, dual = answered(request("diagram", path), request("diagram", path, which="dual"))
    drawn = tidied(engine.diagrams(fad.transform(path).source, path.name, fold=10))
    assert sorted(dual.result["sheets"]) == sorted(drawn)
    assert source.result["sheets"]["process.svg"].startswith("<?xml")


def test_what_is_too_deep_is_an_error_or_works() -> None:
    """There is one stack of a megabyte for all that recurses."""
    endless = "f(x) = f(x + 1); process = f(1);"
    deep = f"process = {'sin(' * 5000}_{')' * 5000};"
    refused, made = answered(
        {"job": "expand", "source": endless}, {"job": "expand", "source": deep}
    )
    assert "endless evaluation" in refused.answer["error"]["message"]
    assert made.result["text"] == fad.expand(deep).source.replace("<text>", "program.dsp")


def test_a_diagram_in_which_functions_are_nested_by_the_hundred_is_freed() -> None:
    path = STANDARD_EXAMPLES / "physicalModeling" / "mi-faust" / "13_Construction"
    (path,) = path.glob("*.dsp")
    dual, next_one = answered(request("transform", path), {"job": "expand", "source": "process=_;"})
    assert dual.result["text"] == fad.transform(path).source
    assert next_one.answer["ok"]
