"""Layers beside difference quotients: a few of the programs of `make corpus-layers`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fad.model.kernel import Kernel
from tests.model.programs import FILTER, RATE, TABLE
from tests.support.native import needs_compiler
from tests.support.places import STANDARD_EXAMPLES
from tests.support.random_programs import HELPERS, programs

torch = pytest.importorskip("torch", reason="needs PyTorch: the extra `fad[torch]`")
support = pytest.importorskip("tests.support.layers")
Layer = pytest.importorskip("fad.torch.layer").Layer

SETTING = support.Setting(3, 1, 0.1)
BLOCK = 16


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    """Double precision, where nothing else is said."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def verdicts(comparison: Any, left_out: Any = ()) -> dict[str, str]:
    """Variable -> what came of it."""
    return {each.variable: each.verdict for each in comparison.found(left_out)}


def paths(layer: Any) -> list[str]:
    """The parameters that an output depends on."""
    model = layer.model(torch.float64)
    return [each.path for each in model.variables if each.path in model.compiled.primal.controls]


@needs_compiler
@pytest.mark.parametrize(
    ("program", "inputs"),
    [pytest.param(FILTER, True, id="filter"), pytest.param(TABLE, False, id="table")],
)
def test_gradcheck_by_values_over_time(program: str, inputs: bool) -> None:
    """Reverse mode refuses the table, and so there are no derivatives by its input."""
    layer = Layer(program, rate=RATE, block=BLOCK)
    comparison = support.Comparison(layer, paths(layer), SETTING)
    found = verdicts(comparison)
    assert list(found) == [*paths(layer), *(["input"] if inputs else [])]
    assert set(found.values()) == {"agrees"}
    assert support.streams(comparison, (1, 7, 20)) and support.streams(comparison, (BLOCK,))


@needs_compiler
def test_what_is_quantised_is_left_out() -> None:
    """A slope stands for the derivative of a table that is read at whole positions."""
    program = STANDARD_EXAMPLES / "generator" / "osc.dsp"
    layer = Layer(program, rate=RATE, block=BLOCK)
    by = paths(layer)
    found = verdicts(
        support.Comparison(layer, by, SETTING), support.quantised(program, [*by, "input"])
    )
    assert found == {"/Oscillator/freq": "quantised", "/Oscillator/volume": "agrees"}


def test_random_programs() -> None:
    compared = 0
    for case in programs(4):
        text = HELPERS + case.text
        layer = Layer(text, rate=RATE, block=8, backend="interpreter")
        comparison = support.Comparison(layer, paths(layer), support.Setting(2, 1, 0.1, (), 6, 2))
        found = verdicts(comparison, support.quantised(text, [*paths(layer), "input"]))
        assert "wrong" not in found.values(), text
        compared += list(found.values()).count("agrees")
    assert compared


@needs_compiler
def test_what_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Kernel.back

    def back(kernel: Kernel, *arguments: Any) -> Any:
        by_x, by_values = right(kernel, *arguments)
        by_values[:, 0, -1] *= 1.01  # by the last value of the first parameter
        return by_x, by_values

    monkeypatch.setattr(Kernel, "back", back)
    layer = Layer(FILTER, rate=RATE, block=BLOCK)
    comparison = support.Comparison(layer, paths(layer), SETTING)
    # The switch is the first that it is called with.
    monkeypatch.setattr(comparison, "held", {})
    first, *others = verdicts(comparison).items()
    assert first[1] == "wrong" and {verdict for _, verdict in others} == {"agrees"}
