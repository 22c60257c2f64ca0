"""Layers of JAX beside those of PyTorch: a few of the programs of `make corpus-layers`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.model.programs import FILTER, RATE, TABLE
from tests.support.native import needs_compiler

torch: Any = pytest.importorskip("torch", reason="needs PyTorch: the extra `fad[torch]`")
jax: Any = pytest.importorskip("jax", reason="needs JAX: the extra `fad[jax]`")
layers: Any = pytest.importorskip("tests.support.layers")
support: Any = pytest.importorskip("tests.support.jax_layers")
Layer: Any = pytest.importorskip("fad.torch.layer").Layer
layers_of_jax: Any = pytest.importorskip("fad.jax")
Program: Any = pytest.importorskip("fad.jax.programs").Program

pytestmark = needs_compiler
BLOCK = 16


@pytest.fixture(autouse=True, scope="module")
def double_precision() -> Iterator[None]:
    """In both."""
    before = torch.get_default_dtype(), jax.config.jax_enable_x64
    torch.set_default_dtype(torch.float64)
    jax.config.update("jax_enable_x64", True)
    yield
    torch.set_default_dtype(before[0])
    jax.config.update("jax_enable_x64", before[1])


def reference(program: str) -> Any:
    """What PyTorch computes, by all parameters, and by the inputs, if it can."""
    layer = Layer(program, rate=RATE, block=BLOCK)
    model = layer.model(torch.float64)
    paths = [each.path for each in model.variables if each.path in model.compiled.primal.controls]
    comparison = layers.Comparison(layer, paths, layers.Setting(3, 2, 0.1))
    return comparison.reference(list(comparison.found()))


@pytest.fixture(scope="module")
def filtered() -> Any:
    return reference(FILTER)


def in_jax(program: str) -> Any:
    return layers_of_jax.Layer(program, rate=RATE, block=BLOCK)


def test_a_filter(filtered: Any) -> None:
    assert "input" in filtered.agreeing
    found = support.agreement(in_jax(FILTER), filtered)
    assert (found.told, found.compared) == ("", len(filtered.values))


def test_what_reverse_mode_refuses() -> None:
    found = reference(TABLE)
    assert found.refused and found.agreeing
    agreement = support.agreement(in_jax(TABLE), found)
    assert (agreement.told, agreement.compared) == ("", len(found.agreeing))


@pytest.mark.parametrize("mode", ["along", "back"])
def test_what_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch, filtered: Any, mode: str) -> None:
    """By PyTorch, however small it is, and by the quotients, too."""
    right = getattr(Program, mode)

    def wrong(*arguments: Any) -> Any:
        return jax.tree.map(lambda found: found * (1 + error), right(*arguments))

    monkeypatch.setattr(Program, mode, wrong)
    error = 1e-9
    assert support.agreement(in_jax(FILTER), filtered).told.startswith("differs by 1e-09")
    error = 0.01
    monkeypatch.setattr(support, "CLOSE", 1.0)
    assert support.agreement(in_jax(FILTER), filtered).told.startswith("check_grads: ")
