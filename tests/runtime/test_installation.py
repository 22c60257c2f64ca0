"""What fad says that it works with is what it works with."""

from __future__ import annotations

import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from fad.base.cache import Cache
from fad.base.errors import EngineError
from fad.runtime import compiler, installation
from fad.runtime.engine import Engine
from fad.runtime.installation import Component, inspect
from tests.support.installed_faust import install_faust
from tests.support.places import LIBRARIES


def component(name: str) -> Component:
    return next(one for one in inspect().components if one.name == name)


def test_the_versions_are_those_that_are_used(engine: Engine) -> None:
    found = inspect()
    versions = {one.name: one.version for one in found.components}
    for package in ("cyfaust", "numpy", "lark"):
        assert versions[package] == version(package)
    assert f'declare version "{versions["libfaust"]}";' in engine.expand("process = _;", "a.dsp")
    assert found.works


def test_the_version_of_the_libraries_is_what_they_say(engine: Engine) -> None:
    said = engine.render('import("version.lib"); process = version;', "a.dsp", frames=1)
    assert inspect().libraries[0].version == ".".join(f"{number:g}" for number in said[:, 0])


def test_the_libraries_are_in_the_order_of_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = install_faust(
        tmp_path, {"version.lib": "version = 1, // 7\n 2, 3;", "a.lib": ""}, monkeypatch
    )
    libraries = inspect().libraries
    assert [one.origin for one in libraries][:3] == ["cyfaust", "fad", "installed Faust"]
    assert libraries[0].folder == str(LIBRARIES)
    assert libraries[0].files == len(list(LIBRARIES.glob("*.lib")))
    assert (libraries[2].folder, libraries[2].files) == (str(folder), 2)
    assert libraries[2].version == "1.2.3"
    faust = component("installed Faust")
    assert faust.place == shutil.which("faust")
    assert faust.version == "unknown"  # this one fails


def test_the_version_of_a_program_is_what_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_faust(tmp_path, {}, monkeypatch)
    (tmp_path / "bin" / "faust").write_text("#!/bin/sh\necho FAUST Version 2.54.9\n")
    assert component("installed Faust").version == "2.54.9"


def test_the_cache_is_the_one_that_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cache"
    monkeypatch.setenv("FAD_CACHE_DIR", str(folder))
    monkeypatch.setenv("FAD_CACHE_SIZE", "3")
    Cache().put(f"syntax-{0:064x}", bytes(968))
    cache = inspect().cache
    assert (cache.folder, cache.entries, cache.size) == (str(folder), 1, 1000)
    assert (cache.limit, cache.distrust) == (3 * 2**20, None)
    if hasattr(os, "getuid"):
        folder.chmod(0o777)
        found = inspect()
        assert "others can write" in (found.cache.distrust or "")
        assert any("others can write" in sentence for sentence in found.missing)
        assert found.works


def test_what_may_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version_of(name: str) -> str:
        if name == "matplotlib":
            raise PackageNotFoundError
        return "1"

    monkeypatch.setattr(installation, "version_of", version_of)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    found = inspect()
    assert found.works
    told = "\n".join(found.missing)
    assert "matplotlib is missing: needed for run --plot" in told
    assert "C++ compiler is missing" in told and "'faust-fad[native]'" in told
    assert "installed Faust is missing" not in told


def test_what_may_not_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> str:
        raise EngineError("the Faust compiler's process does not start\nno such library")

    monkeypatch.setattr(Engine, "expand", refuse)
    found = inspect()
    assert not found.works
    assert any("libfaust is missing" in sentence for sentence in found.missing)
    assert (
        next(one for one in found.components if one.name == "libfaust").place == "no such library"
    )
