"""Native code from libfaust's C++, and its times: one binary runs everything that is compared.

`race` runs programs, which are C++ classes, alternately in turns of some blocks,
so that whatever else the machine does meets all of them alike, and tells the least time of each:
that of the processor, as a long turn would be interrupted every time on a busy machine.
"""

from __future__ import annotations

import multiprocessing
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

#: What a C++ compiler of the system is told; as a plugin would be built.
OPTIONS = ("-std=c++17", "-O3", "-ffast-math", "-w")
#: Frames in a call of `compute`, and calls in a turn.
BLOCK, BLOCKS = 512, 16
RATE = 44100

_BEFORE = """
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <vector>
#if defined(__SSE__)
#include <immintrin.h>
#endif
#define FAUSTFLOAT float
struct Soundfile;
struct Meta { void declare(const char*, const char*) {} };
struct UI {
    std::vector<float*> zones;
    std::vector<float> least, most;
    void openTabBox(const char*) {}
    void openHorizontalBox(const char*) {}
    void openVerticalBox(const char*) {}
    void closeBox() {}
    void addButton(const char*, float*) {}
    void addCheckButton(const char*, float*) {}
    void addVerticalSlider(const char*, float* z, float, float low, float high, float) {
        zones.push_back(z), least.push_back(low), most.push_back(high);
    }
    void addHorizontalSlider(const char* l, float* z, float i, float low, float high, float s) {
        addVerticalSlider(l, z, i, low, high, s);
    }
    void addNumEntry(const char* l, float* z, float i, float low, float high, float s) {
        addVerticalSlider(l, z, i, low, high, s);
    }
    void addHorizontalBargraph(const char*, float*, float, float) {}
    void addVerticalBargraph(const char*, float*, float, float) {}
    void addSoundfile(const char*, const char*, Soundfile**) {}
    void declare(float*, const char*, const char*) {}
};
struct dsp { virtual ~dsp() {} };
"""
_AFTER = """
using Clock = std::chrono::steady_clock;
// The time that the processor has worked for this process, in seconds, whatever else it has done.
double busy() {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec + 1e-9 * time.tv_nsec;
}
float noise() {
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (int32_t)state * (0.9f / 2147483648.0f);
}
std::vector<std::vector<float>> input;
double total = 0;

// What is timed, and the least time of it; a turn is so many blocks, from the first one on.
struct Runner {
    double best = 1e30;
    virtual ~Runner() {}
    virtual void turn(int blocks) = 0;
};

template <class Program>
struct One {
    std::unique_ptr<Program> program{new Program()};
    UI ui;
    std::vector<std::vector<float>> out;
    std::vector<float*> from, to;
    One() {
        program->init(RATE);
        program->buildUserInterface(&ui);
        out.assign(program->getNumOutputs(), std::vector<float>(BLOCK));
        from.resize(program->getNumInputs() + 1);
        for (auto& lane : out) to.push_back(lane.data());
        to.push_back(nullptr);
    }
    void shift(size_t which, float relative) {
        if (ui.zones.empty()) return;
        which %= ui.zones.size();
        float step = (ui.most[which] - ui.least[which]) * relative;
        *ui.zones[which] += *ui.zones[which] + step > ui.most[which] ? -step : step;
    }
    void run(int block) {
        for (size_t i = 0; i + 1 < from.size(); i++) from[i] = input[i].data() + block * BLOCK;
        program->compute(BLOCK, from.data(), to.data());
    }
    void consume() {
        for (auto& lane : out) total += lane[0] + lane[BLOCK - 1];
    }
};

template <class Program>
struct Plain : Runner {
    One<Program> one;
    void turn(int blocks) override {
        for (int block = 0; block < blocks; block++) { one.run(block); one.consume(); }
    }
};

// Difference quotients: `steps` runs for each parameter, and one more where they are one-sided.
template <class Program>
struct Quotients : Runner {
    bool central;
    std::vector<One<Program>> runs;
    Quotients(int count, bool central) : central(central), runs(central ? 2 * count : 1 + count) {
        for (int i = 0; i < count; i++) {
            if (central) {
                runs[2 * i].shift(i, 1e-3f);
                runs[2 * i + 1].shift(i, -1e-3f);
            } else {
                runs[1 + i].shift(i, 1e-3f);
            }
        }
    }
    void turn(int blocks) override {
        for (int block = 0; block < blocks; block++) quotients(block);
    }
    void quotients(int block) {
        for (auto& one : runs) one.run(block);
        for (size_t i = central ? 0 : 1; i < runs.size(); i += central ? 2 : 1) {
            One<Program>& other = central ? runs[i + 1] : runs[0];
            for (size_t lane = 0; lane < other.out.size(); lane++) {
                float* left = runs[i].out[lane].data();
                float* right = other.out[lane].data();
                for (int n = 0; n < BLOCK; n++) left[n] = (left[n] - right[n]) * 1e3f;
            }
            runs[i].consume();
        }
    }
};

// Reverse mode: forwards with the tape in memory, backwards through it, and the sums of all that to
// derivatives. `runtime/library.cpp` does the same.
template <class Forward, class Adjoint, class Control>
struct Backwards : Runner {
    One<Forward> forward;
    One<Adjoint> adjoint;
    One<Control> control;
    int outputs;
    std::vector<std::vector<float>> tape, turned, sums;
    Backwards(int outputs) : outputs(outputs) {
        tape.assign(forward.out.size() - outputs, std::vector<float>(BLOCK * BLOCKS));
        turned.assign(adjoint.from.size() - 1, std::vector<float>(BLOCK));
        sums.assign(control.from.size() - 1, std::vector<float>(1));
        for (size_t i = 0; i < turned.size(); i++) adjoint.from[i] = turned[i].data();
        for (size_t i = 0; i < sums.size(); i++) control.from[i] = sums[i].data();
    }
    void turn(int blocks) override {
        std::vector<double> totals(sums.size());
        for (int block = 0; block < blocks; block++) {
            for (size_t i = 0; i < tape.size(); i++)
                forward.to[outputs + i] = tape[i].data() + block * BLOCK;
            forward.run(block);
        }
        for (int block = blocks - 1; block >= 0; block--) {
            for (size_t i = 0; i < turned.size(); i++) {
                auto& lane = i < size_t(outputs) ? input[i] : tape[i - outputs];
                float* start = lane.data() + block * BLOCK;
                std::reverse_copy(start, start + BLOCK, turned[i].data());
            }
            adjoint.program->compute(BLOCK, adjoint.from.data(), adjoint.to.data());
            for (size_t i = 0; i < sums.size(); i++)
                for (float term : adjoint.out[i]) totals[i] += term;
        }
        for (size_t i = 0; i < sums.size(); i++) sums[i][0] = totals[i];
        control.program->compute(1, control.from.data(), control.to.data());
        control.consume();
    }
};

int main(int, char** arguments) {
    double seconds = atof(arguments[1]);
#if defined(__SSE__)
    _mm_setcsr(_mm_getcsr() | 0x8040);  // denormals are zero, as in an audio host
#endif
    input.assign(64, std::vector<float>(BLOCK * BLOCKS));
    for (auto& lane : input) for (auto& sample : lane) sample = noise();
    std::vector<std::unique_ptr<Runner>> runners;
    RUNNERS
    auto start = Clock::now();
    for (int rounds = 0; rounds < 8 || std::chrono::duration<double>(Clock::now() - start).count()
             < seconds; rounds++) {
        for (auto& runner : runners) {
            runner->turn(4);  // fills the cache
            double before = busy();
            runner->turn(BLOCKS);
            runner->best = std::min(runner->best, busy() - before);
        }
    }
    for (auto& runner : runners) printf("%.9g\\n", runner->best / (BLOCK * BLOCKS));
    fprintf(stderr, "%g\\n", total);
}
"""


