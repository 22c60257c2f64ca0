"""A peer: what Enzyme's reverse mode costs on the C++ that libfaust writes, in runs of the program.

Needs the packages `enzyme-ad` and `jax` (`pip install enzyme-ad`), and a folder of headers of g++.
One program is timed in a process of its own, which is ended when it takes too long: Enzyme compiles
some programs for many minutes. As a module, this is that process.
"""

from __future__ import annotations

import glob
import importlib.util
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.driver import cpp
from tests.support.places import ROOT

#: Samples of a run; the peer keeps all that it needs in memory.
FRAMES, RATE = 4096, 48000
#: Seconds that a program may take, and for which each of both things is timed.
LIMIT, SECONDS = 60.0, 2.0
#: Enzyme differentiates an object that is a local variable, without virtual functions.
_BEFORE = """
#include <algorithm>
#include <cmath>
#include <cstring>
#define FAUSTFLOAT float
struct Soundfile;
struct Meta { void declare(const char*, const char*) {} };
struct UI {
    void openTabBox(const char*) {}
    void openHorizontalBox(const char*) {}
    void openVerticalBox(const char*) {}
    void closeBox() {}
    void addButton(const char*, float*) {}
    void addCheckButton(const char*, float*) {}
    void addVerticalSlider(const char*, float*, float, float, float, float) {}
    void addHorizontalSlider(const char*, float*, float, float, float, float) {}
    void addNumEntry(const char*, float*, float, float, float, float) {}
    void addHorizontalBargraph(const char*, float*, float, float) {}
    void addVerticalBargraph(const char*, float*, float, float) {}
    void addSoundfile(const char*, const char*, Soundfile**) {}
    void declare(float*, const char*, const char*) {}
};
"""
_SLIDER = re.compile(
    r'add(?:HorizontalSlider|VerticalSlider|NumEntry)\("[^"]*", &(\w+), FAUSTFLOAT\(([^)]*)\)'
)


def is_there() -> bool:
    """Whether Enzyme is installed."""
    return importlib.util.find_spec("enzyme_ad") is not None


def reverse_over_primal(path: Path) -> float | None:
    """The gradient by all sliders and the input, in runs of the program.

    Args:
        path: the program.

    Returns:
        `None` where Enzyme does not take the program, or not in time.
    """
    command = [sys.executable, "-m", "bench.enzyme", str(path)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return None
    return float(done.stdout.split()[-1]) if done.returncode == 0 else None


def source_of(path: Path) -> tuple[str, int, int, list[float]]:
    """A function in C++ for Enzyme, its numbers of inputs and outputs, and where sliders start."""
    code = cpp(path.read_text("utf-8"), path.name, path.parent)
    code = code.replace("virtual ", "").replace("private:", "public:")
    code = code.replace(": public dsp", "")
    sliders = [(zone, float(start.rstrip("f"))) for zone, start in _SLIDER.findall(code)]
    inputs, outputs = (
        int(found[1])
        for name in ("Inputs", "Outputs")
        if (found := re.search(rf"getNum{name}\(\) \{{\s*return (\d+)", code))
    )
    lines = [f"program.{zone} = values[{number}];" for number, (zone, _) in enumerate(sliders)]
    body = f"""
template <typename Out, typename In, typename Values>
void run(Out& out, const In& in, const Values& values) {{
    mydsp program;
    program.init({RATE});
    {" ".join(lines)}
    float *from[{max(1, inputs)}], *to[{outputs}];
    for (int i = 0; i < {inputs}; i++) from[i] = (float*)&in[i][0];
    for (int i = 0; i < {outputs}; i++) to[i] = &out[i][0];
    program.compute({FRAMES}, from, to);
}}
"""
    return _BEFORE + code + body, inputs, outputs, [start for _, start in sliders]


def _measured(path: Path) -> float:
    import jax
    import jax.numpy as jnp
    import numpy as np
    from enzyme_ad.jax import cpp_call

    source, inputs, outputs, starts = source_of(path)
    headers = [f"-I{folder}" for folder in sorted(glob.glob("/usr/lib/gcc/*/*/include"))[-1:]]
    options = ("-O3", "-ffast-math", "-fgnuc-version=12.2.0", *headers)
    shape = jax.core.ShapedArray([outputs, FRAMES], jnp.float32)

    def program(x: Any, values: Any) -> Any:
        (y,) = cpp_call(x, values, out_shapes=[shape], source=source, fn="run", argv=options)
        return y

    random = np.random.default_rng(1)
    x = jnp.asarray(random.uniform(-1, 1, (max(1, inputs), FRAMES)), jnp.float32)
    values = jnp.asarray(starts, jnp.float32)
    primal = jax.jit(program)
    weights = jnp.ones_like(primal(x, values))
    back = jax.jit(lambda x, values, w: jax.vjp(program, x, values)[1](w))

    def least(call: Callable[[], Any]) -> float:
        found, end = float("inf"), time.perf_counter() + SECONDS
        while time.perf_counter() < end:
            start = time.perf_counter()
            jax.block_until_ready(call())
            found = min(found, time.perf_counter() - start)
        return found

    jax.block_until_ready(back(x, values, weights))
    return least(lambda: back(x, values, weights)) / least(lambda: primal(x, values))


if __name__ == "__main__":
    print(_measured(Path(sys.argv[1])))
