"""The child process in which libfaust runs; `engine` starts it and talks to it over pipes.

It is run by its path, with the parent's module search path as arguments, and imports nothing of
fad: it starts fast, and never picks up a module from the folder the user happens to be in.
A message is its length in eight bytes, then a pickle. Requests are `(verb, arguments)`; replies
are `("ready" | "ok" | "refused" | "misused" | "failed", value)`. What libfaust prints goes to
the standard error, a file that the parent reads.
"""

from __future__ import annotations

import contextlib
import errno
import faulthandler
import os
import pickle
import shutil
import signal
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HEADER = struct.Struct(">Q")
#: How many programs are kept: those of a dot-product test are five.
_KEPT = 6


class Program(NamedTuple):
    """What every request is about.

    Args:
        source: the Faust text.
        name: the program's name, for its top group and its messages.
        include: folders to search for files, nearest first.
        libraries: folders to search after those, nearest first.
        precision: `single`, `double` or `quad`.
    """

    source: str
    name: str
    include: tuple[str, ...]
    libraries: tuple[str, ...]
    precision: str

    @property
    def options(self) -> list[str]:
        """libfaust's command line. It searches the folders of `-I` from the last to the first."""
        folders = reversed((*self.include, *self.libraries))
        return [f"-{self.precision}", *(part for path in folders for part in ("-I", path))]


class Refused(Exception):
    """libfaust does not accept the program; the reason is the exception's, or what it printed."""


class Misused(Exception):
    """The request itself is wrong."""


def send(stream: BinaryIO, message: object) -> None:
    """Write one message."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(HEADER.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read one message; raises `EOFError` when the other side is gone."""
    (size,) = HEADER.unpack(_read(stream, HEADER.size))
    return pickle.loads(_read(stream, size))


