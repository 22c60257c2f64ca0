"""The site, built once for all tests that look at it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.site.crawler import Site
from tests.support.places import ROOT


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The first page and the documentation; `make test-site` installs what builds them."""
    for module in ("mkdocs", "material", "mkdocstrings"):
        pytest.importorskip(module)
    folder = tmp_path_factory.mktemp("site").resolve()
    built = subprocess.run(
        [sys.executable, ROOT / "site" / "docs.py", folder],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
    )
    assert built.returncode == 0, built.stderr
    return Site(folder)
