"""The scripts of the folder `site`, which is no package: one of Python's own has that name."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from tests.support.places import ROOT

SITE = ROOT / "site"


def script(name: str) -> ModuleType:
    """A script of the folder, as a module."""
    spec = importlib.util.spec_from_file_location(f"site_{name}", SITE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
