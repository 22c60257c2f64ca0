"""What the page asks for and gets: the same as whoever calls the library, or the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

import fad
from fad.cli.reports import check_table
from fad.drawing.block_diagrams import FOLD, tidied
from fad.page import jobs
from fad.page.asked import OPTIONS
from fad.page.service import answer
from fad.runtime.engine import Engine
from tests.support.places import LIBRARIES, ROOT
from tests.test_packages import NATIVE

EXAMPLES = sorted((ROOT / "examples").glob("*.dsp")) + sorted(
    (ROOT / "examples" / "operators").glob("*.dsp")
)
#: Two of each kind. Those about files and folders of the command line are left out, one that is no
#: text, and those that take seconds.
ERRORS = [
    case
    for _, cases in groupby(
        sorted((ROOT / "tests" / "golden" / "errors").iterdir()),
        lambda case: case.name.partition("-")[0],
    )
    for case in [
        case
        for case in cases
        if not (case / "args").exists() or (case / "args").read_text() == "transform main.dsp\n"
        if case.name not in ("file-binary", "endless-growing") and "too-many" not in case.name
    ][:2]
]
SUFFIXES = (".dsp", ".lib")
#: With characters that are two in UTF-16, in a comment and in a label.
ASTRAL = """// 𝄞 a clef
a = hslider("𝄞 gain", 0.5, 0, 1, 0.01);
process = *(a) : wrong;
"""


def asked(job: str, source: str, **more: Any) -> Any:
    return json.loads(answer(json.dumps({"job": job, "source": source, **more})))


def done(job: str, source: str, **more: Any) -> Any:
    found = asked(job, source, **more)
    assert found["ok"], found
    return found["result"]


def refused(job: str, source: str, **more: Any) -> Any:
    found = asked(job, source, **more)
    assert not found["ok"]
    return found["error"]


def request_of(path: Path) -> dict[str, Any]:
    """A program and what is beside it, as the page has them."""
    beside = [file for file in path.parent.rglob("*") if file.suffix in SUFFIXES and file != path]
    files = {file.relative_to(path.parent).as_posix(): file.read_text("utf-8") for file in beside}
    return {"name": path.name, "source": path.read_text("utf-8"), "files": files}


def utf16(text: str, place: dict[str, Any]) -> str:
    """The part of a text that an editor in JavaScript marks."""
    return text.encode("utf-16-le")[2 * place["from"] : 2 * place["to"]].decode("utf-16-le")


# -- The jobs: what the library gives ------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_dual_is_that_of_the_library_with_links(path: Path) -> None:
    expected = fad.transform(path)

    found = done("transform", **request_of(path))

    assert found["text"] == expected.source
    assert found["outputs"] == [output.name for output in expected.outputs]
    source = path.read_text("utf-8")
    assert found["links"]
    for link in found["links"]:
        assert utf16(found["text"], link["dual"]).endswith(";")
        assert utf16(source, link["source"])
        assert link["name"] and link["what"]


def test_warnings_come_along() -> None:
    source = 'steps = nentry("steps", 4, 1, 8, 1); process = *(int(steps));'
    found = asked("transform", source, name="steps.dsp")
    (warning,) = found["warnings"]
    assert warning["message"].startswith("the derivative by /steps is zero")
    place = warning["place"]
    assert f" at steps.dsp:{place['line']}:{place['column']} " in warning["message"]
    assert utf16(source, place) == "int(steps)"
    # Nothing in the text is the place of this one.
    (warning,) = asked("transform", "process = _;")["warnings"]
    assert "no variables" in warning["message"] and warning["place"] is None


OPTIONS_OF_DUALS: list[dict[str, Any]] = [
    {"wrt": ["fc"], "only": "tangents"},
    {"wrt": "fc,gain", "order_by": "ui", "comments": False, "lines": True},
    {"order": 2, "wrt": ["gain"]},
    {"direction": {"fc": 20, "gain": -0.5}, "precision": "single"},
]


@pytest.mark.parametrize("options", OPTIONS_OF_DUALS, ids=lambda options: ",".join(options))
def test_options_of_a_dual_are_those_of_the_library(options: dict[str, Any]) -> None:
    path = ROOT / "examples" / "lowpass.dsp"
    given = {**options, "wrt": [options["wrt"]]} if type(options.get("wrt")) is str else options
    expected = fad.transform(path, **given)

    found = done("transform", **request_of(path), options=options)

    assert found["text"] == expected.source


def test_rules_and_models_are_files_beside_the_program() -> None:
    source = 'g = hslider("g", 1, 0, 2, 1); process = ffunction(float foo(float), "", "")(g);'
    rules = "d_foo(x) = 3*x;"
    found = done("transform", source, files={"own.lib": rules}, options={"rules": "own.lib"})
    expected = fad.transform(source, rules=rules).source
    assert found["text"].partition("\n")[2] == expected.partition("\n")[2]

    path = ROOT / "examples" / "learn" / "network.dsp"
    options = {"model": "network_model.dsp", "rate": 0.002, "start": {}, "outputs": "all"}
    model = path.with_name("network_model.dsp")
    found = done("learn", **request_of(path), options=options)
    assert found["text"] == fad.estimate(path, model, rate=0.002, outputs="all").source


def test_what_is_learnt_is_told_with_its_start() -> None:
    source = """process = hslider("a", 0.1, 0, 1, 0.1) + vslider("b[scale:log]", 5, 1, 16, 1)
        + hgroup("g", hslider("b", 1, 0, 4, 1));"""
    found = done("learn", source, options={"start": {"/b": 3, "/g/b": 2}, "freeze": ["/g/b"]})
    assert [one["title"] for one in found["parameters"]] == ["a", "b"]
    learnt = done("learn", source, options={"start": {"/b": 3}})["parameters"]
    assert [one["title"] for one in learnt] == ["a", "b", "g b"]
    *learnt, _ = learnt
    # What is not said starts at a quarter or at three quarters of its range, whichever is far.
    told = {one["path"]: (one["init"], one["min"], one["max"], one["scale"]) for one in learnt}
    assert told == {"/a": (0.75, 0, 1, "lin"), "/b": (3, 1, 16, "log")}


@pytest.mark.parametrize("name", ["lowpass", "estimate", "echo"])
def test_other_texts_are_those_of_the_library(name: str) -> None:
    path = ROOT / "examples" / f"{name}.dsp"
    request = request_of(path)

    reverse = fad.transform(path, mode="reverse")
    found = done("reverse", **request)
    assert [*found.values()] == [*reverse.texts(name).values()]
    assert [*found] == ["forward", "adjoint", "control", "manifest"]
    assert done("expand", **request)["text"] == fad.expand(path).source
    assert done("explain", **request)["text"] == fad.explain(path)
    assert done("learn", **request)["text"] == fad.estimate(path).source


def test_parameters_say_where_they_are() -> None:
    source = """freq = vslider("h:synth/freq [style:knob] [unit:Hz] [scale:log]", 440, 20, 2000, 1);
