"""Which C++ compiler is taken, and what becomes of one that does not do its work."""

from __future__ import annotations

import os
import stat
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import fad
from fad.base.errors import EngineError
from fad.runtime import compiler, native
from fad.runtime.compiler import find_compiler
from tests.support.native import needs_compiler

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the compilers here are shell scripts")
PROGRAM = 'process = *(hslider("gain", 0.5, 0, 1, 0.01));'
#: What the machine really has.
SYSTEM, USUAL_CACHE = find_compiler(), os.environ.get("FAD_CACHE_DIR")
X = np.linspace(-1, 1, 100)[None]


def program(path: Path, script: str) -> Path:
    """A program that can be run, as a script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture(autouse=True)
def no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a compiler, and with an empty cache."""
    monkeypatch.setenv("FAD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/nowhere")
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)


def package(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """A package `ziglang` whose compiler is a script."""
    zig = program(folder / "ziglang" / "zig", script)
    (folder / "ziglang" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(compiler, "find_spec", find_spec)
    return zig


def test_without_a_compiler_it_is_told_how_to_get_one() -> None:
    assert find_compiler() is None
    with pytest.warns(fad.InterpreterWarning, match=r"pip install 'faust-fad\[native\]'"):
        assert fad.load(PROGRAM).backend == "interpreter"
    with pytest.raises(EngineError) as caught:
        fad.load(PROGRAM, backend="native")
    assert "faust-fad[native]" in str(caught.value.hint)
    with pytest.raises(EngineError, match="which native code and foreign functions need") as caught:
        fad.check(PROGRAM, native=True)
    assert "faust-fad[native]" in str(caught.value.hint)


def test_a_compiler_of_the_system_goes_before_one_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zig = package(tmp_path / "site", monkeypatch, "")
    found = find_compiler()
    assert found is not None and found.command[:2] == (str(zig), "c++") and found.is_package
    for name in ("c++", "clang++", "g++"):
        path = program(tmp_path / "bin" / name, f"echo {name} 1.2")
        found = find_compiler()
        assert found is not None and found.command == (str(path),)
        assert found.version == f"{name} 1.2"


@needs_compiler
def test_the_compiler_of_python_builds_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hands over to that of the system, without the options that only it knows."""
    log = tmp_path / "log"
    assert SYSTEM is not None
    script = f"""echo "$ZIG_GLOBAL_CACHE_DIR" > {log}
for each; do
    shift
    case "$each" in c++|-mcpu=*|-fno-sanitize=*) ;; *) set -- "$@" "$each" ;; esac
done
PATH={os.path.dirname(SYSTEM.path)}:/usr/bin:/bin exec {SYSTEM.path} "$@" """
    package(tmp_path / "site", monkeypatch, script)
    model = fad.load(PROGRAM, precision="double")
    assert model.backend == "native"
    assert np.array_equal(model(X, gain=0.25), 0.25 * X)
    kept = tmp_path / "cache" / "zig"
    assert log.read_text() == f"{kept}\n" and stat.S_IMODE(kept.stat().st_mode) == 0o700


def test_another_version_compiles_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "_told", compiler._told.__wrapped__)
    runs = tmp_path / "runs"
    script = """if [ "$1" = --version ]; then echo {0}; exit; fi
echo {0} >> {1}; while [ "$1" != -o ]; do shift; done; echo made > "$2" """
    for version in ("1.0", "1.0", "2.0", "1.0"):
        program(tmp_path / "bin" / "g++", script.format(version, runs))
        found = find_compiler()
        assert found is not None
        assert native.executable(found, (), {"a.cpp": ""}, (), bytes) == b"made\n"
    assert runs.read_text().split() == ["1.0", "2.0"]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo 'no license found' >&2; exit 1", "`g++` failed with code 1\nno license found"),
        ("echo a.cpp:1: error: no; echo 'x.cpp:1:2: error: no such thing' >&2; exit 4", "no such"),
        ("kill -9 $$", "`g++` failed with code -9"),
        ("exit 0", "`g++` has written no program"),
        ('while [ "$1" != -o ]; do shift; done; echo garbage > "$2"', "cannot be loaded"),
        ("sleep 100 & wait", "`g++` took over 0.3 s"),
    ],
)
def test_a_compiler_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    monkeypatch.setattr(native, "_TIME_LIMIT", 0.3)
    version = 'if [ "$1" = --version ]; then echo 1.0; exit; fi\nPATH=/usr/bin:/bin\n'
    program(tmp_path / "bin" / "g++", version + script)
    for _ in range(2):  # nothing of it is kept
        with pytest.raises(EngineError) as caught:
            fad.load(PROGRAM)
        assert told in caught.value.message
        assert '`backend="interpreter"`' in str(caught.value.hint)


def test_a_folder_for_temporary_files_that_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin" / "g++", "echo 1.0")

    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(EngineError, match="no space left on device") as caught:
        fad.load(PROGRAM)
    assert "TMPDIR" in str(caught.value.hint)


def test_what_is_kept_and_cannot_be_used_is_made_again(tmp_path: Path) -> None:
    """It may have been made on another machine, for another library of C."""
    script = 'while [ "$1" != -o ]; do shift; done; echo made > "$2"'
    program(tmp_path / "bin" / "g++", script)
    found = find_compiler()
    assert found is not None
    uses = []

    def use(data: bytes) -> bytes:
        uses.append(data)
        if len(uses) == 2:
            raise EngineError("the native code cannot be loaded")
        return data

    for count in (1, 3):
        assert native.executable(found, (), {"a.cpp": ""}, (), use) == b"made\n"
        assert len(uses) == count


@pytest.mark.skipif(find_spec("ziglang") is None, reason="needs the extra `fad[native]`")
def test_the_compiler_that_the_extra_brings(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a minute when it is used for the first time: its library of C++ is kept."""
    monkeypatch.setattr(compiler, "find_spec", find_spec)
    if USUAL_CACHE is None:
        monkeypatch.delenv("FAD_CACHE_DIR")
    else:
        monkeypatch.setenv("FAD_CACHE_DIR", USUAL_CACHE)
    factor = 1 + time.time() % 1  # so that the program itself is not kept
    model = fad.load(f"process = *({factor!r});", precision="double")
    assert model.backend == "native"
    assert np.array_equal(model(X), factor * X)
    smallest = np.float64(5e-324)
    assert smallest * 1.0 != 0  # the process keeps such numbers
    run = fad.run(f"process = *({factor!r});", seconds=0.001, inputs=X, native=True)
    assert np.array_equal(run.outputs, (factor * X)[:, : run.outputs.shape[1]])
