"""Programs as native code, by a C++ compiler of the system: for what libfaust cannot interpret."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fad.cache import Cache
from fad.errors import EngineError

_COMPILERS = ("g++", "clang++", "c++")
_OPTIONS = ("-std=c++17", "-O1", "-w", "-ffp-contract=off")
_TIME_LIMIT = 300.0

_BEFORE = """
#include <cstdio>
#include <cstdlib>
#include <cmath>
#include <cstring>
#include <cstdint>
#include <algorithm>
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
    void declare(double*, const char*, const char*) {}
};
struct dsp { virtual ~dsp() {} };
"""
#: Reads the inputs from the standard input, one channel after the other; writes the outputs.
_AFTER = """
int main(int, char** arguments) {
    int rate = atoi(arguments[1]), frames = atoi(arguments[2]);
    mydsp* program = new mydsp();
    program->init(rate);
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


def render_natively(
    code: str, inputs: NDArray[np.float64], rate: int, folder: Path
) -> NDArray[np.float64]:
    """Runs a program from its initial state; its binary is kept in the user's cache.

    Args:
        code: the C++ class that libfaust makes of it, in double precision.
        inputs: of shape (channels, frames).
        rate: the sample rate, in Hz.
        folder: where the headers are that the program names.

    Raises:
        EngineError: there is no C++ compiler, it does not accept the code, or the program fails.
    """
    binary = _binary(code, folder)
    frames = inputs.shape[1]
    with tempfile.TemporaryDirectory(prefix="fad-") as home:
        file = Path(home, "program")
        file.write_bytes(binary)
        file.chmod(0o700)
        data = _run([str(file), str(rate), str(frames)], np.ascontiguousarray(inputs).tobytes())
    return np.frombuffer(data, np.float64).reshape(-1, frames)


def _binary(code: str, folder: Path) -> bytes:
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise EngineError(
            "the program calls foreign functions, which libfaust cannot interpret",
            hint=f"install a C++ compiler ({', '.join(_COMPILERS)})",
        )
    text = _BEFORE + code + _AFTER
    key = hashlib.sha256("\0".join([compiler, *_OPTIONS, str(folder), text]).encode()).hexdigest()
    cache = Cache()
    if (kept := cache.get(f"native-{key}")) is not None:
        return kept
    with tempfile.TemporaryDirectory(prefix="fad-") as home:
        source, binary = Path(home, "program.cpp"), Path(home, "program")
        source.write_text(text, "utf-8")
        include = f"-I{folder.absolute()}"
        _run([compiler, *_OPTIONS, include, "-o", str(binary), str(source)])
        data = binary.read_bytes()
    cache.put(f"native-{key}", data)
    return data


def _run(command: list[str], data: bytes = b"") -> bytes:
    name = os.path.basename(command[0])
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=_TIME_LIMIT)
    except subprocess.TimeoutExpired:
        raise EngineError(f"`{name}` took over {_TIME_LIMIT:g} s") from None
    except OSError as error:
        raise EngineError(f"cannot run `{name}`: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise EngineError(f"`{name}` failed with code {done.returncode}\n{said[:2000]}".rstrip())
    return done.stdout
