"""No program takes for ever: what is endless, or too large, is an error that says where."""

from __future__ import annotations

import resource
import subprocess
from pathlib import Path

import pytest

import fad
from fad.base.errors import FadError
from fad.evaluation.limits import MAX_STEPS
from tests.support.commands import COMMAND, ENVIRONMENT

SECONDS = 30  # of computing, which do not depend on what else the machine does
PATIENCE = 300
BYTES = 6 * 10**9  # of address space, of which the stack takes a part that is never used

SLIDER = 'a = hslider("a", 0, 0, 1, 0.1);'


def nested(depth: int) -> str:
    return f"{SLIDER} process = {'fad(' * depth}_*a{', a)' * depth};"


ENDLESS = {
    "a function as its own argument": "sq(x) = x*x; f(x) = sq(f) - 1; process = f(1);",
    "a function inside itself": "f(x) = (f < 0.5)*x + (x > 0.5)*(1 - x); process = f(1);",
    "process in a function": (
        'process = button("drop") : bubble(600); bubble(f0, trig) = f0*(process + trig);'
    ),
    "a rule inside itself": "f(0) = 1; f(n) = f + n; process = f(2);",
    "functions of functions": "g(x) = \\(y).(g(x + y) + y); process = g(1);",
    "slots without end": "h(x) = \\(y).(h(x*y)(y) + x); process = h;",
}

LARGE = {
    "operators inside each other": nested(40),
    "many seeds": "process = fad(_, par(i, 20000, _));",
    "many seeds of a gradient": "process = rad((_, sin), par(i, 20000, _));",
    "many operators": "process = par(i, 40000, fad(_*(i + 1), _));",
    "lists of nothing": (
        "e(0) = par(i, 0, _); e(n) = e(n - 1), e(n - 1); process = fad(_, e(60));"
    ),
    "environments that are copied": ('process = par(j, 40000, library("stdfaust.lib")[x = j;].x);'),
    "groups inside each other": (
        'f(0) = hslider("x", 0, 0, 1, 0.1); f(n) = vgroup("a", f(n - 1)) + vgroup("b", f(n - 1));'
        "process = f(60);"
    ),
    "a large pattern": (
        "f((x, y)) = x; f(x) = 1; m = case { (par(i, 3000, 1)) => 1; (x) => x; };"
        "process = par(i, 3000, m((i, par(j, 2999, 1))) + m((1, par(j, 2998, 1), i)));"
    ),
    "many parts": 'process = par(i, 50000, hslider("a%i", 0, 0, 1, 0.1)*i + _*i : sin);',
}

#: What is only too large to differentiate.
TO_DIFFERENTIATE = {
    "many diagrams side by side": f"{SLIDER} process = par(i, 40000, *(a));",
    "many derivatives": 'process = par(i, 400, hslider("a%i", 0, 0, 1, 0.1));',
}

FITS = {
    "many diagrams side by side": f"{SLIDER} process = par(i, 40000, *(a));",
    "a large route": "process = route(9000, 9000, par(i, 9000, (i + 1, i + 1)));",
    "numbers used often": "big = par(i, 5000, i); process = par(j, 5000, (big :> _) + j);",
    "operators inside each other": nested(10),
    "functions of each other": "f(0) = *(2); f(n) = f(n - 1) : f(n - 1); process = f(40);",
}


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def finished(folder: Path, verb: str, text: str) -> subprocess.CompletedProcess[str]:
    """A command on a program, in a process of its own with little time and memory."""
    (folder / "main.dsp").write_text(text)
    return subprocess.run(
        [*COMMAND, verb, "main.dsp"],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        preexec_fn=_limit,
    )


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_programs_are_refused(name: str, tmp_path: Path) -> None:
    done = finished(tmp_path, "expand", ENDLESS[name])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("main.dsp:1:")
    assert "endless evaluation" in done.stderr or "more than" in done.stderr


@pytest.mark.parametrize("name", LARGE)
def test_large_programs_are_refused(name: str, tmp_path: Path) -> None:
    done = finished(tmp_path, "transform", LARGE[name])
    assert (done.returncode, done.stdout) == (1, "")
    assert "too large" in done.stderr


@pytest.mark.parametrize("name", TO_DIFFERENTIATE)
def test_what_is_too_large_to_differentiate_is_refused(name: str, tmp_path: Path) -> None:
    done = finished(tmp_path, "transform", TO_DIFFERENTIATE[name])
    assert (done.returncode, done.stdout) == (1, "")
    assert "too large to differentiate" in done.stderr or "too many derivatives" in done.stderr


@pytest.mark.parametrize("name", FITS)
def test_what_fits_is_evaluated(name: str, tmp_path: Path) -> None:
    done = finished(tmp_path, "expand", FITS[name])
    assert (done.returncode, done.stderr) == (0, "")
    assert "process" in done.stdout


def test_a_function_that_contains_itself_is_seen_at_once() -> None:
    with pytest.raises(FadError, match="contains itself") as refusal:
        fad.expand(ENDLESS["a function inside itself"])
    assert refusal.value.span is not None and refusal.value.span.location == (1, 1)


def test_what_is_counted_does_not_depend_on_the_machine() -> None:
    messages = set()
    for _ in range(2):
        with pytest.raises(FadError, match=str(MAX_STEPS)) as refusal:
            fad.expand(ENDLESS["functions of functions"])
        messages.add(str(refusal.value))
    assert len(messages) == 1
