"""The examples of differentiable audio reach what they should; `make learn` runs them, too."""

from __future__ import annotations

import importlib

import pytest

from examples.ddsp.__main__ import EXAMPLES
from tests.support.native import needs_compiler

pytest.importorskip("torch", reason="needs PyTorch: the extra `fad[torch]`")


@needs_compiler
@pytest.mark.parametrize("name", EXAMPLES)
def test_it_learns(name: str) -> None:
    pytest.importorskip(EXAMPLES[name])
    result = importlib.import_module(f"examples.ddsp.{name}").run()
    assert result.is_reached, result.told
