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
from functools import cache
from importlib import import_module
from types import MappingProxyType

import numpy as np
from pyodide.ffi import JsException, to_js

from fad.base.errors import EngineError
from fad.runtime.renderer import EngineCrash, EngineRefusal

#: How many compiled programs are kept, for renderings of the same one.
_KEPT = 6
_ARGUMENTS = ["-double"]


@cache
def engine():
    """The engine of this page."""
    return BrowserEngine(import_module("fad_faust"))


class BrowserEngine:
    """See `fad.runtime.renderer.Renderer`.

    Args:
        faust: the object of JavaScript.
    """

    def __init__(self, faust):
        self._faust = faust
        self._programs = {}

    def render(
        self,
        source,
        name,
        *,
        inputs=None,
        frames,
        sample_rate=44100,
        include=(),
        precision="double",
    ):
        """Runs a program from its initial state, widgets at their defaults."""
        if precision != "double":
            raise EngineError(
                "a page cannot check programs with sound files", hint="`fad check` can do it"
            )
        return self._rendered(source, name, inputs, frames, sample_rate)

    def render_at(self, source, name, values, *, inputs=None, frames, sample_rate=44100):
        """Runs a program from its initial state, some of its widgets at other values."""
        return self._rendered(source, name, inputs, frames, sample_rate, values)

    def _rendered(self, source, name, inputs, frames, sample_rate, values=MappingProxyType({})):
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

    def diagrams(self, source, name, *, fold):
        """The block diagrams of a program that needs no library: file name -> SVG."""
        arguments = to_js([*_ARGUMENTS, "-f", str(fold)])
        drawn = self._asked(name, self._faust.diagrams, name, source, arguments)
        self._accepted(drawn, name)
        return drawn.sheets.to_py()

    def _compiled(self, source, name):
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
    def _accepted(found, name):
        if not found.ok:
            raise EngineRefusal(f"the Faust compiler refused {name}:\n{found.error}".strip())

    def _asked(self, name, ask, *arguments):
        try:
            return ask(*arguments)
        except JsException as error:
            raise EngineCrash(f"the Faust compiler failed on {name}:\n{error}") from None


def _indices(items):
    """Label -> the places in a program's memory of the widgets that have it."""
    found = {}
    for item in items:
        for label, places in _indices(item.get("items", ())).items():
            found.setdefault(label, []).extend(places)
        if "index" in item:
            found.setdefault(item["label"], []).append(item["index"])
    return found
