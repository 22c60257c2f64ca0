"""The cache: what it believes, and where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from fad.base.cache import Cache


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of its own for the cache, as the user's would be."""
    return tmp_path / "cache"


def test_an_entry_under_a_wrong_name_is_not_believed(folder: Path) -> None:
    cache = Cache(folder)
    cache.put("a", b"data")
    (folder / "b").write_bytes((folder / "a").read_bytes())
    assert (cache.get("a"), cache.get("b")) == (b"data", None)


def test_the_folder_comes_from_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAD_CACHE_DIR", str(folder))
    Cache().put("a", b"data")
    assert (folder / "a").exists()
