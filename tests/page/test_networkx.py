"""The part of networkx that the page has of its own: it finds the cuts that networkx finds."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import networkx
import pytest

import fad
from tests.support.places import ROOT


def page_networkx() -> ModuleType:
    """The page's networkx, beside the real one."""
    path = ROOT / "web" / "python" / "networkx.py"
    spec = importlib.util.spec_from_file_location("page_networkx", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


page: Any = page_networkx()


def drawn(module: Any, seed: int) -> Any:
    """A random network from 0 to 1, of either kind."""
    random = Random(seed)
    count = random.randint(2, 14)
    network = module.DiGraph()
    network.add_nodes_from(range(count))
    for _ in range(random.randint(0, 3 * count)):
        start, end = random.randrange(count), random.randrange(count)  # some again
        if random.random() < 0.8:
            network.add_edge(start, end, capacity=random.randint(0, 5))
        else:
            network.add_edge(start, end)
    return network


@pytest.mark.parametrize("seeds", [range(first, first + 100) for first in range(0, 400, 100)])
def test_a_cut_is_that_of_networkx(seeds: range) -> None:
    unbounded = 0
    for seed in seeds:
        try:
            expected = networkx.minimum_cut(drawn(networkx, seed), 0, 1)
        except networkx.NetworkXUnbounded:
            unbounded += 1
            with pytest.raises(page.NetworkXUnbounded):
                page.minimum_cut(drawn(page, seed), 0, 1)
        else:
            assert page.minimum_cut(drawn(page, seed), 0, 1) == expected, seed
    assert 0 < unbounded < len(seeds)


@pytest.mark.parametrize("name", ["lowpass", "echo", "harmonics", "biquad"])
def test_reverse_mode_is_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path: Path = ROOT / "examples" / f"{name}.dsp"
    expected = fad.transform(path, mode="reverse")
    monkeypatch.setitem(sys.modules, "networkx", page)
    assert fad.transform(path, mode="reverse") == expected
