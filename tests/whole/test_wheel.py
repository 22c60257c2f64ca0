"""The wheel: what is in it, and that it works where the source is not."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.places import ROOT

FOLDER, SUFFIX = ("Scripts", ".exe") if sys.platform == "win32" else ("bin", "")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the working tree."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def fad(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed from the wheel beside the dependencies of this environment."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder)
    bases = dict.fromkeys(("base", "platbase", "installed_base"), str(folder))
    packages = Path(sysconfig.get_path("purelib", vars=bases))
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", folder / FOLDER / f"python{SUFFIX}"),
            *("install", "--quiet", "--no-deps", "--no-index", wheel),
        ],
        check=True,
    )
    # After the wheel's own folder on the search path, so its modules win.
    here = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "dependencies.pth").write_text("\n".join(here))
    return folder / FOLDER / f"fad{SUFFIX}"


def run(command: Path, *arguments: str, folder: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["FAD_CACHE_DIR"] = str(folder / "cache")
    result = subprocess.run(
        [command, *arguments],
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return result.stdout


def test_the_wheel_holds_what_is_no_module(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "fad/syntax/faust.lark" in names
    assert "fad/py.typed" in names
    assert {f"fad/reporting/report.{ending}" for ending in ("css", "html", "js")} <= names
    assert "fad/runtime/engine_worker.py" in names
    assert not [name for name in names if name.startswith(("tests/", "examples/"))]


def test_the_command_tells_its_version(fad: Path, wheel: Path, tmp_path: Path) -> None:
    version = wheel.name.split("-")[1]
    assert version in run(fad, "--version", folder=tmp_path)


def test_the_command_runs_the_installed_package(fad: Path, tmp_path: Path) -> None:
    python = fad.with_name(f"python{SUFFIX}")
    where = run(python, "-c", "import fad; print(fad.__file__)", folder=tmp_path)
    assert Path(where.strip()).is_relative_to(fad.parent.parent)


def test_the_command_expands_a_program(fad: Path, tmp_path: Path) -> None:
    (tmp_path / "a.dsp").write_text('import("stdfaust.lib"); process = fi.pole(0.5);')
    assert "process" in run(fad, "expand", "a.dsp", folder=tmp_path)
