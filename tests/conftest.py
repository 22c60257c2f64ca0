"""Fixtures that all tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from fad.runtime.engine import Engine

# As `recursive` does, but before hypothesis looks: it warns when a test changes the limit.
sys.setrecursionlimit(1_000_000)


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """libfaust, in one worker process for the whole session."""
    with Engine() as engine:
        yield engine


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what fad answers now into the golden files; read the difference",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--update-golden") and os.environ.get("CI"):
        raise pytest.UsageError(
            "--update-golden is refused when the environment variable CI is set"
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Commands of the docs take longest: first, so that nobody waits for one at the end."""
    items.sort(key=lambda item: item.path.name != "test_docs.py")


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written instead of compared."""
    return bool(request.config.getoption("--update-golden"))