@dataclass(frozen=True)
class Timed:
    """One of the things to time.

    Args:
        code: the C++ class `mydsp` that libfaust makes of a program.
        quotients: 0 to run it; otherwise the number of parameters to take quotients by.
        central: whether these are central.
    """

    code: str
    quotients: int = 0
    central: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """The classes that it takes."""
        return (self.code,)

    def runner(self, names: Sequence[str]) -> str:
        """What runs it, in C++, where its classes have names."""
        (name,) = names
        if not self.quotients:
            return f"Plain<{name}>()"
        return f"Quotients<{name}>({self.quotients}, {str(self.central).lower()})"


@dataclass(frozen=True)
class Backwards:
    """A gradient by reverse mode, to time.

    Args:
        forward, adjoint, control: the C++ classes that libfaust makes of the three programs.
        outputs: how many outputs the original has.
    """

    forward: str
    adjoint: str
    control: str
    outputs: int

    @property
    def codes(self) -> tuple[str, ...]:
        """The classes that it takes."""
        return self.forward, self.adjoint, self.control

    def runner(self, names: Sequence[str]) -> str:
        """What runs it, in C++, where its classes have names."""
        return f"Backwards<{', '.join(names)}>({self.outputs})"


def compiler() -> str | None:
    """The C++ compiler, where there is one."""
    return next(filter(None, map(shutil.which, ("g++", "clang++", "c++"))), None)


