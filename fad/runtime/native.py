"""Programs as native code, by a C++ compiler of the system.

libfaust copies texts of a program into the C++ that it writes, some of them as they are: a label or
a piece of metadata could be code. So it is given a program without any (`native_code`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from fad.base.cache import Cache
from fad.base.errors import EngineError
from fad.base.precision import NativePrecision
from fad.diagram.box import Box, postorder
from fad.diagram.widgets import PlayedFiles, numbered, with_numbered_sounds
from fad.runtime.engine import Engine, EngineRefusal
from fad.runtime.foreign import is_standard, refuse_foreign
from fad.text.emitter import emit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COMPILERS = ("g++", "clang++", "c++")
_OPTIONS = ("-std=c++17", "-O1", "-w", "-ffp-contract=off")
_TIME_LIMIT = 300.0

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
def installed(data: bytes, sounds: bytes) -> Iterator[tuple[str, str]]:
    """The paths of an executable file that is there for a while, and of what it plays."""
    with tempfile.TemporaryDirectory(prefix="fad-") as home:
        file, played = Path(home, "program"), Path(home, "sounds")
        file.write_bytes(data)
        file.chmod(0o700)
        played.write_bytes(sounds)
        yield str(file), str(played)


def find_compiler() -> str | None:
    """The path of a C++ compiler, where there is one."""
    return next(filter(None, map(shutil.which, COMPILERS)), None)


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
    parts = (version("cyfaust"), precision, name, text)
    key = f"cpp-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}"
    cache = Cache(programs=True)
    if (kept := cache.get(key)) is not None:
        code = kept.decode()
    else:
        try:
            code = engine.cpp(text, name, precision=precision)
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
            "the program calls foreign functions, which libfaust cannot interpret",
            hint=f"install a C++ compiler ({', '.join(COMPILERS)})",
        )
    files = {"program.cpp": _BEFORE + code + _AFTER, "interface.hpp": INTERFACE.read_text("utf-8")}
    return Binary(executable(compiler, _OPTIONS, files, folders))


def executable(
    compiler: str, options: Sequence[str], files: Mapping[str, str], folders: Sequence[Path]
) -> bytes:
    """What a C++ compiler makes of a program.

    It is kept in the user's cache, by content, unless there are headers that may change.

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
    cache = Cache(programs=True)
    if not folders and (kept := cache.get(f"native-{key}")) is not None:
        return kept
    with tempfile.TemporaryDirectory(prefix="fad-") as home:
        for name, content in files.items():
            Path(home, name).write_text(content, "utf-8")
        binary = Path(home, "program")
        # Its own temporary files go with the folder, even when it is killed.
        place = {**os.environ, "TMPDIR": home}
        command = [compiler, *options, "-o", str(binary), str(Path(home, next(iter(files))))]
        _run(command, words=_complaints, env=place)
        data = binary.read_bytes()
    if not folders:
        cache.put(f"native-{key}", data)
    return data


def _complaints(said: str) -> str:
    """What a C++ compiler complains of, without the lines that it quotes: a header may be any file
    that the user can read."""
    return "\n".join(line for line in said.splitlines() if "error:" in line)


def _run(
    command: list[str],
    data: bytes = b"",
    words: Callable[[str], str] = lambda said: said,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """The standard output of a command; `words` chooses from what it says when it fails."""
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
        said = words(done.stderr.decode("utf-8", "replace")).strip()
        raise EngineError(f"`{name}` failed with code {done.returncode}\n{said[:2000]}".rstrip())
    return done.stdout
