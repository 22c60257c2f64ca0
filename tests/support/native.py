"""Tests that run native code."""

from __future__ import annotations

import pytest

from fad.runtime.compiler import find_compiler

needs_compiler = pytest.mark.skipif(find_compiler() is None, reason="needs a C++ compiler")
#: Natively, where that is possible, and in the interpreter.
both_ways = pytest.mark.parametrize("native", [pytest.param(True, marks=needs_compiler), False])
