"""Programs as native code, by a C++ compiler.

libfaust copies texts of a program into the C++ that it writes, some of them as they are: a label or
a piece of metadata could be code. So it is given a program without any (`native_code`).
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fad.base.cache import Cache
from fad.base.errors import EngineError
from fad.base.precision import NativePrecision
from fad.diagram.box import Box, postorder
from fad.diagram.widgets import PlayedFiles, numbered, with_numbered_sounds
from fad.runtime.compiler import ADVICE, Compiler, find_compiler
from fad.runtime.engine import Engine
from fad.runtime.foreign import is_standard, refuse_foreign
from fad.runtime.renderer import EngineRefusal
from fad.text.emitter import emit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OPTIONS = ("-std=c++17", "-O1", "-w", "-ffp-contract=off")
_TIME_LIMIT = 300.0
#: A line in which a compiler or a linker says what is wrong.
_COMPLAINT = re.compile(r"\b(error|failed):", re.IGNORECASE)
Made = TypeVar("Made")

#: What libfaust is told: short delay lines are rings, as long ones are. By default, it moves those
#: of up to 16 samples by one with each sample, which takes longer: derivatives have many of them.
LAYOUT = ("-mcd", "1")
#: What a program's class needs around it.
INTERFACE = Path(__file__).with_name("interface.hpp")
_BEFORE = """
#define FAUSTFLOAT double
#include "interface.hpp"
"""
#: Arguments: rate, frames, a file with what sound files play, then number and value of each widget
#: that is not where it starts. Reads the inputs from the standard input, one channel after the
#: other; writes the outputs.
_AFTER = """
int main(int count, char** arguments) {
    int rate = atoi(arguments[1]), frames = atoi(arguments[2]);
    mydsp* program = new mydsp();
    program->init(rate);
    UI ui{sounds_of(arguments[3])};
    program->buildUserInterface(&ui);
    for (int i = 4; i + 1 < count; i += 2) {
        for (const Widget& widget : ui.widgets)
            if (!widget.is_bargraph && widget.label == atoi(arguments[i]))
                *widget.zone = atof(arguments[i + 1]);
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
        sounds: what its sound files play; see `fad.runtime.soundfiles.played_bytes`.
    """

    data: bytes
    sounds: bytes = b""

    def run(
        self, inputs: NDArray[np.float64], rate: int, values: Mapping[int, float]
    ) -> NDArray[np.float64]:
        """Runs the program from its initial state.

        Args:
            inputs: of shape (channels, frames).
            rate: the sample rate, in Hz.
            values: number -> value, of the widgets that are not where they start.

        Returns:
            The outputs, of shape (channels, frames).

        Raises:
            EngineError: the program fails.
        """
        import numpy as np

        frames = inputs.shape[1]
        settings = [str(part) for number, value in values.items() for part in (number, repr(value))]
        with installed(self.data, self.sounds) as (file, sounds):
            command = [file, str(rate), str(frames), sounds, *settings]
            data = _run(command, np.ascontiguousarray(inputs).tobytes())
        return np.frombuffer(data, np.float64).reshape(-1, frames)


@contextmanager
def workplace(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder with some files, which is there for a while.

    Raises:
        EngineError: they cannot be written.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="fad-", ignore_cleanup_errors=True)
    except OSError as error:
        raise _unwritable(error) from None
    with folder as home:
        try:
            for name, data in files.items():
                Path(home, name).write_bytes(data)
        except OSError as error:
            raise _unwritable(error) from None
        yield Path(home)


def _unwritable(error: OSError) -> EngineError:
    reason = (error.strerror or str(error)).lower()
    return EngineError(
        f"cannot write temporary files: {reason}",
        hint="the environment variable TMPDIR names another folder for them",
    )


@contextmanager
def installed(data: bytes, sounds: bytes) -> Iterator[tuple[str, str]]:
    """The paths of an executable file that is there for a while, and of what it plays."""
    with workplace({"program": data, "sounds": sounds}) as home:
        file, played = home / "program", home / "sounds"
        file.chmod(0o700)
        yield str(file), str(played)


@dataclass(frozen=True)
class Code:
    """A program in C++.

    Attributes:
        text: the class `mydsp`; its widgets and bargraphs have numbers for labels.
        paths: the path of what each number stands for.
        folders: where the headers are that it names, but for the standard ones.
        sounds: what its sound files play; see `with_numbered_sounds`.
    """

    text: str
    paths: tuple[str, ...]
    folders: tuple[Path, ...]
    sounds: tuple[PlayedFiles, ...] = ()


def native_code(
    box: Box,
    engine: Engine,
    name: str,
    folders: Sequence[Path],
    *,
    precision: NativePrecision = "double",
    trust: bool = False,
) -> Code:
    """A program in C++, without any text of its own in it.

    It is kept in the user's cache, by content.

    Args:
        box: its diagram, closed.
        engine: the standard compiler.
        name: the program's file name, for messages.
        folders: where its headers are.
        precision: how it computes.
        trust: whether it may use foreign code that is not standard.

    Raises:
        FadError: it may not, and does.
        EngineError: libfaust does not take it.
    """
    if not trust:
        refuse_foreign(box)
    silent, sounds = with_numbered_sounds(box)
    plain, paths = numbered(silent)
    has_own = not all(map(is_standard, postorder(box)))
    text = emit(plain)
    parts = (version("cyfaust"), precision, *LAYOUT, name, text)
    key = f"cpp-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}"
    cache = Cache(programs=True)
    if (kept := cache.get(key)) is not None:
        code = kept.decode()
    else:
        try:
            code = engine.cpp(text, name, precision=precision, options=LAYOUT)
        except EngineRefusal:
            # Its message quotes the program: the user should find the labels there, and no numbers.
            engine.cpp(emit(box), name, precision=precision)
            raise
        cache.put(key, code.encode())
    return Code(code, paths, tuple(folders) if has_own else (), sounds)


def compile_natively(code: str, folders: Sequence[Path] = ()) -> Binary:
    """Compiles a program; see `executable`.

    Args:
        code: the C++ class that libfaust makes of it, in double precision.
        folders: where the headers are that the program names.

    Raises:
        EngineError: there is no C++ compiler, or it does not accept the code.
    """
    compiler = find_compiler()
    if compiler is None:
        raise EngineError(
            "there is no C++ compiler, which native code and foreign functions need",
            hint=ADVICE,
        )
    files = {"program.cpp": _BEFORE + code + _AFTER, "interface.hpp": INTERFACE.read_text("utf-8")}
    return executable(compiler, _OPTIONS, files, folders, Binary)


def executable(
    compiler: Compiler,
    options: Sequence[str],
    files: Mapping[str, str],
    folders: Sequence[Path],
    use: Callable[[bytes], Made],
) -> Made:
    """What a C++ compiler makes of a program.

    It is kept in the user's cache, by content, compiler and options, unless there are headers that
    may change, or it cannot be used. What is kept and cannot be used is made again.

    Args:
        compiler: the compiler.
        options: its options.
        files: name -> text of the program's files; the first one is compiled.
        folders: where other headers are.
        use: what becomes of the bytes of the file; raises an `EngineError` if they are no good.

    Raises:
        EngineError: the compiler does not accept the program, or what it makes is no good.
    """
    options = [*options, *(f"-I{folder.absolute()}" for folder in folders)]
    text = "\0".join([*compiler.command, compiler.version, *options, *files.values()])
    key = f"native-{hashlib.sha256(text.encode()).hexdigest()}"
    cache = Cache(programs=True)
    if not folders and (kept := cache.get(key)) is not None:
        with suppress(EngineError):
            return use(kept)
    data = _compiled(compiler, options, files)
    found = use(data)
    if not folders:
        cache.put(key, data)
    return found


def _compiled(compiler: Compiler, options: Sequence[str], files: Mapping[str, str]) -> bytes:
    """The file that a compiler makes."""
    with workplace({name: text.encode() for name, text in files.items()}) as home:
        binary = home / "program"
        command = [*compiler.command, *options, "-o", str(binary), str(home / next(iter(files)))]
        _run(command, words=_complaints, env={**os.environ, **compiler.variables(home)})
        try:
            return binary.read_bytes()
        except OSError:
            name = os.path.basename(compiler.path)
            raise EngineError(f"`{name}` has written no program, and no word why") from None


def _complaints(said: str) -> str:
    """What a C++ compiler complains of, without the lines that it quotes: a header may be any file
    that the user can read. What cannot compile at all quotes none."""
    complaints = [line for line in said.splitlines() if _COMPLAINT.search(line)]
    return "\n".join(complaints) or said


def _run(
    command: list[str],
    data: bytes = b"",
    words: Callable[[str], str] = lambda said: said,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """The standard output of a command; `words` chooses from what it says when it fails."""
    name = os.path.basename(command[0])
    try:
        # A session of its own: a compiler starts other programs, which end with it.
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=env,
            start_new_session=True,
        )
        with process:
            try:
                printed, said = process.communicate(data, _TIME_LIMIT)
            except BaseException:
                _end(process)
                raise
    except subprocess.TimeoutExpired:
        raise EngineError(f"`{name}` took over {_TIME_LIMIT:g} s") from None
    except OSError as error:
        raise EngineError(f"cannot run `{name}`: {error.strerror}") from None
    if process.returncode:
        told = words(said.decode("utf-8", "replace")).strip()
        raise EngineError(f"`{name}` failed with code {process.returncode}\n{told[:2000]}".rstrip())
    return printed


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process, and those that it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except AttributeError:  # there are no groups of processes on this system
        process.kill()