both = par(i, 2, nentry("n%i", i, 0, 3, 1)) :> _;
process = *(freq) , both , button("gate") :> _;
"""
    found = done("parameters", source, name="synth.dsp")
    by_path = {each["path"]: each for each in found}
    assert [*by_path] == ["/synth/freq", "/n0", "/n1", "/gate"]
    texts = [utf16(source, each) for each in found]
    assert texts[0].startswith('vslider("h:synth/freq') and texts[0].endswith(", 1)")
    assert texts[1] == texts[2] == 'nentry("n%i", i, 0, 3, 1)'
    assert texts[3] == 'button("gate")'
    freq = by_path["/synth/freq"]
    told = {"label": "freq", "kind": "vslider", "init": 440, "min": 20, "max": 2000, "step": 1}
    told |= {"scale": "log", "unit": "Hz", "style": "knob", "variable": True}
    assert {name: freq[name] for name in told} == told
    assert by_path["/gate"]["variable"] is False


def test_parameters_of_a_library_are_where_the_program_asks_for_them() -> None:
    files = {"mine.lib": 'volume = *(hslider("volume", 0.5, 0, 1, 0.01)); process = volume;'}
    source = 'm = library("mine.lib");\nprocess = _ : m.volume;\n'
    (found,) = done("parameters", source, files=files)
    assert utf16(source, found) == "m.volume"
    # Here the program says nothing of it at all.
    (found,) = done("parameters", 'import("mine.lib");\n', files=files)
    assert (found["from"], found["to"]) == (None, None)


def test_a_check_is_that_of_the_library(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fad.page.checks.page_engine", lambda: engine)
    source = """p = hslider("v:a/p", 0.5, 0, 4, 0.01);
