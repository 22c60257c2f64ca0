"""The standard compiler in a page: libfaust as WebAssembly, which an object of JavaScript runs.

The worker of the page gives Python that object as the module `fad_faust` (web/src/engine/faust.ts).
Its methods return when they are done: `compile(name, source, args)` gives a program with `handle`,
`inputs`, `outputs` and `json`; `render(handle, inputs, frames, rate, moved)` takes and gives
samples, channel after channel, where `moved` has an index and a value of each widget that is not
where it starts; `release(handle)` frees a program, and `diagrams(name, source, args)` gives
`sheets`. What they give has `ok`; without that, `error` is what libfaust says.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyodide.ffi import JsException, to_js

from fad.base.errors import EngineError
from fad.base.precision import Precision
from fad.page.engines import PageEngine
from fad.runtime.renderer import EngineCrash, EngineRefusal

#: How many compiled programs are kept, for renderings of the same one.
_KEPT = 6
_ARGUMENTS = ["-double"]


@cache
def engine() -> PageEngine:
    """The engine of this page."""
    return BrowserEngine(import_module("fad_faust"))


class BrowserEngine:
    """See `fad.runtime.renderer.SettingRenderer`.

    Args:
        faust: the object of JavaScript.
    """

    def __init__(self, faust: Any) -> None:
        self._faust = faust
        self._programs: dict[str, tuple[Any, Mapping[str, Sequence[int]]]] = {}

    def render(
        self,
        source: str,
        name: str,
        *,
        inputs: NDArray[np.float64] | None = None,
        frames: int,
        sample_rate: int = 44100,
        include: Sequence[Path] = (),
        precision: Precision = "double",
    ) -> NDArray[np.float64]:
        """Runs a program from its initial state, widgets at their defaults."""
        if precision != "double":
            raise EngineError(
                "a page cannot check programs with sound files", hint="`fad check` can do it"
            )
        return self._rendered(source, name, inputs, frames, sample_rate)

    def render_at(
        self,
        source: str,
        name: str,
        values: Mapping[str, float],
        *,
        inputs: NDArray[np.float64] | None = None,
        frames: int,
        sample_rate: int = 44100,
    ) -> NDArray[np.float64]:
        """Runs a program from its initial state, some of its widgets at other values."""
        return self._rendered(source, name, inputs, frames, sample_rate, values)

    def _rendered(
        self,
        source: str,
        name: str,
        inputs: NDArray[np.float64] | None,
        frames: int,
        sample_rate: int,
        values: Mapping[str, float] = MappingProxyType({}),
    ) -> NDArray[np.float64]:
        program, indices = self._compiled(source, name)
        count = 0 if inputs is None else len(inputs)
        if inputs is not None and count != program.inputs:
            raise ValueError(f"{name} takes {program.inputs} inputs, not {count}")
        given = [0.0] * (program.inputs * frames) if inputs is None else inputs.reshape(-1).tolist()
        moved = [(index, values[label]) for label in values for index in indices.get(label, ())]
        heard = self._asked(
            name,
            self._faust.render,
            program.handle,
            to_js(array("d", given)),
            frames,
            sample_rate,
            to_js(moved),
        )
        return np.reshape(np.asarray(heard.to_py().tolist()), (program.outputs, frames))

    def diagrams(self, source: str, name: str, *, fold: int) -> dict[str, str]:
        """The block diagrams of a program that needs no library: file name -> SVG."""
        arguments = to_js([*_ARGUMENTS, "-f", str(fold)])
        drawn = self._asked(name, self._faust.diagrams, name, source, arguments)
        self._accepted(drawn, name)
        sheets: dict[str, str] = drawn.sheets.to_py()
        return sheets

    def _compiled(self, source: str, name: str) -> tuple[Any, Mapping[str, Sequence[int]]]:
        """A compiled program, and where its widgets are by their labels."""
        found = self._programs.pop(source, None)
        if found is None:
            while len(self._programs) >= _KEPT:  # the memory of old ones goes first
                oldest, _ = self._programs.pop(next(iter(self._programs)))
                self._faust.release(oldest.handle)
            program = self._asked(name, self._faust.compile, name, source, to_js(_ARGUMENTS))
            self._accepted(program, name)
            found = program, _indices(json.loads(program.json)["ui"])
        self._programs[source] = found
        return found

    @staticmethod
    def _accepted(found: Any, name: str) -> None:
        if not found.ok:
            raise EngineRefusal(f"the Faust compiler refused {name}:\n{found.error}".strip())

    def _asked(self, name: str, ask: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return ask(*arguments)
        except JsException as error:
            raise EngineCrash(f"the Faust compiler failed on {name}:\n{error}") from None


def _indices(items: Iterable[Any]) -> dict[str, list[int]]:
    """Label -> the places in a program's memory of the widgets that have it."""
    found: dict[str, list[int]] = {}
    for item in items:
        for label, places in _indices(item.get("items", ())).items():
            found.setdefault(label, []).extend(places)
        if "index" in item:
            found.setdefault(item["label"], []).append(item["index"])
    return found
