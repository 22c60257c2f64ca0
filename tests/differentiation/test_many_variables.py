"""Diagrams with more variables than a person would name."""

from __future__ import annotations

import subprocess
import sys

import pytest

import fad
from fad.runtime.engine import Engine
from tests.support.quotients import compare

#: So many sliders, of which the diagrams below make all that a rule may meet: tangents of one
#: argument, of another one, and of both.
MANY = 'a(i) = hslider("a%2i", 0.3 + i/50, 0, 2, 0.1); some(n, m) = sum(i, m, a(n + i)*sin(i + n));'


@pytest.mark.parametrize(
    "expression",
    [
        "some(0, 30)",
        "some(0, 30)*some(20, 10)",
        "some(0, 30)/(3 + some(20, 15))",
        "some(0, 30) - 2*some(10, 30) : exp : *(0.01)",
        "min(some(0, 30), some(20, 12))",
        "some(0, 30) <: _, enable(_*0.5, a(3)) : *",
        "(some(0, 30)*_ : + ~ *(a(29)*0.1)) @ 3",
        "select2(1, _, some(0, 30)^2) + prefix(0.5, some(0, 26))",
    ],
)
def test_derivatives_agree_with_difference_quotients(engine: Engine, expression: str) -> None:
    comparison = compare(engine, f"{MANY} process = {expression};", frames=8)
    assert comparison.tangents.shape[1] >= 30
    assert comparison.error < 1e-7


def test_of_second_order(engine: Engine) -> None:
    dual = fad.transform(f"{MANY} process = some(0, 26)*a(1);", only="tangents")
    assert compare(engine, dual.source, frames=2).error < 1e-7


def test_memory_does_not_grow_with_the_cube_of_their_number() -> None:
    """A thousand sliders in a gigabyte: before, four hundred took more than two."""
    text = 'process = sum(i, 1000, hslider("a%i", 1, 0, 2, 0.1)*sin(i + 1));'
    code = (
        "import resource, fad\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"  # 512 MiB are for the stack
        f"program = fad.transform({text!r})\n"
        "print(len(program.outputs), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    outputs, kilobytes = map(int, done.stdout.split())
    assert outputs == 1001
    assert kilobytes < 1 << 20
