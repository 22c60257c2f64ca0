"""The standard compiler, libfaust, in a process of its own.

libfaust aborts its process on some programs, and can take for ever on others. So it never runs in
the user's process: an `Engine` starts one worker (`engine_worker`) at the first request, gives
every request a time limit, and starts another worker after one has died.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, cast

from fad.base.errors import EngineError
from fad.base.precision import Precision
from fad.runtime.engine_worker import receive, send
from fad.runtime.renderer import EngineCrash, EngineRefusal, EngineTimeout
from fad.syntax.libraries import standard_folders

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_START_LIMIT = 60.0
_GRACE = 5.0
_WORKER = Path(__file__).with_name("engine_worker.py")
#: What libfaust prints of a text that is not Faust.
_SYNTAX = "syntax error"
_TRACE = re.compile(r"^=+ stack trace start =+$.*?^=+ stack trace stop =+$\n?", re.DOTALL | re.M)
#: What means something in texts that libfaust writes.
_SPECIAL = re.compile(r"[^\w .,+=@~()-]")


@dataclass(frozen=True)
class Compiled:
    """A program that libfaust's interpreter accepts.

    Args:
        inputs: number of audio inputs.
        outputs: number of audio outputs.
        description: libfaust's JSON description (`ui`, `meta`, ...).
    """

    inputs: int
    outputs: int
    description: dict[str, Any]


class Engine:
    """libfaust, through a worker process that starts when it is first needed.

    In all requests, `source` is a Faust text; `name` is the program's name (a file name such as
    `organ.dsp`), which becomes the label of a top group that has none; `include` are folders to
    search for files, the program's own first, and `libraries` those that come after: by default
    where fad finds the standard libraries. They raise `EngineRefusal`, `EngineCrash` or
    `EngineTimeout`, all of them `EngineError`. One engine serves one request at a time; threads
    wait for each other.

    Args:
        time_limit: seconds per request.
        memory_limit: bytes of address space for the worker, where the system can bound it; by
            default 8 GiB, or most of the memory of a machine that has more; 0 for no limit.
        keep: let `compile`, `render` and `start` use again what they compiled for the last few
            programs, when the source and its options are the same. The files that these import
            must not change meanwhile.
    """

    def __init__(
        self,
        *,
        time_limit: float = 60.0,
        memory_limit: int | None = None,
        keep: bool = False,
    ) -> None:
        self._time_limit = time_limit
        limit = _default_memory_limit() if memory_limit is None else memory_limit
        self._options = (str(limit), str(int(keep)))
        self._worker: _Worker | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker. A later request starts another."""
        with self._lock:
            self._drop()

    def expand(
        self,
        source: str,
        name: str,
        *,
        include: Sequence[Path] = (),
        libraries: Sequence[Path] | None = None,
        precision: Precision = "double",
    ) -> str:
        """The core diagram that libfaust evaluates a program to, as the Faust text it prints."""
        return cast(str, self._request("expand", source, name, (include, libraries), precision))

    def compile(
        self,
        source: str,
        name: str,
        *,
        include: Sequence[Path] = (),
        libraries: Sequence[Path] | None = None,
        precision: Precision = "double",
    ) -> Compiled:
        """Compile a program for the interpreter, which takes no foreign functions."""
        reply = self._request("compile", source, name, (include, libraries), precision)
        inputs, outputs, description = cast("tuple[int, int, str]", reply)
        return Compiled(inputs, outputs, json.loads(description, strict=False))

    def json(
        self,
        source: str,
        name: str,
        *,
        include: Sequence[Path] = (),
        libraries: Sequence[Path] | None = None,
        precision: Precision = "double",
    ) -> dict[str, Any]:
        """libfaust's JSON description of a program, foreign functions allowed."""
        reply = cast(str, self._request("json", source, name, (include, libraries), precision))
        return cast("dict[str, Any]", json.loads(reply, strict=False))

    def cpp(
        self,
        source: str,
        name: str,
        *,
        include: Sequence[Path] = (),
        libraries: Sequence[Path] | None = None,
        precision: Precision = "double",
        options: Sequence[str] = (),
    ) -> str:
        """The C++ class `mydsp` that libfaust makes of a program, with options of its own."""
        reply = self._request("cpp", source, name, (include, libraries), precision, *options)
        return cast(str, reply)

    def diagrams(
        self,
        source: str,
        name: str,
        *,
        fold: int = 25,
        include: Sequence[Path] = (),
        libraries: Sequence[Path] | None = None,
        precision: Precision = "double",
    ) -> dict[str, str]:
        """The block diagrams that libfaust draws of a program, as SVG.

        Args:
            fold: a program with more boxes than this is drawn on several sheets, one for each
                definition that is used.

        Returns:
            File name -> text. `process.svg` is the whole; sheets link to each other by name.
        """
        reply = self._request("diagrams", source, name, (include, libraries), precision, fold)
        return cast("dict[str, str]", reply)

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
        """Run a program from its initial state, widgets at their defaults.

        A program that plays sound files can run in single precision only. They are looked for in
        the first folder of `include`; one that is not there is silent.

        Args:
            inputs: shape (number of inputs, frames); `None` for silence.
            frames: number of samples per channel.
            sample_rate: in Hz.

        Returns:
            Shape (number of outputs, frames).

        Raises:
            ValueError: `inputs` do not have the program's number of inputs, or not `frames`.
        """
        reply = self._request(
            "render", source, name, (include, libraries), precision, inputs, frames, sample_rate
        )
        return cast("NDArray[np.float64]", reply)

    def start(
        self,
        source: str,
        name: str,
        *,
        sample_rate: int = 44100,
        include: Sequence[Path] = (),
        libraries: Sequence[Path] | None = None,
        precision: Precision = "single",
    ) -> Compiled:
        """Start a program that goes on with each `advance`; it takes the place of the last one.

        Its widgets can be moved and read in single precision only. For sound files, see `render`.

        Args:
            sample_rate: in Hz.
        """
        reply = self._request("start", source, name, (include, libraries), precision, sample_rate)
        inputs, outputs, description = cast("tuple[int, int, str]", reply)
        return Compiled(inputs, outputs, json.loads(description, strict=False))

    def advance(
        self,
        name: str,
        inputs: NDArray[np.float64],
        pieces: Sequence[tuple[int, Mapping[str, float]]],
        watched: Sequence[str] = (),
    ) -> tuple[NDArray[np.float64], list[list[float]]]:
        """Let the program that was started last go on.

        Args:
            name: its name, for messages.
            inputs: shape (number of inputs, frames).
            pieces: for each piece of the frames, their number, and address of a widget -> its
                value from there on; addresses are those of the description.
            watched: the addresses of the widgets to look at.

        Returns:
            The outputs, of shape (number of outputs, frames), and the values of the widgets after
            each piece.
        """
        parts = [(frames, dict(moves)) for frames, moves in pieces]
        reply = self._request(
            "advance", "", name, ((), ()), "single", inputs, parts, tuple(watched)
        )
        return cast("tuple[NDArray[np.float64], list[list[float]]]", reply)

    def _request(
        self,
        verb: str,
        source: str,
        name: str,
        search: tuple[Sequence[Path], Sequence[Path] | None],
        precision: Precision,
        *arguments: object,
    ) -> object:
        if "\0" in source:
            raise EngineRefusal(f"{name} contains a null character")
        include, libraries = search
        fields = (
            source,
            _plain(name),
            _absolute(include),
            _absolute(standard_folders() if libraries is None else libraries),
            precision,
        )
        message = (verb, fields, arguments, self._time_limit + _GRACE)
        with self._lock:
            worker = self._living_worker()
            try:
                status, value = worker.exchange(message, self._time_limit)
            except BaseException as error:
                # After an interrupt too: the reply still to come would answer the next request.
                text = worker.printed()
                self._drop()
                if isinstance(error, TimeoutError):
                    limit = f"{self._time_limit:g} s"
                    raise EngineTimeout(f"the Faust compiler took over {limit} on {name}") from None
                if isinstance(error, (EOFError, OSError)):
                    raise EngineCrash(_told("crashed on", name, text)) from None
                raise
            text = worker.printed()
            if "ASSERT : " in text:
                # It goes on after some of its failed assertions, with results that mean nothing.
                self._drop()
                raise EngineCrash(_told("failed an assertion on", name, text))
            if status == "refused" and _SYNTAX in text:
                # Its lexer is still where it stopped, and would read the next program from there.
                self._drop()
        if status == "ok":
            return value
        if status == "misused":
            raise ValueError(value)
        if status == "refused":
            raise EngineRefusal(_told("refused", name, f"{text}\n{value}"))
        raise EngineError(_told("failed on", name, f"{text}\n{value}"))

    def _living_worker(self) -> _Worker:
        # A forked child has the parent's pipes: it must not speak through them.
        if self._worker is None or not self._worker.usable:
            self._drop()
            self._worker = _Worker(self._options)
        return self._worker

    def _drop(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None


class _Worker:
    """One worker process, its pipes, and the file that takes its standard error."""

    def __init__(self, options: Sequence[str]) -> None:
        with contextlib.ExitStack() as stack:
            # A private working directory: libfaust looks for libraries in it before all others.
            # A `TemporaryDirectory` would remove it from a forked child, too.
            home = tempfile.mkdtemp(prefix="fad-")
            stack.callback(shutil.rmtree, home, ignore_errors=True)
            log = stack.enter_context(tempfile.TemporaryFile())
            search = [str(Path(folder).absolute()) for folder in sys.path]
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_WORKER), *options, *search],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=home,
            )
            self._owner = os.getpid()
            self._log: IO[bytes] = log
            # Runs at close, when the worker is garbage, or at the interpreter's exit.
            self._finalizer = weakref.finalize(
                self, _end, self._process, self._owner, stack.pop_all()
            )
        try:
            self._receive(_START_LIMIT)
        except (EOFError, OSError):
            text = self.printed()
            self.close()
            raise EngineError(f"the Faust compiler's process does not start\n{text}") from None

    @property
    def usable(self) -> bool:
        """Whether the process lives, and is this process's own child."""
        return self._owner == os.getpid() and self._process.poll() is None

    def exchange(self, message: object, limit: float) -> tuple[str, object]:
        """Send a request and wait for its reply.

        Raises:
            TimeoutError: no reply within `limit` seconds; the process has been killed.
            EOFError, OSError: the process died.
        """
        self._log.seek(0)
        self._log.truncate()
        assert self._process.stdin is not None
        send(cast("Any", self._process.stdin), message)
        return self._receive(limit)

    def _receive(self, limit: float) -> tuple[str, object]:
        assert self._process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(limit, end)
        timer.daemon = True
        timer.start()
        try:
            return cast("tuple[str, object]", receive(cast("Any", self._process.stdout)))
        finally:
            timer.cancel()
            timer.join()
            if late.is_set():  # even if the reply came just before the end: the worker is gone
                raise TimeoutError

    def printed(self) -> str:
        """What libfaust printed since the last request."""
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    def close(self) -> None:
        """End the process and wait for it."""
        self._finalizer()


def _absolute(folders: Sequence[Path]) -> tuple[str, ...]:
    return tuple(str(Path(folder).absolute()) for folder in folders)


def _default_memory_limit() -> int:
    """Bytes that leave the machine usable; libfaust takes up to 8 GiB for real programs."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows
        memory = 0
    return max(8 << 30, memory // 4 * 3)


def _end(process: subprocess.Popen[bytes], owner: int, files: contextlib.ExitStack) -> None:
    """End a worker that this process started, and remove its files."""
    if os.getpid() != owner:
        files.pop_all()
        return
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # a request that could not be flushed
                pipe.close()
    files.close()


def _plain(name: str) -> str:
    """A name that libfaust can put into any text: it writes it as it is, into C++ and JSON, too."""
    return _SPECIAL.sub("_", name)


def _told(what: str, name: str, text: str) -> str:
    """A message that quotes libfaust."""
    quoted = _TRACE.sub("", text).strip()
    return f"the Faust compiler {what} {name}" + (f":\n{quoted}" if quoted else "")
