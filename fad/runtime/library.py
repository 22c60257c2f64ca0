"""Programs as shared libraries: native code in this process, which is called without copies.

`fad_run` and the other functions that are called here are those of `library.cpp`. Calls let other
threads of Python run meanwhile. Nothing here is checked that would take time: shapes and layouts
are the caller's matter, who knows them.
"""

from __future__ import annotations

import _ctypes
import ctypes
import hashlib
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fad.base.errors import EngineError
from fad.base.precision import NativePrecision
from fad.runtime.compiler import ADVICE, find_compiler, otherwise_interpreted
from fad.runtime.native import INTERFACE, Code, executable, workplace
from fad.runtime.soundfiles import NativeSounds, Sounds

SOURCE = Path(__file__).with_name("library.cpp")
#: What -ffast-math allows is left out: a signal in two halves would not be the same bits as in one.
OPTIONS = (
    *("-std=c++17", "-O3", "-w", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"),
    *("-shared", "-fPIC", "-fvisibility=hidden"),
)
#: What a program computes with.
DTYPES: Mapping[NativePrecision, type[np.floating[Any]]] = {
    "single": np.float32,
    "double": np.float64,
}
_FLOATS: Mapping[NativePrecision, str] = {"single": "float", "double": "double"}
#: libfaust counts samples in 32 bits.
_LONGEST = 2**30

Made = TypeVar("Made")

_POINTER = ctypes.c_void_p
_LONG = ctypes.c_int64
_memory: Callable[[Any], Any] = (ctypes.c_char * 0).from_buffer
#: The size and the number of the blocks, and the widgets that move.
_CONTROL = (_LONG, _LONG, _POINTER, _LONG, _POINTER, _POINTER)
#: Function of `library.cpp` -> its result and its arguments.
_SIGNATURES: Mapping[str, tuple[Any, ...]] = {
    "fad_inputs": (ctypes.c_int32, _POINTER),
    "fad_outputs": (ctypes.c_int32, _POINTER),
    "fad_widgets": (ctypes.c_int32, _POINTER, _LONG, _POINTER),
    "fad_voice": (_POINTER, ctypes.c_int32, _POINTER),
    "fad_finish": (None,),
    "fad_end": (None, _POINTER),
    "fad_restart": (None, _POINTER),
    "fad_copy": (None, _POINTER, _POINTER),
    "fad_value": (ctypes.c_double, _POINTER, _LONG),
    "fad_run": (None, _POINTER, _LONG, _POINTER, _POINTER, *_CONTROL),
    "fad_play": (None, _POINTER),
    "fad_run_back": (
        None,
        *(_POINTER, _LONG, _POINTER, _LONG, _POINTER, _LONG, _POINTER, _POINTER, *_CONTROL),
    ),
}


class Library:
    """A program as native code in this process, which ends when nothing uses it any more.

    Args:
        code: the program in C++.
        rate: the sample rate, in Hz.
        precision: how it computes.
        sounds: the files that it plays; by default, they are silent.

    Attributes:
        rate: the sample rate, in Hz.
        dtype: the type of its samples.
        inputs, outputs: numbers of channels.
        controls: path of a slider, entry or switch -> where its values are; those that libfaust
            leaves out, as no output depends on them, are not there.
        bargraphs: path of a bargraph -> where its value is.
        name: the same one for all libraries that do the same.
        sounds: what its sound files play.

    Raises:
        EngineError: there is no C++ compiler, or it does not accept the code.
    """

    def __init__(
        self, code: Code, rate: int, precision: NativePrecision, sounds: Sounds | None = None
    ) -> None:
        self.rate = rate
        self.dtype = DTYPES[precision]
        self.sounds = NativeSounds(code.sounds, sounds or Sounds({}), self.dtype)
        text = "\0".join([code.text, str(rate), precision, self.sounds.digest])
        self.name = hashlib.sha256(text.encode()).hexdigest()
        self.functions = _functions(code, rate, precision)
        # Other threads may still use it when the process ends.
        weakref.finalize(self, self.functions.fad_finish).atexit = False
        voice = Voice(self)
        self.inputs = int(self.functions.fad_inputs(voice.address))
        self.outputs = int(self.functions.fad_outputs(voice.address))
        self.controls: dict[str, list[int]] = {}
        self.bargraphs: dict[str, int] = {}
        for is_bargraph, label, offset in _widgets(self.functions, voice.address):
            if is_bargraph:
                self.bargraphs[code.paths[label]] = offset
            else:
                self.controls.setdefault(code.paths[label], []).append(offset)

    def places(
        self, paths: Sequence[str], rows: Sequence[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where some widgets are, and which row of their values is whose.

        Args:
            paths: the widgets; those that libfaust leaves out may be among them.
            rows: for each, the number of its row.
        """
        places = [
            (offset, row)
            for row, path in zip(rows, paths, strict=True)
            for offset in self.controls.get(path, ())
        ]
        offsets, found = np.array(places, np.int64).reshape(-1, 2).T.copy()
        return offsets, found


class Voice:
    """A program with a state of its own, at its start. One thread at a time may use it.

    Args:
        library: the program.

    Attributes:
        address: where it is in memory.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self.address = int(library.functions.fad_voice(library.rate, library.sounds.address))
        end = weakref.finalize(self, library.functions.fad_end, self.address)
        end.atexit = False  # a thread may still use it then

    def restart(self) -> None:
        """Puts it, and all its widgets, back to their start."""
        self._library.functions.fad_restart(self.address)

    def become(self, other: Voice) -> None:
        """Takes over the state of another voice of the same program."""
        self._library.functions.fad_copy(self.address, other.address)

    def meters(self) -> dict[str, float]:
        """Path of each bargraph -> what it shows."""
        return {
            path: float(self._library.functions.fad_value(self.address, offset))
            for path, offset in self._library.bargraphs.items()
        }

    def run(
        self,
        inputs: NDArray[Any],
        outputs: NDArray[Any],
        control: Control | None = None,
        values: NDArray[np.float64] | None = None,
        block: int = _LONGEST,
    ) -> None:
        """Goes on.

        Args:
            inputs: of shape (channels, frames), of the library's type and contiguous; left as it
                is.
            outputs: the same; what comes out is put there. Its frames count.
            control: the widgets that move.
            values: of shape (widgets, blocks), contiguous: where they move to, at the start of each
                block.
            block: the number of samples of a block.
        """
        self._library.functions.fad_run(
            self.address,
            outputs.shape[1],
            _address(inputs),
            _address(outputs),
            min(block, _LONGEST),
            *_moves(control, values),
        )

    def run_back(
        self,
        cotangents: NDArray[Any],
        tape: NDArray[Any],
        sums: NDArray[np.float64],
        rest: NDArray[Any],
        control: Control | None = None,
        values: NDArray[np.float64] | None = None,
        block: int = _LONGEST,
    ) -> None:
        """Goes on, from the last sample to the first.

        All samples are of the library's type, all arrays contiguous and forward in time.

        Args:
            cotangents: of shape (channels, frames): what its first inputs are.
            tape: of shape (channels, frames): what the others are.
            sums: of shape (coefficients, blocks): what its first outputs add up to in each block is
                added here.
            rest: of shape (channels, frames): the other outputs are put here.
            control, values, block: see `run`; a block that is shorter is the last one.
        """
        self._library.functions.fad_run_back(
            self.address,
            tape.shape[1],
            _address(cotangents),
            len(cotangents),
            _address(tape),
            len(sums),
            _address(sums),
            _address(rest),
            min(block, _LONGEST),
            sums.shape[1],
            *_moves(control, values)[1:],
        )


class Control:
    """Some widgets that move together.

    Args:
        library: the program.
        paths: the widgets; those that libfaust leaves out may be among them.
        rows: for each, which row of the values is its; by default, they are in order.
    """

    def __init__(
        self, library: Library, paths: Sequence[str], rows: Sequence[int] | None = None
    ) -> None:
        self._offsets, self._rows = library.places(
            paths, range(len(paths)) if rows is None else rows
        )
        #: Their number, and the addresses of their offsets and rows.
        self.arguments = len(self._rows), _address(self._offsets), _address(self._rows)


class Performer:
    """A voice that plays from its start again and again, at numbers for some widgets.

    It is made for short signals: a call takes little more time than the program itself.

    Args:
        library: the program.
        paths: the widgets.
        rows: for each, the number of its value in `values`.
        count: how many values there are.

    Attributes:
        values: the values of the widgets.
    """

    def __init__(
        self, library: Library, paths: Sequence[str], rows: Sequence[int], count: int
    ) -> None:
        self._voice = Voice(library)
        self._control = Control(library, paths, rows)
        self._play = library.functions.fad_play
        self.values = (ctypes.c_double * count)()
        self._call = (ctypes.c_int64 * 10)(
            *(self._voice.address, 0, 0, 0, _LONGEST, 1),
            *(ctypes.addressof(self.values), *self._control.arguments),
        )

    def play(self, inputs: NDArray[Any], outputs: NDArray[Any]) -> None:
        """Plays; see `Voice.run`."""
        call = self._call
        call[1] = outputs.shape[-1]
        call[2] = _address(inputs)
        call[3] = _address(outputs)
        self._play(call)


def _moves(
    control: Control | None, values: NDArray[np.float64] | None
) -> tuple[int, int, int, int, int]:
    """The number of blocks, and the widgets that move, as `library.cpp` takes them."""
    if control is None or values is None:
        return 0, 0, 0, 0, 0
    return values.shape[1], _address(values), *control.arguments


def _functions(code: Code, rate: int, precision: NativePrecision) -> Any:
    """The functions of a library."""
    files = {file.name: file.read_text("utf-8") for file in (SOURCE, INTERFACE)}
    # Tables that all voices share may depend on the sample rate: each rate is a library of its own.
    files["program.hpp"] = f"// at {rate} Hz\n{code.text}"
    options = [*OPTIONS, f"-DFAUSTFLOAT={_FLOATS[precision]}"]
    with otherwise_interpreted(bool(code.folders)):
        return shared_library(options, files, _loaded, code.folders)


def shared_library(
    options: Sequence[str],
    files: Mapping[str, str],
    use: Callable[[bytes], Made],
    folders: Sequence[Path] = (),
) -> Made:
    """A library; see `executable`.

    Raises:
        EngineError: there is no C++ compiler, or it does not accept the code.
    """
    compiler = find_compiler()
    if compiler is None:
        raise EngineError("there is no C++ compiler to make native code with", hint=ADVICE)
    return executable(compiler, options, files, folders, use)


def opened(data: bytes) -> ctypes.CDLL:
    """A library that stays open, from the bytes of its file.

    Raises:
        EngineError: it cannot be loaded.
    """
    with workplace({"program.so": data}) as home:
        try:
            return ctypes.CDLL(str(home / "program.so"))
        except OSError as error:
            raise EngineError(f"the native code cannot be loaded: {error}") from None


def _loaded(data: bytes) -> Any:
    """The functions of a library, from the bytes of its file."""
    functions = opened(data)
    for name, (result, *arguments) in _SIGNATURES.items():
        function = getattr(functions, name)
        function.restype, function.argtypes = result, arguments
    with suppress(AttributeError):  # where libraries cannot be let go, they stay
        weakref.finalize(functions, _ctypes.dlclose, functions._handle).atexit = False
    return functions


def _address(array: NDArray[Any]) -> int:
    """Where a contiguous array is in memory; numpy itself takes a microsecond to tell."""
    try:
        return ctypes.addressof(_memory(array))
    except TypeError:  # an array that is only to be read
        return int(array.__array_interface__["data"][0])


def _widgets(functions: Any, address: int) -> list[tuple[bool, int, int]]:
    """Of each widget whether it is a bargraph, its label, and its place."""
    count = functions.fad_widgets(address, 0, 0)
    told = np.empty((count, 3), np.int64)
    functions.fad_widgets(address, count, _address(told))
    return [(bool(kind), int(label), int(offset)) for kind, label, offset in told]