q = hslider("q", 1, 0, 2, 0.01);
process = _*p*((p > 0.5) + 1), _*p, p/(_ > 2) + q;
"""
    options = {"seconds": 0.005, "points": 2, "at": {"q": 1}, "wrt": ["p", "q"]}
    found = done("check", source, name="jump.dsp", options=options)

    expected = fad.check(
        source, engine=engine, native=False, seconds=0.005, points=2, at={"q": 1}, wrt=["p", "q"]
    )
    verdicts = [
        {**each, "parameter": each["path"]}
        for each in found["verdicts"]
        if each.pop("label") == each["path"][-1]
    ]
    for each in verdicts:
        del each["path"]
    comparisons = expected.to_json()["comparisons"]
    for each in comparisons:
        if not each["compared"]:
            each["error"] = each["tolerance"] = None
    assert any(each["error"] is None for each in verdicts)
    assert verdicts == comparisons
    # The worst of each: outputs without an effect, or that are infinite, are no better.
    worst = {each["path"]: each["verdict"] for each in found["badges"]}
    assert worst == {"/a/p": "undefined", "/q": "undefined"}
    assert (found["passed"], found["tested"]) == (True, True)
    assert found["points"] == [dict(point) for point in expected.points]
    assert [(each["output"], each["path"], each["verdict"]) for each in found["derivatives"]] == [
        (pair.output, pair.parameter, pair.verdict) for pair in expected.pairs
    ]
    channels = fad.transform(source).outputs
    assert [each["name"] for each in found["derivatives"]] == [
        channel.name for channel in channels if channel.order == 1
    ]
    assert (found["frames"], found["rate"]) == (220, 44100)
    assert found["outputs"] == [channel.name for channel in channels if channel.order == 0]
    assert found["remarks"] == ["output 2 is not finite everywhere"]
    assert set(found["remarks"]) < set(check_table(expected).splitlines())


def test_a_check_that_finds_nothing_to_test_says_so(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fad.page.checks.page_engine", lambda: engine)
    found = done("check", "process = _;")
    assert not found["tested"]
    assert found["remarks"] == ["there is nothing to differentiate by: nothing was tested"]
    found = done("check", 'process = 0*hslider("a", 1, 0, 2, 0.1);')
    assert not found["tested"]
    # Options of the command line are nothing for a page.
    assert found["remarks"] == [
        "output 0 is silent: nothing was tested there",
        "no derivative is other than zero: nothing was tested",
    ]


def test_diagrams_are_those_of_the_library(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fad.page.diagrams.page_engine", lambda: engine)
    path = ROOT / "examples" / "lowpass.dsp"
    source = done("diagram", **request_of(path))["sheets"]
    dual = done("diagram", **request_of(path), options={"which": "dual"})["sheets"]
    assert next(iter(source)) == next(iter(dual)) == "process.svg"
    assert all(text.startswith("<?xml") for text in (*source.values(), *dual.values()))
    assert "hslider(gain" in "".join(source.values()) and "w1.svg" in dual
    drawn = engine.diagrams(fad.transform(path).source, "lowpass.dsp", fold=FOLD)
    assert dual == tidied(drawn)


# -- Errors: those of the command line, with their places ----------------------------------------


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.name)
def test_an_error_is_that_of_the_command_line(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAUST_LIB_PATH", str(LIBRARIES))
    job = "transform" if (case / "args").exists() else "expand"

    error = refused(job, **request_of(case / "main.dsp"))

    assert error["text"] + "\n" == (case / "expected.txt").read_text("utf-8")
    assert f"error: {error['message']}" in error["text"]
    assert error["hint"] is None or f"hint: {error['hint']}" in error["text"]
    place = error["place"]
    if place is not None:
        shown = f"{place['file']}:{place['line']}:{place['column']}: error: "
        assert error["text"].startswith(shown)


def test_places_are_counted_as_editors_in_javascript_do() -> None:
    error = refused("expand", ASTRAL)
    assert utf16(ASTRAL, error["place"]) == "wrong"
    assert (error["place"]["line"], error["place"]["column"]) == (3, 18)
    (parameter,) = done("parameters", ASTRAL.replace("wrong", "_"))
    assert utf16(ASTRAL, parameter) == 'hslider("𝄞 gain", 0.5, 0, 1, 0.01)'
    source = ASTRAL.replace("wrong", "_")
    found = done("transform", source)
    spans = {link["name"]: utf16(source, link["source"]) for link in found["links"]}
    assert spans["a"] == 'a = hslider("𝄞 gain", 0.5, 0, 1, 0.01)'
    duals = {link["name"]: utf16(found["text"], link["dual"]) for link in found["links"]}
    assert duals["a"] == 'a = hslider("𝄞 gain", 0.5, 0, 1, 0.01), 1.0;'


def test_an_error_in_another_file_names_it() -> None:
    files = {"lib/mine.lib": "f(x) = x +;\n"}
    error = refused("expand", 'import("lib/mine.lib"); process = f(1);', files=files)
    assert error["place"]["file"] == "lib/mine.lib"
    assert utf16(files["lib/mine.lib"], error["place"]) == ";"


def test_the_calls_around_an_error_have_places() -> None:
    source = "inverse(x) = 1 / x;\nprocess = inverse(0);"
    error = refused("expand", source)
    ((function, place),) = [(each["function"], each["place"]) for each in error["calls"]]
    assert function == "inverse"
    assert utf16(source, place) == "inverse(0)"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("{", "the request is not JSON"),
        ("[]", "not an object"),
        ('{"job": "dance"}', "there is no job `dance`"),
        ('{"job": ["expand"]}', "there is no job"),
        ('{"job": "expand"}', "no `source`"),
        ('{"job": "expand", "source": "", "files": ["a"]}', "names with texts"),
        ('{"job": "expand", "source": "", "files": {"../a.lib": ""}}', "`../a.lib` is no name"),
        ('{"job": "expand", "source": "", "files": {"/a.lib": ""}}', "`/a.lib` is no name"),
        ('{"job": "expand", "source": "", "name": ""}', "`` is no name"),
        ('{"job": "expand", "source": "", "name": 3}', "`3` is no name"),
        ('{"job": "expand", "source": "", "options": 3}', "names with values"),
        ('{"job": "expand", "source": "", "options": {"wrt": "a"}}', "has no option `wrt`"),
        ('{"job": "transform", "source": "", "options": {"wrt": 3}}', "a text, or a list"),
        ('{"job": "transform", "source": "", "options": {"order": true}}', "one of `1` or `2`"),
        ('{"job": "transform", "source": "", "options": {"surrogate": "x"}}', "one of `tables`"),
        ('{"job": "learn", "source": "", "options": {"rate": true}}', "a number"),
        ('{"job": "learn", "source": "", "options": {"window": 1.5}}', "a whole number"),
        ('{"job": "learn", "source": "", "options": {"start": [1]}}', "names with numbers"),
        ('{"job": "transform", "source": "", "options": {"rules": "no.lib"}}', "cannot find"),
    ],
)
def test_bad_requests_are_refused(request_: str, message: str) -> None:
    found = json.loads(answer(request_))
    assert found["ok"] is False
    assert message in found["error"]["message"]


def test_what_is_too_deep_or_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {}
    for raised in (RecursionError("?"), MemoryError("?"), ZeroDivisionError("oh")):

        def fail(job: object, raised: Exception = raised) -> Any:
            raise raised

        monkeypatch.setattr("fad.page.service.JOBS", {**jobs.JOBS, "expand": fail})
        told[type(raised)] = refused("expand", "process = _;")["message"]
    assert told[RecursionError] == "the program is nested too deeply"
    assert told[MemoryError] == "the program needs more memory than there is"
    assert told[ZeroDivisionError].startswith("internal error: ZeroDivisionError: oh (")


def test_nothing_stays_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done("expand", "process = _;", name="a.dsp", files={"b/c.lib": "x = 1;"})
    refused("expand", "process = wrong;", name="a.dsp", files={"b/c.lib": "x = 1;"})
    assert list(tmp_path.iterdir()) == []
    assert os.getcwd() == str(tmp_path)


def test_each_job_has_options() -> None:
    assert set(OPTIONS) == set(jobs.JOBS)


# -- Where nothing native is ---------------------------------------------------------------------

SERVED = """
import json, sys
for name in json.loads(sys.argv[1]):
    sys.modules[name] = None  # Python refuses to import it
from fad.page.service import answer
for line in sys.stdin:
    print(answer(line))
"""


def test_the_page_runs_where_nothing_native_is() -> None:
    path = ROOT / "examples" / "lowpass.dsp"
    names = ("parameters", "transform", "reverse", "expand", "learn", "explain")
    requests = [json.dumps({"job": job, **request_of(path)}) for job in names]
    sound = {"job": "learn", "source": "process = _;", "options": {"input": "a.wav"}}
    requests.append(json.dumps(sound))
    hidden = json.dumps([*NATIVE, "soundfile"])
    served = subprocess.run(
        [sys.executable, "-c", SERVED, hidden],
        cwd=ROOT,
        env={**os.environ, "FAUST_LIB_PATH": str(LIBRARIES)},
        input="\n".join(requests),
        capture_output=True,
        encoding="utf-8",
    )
    assert served.returncode == 0, served.stderr
    *answers, without = map(json.loads, served.stdout.splitlines())
    # Python cannot look for a package that it refuses: so libraries come another way here.
    for request, found in zip(requests, answers, strict=False):
        assert found["ok"], found
        assert found["result"] == json.loads(answer(request))["result"]
    assert not without["ok"] and "internal" not in without["error"]["message"]