def _read(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


@contextlib.contextmanager
def _nearest_folder(program: Program) -> Iterator[None]:
    """Work in the program's own folder.

    libfaust looks for a file in the working directory before all others, and for sound files
    nowhere else.
    """
    home = Path.cwd()
    if program.include:
        os.chdir(program.include[0])
    try:
        yield
    finally:
        os.chdir(home)


def _expand(program: Program) -> str:
    from cyfaust import cyfaust

    with _nearest_folder(program):
        result = cyfaust.expand_dsp_from_string(program.name, program.source, *program.options)
    if result is None:
        raise Refused
    return str(result[1])


@contextlib.contextmanager
def _generated(program: Program, *options: str) -> Iterator[Path]:
    """The folder with the files that libfaust's C++ backend writes."""
    from cyfaust import cyfaust

    with tempfile.TemporaryDirectory() as folder, _nearest_folder(program):
        accepted = cyfaust.generate_auxfiles_from_string(
            program.name,
            program.source,
            *program.options,
            *("-lang", "cpp", "-O", folder, "-o", "program.cpp"),
            *options,
        )
        if not accepted or not any(Path(folder).iterdir()):
            raise Refused
        yield Path(folder)


def _generate(program: Program, *options: str) -> dict[str, str]:
    """What libfaust writes about a program: suffix -> text."""
    with _generated(program, *options) as folder:
        return {path.suffix: path.read_text("utf-8") for path in folder.iterdir()}


def _diagrams(program: Program, fold: int) -> dict[str, str]:
    """libfaust's block diagrams: file name -> text."""
    # It names their folder after the program, which may have a name that is none for a folder.
    named = program._replace(name="program")
    with _generated(named, "-svg", "-f", str(fold)) as folder:
        # It cuts long labels between bytes, which may leave half a character.
        files = {
            path.name: path.read_text("utf-8", "ignore") for path in folder.glob("*-svg/*.svg")
        }
    if not files:
        raise Refused
    return files


def _cpp(program: Program, *options: str) -> str:
    return _generate(program, *options)[".cpp"]


def _json(program: Program) -> str:
    return _generate(program, "-json")[".json"]


class Factories:
    """Programs that libfaust's interpreter has compiled.

    Args:
        most: how many are kept, for requests with the same source; the last ones are.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Program, Any] = {}

    def get(self, program: Program) -> Any:
        """What makes instances of a program; they have to go before it does."""
        factory = self._kept.pop(program, None)
        while len(self._kept) >= max(1, self._most):  # the memory of old ones goes first
            del self._kept[next(iter(self._kept))]
        factory = _factory(program) if factory is None else factory
        if self._most:
            self._kept[program] = factory
        return factory


class Interpreter:
    """libfaust's interpreter.

    Args:
        factories: compiles programs.
    """

    def __init__(self, factories: Factories) -> None:
        self._factories = factories

    def compile(self, program: Program) -> tuple[int, int, str]:
        """The numbers of inputs and outputs, and the JSON description."""
        with self._instance(program) as (instance, description):
            return instance.get_numinputs(), instance.get_numoutputs(), description

    def render(
        self,
        program: Program,
        inputs: NDArray[np.float64] | None,
        frames: int,
        sample_rate: int,
    ) -> NDArray[np.float64]:
        """The outputs of a program that starts from its initial state."""
        import numpy as np

        real = _real(program)
        with self._instance(program) as (instance, description):
            instance.init(sample_rate)
            if '"type": "soundfile"' in description:
                _refuse_sounds(real)
                instance.build_user_interface(program.include[0] if program.include else "")
            expected = (instance.get_numinputs(), frames)
            if inputs is None:
                inputs = np.zeros(expected)
            if inputs.shape != expected:
                raise Misused(f"inputs have shape {inputs.shape}, {program.name} takes {expected}")
            outputs = np.zeros((instance.get_numoutputs(), frames), real)
            if frames:
                # The interpreter declares its buffers as float32 and, with -double, uses doubles.
                # It takes buffers that can be written only.
                reals = np.require(inputs, real, ["C", "W"])
                instance.compute(frames, reals.view(np.float32), outputs.view(np.float32))
        return outputs.astype(np.float64, copy=False)

    @contextlib.contextmanager
    def _instance(self, program: Program) -> Iterator[tuple[Any, str]]:
        """An instance, and the JSON description."""
        factory = self._factories.get(program)
        instance = factory.create_dsp_instance()
        try:
            yield instance, factory.get_json()
        finally:
            instance.delete()  # before its factory goes


class Player:
    """A program in the interpreter that goes on from request to request.

    Its widgets move in single precision only: with `-double`, the interpreter would read their
    values, which are float32, as doubles.

    Args:
        factories: compiles programs.
    """

    def __init__(self, factories: Factories) -> None:
        self._factories = factories
        self._instance: Any = None
        self._factory: Any = None
        self._real: Any = None

    def start(self, program: Program, sample_rate: int) -> tuple[int, int, str]:
        """Start from the initial state: the numbers of inputs and outputs, and the description."""
        if self._instance is not None:
            self._instance.delete()  # before its factory goes
        self._instance = self._factory = None
        factory = self._factories.get(program)
        real = _real(program)
        plays_sounds = '"type": "soundfile"' in factory.get_json()
        if plays_sounds:
            _refuse_sounds(real)
        instance = factory.create_dsp_instance()
        instance.init(sample_rate)
        if plays_sounds:
            instance.build_user_interface(program.include[0] if program.include else "")
        self._factory, self._instance, self._real = factory, instance, real
        return instance.get_numinputs(), instance.get_numoutputs(), factory.get_json()

    def advance(
        self,
        program: Program,
        inputs: NDArray[np.float64],
        pieces: list[tuple[int, dict[str, float]]],
        watched: tuple[str, ...],
    ) -> tuple[NDArray[np.float64], list[list[float]]]:
        """Go on, piece by piece: the outputs, and the values of widgets after each piece."""
        import numpy as np

        instance = self._instance
        if instance is None:
            raise Misused(f"{program.name} has not been started")
        if self._real is not np.float32 and (watched or any(moves for _, moves in pieces)):
            raise Misused("the interpreter moves and reads widgets in single precision only")
        if len(inputs) != instance.get_numinputs():
            raise Misused(f"{program.name} takes {instance.get_numinputs()} inputs")
        outputs = np.zeros((instance.get_numoutputs(), inputs.shape[1]))
        values = []
        done = 0
        for frames, moves in pieces:
            for address, value in moves.items():
                instance.set_param(address, value)
            part = np.require(inputs[:, done : done + frames], self._real, ["C", "W"])
            heard = np.zeros((len(outputs), frames), self._real)
            if frames:
                # It declares its buffers as float32 and, with -double, uses doubles.
                instance.compute(frames, part.view(np.float32), heard.view(np.float32))
            outputs[:, done : done + frames] = heard
            values.append([instance.get_param(address) for address in watched])
            done += frames
        return outputs, values


def _real(program: Program) -> Any:
    """The type of the samples of a program."""
    import numpy as np

    return np.float32 if program.precision == "single" else np.float64


def _refuse_sounds(real: Any) -> None:
    """Makes sure that a program with sound files computes with numbers that it can play.

    The user interface loads them, as float32; with -double, the interpreter would read them as
    doubles, and the values of the widgets too.
    """
    import numpy as np

    if real is not np.float32:
        raise Refused("its interpreter plays sound files in single precision only")


def _factory(program: Program) -> Any:
    from cyfaust import cyfaust

    try:
        with _nearest_folder(program):
            factory = cyfaust.create_dsp_factory_from_string(
                program.name, program.source, *program.options
            )
    except AssertionError:  # cyfaust's own check, on an empty program
        factory = None
    if factory is None:
        raise Refused
    return factory


def _limit_memory(size: int) -> None:
    """Bound the address space to a number of bytes, where the system can; write no core dumps."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if size:
            resource.setrlimit(resource.RLIMIT_AS, (size, size))


#: For a machine: what Linux calls its architecture, and the number of the system call `socket`.
_SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}


