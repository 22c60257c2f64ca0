"""The standard compiler with native code in the place of its interpreter.

It renders what calls foreign functions, and with more precise numbers, which tell rounding from
mistakes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import EngineError
from fad.base.precision import Precision
from fad.runtime.engine import Engine
from fad.runtime.native import INTERFACE, executable, find_compiler, installed

_OPTIONS = ("-std=c++17", "-O1", "-w", "-ffp-contract=off")
_BEFORE = """
#include <cstdio>
#define FAUSTFLOAT Number
#include "interface.hpp"
"""
#: Arguments: rate and frames. Reads the inputs from the standard input, one channel after the
#: other; writes the outputs.
_AFTER = """
int main(int count, char** arguments) {
    int rate = atoi(arguments[1]), frames = atoi(arguments[2]);
    mydsp* program = new mydsp();
    program->init(rate);
    size_t ins = program->getNumInputs(), outs = program->getNumOutputs();
    std::vector<FAUSTFLOAT> in(ins * frames + 1), out(outs * frames + 1);
    if (fread(in.data(), sizeof(FAUSTFLOAT), ins * frames, stdin) != ins * frames) return 1;
    std::vector<FAUSTFLOAT*> from(ins + 1), to(outs + 1);
    for (size_t i = 0; i < ins; i++) from[i] = in.data() + i * frames;
    for (size_t i = 0; i < outs; i++) to[i] = out.data() + i * frames;
    program->compute(frames, from.data(), to.data());
    fwrite(out.data(), sizeof(FAUSTFLOAT), outs * frames, stdout);
    return 0;
}
"""


class NativeEngine(Engine):
    """Renders natively.

    Args:
        numbers: the precision; rounding is 2048 times smaller in `quad` than in `double`, on most
            PCs: that is C++'s `long double`, and the samples are of the type `numpy.longdouble`.
        folders: where headers are that programs name.
        time_limit: see `Engine`.
    """

    def __init__(
        self,
        numbers: Literal["double", "quad"],
        folders: Sequence[Path] = (),
        time_limit: float = 60.0,
    ) -> None:
        super().__init__(time_limit=time_limit, keep=True)
        self._numbers = numbers
        self._folders = folders

    def render(
        self,
        source: str,
        name: str,
        *,
        inputs: NDArray[np.float64] | None = None,
        frames: int,
        sample_rate: int = 44100,
        include: Sequence[Path] = (),
        libraries: Sequence[Path] | None = None,
        precision: Precision = "double",
    ) -> NDArray[np.float64]:
        """See `Engine`; `precision` does not count."""
        numbers: Any = self._numbers
        code = self.cpp(source, name, include=include, libraries=libraries, precision=numbers)
        compiler = find_compiler()
        if compiler is None:
            raise EngineError("there is no C++ compiler")
        kind = "double" if numbers == "double" else "long double"
        files = {
            "program.cpp": f"using Number = {kind};\n{_BEFORE}{code}{_AFTER}",
            "interface.hpp": INTERFACE.read_text("utf-8"),
        }
        dtype = np.float64 if numbers == "double" else np.longdouble
        heard = np.zeros((0, frames)) if inputs is None else inputs
        with installed(executable(compiler, _OPTIONS, files, self._folders)) as file:
            command = [file, str(sample_rate), str(frames)]
            data = np.ascontiguousarray(heard, dtype).tobytes()
            done = subprocess.run(command, input=data, capture_output=True, check=True)
        samples: NDArray[np.float64] = np.frombuffer(done.stdout, dtype)
        return samples.reshape(-1, frames)
