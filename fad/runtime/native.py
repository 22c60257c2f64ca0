"""Programs as native code, by a C++ compiler of the system."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fad.base.cache import Cache
from fad.base.errors import EngineError

#: The metadata by which a widget is found in the native code: `[fad:N]`, N from 0.
TAG = "fad"

COMPILERS = ("g++", "clang++", "c++")
_OPTIONS = ("-std=c++17", "-O1", "-w", "-ffp-contract=off")
_TIME_LIMIT = 300.0

_BEFORE = """
#include <cstdio>
#include <cstdlib>
#include <cmath>
#include <cstring>
#include <cstdint>
#include <algorithm>
#include <map>
#include <vector>
#define FAUSTFLOAT double
struct Soundfile;
struct Meta { void declare(const char*, const char*) {} };
struct UI {
    void openTabBox(const char*) {}
    void openHorizontalBox(const char*) {}
    void openVerticalBox(const char*) {}
    void closeBox() {}
    void addButton(const char*, double*) {}
    void addCheckButton(const char*, double*) {}
    void addVerticalSlider(const char*, double*, double, double, double, double) {}
    void addHorizontalSlider(const char*, double*, double, double, double, double) {}
    void addNumEntry(const char*, double*, double, double, double, double) {}
    void addHorizontalBargraph(const char*, double*, double, double) {}
    void addVerticalBargraph(const char*, double*, double, double) {}
    void addSoundfile(const char*, const char*, Soundfile**) {}
    std::multimap<int, double*> tagged;
    void declare(double* zone, const char* key, const char* value) {
        if (!strcmp(key, "fad")) tagged.emplace(atoi(value), zone);
    }
};
struct dsp { virtual ~dsp() {} };
"""
#: Arguments: rate, frames, then tag and value of each widget that is not where it starts. Reads the
#: inputs from the standard input, one channel after the other; writes the outputs.
_AFTER = """
int main(int count, char** arguments) {
    int rate = atoi(arguments[1]), frames = atoi(arguments[2]);
    mydsp* program = new mydsp();
    program->init(rate);
    UI ui;
    program->buildUserInterface(&ui);
    for (int i = 3; i + 1 < count; i += 2) {
        auto zones = ui.tagged.equal_range(atoi(arguments[i]));
        for (auto it = zones.first; it != zones.second; ++it) *it->second = atof(arguments[i + 1]);
    }
    size_t ins = program->getNumInputs(), outs = program->getNumOutputs();
    std::vector<double> in(ins * frames + 1), out(outs * frames + 1);
    if (fread(in.data(), sizeof(double), ins * frames, stdin) != ins * frames) return 1;
    std::vector<double*> from(ins + 1), to(outs + 1);
    for (size_t i = 0; i < ins; i++) from[i] = in.data() + i * frames;
    for (size_t i = 0; i < outs; i++) to[i] = out.data() + i * frames;
    program->compute(frames, from.data(), to.data());
    fwrite(out.data(), sizeof(double), outs * frames, stdout);
    return 0;
}
"""


@dataclass(frozen=True)
class Binary:
    """A program as native code.

    Attributes:
        data: the executable file.
    """

    data: bytes

    def run(
        self, inputs: NDArray[np.float64], rate: int, values: Mapping[int, float]
    ) -> NDArray[np.float64]:
        """Runs the program from its initial state.

        Args:
            inputs: of shape (channels, frames).
            rate: the sample rate, in Hz.
            values: tag -> value, of the widgets that are not where they start.

        Returns:
            The outputs, of shape (channels, frames).

        Raises:
            EngineError: the program fails.
        """
        frames = inputs.shape[1]
        settings = [str(part) for tag, value in values.items() for part in (tag, repr(value))]
        with installed(self.data) as file:
            command = [file, str(rate), str(frames), *settings]
            data = _run(command, np.ascontiguousarray(inputs).tobytes())
        return np.frombuffer(data, np.float64).reshape(-1, frames)


@contextmanager
def installed(data: bytes) -> Iterator[str]:
    """The path of an executable file that is there for a while."""
    with tempfile.TemporaryDirectory(prefix="fad-") as home:
        file = Path(home, "program")
        file.write_bytes(data)
        file.chmod(0o700)
        yield str(file)


def find_compiler() -> str | None:
    """The path of a C++ compiler, where there is one."""
    return next(filter(None, map(shutil.which, COMPILERS)), None)


def compile_natively(code: str, folder: Path) -> Binary:
    """Compiles a program; what comes of it is kept in the user's cache, by content.

    Args:
        code: the C++ class that libfaust makes of it, in double precision.
        folder: where the headers are that the program names.

    Raises:
        EngineError: there is no C++ compiler, or it does not accept the code.
    """
    compiler = find_compiler()
    if compiler is None:
        raise EngineError(
            "the program calls foreign functions, which libfaust cannot interpret",
            hint=f"install a C++ compiler ({', '.join(COMPILERS)})",
        )
    return Binary(
        executable(compiler, _OPTIONS, {"program.cpp": _BEFORE + code + _AFTER}, [folder])
    )


def executable(
    compiler: str, options: Sequence[str], files: Mapping[str, str], folders: Sequence[Path]
) -> bytes:
    """What a C++ compiler makes of a program, from the user's cache if it is there.

    Args:
        compiler: its path.
        options: its options.
        files: name -> text of the program's files; the first one is compiled.
        folders: where other headers are.

    Raises:
        EngineError: the compiler does not accept the program.
    """
    options = [*options, *(f"-I{folder.absolute()}" for folder in folders)]
    text = "\0".join([compiler, *options, *files.values()])
    key = hashlib.sha256(text.encode()).hexdigest()
    cache = Cache()
    if (kept := cache.get(f"native-{key}")) is not None:
        return kept
    with tempfile.TemporaryDirectory(prefix="fad-") as home:
        for name, content in files.items():
            Path(home, name).write_text(content, "utf-8")
        binary = Path(home, "program")
        # Its own temporary files go with the folder, even when it is killed.
        place = {**os.environ, "TMPDIR": home}
        _run([compiler, *options, "-o", str(binary), str(Path(home, next(iter(files))))], env=place)
        data = binary.read_bytes()
    cache.put(f"native-{key}", data)
    return data


def _run(command: list[str], data: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
    name = os.path.basename(command[0])
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=_TIME_LIMIT, env=env
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"`{name}` took over {_TIME_LIMIT:g} s") from None
    except OSError as error:
        raise EngineError(f"cannot run `{name}`: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise EngineError(f"`{name}` failed with code {done.returncode}\n{said[:2000]}".rstrip())
    return done.stdout
