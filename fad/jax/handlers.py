"""What XLA runs programs with: two handlers in C++, and what they are told.

The handlers (`handlers.cpp`) are compiled once for a version of JAX, with the headers that come
with it. They are told of the library of a program, which they know by a name that is made of its
content. So what JAX has compiled, and keeps on disk, is right in another process, too.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import jax
import jaxlib
import numpy as np
from numpy.typing import NDArray

from fad.base.errors import EngineError
from fad.model.arguments import Bound
from fad.model.reverse import Reverse
from fad.model.units import NativeUnit, Unit
from fad.runtime.library import Library, opened, shared_library

Array = Any
_SOURCE = Path(__file__).with_name("handlers.cpp")
_OPTIONS = ("-std=c++17", "-O2", "-w", "-shared", "-fPIC", "-fvisibility=hidden")
#: Name of a handler in `handlers.cpp` -> what XLA calls it.
_TARGETS = {"fad_run_program": "fad_run", "fad_run_program_back": "fad_run_back"}
#: What the handlers need of a program's library, in the order of `handlers.cpp`.
_FUNCTIONS = ("fad_voice", "fad_restart", "fad_run", "fad_run_back")


@dataclass(frozen=True)
class Routing:
    """How the values of a call reach widgets.

    Attributes:
        paths: the widgets.
        rows: for each, which of the call's values are its.
        bounds: what the first values have to be within.
        clip: whether values outside are put to the ends.
        block: how many samples a block has, if values change.
        threads: how many items of a batch may run at the same time.
    """

    paths: tuple[str, ...]
    rows: tuple[int, ...]
    bounds: tuple[Bound, ...]
    clip: bool
    block: int
    threads: int

    def attributes(self, blocks: int, frames: int) -> dict[str, Any]:
        """What a handler is told of them."""
        return {
            "block": np.int64(self.block if blocks > 1 else frames),
            "threads": np.int64(self.threads),
            "names": "\n".join(bound.name for bound in self.bounds),
            "low": np.array([bound.low for bound in self.bounds], np.float64),
            "high": np.array([bound.high for bound in self.bounds], np.float64),
            "clip": np.bool_(self.clip),
        }


def run(unit: Unit, routing: Routing, sound: Array, values: Sequence[Array]) -> Array:
    """Runs a program from its start.

    Args:
        unit: the program.
        routing: how values reach its widgets.
        sound: the signals, of shape (items or 1, channels, frames).
        values: of the parameters, each of shape (items or 1, blocks or 1).

    Returns:
        The outputs, of shape (items, lanes, frames).
    """
    items, blocks = _sizes(sound, *values)
    frames = sound.shape[2]
    call = jax.ffi.ffi_call(
        _TARGETS["fad_run_program"],
        jax.ShapeDtypeStruct((items, unit.outputs, frames), sound.dtype),
    )
    program, offsets, rows = _told(unit, routing)
    return call(
        sound,
        *values,
        program=program,
        offsets=offsets,
        rows=rows,
        **routing.attributes(blocks, frames),
    )


def run_back(
    reverse: Reverse, routing: Routing, cotangents: Array, lanes: Array, values: Sequence[Array]
) -> tuple[Array, Array]:
    """Brings derivatives back by reverse mode.

    Args:
        reverse: the programs.
        routing: how values reach widgets.
        cotangents: the derivatives by the outputs, of shape (items or 1, channels, frames).
        lanes: what the forward program gave, of shape (items or 1, lanes, frames).
        values: of the parameters, each of shape (items or 1, blocks or 1).

    Returns:
        The derivatives by the parameters, of shape (items, variables, blocks), and by the inputs,
        of shape (items, inputs, frames).
    """
    items, blocks = _sizes(cotangents, lanes, *values)
    frames = cotangents.shape[2]
    dtype = values[0].dtype if values else cotangents.dtype
    call = jax.ffi.ffi_call(
        _TARGETS["fad_run_program_back"],
        (
            jax.ShapeDtypeStruct((items, len(reverse.programs.parameters), blocks), dtype),
            jax.ShapeDtypeStruct((items, len(reverse.programs.inputs), frames), cotangents.dtype),
        ),
    )
    program, offsets, rows = _told(reverse.adjoint, routing)
    control, control_offsets, control_rows = _told(reverse.control, routing)
    gradient, rest = call(
        cotangents,
        lanes,
        *values,
        program=program,
        offsets=offsets,
        rows=rows,
        control=control,
        control_offsets=control_offsets,
        control_rows=control_rows,
        skip=np.int64(reverse.outputs),
        coefficients=np.int64(len(reverse.programs.coefficients)),
        **routing.attributes(blocks, frames),
    )
    return gradient, rest


def _sizes(first: Array, *others: Array) -> tuple[int, int]:
    """How many items there are, and how many blocks: the values, of two axes, tell."""
    items = max(each.shape[0] for each in (first, *others))
    return items, max([1, *(each.shape[1] for each in others if each.ndim == 2)])


def _told(unit: Unit | None, routing: Routing) -> tuple[str, NDArray[np.int64], NDArray[np.int64]]:
    """What a handler is told of a program: its name, and which value moves which widget.

    The name is empty where there is no program.
    """
    if unit is None:
        return "", np.empty(0, np.int64), np.empty(0, np.int64)
    if not isinstance(unit, NativeUnit):
        raise EngineError("JAX runs programs as native code only")
    return _added(unit.library), *unit.library.places(routing.paths, routing.rows)


def _added(library: Library) -> str:
    """The name that the handlers know a library by."""
    with _ADDING:
        if library.name not in _KEPT:
            functions = [getattr(library.functions, name) for name in _FUNCTIONS]
            table = (ctypes.c_void_p * len(functions))(
                *(ctypes.cast(function, ctypes.c_void_p).value for function in functions)
            )
            name, sounds = library.name.encode(), library.sounds.address
            _handlers().fad_add(name, table, library.rate, sounds)
            _KEPT[library.name] = library
    return library.name


#: What JAX has compiled may run as long as the process does; so these libraries stay.
_KEPT: dict[str, Library] = {}
_ADDING = Lock()


@cache
def _handlers() -> ctypes.CDLL:
    """The handlers, which JAX knows from now on."""
    files = {_SOURCE.name: f"// jaxlib {jaxlib.__version__}\n{_SOURCE.read_text('utf-8')}"}
    handlers = shared_library([*_OPTIONS, f"-I{jax.ffi.include_dir()}"], files, opened)
    handlers.fad_add.argtypes = [
        *(ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int32, ctypes.c_void_p)
    ]
    handlers.fad_add.restype = None
    for name, target in _TARGETS.items():
        capsule = jax.ffi.pycapsule(getattr(handlers, name))
        jax.ffi.register_ffi_target(target, capsule, platform="cpu")
    return handlers