def without_network() -> bool:
    """Gives up opening sockets, for good: libfaust fetches what a program imports from the network.

    Returns:
        Whether that worked, as it does on Linux.
    """
    if not sys.platform.startswith("linux") or os.uname().machine not in _SOCKET:
        return False
    import ctypes

    architecture, call = _SOCKET[os.uname().machine]
    load, jump_equal, answer = 0x20, 0x15, 0x06
    allow, refuse = 0x7FFF0000, 0x00050000 | errno.EPERM
    # A program of the kernel's filter: operation, steps if true and if false, operand.
    steps = [
        (load, 0, 0, 4),  # the architecture
        (jump_equal, 0, 2, architecture),
        (load, 0, 0, 0),  # the number of the call
        (jump_equal, 1, 0, call),
        (answer, 0, 0, allow),
        (answer, 0, 0, refuse),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None)
    no_new_privileges, set_seccomp, by_filter = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0):
        return False
    return bool(libc.prctl(set_seccomp, by_filter, program, 0, 0) == 0)


def _answer(answer: Callable[..., object], *arguments: object) -> tuple[str, object]:
    try:
        return "ok", answer(*arguments)
    except Refused as error:
        return "refused", str(error)
    except Misused as error:
        return "misused", str(error)
    except Exception as error:
        return "failed", f"{type(error).__name__}: {error}"


def serve(requests: BinaryIO, replies: BinaryIO, keep: bool) -> None:
    """Answer requests until the other side closes."""
    from cyfaust import cyfaust  # loaded before the first request's time runs

    # Its options for every request, `-A` and `-I`: the latter would come before those of a request.
    cyfaust.PACKAGE_RESOURCES = cyfaust.PACKAGE_RESOURCES[:2]
    factories = Factories(_KEPT if keep else 0)
    interpreter, player = Interpreter(factories), Player(factories)
    verbs: dict[str, Callable[..., object]] = {
        "expand": _expand,
        "json": _json,
        "cpp": _cpp,
        "diagrams": _diagrams,
        "compile": interpreter.compile,
        "render": interpreter.render,
        "start": player.start,
        "advance": player.advance,
    }
    send(replies, ("ready", None))
    with open(os.devnull, "w") as nowhere, contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            verb, fields, arguments, patience = receive(requests)
            # Ends this process even while libfaust holds the interpreter lock and the parent,
            # which normally keeps the time, is gone.
            faulthandler.dump_traceback_later(patience, exit=True, file=nowhere)
            reply = _answer(verbs[verb], Program(*fields), *arguments)
            faulthandler.cancel_dump_traceback_later()
            send(replies, reply)


def main() -> None:
    """`engine_worker.py MEMORY_LIMIT KEEP FOLDER...`: the folders are the module search path."""
    _limit_memory(int(sys.argv[1]))
    without_network()
    sys.path[:] = sys.argv[3:]
    tempfile.tempdir = str(Path.cwd())  # removed however this process ends
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's to handle
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libfaust prints there too, and cyfaust through Python
    sys.stdout = os.fdopen(2, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)
    serve(sys.stdin.buffer, replies, keep=sys.argv[2] == "1")
    # The parent, which would remove it, may have been killed.
    shutil.rmtree(tempfile.tempdir, ignore_errors=True)


if __name__ == "__main__":
    main()