def race(
    things: Sequence[Timed | Backwards],
    seconds: float,
    options: Sequence[str] = (),
    blocks: int = BLOCKS,
    rate: int = RATE,
) -> list[float]:
    """The least time of each, in seconds per sample, over alternate runs in one process.

    Args:
        things: what is timed.
        seconds: how long to go on.
        options: more of them for the C++ compiler.
        blocks: how many blocks a turn has.
        rate: the sample rate, in Hz.
    """
    codes = list(dict.fromkeys(code for thing in things for code in thing.codes))
    parts = [f"#define BLOCK {BLOCK}\n#define BLOCKS {blocks}\n#define RATE {rate}", _BEFORE]
    for number, code in enumerate(codes):
        guards = set(re.findall(r"(?m)^#ifndef +(\w+)", code)) - {"FAUSTFLOAT"}
        parts += [*(f"#undef {guard}" for guard in sorted(guards)), f"namespace p{number} {{"]
        parts += [code, "}"]
    makers = []
    for thing in things:
        names = [f"p{codes.index(code)}::mydsp" for code in thing.codes]
        makers.append(f"runners.emplace_back(new {thing.runner(names)});")
    parts.append(_AFTER.replace("RUNNERS", "\n    ".join(makers)))
    chosen = compiler()
    assert chosen is not None
    with tempfile.TemporaryDirectory(prefix="fad-") as folder:
        source, binary = Path(folder, "race.cpp"), Path(folder, "race")
        source.write_text("\n".join(parts), "utf-8")
        command = [chosen, *OPTIONS, *options, "-o", str(binary), str(source)]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        done = subprocess.run(
            [str(binary), str(seconds)], check=True, capture_output=True, text=True
        )
    return [float(line) for line in done.stdout.split()]


def cpp(source: str, name: str, folder: Path, options: Sequence[str] = ()) -> str:
    """The C++ class that libfaust makes of a program, with options for the compiler."""
    code: str = _apart(_generate, source, name, folder, options)
    return code


def compile_times(sources: Sequence[str], name: str, folder: Path, repeats: int) -> list[float]:
    """The least time that libfaust takes for each text, in seconds, taken in turns."""
    times: list[float] = _apart(_alternate, sources, name, folder, repeats)
    return times


def _generate(source: str, name: str, folder: Path, options: Sequence[str]) -> str:
    from cyfaust.cyfaust import generate_auxfiles_from_string

    with tempfile.TemporaryDirectory(prefix="fad-") as home:
        where = ("-I", str(folder), "-lang", "cpp", "-O", home, "-o", "program.cpp")
        if not generate_auxfiles_from_string(name, source, "-single", *where, *options):
            raise ValueError(f"libfaust does not accept {name}")
        code = Path(home, "program.cpp").read_text("utf-8")
    return re.sub(r"(?m)^#pragma.*$", "", code)


def _alternate(sources: Sequence[str], name: str, folder: Path, repeats: int) -> list[float]:
    best = [float("inf")] * len(sources)
    begin = time.perf_counter()
    for number in range(repeats):
        if number and time.perf_counter() - begin > 5:
            break
        for index, source in enumerate(sources):
            start = time.perf_counter()
            _generate(source, name, folder, ())
            best[index] = min(best[index], time.perf_counter() - start)
    return best


def _apart(run: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns that runs in a process of its own, which libfaust may end."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(
        target=_send, args=(there, run, arguments)
    )
    process.start()
    there.close()
    try:
        result = here.recv()
    except EOFError:
        raise ValueError("libfaust fails") from None
    finally:
        process.join()
    return result


def _send(connection: Connection, run: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    connection.send(run(*arguments))
